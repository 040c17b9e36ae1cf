use proptest::prelude::*;

use super::*;

fn problem(prefix: &str, error_prefix: Option<&str>, partitions: bool) -> Option<String> {
    let partitions = partitions.then_some(Partitions { by_query: true, by_function: true });
    let checked = check(prefix, error_prefix, Tz::UTC, partitions);
    checked.err().map(|(member, problem)| format!("{member} {problem}"))
}

const FAILED: Option<&str> = Some("e/!{firehose:error-output-type}/");

/// Each row: prefix, error prefix, partitions, and the words of the refusal, or none.
#[test]
fn section_4_2_the_rules_of_both_prefixes() {
    let error_type = "!{firehose:error-output-type}";
    let table: &[(&str, Option<&str>, bool, Option<&str>)] = &[
        ("", None, false, None),
        ("ratings", None, false, None),
        ("ratings/", Some("failed"), false, None),
        ("!{timestamp:yyyy/MM/dd}", FAILED, false, None),
        ("a!b{c}$!", None, false, None),
        // Rule 1.
        (
            error_type,
            FAILED,
            false,
            Some("Prefix must not contain `!{firehose:error-output-type}`"),
        ),
        // Rule 2.
        ("!{timestamp:yyyy}", None, false, Some("ErrorOutputPrefix cannot be null or empty when")),
        // Rule 3.
        ("a", Some("f/!{timestamp:yyyy}/"), false, Some("must contain `!{firehose:error-output")),
        ("a", Some("!{firehose:random-string}"), false, Some("must contain `!{firehose:error")),
        // Rule 4, and the same limit before the evaluation.
        ("x".repeat(513).leak(), None, false, Some("513 characters once evaluated")),
        ("x".repeat(512).leak(), None, false, None),
        ("x".repeat(1025).leak(), None, false, Some("1025 characters, at most 1024")),
        // Expressions.
        ("!{timestamp:yyyy", FAILED, false, Some("without an end")),
        ("a!{", FAILED, false, Some("without an end")),
        ("!{}", FAILED, false, Some("no `namespace:value`")),
        ("!{timestamp}", FAILED, false, Some("no `namespace:value`")),
        ("!{timestamp:}", FAILED, false, Some("value is empty")),
        ("!{timestamp:bb}", FAILED, false, Some("pattern has the letter `b`")),
        ("!{time:yyyy}", FAILED, false, Some("namespace is none of")),
        ("!{firehose:uuid}", FAILED, false, Some("`firehose` knows")),
        ("!{!{timestamp:yyyy}}", FAILED, false, Some("namespace is none of")),
        // Partition keys.
        ("!{partitionKeyFromQuery:c}/", FAILED, true, None),
        ("!{partitionKeyFromLambda:c}/", FAILED, true, None),
        ("!{partitionKeyFromQuery:c}/", FAILED, false, Some("partitioning is not enabled")),
        ("!{timestamp:yyyy}/", FAILED, true, Some("must name a partition key")),
        (
            "!{partitionKeyFromQuery:c}/",
            Some("!{firehose:error-output-type}/!{partitionKeyFromQuery:c}/"),
            true,
            Some("ErrorOutputPrefix must not contain partition keys"),
        ),
        // What the stores cannot keep.
        ("/ratings", None, false, Some("Prefix `/ratings` must not begin with a slash")),
        ("!{timestamp:'/'yyyy}", FAILED, false, Some("must not begin with a slash")),
        ("a/!{timestamp:'..'}/b", FAILED, false, Some("as a folder")),
    ];
    for (prefix, error_prefix, partitions, expected) in table {
        let found = problem(prefix, *error_prefix, *partitions);
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{prefix}: {found:?} and not {expected:?}"),
        }
    }
}

#[test]
fn section_4_2_partition_keys_have_somebody_to_give_them() {
    let table = [
        ("!{partitionKeyFromQuery:c}/", true, false, None),
        (
            "!{partitionKeyFromQuery:c}/",
            false,
            true,
            Some("`c` and there is no processor of type M"),
        ),
        ("!{partitionKeyFromLambda:d}/", false, true, None),
        (
            "!{partitionKeyFromLambda:d}/",
            true,
            false,
            Some("`d` and there is no processor of type L"),
        ),
    ];
    for (prefix, by_query, by_function, expected) in table {
        let partitions = Some(Partitions { by_query, by_function });
        let told = check(prefix, FAILED, Tz::UTC, partitions).err().map(|(_, problem)| problem);
        assert_eq!(told.is_some(), expected.is_some(), "{told:?}");
        assert!(told.unwrap_or_default().contains(expected.unwrap_or_default()));
    }
}

proptest! {
    /// Any text is a prefix or a refusal; what is a prefix evaluates, and the same way twice.
    #[test]
    fn any_text_is_read(text in prop_oneof![
        any::<String>(),
        "(a|/|!\\{|\\}|:|timestamp|firehose|random-string|yyyy|'|MM){0,12}",
    ]) {
        if let Ok(prefix) = Prefix::parse(&text) {
            let facts = Facts {
                arrival: DateTime::UNIX_EPOCH,
                zone: Tz::UTC,
                id: Uuid::nil(),
                error_type: Some("e"),
                partition: None,
            };
            prop_assert_eq!(prefix.evaluate(facts), prefix.evaluate(facts));
            if !prefix.has_expressions() {
                prop_assert_eq!(prefix.evaluate(facts), text);
            }
        }
    }
}

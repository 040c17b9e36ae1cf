//! The Glue table: has it the columns that the records have?

use serde_json::{Value, json};

use super::Check;
use super::refusal::Refusal;
use super::site::Service;
use super::stream::{Table, text};
use super::wire::Caller;

/// Compares the table's columns with those of the records.
pub(super) async fn columns(
    caller: &Caller<'_>,
    table: &Table,
    wanted: &[(String, String)],
) -> Check {
    let Table { region, database, name } = table;
    let what = format!("Glue table `{database}.{name}` in {region}");
    let input = json!({ "DatabaseName": database, "Name": name });
    let asked = caller.json(Service::Glue, region, "AWSGlue.GetTable", &input).await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(none) => return none.check("table"),
    };
    if !answer.is_success() {
        return Refusal::of(&answer).check(caller, "table", &what, "glue:GetTable");
    }
    let document = answer.json();
    let columns = document.pointer("/Table/StorageDescriptor/Columns").and_then(Value::as_array);
    let columns = columns.map(Vec::as_slice).unwrap_or_default().iter();
    let found: Vec<_> = columns
        .map(|column| (text(column, "/Name").to_owned(), text(column, "/Type").to_owned()))
        .collect();
    compare(&what, &found, wanted)
}

fn compare(what: &str, found: &[(String, String)], wanted: &[(String, String)]) -> Check {
    if found == wanted {
        let columns: Vec<_> = found.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        return Check::ok("table", format!("{what}: {}", columns.join(", ")));
    }
    let by_name = |columns: &[(String, String)], name: &str| {
        columns.iter().find(|(own, _)| own == name).map(|(_, kind)| kind.clone())
    };
    let mut differences = Vec::new();
    for (name, kind) in wanted {
        match by_name(found, name) {
            None => differences.push(format!("{name} {kind} is missing, and is not kept")),
            Some(other) if other != *kind => {
                differences.push(format!("{name} is {other} and should be {kind}"));
            }
            Some(_) => {}
        }
    }
    let more = found.iter().filter(|(name, _)| by_name(wanted, name).is_none());
    let more: Vec<_> = more.map(|(name, _)| name.as_str()).collect();
    let fix = "make the columns those of docs/aws/captain-ratings.yaml";
    match (differences.is_empty(), more.is_empty()) {
        (false, _) => Check::fail("table", format!("{what}: {}", differences.join("; ")), fix),
        (true, false) => {
            let found = format!("{what} has columns that stay null: {}", more.join(", "));
            Check::warn("table", found, fix)
        }
        (true, true) => Check::warn("table", format!("{what} has another order of columns"), fix),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn table(text: &str) -> Vec<(String, String)> {
        let columns = text.split(',').filter_map(|column| column.trim().split_once(' '));
        columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
    }

    #[test]
    fn columns_are_compared_by_name_type_and_order() {
        let wanted = table("user string, rating int");
        for (found, status, words) in [
            ("user string, rating int", Status::Ok, "user string, rating int"),
            ("rating int, user string", Status::Warn, "another order"),
            ("user string, rating int, more int", Status::Warn, "stay null: more"),
            ("user string, rating bigint", Status::Fail, "rating is bigint and should be int"),
            ("user string", Status::Fail, "rating int is missing"),
            ("", Status::Fail, "user string is missing"),
        ] {
            let check = compare("t", &table(found), &wanted);
            assert_eq!(check.status, status, "{found}");
            assert!(check.found.contains(words), "{found}: {}", check.found);
            assert_eq!(check.fix.is_none(), status == Status::Ok, "{found}");
        }
    }
}

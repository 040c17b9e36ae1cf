//! Glue's operations, without HTTP.

use firehose_endpoint::{Clock, Endpoint, Refused};
use serde_json::{Value, json};

/// Epoch seconds at which the endpoints of these tests begin.
const MORNING: f64 = 1_641_621_859.0;

async fn endpoint() -> Endpoint {
    let morning = "2022-01-08T06:04:19Z".parse().expect("a time");
    Endpoint::builder().clock(Clock::starting_at(morning)).build().await.expect("an endpoint")
}

/// An endpoint with a database `captains`.
async fn with_database() -> Endpoint {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDatabase", json!({"DatabaseInput": {"Name": "captains"}})).await;
    endpoint
}

async fn ok(endpoint: &Endpoint, operation: &str, input: Value) -> Value {
    let answer = endpoint.call("Glue", operation, &input).await;
    answer.unwrap_or_else(|why| panic!("{operation} {input}: {why}"))
}

/// Code and message of a call that is refused.
async fn refused(endpoint: &Endpoint, operation: &str, input: Value) -> (&'static str, String) {
    match endpoint.call("Glue", operation, &input).await {
        Err(Refused { code, message, .. }) => (code, message),
        Ok(answer) => panic!("{operation} {input}: {answer}"),
    }
}

/// Checks a table of calls with the code that they are refused with and a part of the message.
async fn check(endpoint: &Endpoint, table: &[(&str, Value, &str, &str)]) {
    for (operation, input, code, part) in table {
        let (refused, message) = refused(endpoint, operation, input.clone()).await;
        assert_eq!(refused, *code, "{operation} {input}: {message}");
        assert!(message.contains(part), "{operation} {input}: {message}");
    }
}

fn named(table: &str) -> Value {
    json!({"DatabaseName": "captains", "Name": table})
}

fn table(input: Value) -> Value {
    json!({"DatabaseName": "captains", "TableInput": input})
}

fn columns(names: &[&str]) -> Value {
    let columns: Vec<_> = names.iter().map(|n| json!({"Name": n, "Type": "string"})).collect();
    json!({"Columns": columns})
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|item| item["Name"].as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_database_is_shown_as_it_came_with_its_name_in_lower_case() {
    let endpoint = endpoint().await;
    let input = json!({
        "Name": "Captains", "Description": "of ships\nand others", "LocationUri": "s3://b/p",
        "Parameters": {"a": "b"}, "CreateTableDefaultPermissions": [],
    });
    assert_eq!(ok(&endpoint, "CreateDatabase", json!({"DatabaseInput": input})).await, json!({}));
    let answer = ok(&endpoint, "GetDatabase", json!({"Name": "CAPTAINS"})).await;
    let mut expected = input;
    expected["Name"] = json!("captains");
    expected["CreateTime"] = json!(MORNING);
    expected["CatalogId"] = json!("000000000000");
    assert_eq!(answer, json!({"Database": expected}));
}

#[tokio::test(start_paused = true)]
async fn a_table_is_shown_as_it_came_with_its_name_in_lower_case() {
    let endpoint = with_database().await;
    let input = json!({
        "Name": "Ratings", "Description": "what people think", "Owner": "me",
        "LastAccessTime": 1.5, "LastAnalyzedTime": 2, "Retention": 3,
        "StorageDescriptor": {
            "Columns": [{"Name": "User", "Type": "string", "Comment": "who", "Parameters": {"k": "v"}}],
            "Location": "s3://b/p", "AdditionalLocations": ["s3://b/q"], "InputFormat": "in",
            "OutputFormat": "out", "Compressed": true, "NumberOfBuckets": 4,
            "SerdeInfo": {"Name": "s", "SerializationLibrary": "l", "Parameters": {"p": "q"}},
            "BucketColumns": ["User"], "SortColumns": [{"Column": "User", "SortOrder": 1}],
            "Parameters": {}, "StoredAsSubDirectories": false,
            "SkewedInfo": {"SkewedColumnNames": ["User"], "SkewedColumnValues": ["x"],
                "SkewedColumnValueLocationMaps": {"x": "y"}},
        },
        "PartitionKeys": [{"Name": "day", "Type": "date"}], "ViewOriginalText": "a",
        "ViewExpandedText": "b", "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
    });
    assert_eq!(ok(&endpoint, "CreateTable", table(input.clone())).await, json!({}));
    let answer = ok(&endpoint, "GetTable", named("RATINGS")).await;
    let mut expected = input;
    expected["Name"] = json!("ratings");
    expected["DatabaseName"] = json!("captains");
    expected["CreateTime"] = json!(MORNING);
    expected["UpdateTime"] = json!(MORNING);
    expected["CreatedBy"] = json!("arn:aws:iam::000000000000:root");
    expected["IsRegisteredWithLakeFormation"] = json!(false);
    expected["CatalogId"] = json!("000000000000");
    expected["VersionId"] = json!("0");
    assert_eq!(answer, json!({"Table": expected}));
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_the_table_and_keeps_the_version_before() {
    let endpoint = with_database().await;
    let version = |n: &str| {
        let input = json!({"Name": "t", "Description": n, "StorageDescriptor": columns(&[n])});
        table(input)
    };
    ok(&endpoint, "CreateTable", version("zero")).await;
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    ok(&endpoint, "UpdateTable", version("one")).await;
    let mut unarchived = version("three");
    let mut current = version("two");
    current["VersionId"] = json!("1");
    ok(&endpoint, "UpdateTable", current.clone()).await;
    let (code, message) = refused(&endpoint, "UpdateTable", current).await;
    assert_eq!(code, "ConcurrentModificationException", "{message}");
    unarchived["SkipArchive"] = json!(true);
    ok(&endpoint, "UpdateTable", unarchived).await;

    let now = ok(&endpoint, "GetTable", named("t")).await;
    assert_eq!(now["Table"]["VersionId"], "3");
    assert_eq!(now["Table"]["Description"], "three");
    assert_eq!(now["Table"]["CreateTime"], MORNING);
    assert_eq!(now["Table"]["UpdateTime"], MORNING + 60.0);
    let versions = json!({"DatabaseName": "captains", "TableName": "t"});
    let list = ok(&endpoint, "GetTableVersions", versions.clone()).await;
    let list = list["TableVersions"].as_array().expect("versions");
    let ids: Vec<_> = list.iter().map(|version| version["VersionId"].clone()).collect();
    assert_eq!(ids, ["3", "1", "0"]);
    for (id, description) in [(None, "three"), (Some("0"), "zero"), (Some("1"), "one")] {
        let mut input = versions.clone();
        input["VersionId"] = json!(id);
        let found = ok(&endpoint, "GetTableVersion", input).await;
        assert_eq!(found["TableVersion"]["Table"]["Description"], description);
    }
    for id in ["2", "4", "-1", "x"] {
        let mut input = versions.clone();
        input["VersionId"] = json!(id);
        let (code, _) = refused(&endpoint, "GetTableVersion", input).await;
        assert_eq!(code, "EntityNotFoundException", "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_every_list_hold_every_item_once() {
    let endpoint = endpoint().await;
    for n in 0..5 {
        ok(&endpoint, "CreateDatabase", json!({"DatabaseInput": {"Name": format!("d{n}")}})).await;
        let input = json!({"DatabaseName": "d0", "TableInput": {"Name": format!("t{n}")}});
        ok(&endpoint, "CreateTable", input).await;
        let update = json!({"DatabaseName": "d0", "TableInput": {"Name": "t0"}});
        ok(&endpoint, "UpdateTable", update).await;
    }
    for (operation, list, input, expected) in [
        ("GetDatabases", "DatabaseList", json!({}), 5),
        ("GetTables", "TableList", json!({"DatabaseName": "D0"}), 5),
        ("GetTableVersions", "TableVersions", json!({"DatabaseName": "d0", "TableName": "T0"}), 6),
    ] {
        let (mut input, mut seen) = (input, Vec::new());
        input["MaxResults"] = json!(2);
        loop {
            let answer = ok(&endpoint, operation, input.clone()).await;
            let items = answer[list].as_array().expect("a list").clone();
            assert!(items.len() <= 2, "{operation}");
            seen.extend(items);
            match answer.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => break,
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), expected, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn tables_are_chosen_by_expressions_on_their_whole_names() {
    let endpoint = with_database().await;
    for name in ["ratings", "reviews", "old_ratings"] {
        ok(&endpoint, "CreateTable", table(json!({"Name": name}))).await;
    }
    for (expression, expected) in [
        ("", vec![]),
        (".*", vec!["old_ratings", "ratings", "reviews"]),
        ("r.*s", vec!["ratings", "reviews"]),
        ("ratings|reviews", vec!["ratings", "reviews"]),
        ("rating", vec![]),
    ] {
        let input = json!({"DatabaseName": "captains", "Expression": expression});
        let answer = ok(&endpoint, "GetTables", input).await;
        assert_eq!(names(&answer["TableList"]), expected, "{expression}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_there_already_is_said_in_glues_words() {
    let endpoint = with_database().await;
    ok(&endpoint, "CreateTable", table(json!({"Name": "t"}))).await;
    let (no, lost) = ("EntityNotFoundException", "Database nowhere not found.");
    let of_nowhere = |input: Value| {
        let mut input = input;
        input["DatabaseName"] = json!("Nowhere");
        input
    };
    check(
        &endpoint,
        &[
            (
                "CreateDatabase",
                json!({"DatabaseInput": {"Name": "CAPTAINS"}}),
                "AlreadyExistsException",
                "Database already exists.",
            ),
            (
                "CreateTable",
                table(json!({"Name": "T"})),
                "AlreadyExistsException",
                "Table already exists.",
            ),
            ("GetDatabase", json!({"Name": "nowhere"}), no, lost),
            ("DeleteDatabase", json!({"Name": "nowhere"}), no, lost),
            ("CreateTable", of_nowhere(table(json!({"Name": "t"}))), no, lost),
            ("UpdateTable", of_nowhere(table(json!({"Name": "t"}))), no, lost),
            ("GetTable", of_nowhere(named("t")), no, lost),
            ("DeleteTable", of_nowhere(named("t")), no, lost),
            ("GetTables", json!({"DatabaseName": "nowhere"}), no, lost),
            ("GetTableVersion", json!({"DatabaseName": "nowhere", "TableName": "t"}), no, lost),
            ("GetTable", named("nothing"), no, "Entity Not Found"),
            ("DeleteTable", named("nothing"), no, "Entity Not Found"),
            ("UpdateTable", table(json!({"Name": "nothing"})), no, "Entity Not Found"),
            (
                "GetTableVersions",
                json!({"DatabaseName": "captains", "TableName": "nothing"}),
                no,
                "Entity Not Found",
            ),
            (
                "GetTable",
                json!({"CatalogId": "elsewhere", "DatabaseName": "captains", "Name": "t"}),
                no,
                "Catalog elsewhere not found.",
            ),
            (
                "GetTable",
                json!({"CatalogId": "111122223333", "DatabaseName": "captains", "Name": "t"}),
                no,
                "Database captains not found.",
            ),
            (
                "GetDatabases",
                json!({"NextToken": "nonsense"}),
                "InvalidInputException",
                "NextToken",
            ),
            (
                "GetTables",
                json!({"DatabaseName": "captains", "Expression": "("}),
                "InvalidInputException",
                "Expression",
            ),
            (
                "CreateTable",
                json!({"DatabaseName": "captains"}),
                "InvalidInputException",
                "TableInput",
            ),
            (
                "CreateTable",
                json!({"DatabaseName": "captains", "Name": "other", "TableInput": {"Name": "u"}}),
                "InvalidInputException",
                "different tables",
            ),
            (
                "CreateTable",
                table(json!({"Name": "u", "Parameters": {"k": null}})),
                "ValidationException",
                "Map value must satisfy constraint",
            ),
            ("GetPartitions", json!({}), "UnknownOperationException", "GetPartitions"),
        ],
    )
    .await;
    assert_eq!(
        names(&ok(&endpoint, "GetTables", json!({"DatabaseName": "captains"})).await["TableList"]),
        ["t"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_built_is_refused_by_name() {
    let endpoint = with_database().await;
    ok(&endpoint, "CreateTable", table(json!({"Name": "t"}))).await;
    let with = |mut input: Value, member: &str, value: Value| {
        input[member] = value;
        input
    };
    let create = |member: &str, value: Value| with(table(json!({"Name": "u"})), member, value);
    let update = |member: &str, value: Value| with(table(json!({"Name": "t"})), member, value);
    let get = |member: &str, value: Value| with(named("t"), member, value);
    let all = |member: &str, value: Value| with(json!({"DatabaseName": "captains"}), member, value);
    let iceberg = json!({"IcebergInput": {"MetadataOperation": "CREATE"}});
    for (operation, input, member) in [
        (
            "CreateDatabase",
            json!({"DatabaseInput": {"Name": "d", "TargetDatabase": {}}}),
            "DatabaseInput.TargetDatabase",
        ),
        (
            "CreateDatabase",
            json!({"DatabaseInput": {"Name": "d", "FederatedDatabase": {}}}),
            "DatabaseInput.FederatedDatabase",
        ),
        ("CreateDatabase", json!({"DatabaseInput": {"Name": "d"}, "Tags": {"a": "b"}}), "Tags"),
        ("GetDatabases", json!({"AttributesToGet": ["NAME"]}), "AttributesToGet"),
        ("GetDatabases", json!({"ResourceShareType": "FOREIGN"}), "ResourceShareType"),
        (
            "CreateTable",
            create("PartitionIndexes", json!([{"Keys": ["a"], "IndexName": "i"}])),
            "PartitionIndexes",
        ),
        ("CreateTable", create("OpenTableFormatInput", iceberg), "OpenTableFormatInput"),
        ("CreateTable", create("TransactionId", json!("1")), "TransactionId"),
        ("CreateTable", table(json!({"Name": "u", "TargetTable": {}})), "TableInput.TargetTable"),
        (
            "CreateTable",
            table(json!({"Name": "u", "FederatedTable": {}})),
            "TableInput.FederatedTable",
        ),
        (
            "CreateTable",
            table(json!({"Name": "u", "ViewDefinition": {}})),
            "TableInput.ViewDefinition",
        ),
        (
            "CreateTable",
            table(json!({"Name": "u", "StorageDescriptor": {"SchemaReference": {}}})),
            "TableInput.StorageDescriptor.SchemaReference",
        ),
        ("UpdateTable", update("ViewUpdateAction", json!("ADD")), "ViewUpdateAction"),
        ("UpdateTable", update("Force", json!(true)), "Force"),
        (
            "UpdateTable",
            update("UpdateOpenTableFormatInput", json!({})),
            "UpdateOpenTableFormatInput",
        ),
        ("UpdateTable", table(json!({"Name": "t", "TargetTable": {}})), "TableInput.TargetTable"),
        ("GetTable", get("QueryAsOfTime", json!(1)), "QueryAsOfTime"),
        ("GetTable", get("IncludeStatusDetails", json!(true)), "IncludeStatusDetails"),
        ("GetTable", get("AttributesToGet", json!(["NAME"])), "AttributesToGet"),
        ("DeleteTable", get("TransactionId", json!("1")), "TransactionId"),
        ("GetTables", all("ResourceShareType", json!("FEDERATED")), "ResourceShareType"),
        ("GetTables", all("QueryAsOfTime", json!(1)), "QueryAsOfTime"),
    ] {
        let (code, message) = refused(&endpoint, operation, input.clone()).await;
        let expected = format!("{member} is not supported by firehose-local");
        assert_eq!((code, message), ("InvalidInputException", expected), "{operation} {input}");
    }
    let answer = ok(&endpoint, "GetTable", named("t")).await;
    assert_eq!(answer["Table"]["VersionId"], "0", "a refused update changes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_database_goes_with_its_tables() {
    let endpoint = with_database().await;
    ok(&endpoint, "CreateTable", table(json!({"Name": "t"}))).await;
    ok(&endpoint, "DeleteTable", named("T")).await;
    ok(&endpoint, "CreateTable", table(json!({"Name": "t"}))).await;
    ok(&endpoint, "DeleteDatabase", json!({"Name": "Captains"})).await;
    ok(&endpoint, "CreateDatabase", json!({"DatabaseInput": {"Name": "captains"}})).await;
    let answer = ok(&endpoint, "GetTables", json!({"DatabaseName": "captains"})).await;
    assert_eq!(answer, json!({"TableList": []}));
}

#[tokio::test(start_paused = true)]
async fn databases_tables_and_versions_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open =
        async || Endpoint::builder().data_dir(folder.path()).build().await.expect("an endpoint");
    let endpoint = open().await;
    ok(&endpoint, "CreateDatabase", json!({"DatabaseInput": {"Name": "captains"}})).await;
    ok(&endpoint, "CreateTable", table(json!({"Name": "t", "LastAccessTime": 0.1}))).await;
    ok(&endpoint, "UpdateTable", table(json!({"Name": "t", "Description": "new"}))).await;
    let versions = json!({"DatabaseName": "captains", "TableName": "t"});
    let before = ok(&endpoint, "GetTableVersions", versions.clone()).await;
    drop(endpoint);
    assert_eq!(ok(&open().await, "GetTableVersions", versions).await, before);
    assert_eq!(before["TableVersions"].as_array().map(Vec::len), Some(2));
}

//! What AWS fills in when a request leaves it out, as DescribeDeliveryStream shows it.

use serde_json::{Map, Value, json};

use super::limits;

/// The extended destination that is kept for a request's destination.
pub(super) fn filled(given: &Value) -> Value {
    let mut destination = given.as_object().cloned().unwrap_or_default();
    let partitions = partitioning_is_on(&destination);
    let size = if conversion_is_on(&destination) || partitions { 128 } else { 5 };
    fill_plain(&mut destination, size);
    fill_backup(&mut destination);
    fill_lambda(&mut destination);
    fill(&mut destination, "S3BackupMode", json!("Disabled"));
    fill(&mut destination, "CustomTimeZone", json!("UTC"));
    if let Some(block) = destination.get_mut(PARTITIONING).filter(|_| partitions) {
        let block = block.as_object_mut().into_iter();
        block.for_each(|block| {
            fill(
                block,
                "RetryOptions",
                json!({ "DurationInSeconds": limits::PARTITION_RETRY_SECONDS }),
            )
        });
    }
    Value::Object(destination)
}

/// What every S3 destination has, also that of a backup.
fn fill_plain(destination: &mut Map<String, Value>, size: u32) {
    fill(destination, "Prefix", json!(""));
    fill(destination, "BufferingHints", json!({ "SizeInMBs": size, "IntervalInSeconds": 300 }));
    fill(destination, "CompressionFormat", json!("UNCOMPRESSED"));
    fill(destination, "EncryptionConfiguration", json!({ "NoEncryptionConfig": "NoEncryption" }));
    fill(destination, "CloudWatchLoggingOptions", json!({ "Enabled": false }));
}

fn fill_backup(destination: &mut Map<String, Value>) {
    if let Some(backup) = destination.get_mut(BACKUP).and_then(Value::as_object_mut) {
        fill_plain(backup, 5);
    }
}

/// What AWS tells of a Lambda processor whatever was said of it, in its order.
fn fill_lambda(destination: &mut Map<String, Value>) {
    let role = destination.get("RoleARN").cloned().unwrap_or_default();
    let block = destination.get_mut("ProcessingConfiguration");
    let processors = block.and_then(|block| block.get_mut("Processors"));
    let processors = processors.and_then(Value::as_array_mut).into_iter().flatten();
    for processor in processors.filter(|processor| processor["Type"] == "Lambda") {
        let given = processor.get("Parameters").and_then(Value::as_array).cloned();
        let mut rest = given.unwrap_or_default();
        let mut parameters = Vec::new();
        for (name, default) in [
            ("LambdaArn", Value::Null),
            ("NumberOfRetries", json!("3")),
            ("RoleArn", role.clone()),
            ("BufferSizeInMBs", json!("1")),
            ("BufferIntervalInSeconds", json!("60")),
        ] {
            let place = rest.iter().position(|one| one["ParameterName"] == name);
            let parameter = match place {
                Some(place) => rest.remove(place),
                None => json!({ "ParameterName": name, "ParameterValue": default }),
            };
            // There is nothing to fill in for a function that is not named; that is told later.
            parameters.extend(Some(parameter).filter(|one| !one["ParameterValue"].is_null()));
        }
        parameters.append(&mut rest);
        processor["Parameters"] = Value::Array(parameters);
    }
}

const BACKUP: &str = "S3BackupConfiguration";
const CONVERSION: &str = "DataFormatConversionConfiguration";
const PARTITIONING: &str = "DynamicPartitioningConfiguration";

/// Whether records are filed by partition keys; left out it is off.
pub(super) fn partitioning_is_on(destination: &Map<String, Value>) -> bool {
    let block = destination.get(PARTITIONING);
    block.and_then(|block| block.get("Enabled")).and_then(Value::as_bool).unwrap_or(false)
}

fn fill(destination: &mut Map<String, Value>, member: &str, default: Value) {
    destination.entry(member).or_insert(default);
}

/// `Enabled` left out counts as true.
fn conversion_is_on(destination: &Map<String, Value>) -> bool {
    destination
        .get("DataFormatConversionConfiguration")
        .is_some_and(|block| block.get("Enabled").and_then(Value::as_bool).unwrap_or(true))
}

/// Lays an update over what is kept: members that are given replace, absent ones stay. The
/// conversion merges member by member and the backup by its own members, every other block is
/// replaced whole.
pub(super) fn merged(kept: &Value, update: &Value) -> Value {
    let mut destination = kept.as_object().cloned().unwrap_or_default();
    for (member, given) in update.as_object().into_iter().flatten() {
        // The request calls the backup of an update by another name than that of a create.
        let member = if member == "S3BackupUpdate" { BACKUP } else { member };
        match destination.get_mut(member) {
            Some(old) if member == CONVERSION => merge_members(old, given),
            Some(Value::Object(old)) if member == BACKUP => {
                old.extend(given.as_object().cloned().unwrap_or_default());
            }
            _ => drop(destination.insert(member.to_owned(), given.clone())),
        }
    }
    fill_backup(&mut destination);
    fill_lambda(&mut destination);
    Value::Object(destination)
}

fn merge_members(old: &mut Value, given: &Value) {
    let (Some(old_members), Some(new_members)) = (old.as_object_mut(), given.as_object()) else {
        *old = given.clone();
        return;
    };
    for (member, value) in new_members {
        match old_members.get_mut(member) {
            // A serializer or deserializer is one of several: a new kind takes the old one's place.
            Some(old) if !is_choice(member) => merge_members(old, value),
            _ => drop(old_members.insert(member.clone(), value.clone())),
        }
    }
}

fn is_choice(member: &str) -> bool {
    ["Serializer", "Deserializer"].contains(&member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_destination_gets_awss_defaults() {
        let kept = filled(&json!({ "RoleARN": "r", "BucketARN": "b" }));
        let expected = json!({
            "RoleARN": "r", "BucketARN": "b", "Prefix": "",
            "BufferingHints": { "SizeInMBs": 5, "IntervalInSeconds": 300 },
            "CompressionFormat": "UNCOMPRESSED",
            "EncryptionConfiguration": { "NoEncryptionConfig": "NoEncryption" },
            "CloudWatchLoggingOptions": { "Enabled": false },
            "S3BackupMode": "Disabled", "CustomTimeZone": "UTC"
        });
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_backup_gets_defaults_and_is_merged_by_its_own_members() {
        let bare = json!({ "S3BackupConfiguration": { "RoleARN": "r", "BucketARN": "b" } });
        let mut expected = json!({
            "RoleARN": "r", "BucketARN": "b", "Prefix": "",
            "BufferingHints": { "SizeInMBs": 5, "IntervalInSeconds": 300 },
            "CompressionFormat": "UNCOMPRESSED",
            "EncryptionConfiguration": { "NoEncryptionConfig": "NoEncryption" },
            "CloudWatchLoggingOptions": { "Enabled": false }
        });
        let kept = filled(&bare);
        assert_eq!(kept[BACKUP], expected);
        let added = merged(&filled(&json!({})), &json!({ "S3BackupUpdate": bare[BACKUP] }));
        assert_eq!(added[BACKUP], expected, "also when an update brings it");

        let encrypted = json!({ "KMSEncryptionConfig": { "AWSKMSKeyARN": "k" } });
        let update = json!({ "Prefix": "p", "EncryptionConfiguration": encrypted });
        expected.as_object_mut().unwrap().extend(update.as_object().unwrap().clone());
        let merged = merged(&kept, &json!({ "S3BackupUpdate": update }));
        assert_eq!(merged[BACKUP], expected);
        assert_eq!(merged.get("S3BackupUpdate"), None);
    }

    #[test]
    fn section_2_2_a_lambda_processor_is_told_with_its_defaults_in_awss_order() {
        let parameter =
            |name: &str, value: &str| json!({ "ParameterName": name, "ParameterValue": value });
        let processing = |parameters: Value| {
            let lambda = json!({ "Type": "Lambda", "Parameters": parameters });
            json!({ "ProcessingConfiguration": { "Processors": [lambda] }, "RoleARN": "role" })
        };
        let given = json!([parameter("BufferIntervalInSeconds", "5"), parameter("LambdaArn", "f")]);
        let expected = json!([
            parameter("LambdaArn", "f"),
            parameter("NumberOfRetries", "3"),
            parameter("RoleArn", "role"),
            parameter("BufferSizeInMBs", "1"),
            parameter("BufferIntervalInSeconds", "5"),
        ]);
        let kept = filled(&processing(given.clone()));
        let parameters = "/ProcessingConfiguration/Processors/0/Parameters";
        assert_eq!(kept.pointer(parameters), Some(&expected));
        let updated = merged(&json!({ "RoleARN": "role" }), &processing(given));
        assert_eq!(updated.pointer(parameters), Some(&expected));
        let unnamed = filled(&processing(json!([])));
        assert_eq!(unnamed.pointer(&format!("{parameters}/0")), expected.get(1));
    }

    #[test]
    fn recorded_2_3_hints_left_out_are_larger_with_conversion() {
        for (enabled, size) in [(json!({}), 128), (json!({ "Enabled": false }), 5)] {
            let kept = filled(&json!({ "DataFormatConversionConfiguration": enabled }));
            assert_eq!(kept.pointer("/BufferingHints/SizeInMBs"), Some(&json!(size)));
        }
    }

    #[test]
    fn recorded_2_3_an_update_replaces_what_it_names_and_merges_the_conversion() {
        let kept = json!({
            "Prefix": "a", "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 60 },
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": { "DatabaseName": "d", "TableName": "t" },
                "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } }
            }
        });
        let update = json!({
            "BufferingHints": { "SizeInMBs": 100 },
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": { "TableName": "u" },
                "OutputFormatConfiguration": { "Serializer": { "OrcSerDe": {} } }
            }
        });
        let expected = json!({
            "Prefix": "a", "BufferingHints": { "SizeInMBs": 100 },
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": { "DatabaseName": "d", "TableName": "u" },
                "OutputFormatConfiguration": { "Serializer": { "OrcSerDe": {} } }
            }
        });
        assert_eq!(merged(&kept, &update), expected);
    }
}

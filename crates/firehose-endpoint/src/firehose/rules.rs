//! What AWS checks beyond the model's constraints, in its order, and what is not built, by name.

use serde_json::Value;

use super::{
    destination::{Conversion, S3Destination},
    error::invalid,
    limits,
    processing::Processors,
};
use crate::protocol::AwsError;

/// Checks a destination as it would be kept; `given` is the request's, before defaults.
///
/// # Errors
///
/// `InvalidArgumentException` for the first rule that is broken.
pub(super) fn check(
    destination: &S3Destination,
    given: &Value,
    relaxed: bool,
) -> Result<(), AwsError> {
    if let Some(conversion) = destination.conversion() {
        check_conversion(destination, conversion, relaxed)?;
    }
    check_partitioning(destination, relaxed)?;
    check_hints(given)?;
    check_logging(destination)?;
    check_prefixes(destination)?;
    check_encryption(destination)?;
    check_backup(destination, given)
}

/// The order of these checks was probed on AWS; the first that applies wins.
fn check_conversion(
    destination: &S3Destination,
    conversion: &Conversion,
    relaxed: bool,
) -> Result<(), AwsError> {
    if destination.compression_format.as_deref().is_some_and(|format| format != "UNCOMPRESSED") {
        return Err(invalid(
            "The S3 destination's compression format must be set to UNCOMPRESSED when data format \
             conversion is enabled. To enable compression within the converted output format, set \
             the appropriate serialization option in the output format configuration.",
        ));
    }
    let least = limits::CONVERSION_SIZE_MIB;
    let size = destination.buffering_hints.size_in_mbs;
    if !relaxed && size.is_some_and(|size| size < least) {
        return Err(invalid(format!(
            "BufferingHints.SizeInMBs must be at least {least} when data format conversion is \
             enabled."
        )));
    }
    one_of(
        conversion.input_format_configuration.as_ref(),
        "InputFormatConfiguration",
        "Deserializer",
    )?;
    one_of(
        conversion.output_format_configuration.as_ref(),
        "OutputFormatConfiguration",
        "Serializer",
    )?;
    check_schema(conversion)
}

/// Dynamic partitioning, and the processors that are there for it.
fn check_partitioning(destination: &S3Destination, relaxed: bool) -> Result<(), AwsError> {
    let Processors { processing, query, lambda } = Processors::of(destination)?;
    if !destination.dynamic_partitioning_configuration.enabled {
        let kind = match (&query, &processing.sub_records) {
            (Some(_), _) => "MetadataExtraction",
            (None, Some(_)) => "RecordDeAggregation",
            (None, None) => return Ok(()),
        };
        return Err(invalid(format!(
            "A processor of type {kind} is only for destinations with dynamic partitioning enabled"
        )));
    }
    let least = limits::CONVERSION_SIZE_MIB;
    let size = destination.buffering_hints.size_in_mbs;
    if !relaxed && size.is_some_and(|size| size < least) {
        return Err(invalid(format!(
            "BufferingHints.SizeInMBs must be at least {least} when Dynamic Partitioning is enabled."
        )));
    }
    if query.is_none() && lambda.is_none() {
        return Err(invalid(
            "Dynamic partitioning must have a processor of type MetadataExtraction or Lambda, and \
             processing that is enabled",
        ));
    }
    Ok(())
}

/// A block that must hold exactly one of several kinds.
fn one_of(block: Option<&Value>, block_name: &str, choice: &str) -> Result<(), AwsError> {
    let Some(block) = block else {
        return Err(invalid(format!("{block_name} must not be null")));
    };
    let kinds = block.get(choice).and_then(Value::as_object).map_or(0, |kinds| kinds.len());
    let lower = choice.to_lowercase();
    match kinds {
        0 => Err(invalid(format!("{choice} must not be null"))),
        1 => Ok(()),
        _ => Err(invalid(format!("More than one {lower} specified. Only one may be chosen."))),
    }
}

fn check_schema(conversion: &Conversion) -> Result<(), AwsError> {
    let Some(schema) = &conversion.schema_configuration else {
        return Err(invalid("SchemaConfiguration must not be null"));
    };
    let members = [
        ("RoleArn", &schema.role_arn),
        ("DatabaseName", &schema.database_name),
        ("TableName", &schema.table_name),
    ];
    for (name, value) in members {
        if value.as_deref().unwrap_or_default().is_empty() {
            return Err(invalid(format!("SchemaConfiguration.{name} must not be null or empty")));
        }
    }
    Ok(())
}

fn check_hints(given: &Value) -> Result<(), AwsError> {
    let Some(hints) = given.get("BufferingHints") else { return Ok(()) };
    if hints.get("SizeInMBs").is_some() == hints.get("IntervalInSeconds").is_some() {
        return Ok(());
    }
    Err(invalid("BufferingHints must have both SizeInMBs and IntervalInSeconds, or neither"))
}

fn check_logging(destination: &S3Destination) -> Result<(), AwsError> {
    let logging = &destination.cloud_watch_logging_options;
    if logging.enabled && (logging.log_group_name.is_none() || logging.log_stream_name.is_none()) {
        return Err(invalid(
            "CloudWatchLoggingOptions must have LogGroupName and LogStreamName when it is enabled",
        ));
    }
    Ok(())
}

fn check_prefixes(destination: &S3Destination) -> Result<(), AwsError> {
    let error_prefix = destination.error_output_prefix.as_deref().unwrap_or_default();
    if destination.prefix.contains("!{") && error_prefix.is_empty() {
        // "Ths" is AWS's own spelling.
        return Err(invalid(
            "Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix \
             cannot be null or empty when Prefix contains expressions",
        ));
    }
    Ok(())
}

fn check_encryption(destination: &S3Destination) -> Result<(), AwsError> {
    let encryption = &destination.encryption_configuration;
    let kinds = ["KMSEncryptionConfig", "NoEncryptionConfig"];
    if kinds.iter().all(|kind| encryption.get(kind).is_some()) {
        return Err(invalid(
            "EncryptionConfiguration must have one of NoEncryptionConfig and KMSEncryptionConfig",
        ));
    }
    Ok(())
}

/// A backup that is off is not looked at.
fn check_backup(destination: &S3Destination, given: &Value) -> Result<(), AwsError> {
    if !destination.is_backed_up() {
        return Ok(());
    }
    let Some(backup) = destination.backup() else {
        return Err(invalid("S3BackupConfiguration must not be null when S3BackupMode is Enabled"));
    };
    for (member, value) in [("RoleARN", &backup.role_arn), ("BucketARN", &backup.bucket_arn)] {
        if value.is_empty() {
            return Err(invalid(format!(
                "S3BackupConfiguration.{member} must not be null or empty"
            )));
        }
    }
    for member in ["S3BackupConfiguration", "S3BackupUpdate"] {
        given.get(member).map_or(Ok(()), check_hints)?;
    }
    check_logging(backup)?;
    check_prefixes(backup)?;
    check_encryption(backup)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn converting(change: impl FnOnce(&mut Value)) -> Value {
        let mut destination = json!({
            "RoleARN": "arn:aws:iam::123456789012:role/firehose",
            "BucketARN": "arn:aws:s3:::captains-rating",
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": { "RoleARN": "r", "DatabaseName": "d", "TableName": "t" },
                "InputFormatConfiguration": { "Deserializer": { "OpenXJsonSerDe": {} } },
                "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } }
            }
        });
        change(&mut destination);
        destination
    }

    fn refusal(given: &Value, relaxed: bool) -> Option<String> {
        let destination = S3Destination::read(given).unwrap();
        check(&destination, given, relaxed).err().map(|error| error.message)
    }

    const BLOCK: &str = "DataFormatConversionConfiguration";

    #[test]
    fn recorded_2_3_the_first_broken_rule_of_a_conversion_is_told() {
        type Change = fn(&mut Value);
        let table: [(Change, &str); 12] = [
            (
                |d| {
                    d["CompressionFormat"] = json!("GZIP");
                    d["BufferingHints"] = json!({ "SizeInMBs": 1, "IntervalInSeconds": 60 });
                },
                "must be set to UNCOMPRESSED",
            ),
            (
                |d| d["BufferingHints"] = json!({ "SizeInMBs": 63, "IntervalInSeconds": 60 }),
                "BufferingHints.SizeInMBs must be at least 64 when data format conversion is \
                 enabled.",
            ),
            (
                |d| drop(d[BLOCK].as_object_mut().unwrap().remove("InputFormatConfiguration")),
                "InputFormatConfiguration must not be null",
            ),
            (
                |d| d[BLOCK]["InputFormatConfiguration"]["Deserializer"] = json!({}),
                "Deserializer must not be null",
            ),
            (
                |d| {
                    let both = json!({ "OpenXJsonSerDe": {}, "HiveJsonSerDe": {} });
                    d[BLOCK]["InputFormatConfiguration"]["Deserializer"] = both;
                },
                "More than one deserializer specified. Only one may be chosen.",
            ),
            (
                |d| drop(d[BLOCK].as_object_mut().unwrap().remove("OutputFormatConfiguration")),
                "OutputFormatConfiguration must not be null",
            ),
            (|d| d[BLOCK]["OutputFormatConfiguration"] = json!({}), "Serializer must not be null"),
            (
                |d| {
                    let both = json!({ "ParquetSerDe": {}, "OrcSerDe": {} });
                    d[BLOCK]["OutputFormatConfiguration"]["Serializer"] = both;
                },
                "More than one serializer specified. Only one may be chosen.",
            ),
            (
                |d| drop(d[BLOCK].as_object_mut().unwrap().remove("SchemaConfiguration")),
                "SchemaConfiguration must not be null",
            ),
            (
                |d| d[BLOCK]["SchemaConfiguration"] = json!({ "DatabaseName": "d" }),
                "SchemaConfiguration.RoleArn must not be null or empty",
            ),
            (
                |d| d[BLOCK]["SchemaConfiguration"] = json!({ "RoleARN": "r" }),
                "SchemaConfiguration.DatabaseName must not be null or empty",
            ),
            (
                |d| d[BLOCK]["SchemaConfiguration"]["TableName"] = json!(""),
                "SchemaConfiguration.TableName must not be null or empty",
            ),
        ];
        for (change, expected) in table {
            let told = refusal(&converting(change), false).unwrap();
            assert!(told.contains(expected), "{told}");
        }
        assert_eq!(refusal(&converting(|_| {}), false), None);
    }

    #[test]
    fn recorded_2_3_a_conversion_that_is_off_is_not_checked_and_relaxed_takes_the_tutorials_megabyte()
     {
        let off = converting(|d| d[BLOCK] = json!({ "Enabled": false }));
        assert_eq!(refusal(&off, false), None);
        let small = converting(|d| {
            d["BufferingHints"] = json!({ "SizeInMBs": 1, "IntervalInSeconds": 60 });
        });
        assert_eq!(refusal(&small, true), None);
    }

    #[test]
    fn section_2_2_a_backup_is_checked_once_it_is_enabled() {
        type Change = fn(&mut Value);
        let table: [(Change, &str); 7] = [
            (|b| *b = Value::Null, "S3BackupConfiguration must not be null"),
            (|b| b["RoleARN"] = json!(""), "S3BackupConfiguration.RoleARN must not be null"),
            (|b| b["BucketARN"] = json!(""), "S3BackupConfiguration.BucketARN must not be null"),
            (|b| b["BufferingHints"] = json!({ "SizeInMBs": 5 }), "must have both"),
            (|b| b["CloudWatchLoggingOptions"] = json!({ "Enabled": true }), "LogGroupName"),
            (|b| b["Prefix"] = json!("!{timestamp:yyyy}"), "ErrorOutputPrefix cannot be null"),
            (
                |b| {
                    b["EncryptionConfiguration"] =
                        json!({ "NoEncryptionConfig": "NoEncryption", "KMSEncryptionConfig": {} });
                },
                "must have one of NoEncryptionConfig",
            ),
        ];
        let sound = json!({ "RoleARN": "r", "BucketARN": "arn:aws:s3:::backup" });
        let with = |mode: &str, backup: &Value| {
            let given = json!({ "S3BackupMode": mode, "S3BackupConfiguration": backup });
            refusal(&given, false)
        };
        assert_eq!(with("Enabled", &sound), None);
        for (change, words) in table {
            let mut backup = sound.clone();
            change(&mut backup);
            let told = with("Enabled", &backup).unwrap();
            assert!(told.contains(words), "{told}");
            assert_eq!(with("Disabled", &backup), None, "{words}");
        }
    }

    #[test]
    fn section_4_2_aws_words_for_a_prefix_without_its_error_prefix() {
        let told = refusal(&json!({ "Prefix": "!{timestamp:yyyy}" }), false).unwrap();
        assert!(told.starts_with("Ths supplied prefix(es) do not satisfy"), "{told}");
    }

    #[test]
    fn section_3_4_dynamic_partitioning_needs_a_query_and_a_size() {
        let query = json!({ "Type": "MetadataExtraction", "Parameters": [
            { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a:.a}" } ] });
        let with = |size: u64, enabled: bool, processors: Value| {
            json!({
                "BufferingHints": { "SizeInMBs": size, "IntervalInSeconds": 60 },
                "DynamicPartitioningConfiguration": { "Enabled": enabled },
                "ProcessingConfiguration": { "Enabled": true, "Processors": processors },
            })
        };
        let table = [
            (
                with(63, true, json!([query])),
                "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
            ),
            (
                with(64, true, json!([])),
                "must have a processor of type MetadataExtraction or Lambda",
            ),
            (with(64, false, json!([query])), "only for destinations with dynamic partitioning"),
        ];
        for (given, expected) in table {
            assert!(refusal(&given, false).unwrap().contains(expected));
        }
        assert_eq!(refusal(&with(64, true, json!([query])), false), None);
        assert_eq!(refusal(&with(1, true, json!([query])), true), None, "relaxed");
    }

    #[test]
    fn half_of_the_hints_and_logging_without_names_are_refused() {
        let table = [
            (json!({ "BufferingHints": { "SizeInMBs": 5 } }), "IntervalInSeconds"),
            (json!({ "CloudWatchLoggingOptions": { "Enabled": true } }), "LogGroupName"),
        ];
        for (given, expected) in table {
            assert!(refusal(&given, false).unwrap().contains(expected));
        }
    }
}

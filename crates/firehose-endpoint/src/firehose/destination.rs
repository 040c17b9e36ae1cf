//! The one destination that is served: S3, in its extended and its deprecated form.

use serde::Deserialize;
use serde_json::Value;

use super::error::{invalid, not_built};
use crate::protocol::AwsError;

/// A destination's members, in the names of the request, as far as the engine needs them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct S3Destination {
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: String,
    #[serde(rename = "BucketARN")]
    pub(super) bucket_arn: String,
    pub(super) prefix: String,
    pub(super) error_output_prefix: Option<String>,
    pub(super) buffering_hints: Hints,
    pub(super) compression_format: Option<String>,
    pub(super) encryption_configuration: Value,
    pub(super) cloud_watch_logging_options: Logging,
    pub(super) processing_configuration: Processing,
    pub(super) s3_backup_mode: Option<String>,
    pub(super) s3_backup_configuration: Option<Box<Self>>,
    pub(super) data_format_conversion_configuration: Option<Conversion>,
    pub(super) dynamic_partitioning_configuration: DynamicPartitioning,
    pub(super) file_extension: Option<String>,
    pub(super) custom_time_zone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Hints {
    #[serde(rename = "SizeInMBs")]
    pub(super) size_in_mbs: Option<u64>,
    pub(super) interval_in_seconds: Option<u64>,
}

/// Where AWS logs errors of delivery; here they go to the endpoint's own log, under these names.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Logging {
    pub(super) enabled: bool,
    pub(super) log_group_name: Option<String>,
    pub(super) log_stream_name: Option<String>,
}

/// `DynamicPartitioningConfiguration`; it is off unless it says otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DynamicPartitioning {
    pub(super) enabled: bool,
    pub(super) retry_options: Retry,
}

/// `RetryOptions`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Retry {
    pub(super) duration_in_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Processing {
    pub(super) enabled: bool,
    pub(super) processors: Vec<Processor>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Processor {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    pub(super) parameters: Vec<Parameter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Parameter {
    pub(super) parameter_name: String,
    pub(super) parameter_value: String,
}

/// `DataFormatConversionConfiguration`; unlike other blocks it is on unless it says otherwise.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Conversion {
    pub(super) enabled: bool,
    pub(super) schema_configuration: Option<Schema>,
    pub(super) input_format_configuration: Option<Value>,
    pub(super) output_format_configuration: Option<Value>,
}

impl Default for Conversion {
    fn default() -> Self {
        Self {
            enabled: true,
            schema_configuration: None,
            input_format_configuration: None,
            output_format_configuration: None,
        }
    }
}

#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Schema {
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: Option<String>,
    pub(super) database_name: Option<String>,
    pub(super) table_name: Option<String>,
    pub(super) catalog_id: Option<String>,
    pub(super) region: Option<String>,
    pub(super) version_id: Option<String>,
}

impl S3Destination {
    /// Reads a destination; the model has checked its members already.
    pub(super) fn read(value: &Value) -> Result<Self, AwsError> {
        Self::deserialize(value).map_err(|why| AwsError::serialization(why.to_string()))
    }

    /// The conversion, when it is on.
    pub(super) fn conversion(&self) -> Option<&Conversion> {
        self.data_format_conversion_configuration.as_ref().filter(|conversion| conversion.enabled)
    }

    /// Whether the source records are backed up.
    pub(super) fn is_backed_up(&self) -> bool {
        self.s3_backup_mode.as_deref() == Some("Enabled")
    }

    /// Where the source records are backed up, when they are.
    pub(super) fn backup(&self) -> Option<&Self> {
        self.s3_backup_configuration.as_deref().filter(|_| self.is_backed_up())
    }

    /// The bucket that the ARN names.
    pub(super) fn bucket(&self) -> Result<&str, AwsError> {
        let name = self.bucket_arn.rsplit_once(":::").map(|(_, name)| name);
        name.filter(|name| !name.is_empty())
            .ok_or_else(|| invalid(format!("`{}` names no bucket", self.bucket_arn)))
    }
}

/// The kinds of destinations, as request members; the suffix says create or update.
const OTHER_KINDS: [(&str, &str); 8] = [
    ("Redshift", "Amazon Redshift"),
    ("Elasticsearch", "Elasticsearch"),
    ("Amazonopensearchservice", "Amazon OpenSearch Service"),
    ("AmazonOpenSearchServerless", "Amazon OpenSearch Serverless"),
    ("Splunk", "Splunk"),
    ("HttpEndpoint", "an HTTP endpoint"),
    ("Snowflake", "Snowflake"),
    ("Iceberg", "Apache Iceberg"),
];

/// The one destination of a request; `suffix` is `Configuration` or `Update`.
///
/// # Errors
///
/// None, or more than one; or a kind that is not built, by name.
pub(super) fn only_one<'a>(input: &'a Value, suffix: &str) -> Result<&'a Value, AwsError> {
    let member = |kind: &str| input.get(format!("{kind}Destination{suffix}"));
    let s3 = [member("ExtendedS3"), member("S3")];
    let others = OTHER_KINDS.iter().filter(|(kind, _)| member(kind).is_some());
    let other = others.clone().next();
    match (s3, others.count()) {
        ([Some(extended), None], 0) => Ok(extended),
        ([None, Some(deprecated)], 0) => Ok(deprecated),
        ([None, None], 1) => {
            let name = other.map_or("another destination", |(_, name)| name);
            Err(not_built(&format!("Delivery to {name}")))
        }
        _ => Err(invalid("Exactly one destination configuration is supported for a Firehose")),
    }
}

/// AWS checks the form of the schema's role before it checks the model.
pub(super) fn check_role_form(input: &Value) -> Result<(), AwsError> {
    const ROLE: &str = "/DataFormatConversionConfiguration/SchemaConfiguration/RoleARN";
    for destination in ["ExtendedS3DestinationConfiguration", "ExtendedS3DestinationUpdate"] {
        let role = input.pointer(&format!("/{destination}{ROLE}")).and_then(Value::as_str);
        if role.is_some_and(|role| !role.is_empty() && !is_role_arn(role)) {
            return Err(AwsError::client("InvalidParameterValueException", "Invalid role ARN."));
        }
    }
    Ok(())
}

/// `arn:<partition>:iam::<twelve digits>:role/<name>`
fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, _, service, _, account, resource] = parts.as_slice() else { return false };
    let twelve = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let role = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    *arn == "arn" && *service == "iam" && twelve && role
}

//! Which operation of which service a request asks for: the `X-Amz-Target` header.

use super::AwsError;

/// The services behind the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Firehose,
    Glue,
    Kinesis,
    S3,
    Sts,
}

impl Service {
    /// The name in a signature's scope.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Self::Firehose => "firehose",
            Self::Glue => "glue",
            Self::Kinesis => "kinesis",
            Self::S3 => "s3",
            Self::Sts => "sts",
        }
    }
}

/// Splits a target such as `Firehose_20150804.PutRecord`.
///
/// # Errors
///
/// `UnknownOperationException` for a service that is not served, naming those that are.
pub(crate) fn operation_of(target: &str) -> Result<(Service, &str), AwsError> {
    match target.split_once('.') {
        Some(("Firehose_20150804", operation)) => Ok((Service::Firehose, operation)),
        Some(("AWSGlue", operation)) => Ok((Service::Glue, operation)),
        Some(("Kinesis_20131202", operation)) => Ok((Service::Kinesis, operation)),
        _ => Err(AwsError::unknown_operation(format!(
            "firehose-local does not serve {}; it serves the targets Firehose_20150804.*, \
             Kinesis_20131202.* and AWSGlue.*, Amazon S3, and GetCallerIdentity of AWS STS",
            named(target)
        ))),
    }
}

/// The service's own name where we know it, the target otherwise.
fn named(target: &str) -> String {
    let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
    let service = match prefix {
        "AmazonAthena" => "Athena",
        "AWSCognitoIdentityService" => "Cognito",
        "AmazonSSM" => "Systems Manager",
        "AWSEvents" => "EventBridge",
        "DynamoDB_20120810" => "DynamoDB",
        "Logs_20140328" => "CloudWatch Logs",
        "TrentService" => "KMS",
        "secretsmanager" => "Secrets Manager",
        _ => return format!("the target `{}`", target.escape_default()),
    };
    format!("{service} (`{}`)", operation.escape_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_split_and_foreign_services_are_named() {
        assert_eq!(
            operation_of("Firehose_20150804.PutRecord"),
            Ok((Service::Firehose, "PutRecord"))
        );
        assert_eq!(operation_of("AWSGlue.GetTable"), Ok((Service::Glue, "GetTable")));
        assert_eq!(
            operation_of("Kinesis_20131202.PutRecords"),
            Ok((Service::Kinesis, "PutRecords"))
        );
        for (target, wanted) in [
            ("AmazonAthena.StartQueryExecution", "Athena (`StartQueryExecution`)"),
            ("Firehose_20991231.PutRecord", "the target `Firehose_20991231.PutRecord`"),
            ("PutRecord", "the target `PutRecord`"),
            ("", "the target ``"),
        ] {
            let error = operation_of(target).unwrap_err();
            assert_eq!(error.code, "UnknownOperationException");
            assert!(error.message.contains(wanted), "{}", error.message);
        }
    }
}

//! The operations that a rule can name.

use crate::protocol::Service;

const FIREHOSE: &[&str] = &[
    "CreateDeliveryStream",
    "DeleteDeliveryStream",
    "DescribeDeliveryStream",
    "ListDeliveryStreams",
    "ListTagsForDeliveryStream",
    "PutRecord",
    "PutRecordBatch",
    "StartDeliveryStreamEncryption",
    "StopDeliveryStreamEncryption",
    "TagDeliveryStream",
    "UntagDeliveryStream",
    "UpdateDestination",
];
const GLUE: &[&str] = &[
    "CreateDatabase",
    "CreateTable",
    "DeleteDatabase",
    "DeleteTable",
    "GetDatabase",
    "GetDatabases",
    "GetTable",
    "GetTables",
    "GetTableVersion",
    "GetTableVersions",
    "UpdateTable",
];
/// Those whose names another service has as well are asked for as `Kinesis.PutRecord`.
const KINESIS: &[&str] = &[
    "AddTagsToStream",
    "CreateStream",
    "DecreaseStreamRetentionPeriod",
    "DeleteStream",
    "DescribeLimits",
    "DescribeStream",
    "DescribeStreamSummary",
    "GetRecords",
    "GetShardIterator",
    "IncreaseStreamRetentionPeriod",
    "Kinesis.PutRecord",
    "ListShards",
    "ListStreams",
    "ListTagsForResource",
    "ListTagsForStream",
    "MergeShards",
    "PutRecords",
    "RemoveTagsFromStream",
    "SplitShard",
    "TagResource",
    "UntagResource",
    "UpdateShardCount",
    "UpdateStreamMode",
];
const S3: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteObject",
    "DeleteObjects",
    "GetBucketLocation",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "UploadPart",
    "UploadPartCopy",
];
const STS: &[&str] = &["GetCallerIdentity"];
const ALL: [(Service, &[&str]); 5] = [
    (Service::Firehose, FIREHOSE),
    (Service::Glue, GLUE),
    (Service::Kinesis, KINESIS),
    (Service::S3, S3),
    (Service::Sts, STS),
];

/// The service's own name of an operation.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("Kinesis.").unwrap_or(name)
}

/// An operation by its name; no two services here have one of the same name.
pub(super) fn find(name: &str) -> Option<(Service, &'static str)> {
    ALL.iter().find_map(|(service, names)| {
        let found = names.iter().find(|found| **found == name)?;
        Some((*service, *found))
    })
}

/// All names, for a message.
pub(super) fn names() -> String {
    let names: Vec<&str> = ALL.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_operations_share_a_name() {
        let all = ALL.iter().flat_map(|(_, names)| names.iter());
        let (count, distinct) = (all.clone().count(), all.collect::<HashSet<_>>().len());
        assert_eq!(count, distinct);
    }
}

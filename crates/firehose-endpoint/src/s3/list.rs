//! Listings of objects, in S3's two versions.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use object_directory::{ListOptions, Listing, ObjectInfo};
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        ChecksumAlgorithm, CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, Owner,
    },
};

use super::{
    error::{Details, count, invalid_argument, refuse, size},
    prepare::Asked,
    service::{Service, asked, etag, owner, timestamp},
    write::checksum_type,
};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
const MOST_KEYS: i32 = 1000;

impl Service {
    pub(super) async fn answer_list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let asked = asked(&request)?;
        let input = request.input;
        let names = Names::new(&asked.details, input.encoding_type.as_ref())?;
        let max_keys = limit(&asked.details, "max-keys", input.max_keys)?;
        let token_given = input.continuation_token.as_deref();
        let resumed = token_given.map(|text| token_of(&asked.details, text)).transpose()?;
        let options = ListOptions {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
            start_after: resumed.or_else(|| input.start_after.clone()),
            limit: usize::try_from(max_keys).unwrap_or_default(),
        };
        let bucket = self.bucket(&asked, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let listing = bucket.list(options).await.map_err(|why| refuse(&asked.details, why))?;
        let owner = (input.fetch_owner == Some(true)).then(|| owner(&asked));
        let keys = listing.objects.len() + listing.prefixes.len();
        let next = listing.next.as_deref().map(token);
        let (contents, common_prefixes) = names.contents(listing, owner.as_ref());
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(names.encode(&input.prefix.unwrap_or_default())),
            max_keys: Some(max_keys),
            key_count: Some(count(keys)),
            continuation_token: input.continuation_token,
            is_truncated: Some(next.is_some()),
            next_continuation_token: next,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| names.encode(&delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| names.encode(&after)),
            request_charged: None,
        }))
    }

    pub(super) async fn answer_list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let names = Names::new(&asked.details, input.encoding_type.as_ref())?;
        let max_keys = limit(&asked.details, "max-keys", input.max_keys)?;
        let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
        let options = ListOptions {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: delimiter.clone(),
            start_after: input.marker.clone(),
            limit: usize::try_from(max_keys).unwrap_or_default(),
        };
        let bucket = self.bucket(&asked, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let listing = bucket.list(options).await.map_err(|why| refuse(&asked.details, why))?;
        let is_truncated = listing.next.is_some();
        // Without a delimiter the last key says where to go on.
        let next = listing.next.clone().filter(|_| delimiter.is_some());
        let (contents, common_prefixes) = names.contents(listing, Some(&owner(&asked)));
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(names.encode(&input.prefix.unwrap_or_default())),
            marker: Some(names.encode(&input.marker.unwrap_or_default())),
            max_keys: Some(max_keys),
            is_truncated: Some(is_truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| names.encode(&delimiter)),
            next_marker: next.map(|next| names.encode(&next)),
            encoding_type: input.encoding_type,
            request_charged: None,
        }))
    }
}

/// How keys are spelled in an answer.
pub(super) struct Names {
    in_url: bool,
}

impl Names {
    pub(super) fn new(details: &Details, encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { in_url: false }),
            Some("url") => Ok(Self { in_url: true }),
            Some(other) => {
                let message = "Invalid Encoding Method specified in Request";
                Err(invalid_argument(details, "encoding-type", other, message))
            }
        }
    }

    pub(super) fn encode(&self, name: &str) -> String {
        if !self.in_url {
            return name.to_owned();
        }
        let mut encoded = String::with_capacity(name.len());
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                    encoded.push(char::from(byte));
                }
                other => encoded.push_str(&format!("%{other:02X}")),
            }
        }
        encoded
    }

    pub(super) fn prefixes(&self, prefixes: Vec<String>) -> Vec<CommonPrefix> {
        let prefix = |prefix: String| CommonPrefix { prefix: Some(self.encode(&prefix)) };
        prefixes.into_iter().map(prefix).collect()
    }

    fn contents(
        &self,
        listing: Listing,
        owner: Option<&Owner>,
    ) -> (Vec<Object>, Vec<CommonPrefix>) {
        let objects = listing.objects.into_iter().map(|info| self.object(info, owner));
        (objects.collect(), self.prefixes(listing.prefixes))
    }

    fn object(&self, info: ObjectInfo, owner: Option<&Owner>) -> Object {
        let checksum = info.attributes.checksum.as_ref();
        let algorithm = checksum.map(|c| vec![ChecksumAlgorithm::from(c.algorithm.clone())]);
        Object {
            checksum_algorithm: algorithm,
            checksum_type: checksum.map(checksum_type),
            e_tag: Some(etag(&info.etag)),
            key: Some(self.encode(&info.key)),
            last_modified: Some(timestamp(info.last_modified)),
            owner: owner.cloned(),
            restore_status: None,
            size: Some(size(info.size)),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        }
    }
}

/// How many items at most; S3 gives a thousand to whoever wants more.
pub(super) fn limit(details: &Details, name: &str, asked: Option<i32>) -> S3Result<i32> {
    match asked {
        None => Ok(MOST_KEYS),
        Some(negative) if negative < 0 => {
            let message = "Argument must be an integer between 0 and 2147483647";
            Err(invalid_argument(details, name, &negative.to_string(), message))
        }
        Some(limit) => Ok(limit.min(MOST_KEYS)),
    }
}

/// Where a listing goes on, for callers who need not read it.
pub(super) fn token(after: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(after)
}

/// What a token of ours says.
pub(super) fn token_of(details: &Details, token: &str) -> S3Result<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| !bytes.is_empty());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        let message = "The continuation token provided is incorrect";
        invalid_argument(details, "continuation-token", token, message)
    })
}

/// The caller, for answers that name an owner of uploads.
pub(super) fn initiator(asked: &Asked) -> s3s::dto::Initiator {
    s3s::dto::Initiator { display_name: None, id: owner(asked).id }
}

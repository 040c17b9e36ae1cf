//! Objects: read, looked at, deleted.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use object_directory::{Bucket, ByteRange, Conditions, Content, ETags, ObjectInfo};
use s3s::{
    S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        DeletedObject, Error as DeleteError, GetObjectInput, GetObjectOutput, HeadObjectInput,
        HeadObjectOutput, ObjectIdentifier, ServerSideEncryption, StreamingBlob, Timestamp,
        TimestampFormat,
    },
};

use super::{
    error::{count, custom, error, not_built, refuse, size},
    prepare::Asked,
    service::{Service, asked, etag, only_version, timestamp},
    write::{checksum_type, encryption, tell_checksum},
};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
const MOST_DELETED: usize = 1000;

/// What a GET and a HEAD ask for: their inputs have the same members and no common type.
macro_rules! wanted {
    ($service:ident, $asked:ident, $input:ident) => {{
        let owner = $input.expected_bucket_owner.as_deref();
        let wanted = Wanted {
            bucket: $service.bucket(&$asked, &$input.bucket, owner)?,
            key: $input.key,
            version: $input.version_id,
            part: $input.part_number,
            checksum: $input.checksum_mode.is_some_and(|mode| mode.as_str() == "ENABLED"),
        };
        let overrides = Overrides {
            cache_control: $input.response_cache_control,
            content_disposition: $input.response_content_disposition,
            content_encoding: $input.response_content_encoding,
            content_language: $input.response_content_language,
            content_type: $input.response_content_type,
            expires: $input.response_expires,
        };
        (wanted, overrides)
    }};
}

impl Service {
    pub(super) async fn answer_get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let (wanted, overrides) = wanted!(self, asked, input);
        let (content, is_partial) = wanted.open(&asked).await?;
        let (mut output, headers) = wanted.describe(&content, is_partial, &overrides);
        output.body = Some(StreamingBlob::wrap(content.into_stream()));
        let mut response = S3Response::with_headers(output, headers);
        response.status = is_partial.then_some(StatusCode::PARTIAL_CONTENT);
        Ok(response)
    }

    pub(super) async fn answer_head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let (wanted, overrides) = wanted!(self, asked, input);
        let (content, is_partial) = wanted.open(&asked).await?;
        let (output, mut headers) = wanted.describe(&content, is_partial, &overrides);
        if let Some(range) = &output.content_range {
            insert(&mut headers, header::CONTENT_RANGE, range);
        }
        Ok(S3Response::with_headers(into_head(output), headers))
    }

    pub(super) async fn answer_delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
            return Err(not_built("x-amz-if-match-size and x-amz-if-match-last-modified-time"));
        }
        only_version(input.version_id.as_deref())?;
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let if_match = asked.conditions.if_match.clone();
        let conditions = Conditions { if_match, ..Conditions::default() };
        let deleted = bucket.delete(&input.key, conditions).await;
        deleted.map_err(|why| refuse(&asked.details, why))?;
        let status = StatusCode::NO_CONTENT;
        Ok(S3Response::with_status(DeleteObjectOutput::default(), status))
    }

    pub(super) async fn answer_delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        if !asked.expected.has_any() {
            let message = "Missing required header for this request: Content-MD5";
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        bucket.check_exists().await.map_err(|why| refuse(&asked.details, why))?;
        let objects = input.delete.objects;
        if objects.is_empty() || objects.len() > MOST_DELETED {
            return Err(S3ErrorCode::MalformedXML.into());
        }
        let is_quiet = input.delete.quiet == Some(true);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in objects {
            let key = object.key.clone();
            match delete_one(&bucket, object).await {
                Ok(()) if is_quiet => {}
                Ok(()) => {
                    deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() });
                }
                Err(refused) => errors.push(DeleteError {
                    code: Some(refused.code().as_str().to_owned()),
                    key: Some(key),
                    message: Some(super::error::message(&refused)),
                    version_id: None,
                }),
            }
        }
        let output = DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            request_charged: None,
        };
        Ok(S3Response::new(output))
    }
}

async fn delete_one(bucket: &Bucket, object: ObjectIdentifier) -> S3Result<()> {
    if object.size.is_some() || object.last_modified_time.is_some() {
        return Err(not_built("Size and LastModifiedTime of an object to delete"));
    }
    only_version(object.version_id.as_deref())?;
    let if_match = object.e_tag.map(|etag| ETags::OneOf(vec![etag.into_value()]));
    let conditions = Conditions { if_match, ..Conditions::default() };
    let deleted = bucket.delete(&object.key, conditions).await;
    deleted.map(drop).map_err(|why| refuse(&super::error::Details::default(), why))
}

/// What the query puts in the place of an object's attributes.
struct Overrides {
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    content_type: Option<String>,
    expires: Option<Timestamp>,
}

impl Overrides {
    fn expires(&self) -> Option<String> {
        let mut text = Vec::new();
        self.expires.as_ref()?.format(TimestampFormat::HttpDate, &mut text).ok()?;
        String::from_utf8(text).ok()
    }
}

/// Which object is asked for, and how much of it.
struct Wanted {
    bucket: Bucket,
    key: String,
    version: Option<String>,
    part: Option<i32>,
    checksum: bool,
}

impl Wanted {
    /// The object, and whether only part of it is asked for.
    async fn open(&self, asked: &Asked) -> S3Result<(Content, bool)> {
        only_version(self.version.as_deref())?;
        let refused = |why| refuse(&asked.details, why);
        let Some(part) = self.part else {
            let is_partial = asked.range != ByteRange::Whole;
            let content = self.bucket.get(&self.key, asked.range, asked.conditions.clone()).await;
            return content.map(|content| (content, is_partial)).map_err(|why| {
                if matches!(why, object_directory::Error::InvalidRange { .. }) {
                    asked.details.add("RangeRequested", describe_range(asked.range));
                }
                refused(why)
            });
        };
        if asked.range != ByteRange::Whole {
            let message = "Cannot specify both Range header and partNumber query parameter";
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
        let head = self.bucket.head(&self.key, asked.conditions.clone()).await.map_err(refused)?;
        let range = part_range(&head, part).ok_or_else(|| {
            asked.details.add("PartNumberRequested", part.to_string());
            asked.details.add("ActualPartCount", head.part_sizes.len().max(1).to_string());
            let message = "The requested partnumber is not satisfiable";
            custom("InvalidPartNumber", StatusCode::RANGE_NOT_SATISFIABLE, message)
        })?;
        // The object may have been replaced meanwhile by one with other parts.
        let if_match = Some(ETags::OneOf(vec![head.etag]));
        let conditions = Conditions { if_match, ..Conditions::default() };
        let content = self.bucket.get(&self.key, range, conditions).await.map_err(refused)?;
        Ok((content, true))
    }

    /// Everything about the object but its bytes. What was written as a header goes out as it came
    /// in.
    fn describe(
        &self,
        content: &Content,
        is_partial: bool,
        overrides: &Overrides,
    ) -> (GetObjectOutput, HeaderMap) {
        let (info, range) = (&content.info, &content.range);
        let last = range.end.saturating_sub(1);
        let content_range = (range.start < range.end)
            .then(|| format!("bytes {}-{last}/{}", range.start, info.size));
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(size(range.end - range.start)),
            content_range: content_range.filter(|_| is_partial),
            e_tag: Some(etag(&info.etag)),
            last_modified: Some(timestamp(info.last_modified)),
            metadata: Some(info.attributes.user.clone().into_iter().collect()),
            parts_count: self.part.and(parts_count(info)),
            server_side_encryption: Some(encryption_of(info)),
            ssekms_key_id: info.attributes.kms_key.clone(),
            ..GetObjectOutput::default()
        };
        let is_whole = range.end - range.start == info.size;
        if let Some(checksum) =
            info.attributes.checksum.as_ref().filter(|_| self.checksum && is_whole)
        {
            output.checksum_type = Some(checksum_type(checksum));
            tell_checksum!(output, checksum);
        }
        (output, attribute_headers(info, overrides))
    }
}

/// What Firehose was told about encryption is told again, though nothing is encrypted.
fn encryption_of(info: &ObjectInfo) -> ServerSideEncryption {
    match &info.attributes.kms_key {
        Some(_) => ServerSideEncryption::from_static(ServerSideEncryption::AWS_KMS),
        None => encryption(),
    }
}

fn attribute_headers(info: &ObjectInfo, overrides: &Overrides) -> HeaderMap {
    let (kept, asked) = (&info.attributes, overrides);
    let default = Some("binary/octet-stream".to_owned());
    let values = [
        (
            header::CONTENT_TYPE,
            asked.content_type.clone().or(kept.content_type.clone()).or(default),
        ),
        (
            header::CONTENT_ENCODING,
            asked.content_encoding.clone().or(kept.content_encoding.clone()),
        ),
        (
            header::CONTENT_DISPOSITION,
            asked.content_disposition.clone().or(kept.content_disposition.clone()),
        ),
        (
            header::CONTENT_LANGUAGE,
            asked.content_language.clone().or(kept.content_language.clone()),
        ),
        (header::CACHE_CONTROL, asked.cache_control.clone().or(kept.cache_control.clone())),
        (header::EXPIRES, asked.expires().or(kept.expires.clone())),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        if let Some(value) = value {
            insert(&mut headers, name, &value);
        }
    }
    headers
}

/// Sets a header, if the value can be one.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

/// Where a part of the object lies. An object that was put at once is its only part.
fn part_range(info: &ObjectInfo, part: i32) -> Option<ByteRange> {
    let index = usize::try_from(part).ok()?.checked_sub(1)?;
    if info.part_sizes.is_empty() {
        return (index == 0).then_some(ByteRange::Whole);
    }
    let own = *info.part_sizes.get(index)?;
    let start: u64 = info.part_sizes.iter().take(index).sum();
    match own {
        0 => Some(ByteRange::Whole).filter(|_| info.size == 0),
        own => Some(ByteRange::Between(start, start + own - 1)),
    }
}

fn parts_count(info: &ObjectInfo) -> Option<i32> {
    (!info.part_sizes.is_empty()).then(|| count(info.part_sizes.len()))
}

fn describe_range(range: ByteRange) -> String {
    match range {
        ByteRange::Whole => "bytes=0-".to_owned(),
        ByteRange::Between(first, last) => format!("bytes={first}-{last}"),
        ByteRange::From(first) => format!("bytes={first}-"),
        ByteRange::Last(count) => format!("bytes=-{count}"),
    }
}

fn into_head(get: GetObjectOutput) -> HeadObjectOutput {
    HeadObjectOutput {
        accept_ranges: get.accept_ranges,
        checksum_crc32: get.checksum_crc32,
        checksum_crc32c: get.checksum_crc32c,
        checksum_crc64nvme: get.checksum_crc64nvme,
        checksum_sha1: get.checksum_sha1,
        checksum_sha256: get.checksum_sha256,
        checksum_type: get.checksum_type,
        content_length: get.content_length,
        e_tag: get.e_tag,
        last_modified: get.last_modified,
        metadata: get.metadata,
        parts_count: get.parts_count,
        server_side_encryption: get.server_side_encryption,
        ssekms_key_id: get.ssekms_key_id,
        ..HeadObjectOutput::default()
    }
}

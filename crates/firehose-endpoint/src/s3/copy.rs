//! Copies: of objects, and of ranges of them into parts.

use object_directory::{ByteRange, Checksum, Content, Error, ObjectInfo, PutOptions};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource,
        MetadataDirective, UploadPartCopyInput, UploadPartCopyOutput,
    },
};

use super::{
    digest::Algorithm,
    error::{Details, error, invalid_argument, not_built, refuse},
    parts::part_number,
    prepare::{Asked, OBJECT_BYTES},
    service::{Service, asked, etag, only_version, timestamp},
    write::{attributes, checksum_of, checksum_type, encryption, tell_checksum},
};

impl Service {
    pub(super) async fn answer_copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let replaces = replaces(&asked.details, input.metadata_directive.as_ref())?;
        let source = Source::of(&input.copy_source)?;
        if !replaces && source.bucket == input.bucket && source.key == input.key {
            return Err(error(S3ErrorCode::InvalidRequest, TO_ITSELF));
        }
        let source_owner = input.expected_source_bucket_owner.as_deref();
        let content = self.open(&asked, &source, source_owner, ByteRange::Whole).await?;
        let mut attributes = match replaces {
            true => attributes(&asked, input.metadata)?,
            false => content.info.attributes.clone(),
        };
        // A checksum over parts is none of an object that was put at once.
        let kept = content.info.attributes.checksum.as_ref().map(|kept| kept.algorithm.clone());
        let named = input.checksum_algorithm.map(|named| named.as_str().to_owned());
        let algorithm = match named.or(kept) {
            Some(name) => Algorithm::named(&name)?,
            None => Algorithm::Crc64Nvme,
        };
        let refused = |why| refuse(&asked.details, why);
        let staged = bucket.stage_copy(content).await.map_err(refused)?;
        let checksum = checksum_of(&asked, &staged, algorithm).await?;
        attributes.checksum = Some(checksum.clone());
        // A copy is encrypted as its bucket says.
        attributes.kms_key = None;
        let options = PutOptions { attributes, conditions: asked.conditions.clone() };
        let info = bucket.put_staged(&input.key, staged, options).await.map_err(refused)?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(copied(&info, &checksum)),
            server_side_encryption: Some(encryption()),
            ..CopyObjectOutput::default()
        }))
    }

    pub(super) async fn answer_upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let number = part_number(&asked.details, input.part_number)?;
        let refused = |why| refuse(&asked.details, why);
        let upload = bucket.upload(&input.key, &input.upload_id).await.map_err(refused)?;
        let range = input.copy_source_range.as_deref();
        let range = range.map(|range| source_range(&asked.details, range)).transpose()?;
        let source = Source::of(&input.copy_source)?;
        let source_owner = input.expected_source_bucket_owner.as_deref();
        let content = self.open(&asked, &source, source_owner, range.unwrap_or_default()).await?;
        let staged = bucket.stage_copy(content).await.map_err(refused)?;
        let algorithm = upload.checksum.and_then(|c| Algorithm::from_name(&c.algorithm));
        let checksum = match algorithm {
            Some(algorithm) => Some(checksum_of(&asked, &staged, algorithm).await?),
            None => None,
        };
        let put =
            bucket.put_part(&input.key, &input.upload_id, number, staged, checksum.clone()).await;
        let part = put.map_err(refused)?;
        let mut result = CopyPartResult {
            e_tag: Some(etag(&part.etag)),
            last_modified: Some(timestamp(part.last_modified)),
            ..CopyPartResult::default()
        };
        if let Some(checksum) = checksum {
            tell_checksum!(result, checksum);
        }
        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            server_side_encryption: Some(encryption()),
            ..UploadPartCopyOutput::default()
        }))
    }

    /// The object to copy. Whatever condition on it fails is an error: there is no copy of it that
    /// the caller has already.
    async fn open(
        &self,
        asked: &Asked,
        source: &Source,
        owner: Option<&str>,
        range: ByteRange,
    ) -> S3Result<Content> {
        let bucket = self.bucket(asked, &source.bucket, owner)?;
        let conditions = asked.source_conditions.clone();
        let content =
            bucket.get(&source.key, range, conditions).await.map_err(|why| match why {
                Error::NotModified { .. } => {
                    asked.details.add("Condition", "x-amz-copy-source-If-None-Match");
                    S3Error::new(S3ErrorCode::PreconditionFailed)
                }
                Error::InvalidRange { size, .. } => {
                    let message =
                        format!("Range specified is not valid for source object of size: {size}");
                    error(S3ErrorCode::InvalidArgument, message)
                }
                other => refuse(&asked.details, other),
            })?;
        if content.range.end - content.range.start > OBJECT_BYTES {
            let message = "The specified copy source is larger than the maximum allowable size for \
                           a copy source: 5368709120";
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
        // Unlike in a GET, the last byte must be there.
        if let ByteRange::Between(_, last) = range
            && last >= content.info.size
        {
            let size = content.info.size;
            let message = format!("Range specified is not valid for source object of size: {size}");
            return Err(error(S3ErrorCode::InvalidArgument, message));
        }
        Ok(content)
    }
}

const TO_ITSELF: &str = "This copy request is illegal because it is trying to copy an object to \
                         itself without changing the object's metadata, storage class, website \
                         redirect location or encryption attributes.";

/// Whether the copy has the attributes of the request, not those of its source.
fn replaces(details: &Details, directive: Option<&MetadataDirective>) -> S3Result<bool> {
    match directive.map(MetadataDirective::as_str) {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => {
            let name = "x-amz-metadata-directive";
            Err(invalid_argument(details, name, other, "Unknown metadata directive."))
        }
    }
}

fn copied(info: &ObjectInfo, checksum: &Checksum) -> CopyObjectResult {
    let mut result = CopyObjectResult {
        e_tag: Some(etag(&info.etag)),
        last_modified: Some(timestamp(info.last_modified)),
        checksum_type: Some(checksum_type(checksum)),
        ..CopyObjectResult::default()
    };
    tell_checksum!(result, checksum);
    result
}

/// What is copied.
struct Source {
    bucket: String,
    key: String,
}

impl Source {
    fn of(source: &CopySource) -> S3Result<Self> {
        match source {
            CopySource::Bucket { bucket, key, version_id } => {
                only_version(version_id.as_deref())?;
                Ok(Self { bucket: bucket.to_string(), key: key.to_string() })
            }
            CopySource::AccessPoint { .. } => Err(not_built("A copy from an access point")),
            CopySource::Outpost { .. } => Err(not_built("A copy from an outpost")),
        }
    }
}

fn source_range(details: &Details, range: &str) -> S3Result<ByteRange> {
    let bounds = range.strip_prefix("bytes=").and_then(|bounds| bounds.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    match bounds {
        Some((first, last)) if first <= last => Ok(ByteRange::Between(first, last)),
        _ => {
            let message = "The x-amz-copy-source-range value must be of the form bytes=first-last \
                           where first and last are the zero-based offsets of the first and last \
                           bytes to copy";
            Err(invalid_argument(details, "x-amz-copy-source-range", range, message))
        }
    }
}

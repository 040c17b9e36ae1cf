//! Objects on their way in.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use object_directory::{Attributes, Bucket, Checksum, ETags, PutOptions, Staged};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        ChecksumType, Metadata, PutObjectInput, PutObjectOutput, ServerSideEncryption,
        StreamingBlob,
    },
};

use super::{
    digest::{Algorithm, Digests},
    error::{error, not_built, refuse},
    prepare::{Asked, OBJECT_BYTES},
    service::{Service, asked, etag},
};

/// Puts a checksum in the member that is for its algorithm.
macro_rules! tell_checksum {
    ($output:ident, $checksum:expr) => {
        match $crate::s3::digest::Algorithm::from_name(&$checksum.algorithm) {
            Some($crate::s3::digest::Algorithm::Crc32) => {
                $output.checksum_crc32 = Some($checksum.value.clone())
            }
            Some($crate::s3::digest::Algorithm::Crc32c) => {
                $output.checksum_crc32c = Some($checksum.value.clone())
            }
            Some($crate::s3::digest::Algorithm::Crc64Nvme) => {
                $output.checksum_crc64nvme = Some($checksum.value.clone())
            }
            Some($crate::s3::digest::Algorithm::Sha1) => {
                $output.checksum_sha1 = Some($checksum.value.clone())
            }
            Some($crate::s3::digest::Algorithm::Sha256) => {
                $output.checksum_sha256 = Some($checksum.value.clone())
            }
            None => {}
        }
    };
}
pub(super) use tell_checksum;

/// Source: "Working with object metadata",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const METADATA_BYTES: usize = 2 * 1024;

/// A body is longer than any object may be.
#[derive(Debug, thiserror::Error)]
#[error("the body is larger than 5 GiB")]
pub(super) struct TooLarge;

impl TooLarge {
    pub(super) fn refusal(&self) -> S3Error {
        S3ErrorCode::EntityTooLarge.into()
    }
}

impl Service {
    pub(super) async fn answer_put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        if matches!(asked.conditions.if_none_match, Some(ETags::OneOf(_))) {
            return Err(not_built("If-None-Match with an ETag on PutObject"));
        }
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let mut attributes = attributes(&asked, input.metadata)?;
        let (staged, checksum) =
            receive(&asked, &bucket, input.body, Some(Algorithm::Crc64Nvme)).await?;
        attributes.checksum = checksum.clone();
        let options = PutOptions { attributes, conditions: asked.conditions.clone() };
        let put = bucket.put_staged(&input.key, staged, options).await;
        let info = put.map_err(|why| refuse(&asked.details, why))?;
        let mut output = PutObjectOutput {
            e_tag: Some(etag(&info.etag)),
            server_side_encryption: Some(encryption()),
            ..PutObjectOutput::default()
        };
        if let Some(checksum) = checksum {
            output.checksum_type = Some(checksum_type(&checksum));
            tell_checksum!(output, checksum);
        }
        Ok(S3Response::new(output))
    }
}

/// Whether a checksum is over the bytes, or over the checksums of parts.
pub(super) fn checksum_type(checksum: &Checksum) -> ChecksumType {
    let name = if checksum.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
    ChecksumType::from_static(name)
}

/// What S3 says of every object. The files are plain.
pub(super) fn encryption() -> ServerSideEncryption {
    ServerSideEncryption::from_static(ServerSideEncryption::AES256)
}

/// Everything a writer says of an object.
pub(super) fn attributes(asked: &Asked, metadata: Option<Metadata>) -> S3Result<Attributes> {
    let metadata = metadata.unwrap_or_default();
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > METADATA_BYTES {
        asked.details.add("Size", bytes.to_string());
        asked.details.add("MaxSizeAllowed", METADATA_BYTES.to_string());
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(error(S3ErrorCode::MetadataTooLarge, message));
    }
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    let user = metadata.into_iter().map(lower).collect();
    Ok(Attributes { user, ..asked.attributes.clone() })
}

/// Brings a body onto the disk and compares it with its checksums. `algorithm` is for those that
/// come without one.
pub(super) async fn receive(
    asked: &Asked,
    bucket: &Bucket,
    body: Option<StreamingBlob>,
    algorithm: Option<Algorithm>,
) -> S3Result<(Staged, Option<Checksum>)> {
    let digests = Digests::new(asked.expected.clone(), algorithm);
    let digests = Arc::new(Mutex::new(Some((digests, 0u64))));
    let seen = Arc::clone(&digests);
    let look = move |bytes: Result<Bytes, s3s::StdError>| {
        let bytes = bytes?;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((digests, length)) = seen.as_mut() {
            *length += bytes.len() as u64;
            if *length > OBJECT_BYTES {
                return Err(s3s::StdError::from(TooLarge));
            }
            digests.update(&bytes);
        }
        Ok(bytes)
    };
    let body = body.unwrap_or_else(|| s3s::Body::empty().into());
    let staged = bucket.stage(body.map(look)).await.map_err(|why| refuse(&asked.details, why))?;
    let digests = digests.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((digests, length)) = digests else {
        return Err(S3ErrorCode::InternalError.into());
    };
    let checksum = digests.finish(staged.md5(), length)?;
    Ok((staged, checksum))
}

/// The checksum of bytes that are on the disk already.
pub(super) async fn checksum_of(
    asked: &Asked,
    staged: &Staged,
    algorithm: Algorithm,
) -> S3Result<Checksum> {
    let read = staged.read_through(algorithm.hasher(), |hasher, bytes| hasher.update(bytes)).await;
    let hasher = read.map_err(|why| refuse(&asked.details, why))?;
    let (algorithm, value) = (algorithm.name().to_owned(), algorithm.value(hasher));
    Ok(Checksum { algorithm, value, composite: false })
}

//! The operations that are built. Each is a translation: a file for each group does it.

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use http::StatusCode;
use object_directory::{Bucket, Buckets};
use s3s::{
    S3, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, ETag, GetBucketLocationInput,
        GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, Owner,
        PostObjectInput, PostObjectOutput, PutObjectInput, PutObjectOutput, Timestamp,
        UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};
use sha2::{Digest, Sha256};

use super::{
    error::{custom, missing_preparation, not_built, refuse},
    prepare::Asked,
};
use crate::settings::Settings;

/// S3's operations over the buckets.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) buckets: Buckets,
    /// Region of buckets that nobody created.
    pub(super) region: String,
}

impl Service {
    pub(super) fn new(settings: &Settings, buckets: Buckets) -> Self {
        Self { buckets, region: settings.region.clone() }
    }

    /// The bucket of a request, if the caller may mean it.
    pub(super) fn bucket(
        &self,
        asked: &Asked,
        name: &str,
        expected_owner: Option<&str>,
    ) -> S3Result<Bucket> {
        if expected_owner.is_some_and(|owner| owner != asked.signer.caller.account) {
            return Err(S3ErrorCode::AccessDenied.into());
        }
        self.buckets.bucket(name).map_err(|why| refuse(&asked.details, why))
    }
}

/// What was found out about a request before.
pub(super) fn asked<T>(request: &S3Request<T>) -> S3Result<Asked> {
    match request.extensions.get::<Asked>() {
        Some(asked) => Ok(asked.clone()),
        None => missing_preparation(),
    }
}

/// Refuses any version but the only one.
///
/// Nothing here has versions, and then S3 calls the object's own `null`.
pub(super) fn only_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => {
            Err(custom("InvalidArgument", StatusCode::BAD_REQUEST, "Invalid version id specified"))
        }
    }
}

/// A time as S3 tells it: in whole seconds.
pub(super) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp::from(std::time::SystemTime::from(time.trunc_subsecs(0)))
}

/// An ETag, which `s3s` puts in quotes.
pub(super) fn etag(etag: &str) -> ETag {
    ETag::Strong(etag.to_owned())
}

/// The caller as S3 names owners: by 64 hexadecimal digits.
pub(super) fn owner(asked: &Asked) -> Owner {
    let digest = Sha256::digest(asked.signer.caller.account.as_bytes());
    let id = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Owner { display_name: None, id: Some(id) }
}

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait]
impl S3 for Service {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> Answer<ListBucketsOutput> {
        self.answer_list_buckets(request).await
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> Answer<CreateBucketOutput> {
        self.answer_create_bucket(request).await
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.answer_head_bucket(request).await
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> Answer<DeleteBucketOutput> {
        self.answer_delete_bucket(request).await
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        self.answer_get_bucket_location(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        self.answer_get_object(request).await
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        self.answer_head_object(request).await
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        self.answer_put_object(request).await
    }

    async fn post_object(&self, _: S3Request<PostObjectInput>) -> Answer<PostObjectOutput> {
        Err(not_built("PostObject"))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> Answer<DeleteObjectOutput> {
        self.answer_delete_object(request).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> Answer<DeleteObjectsOutput> {
        self.answer_delete_objects(request).await
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        self.answer_copy_object(request).await
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> Answer<ListObjectsOutput> {
        self.answer_list_objects(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        self.answer_list_objects_v2(request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        self.answer_create_multipart_upload(request).await
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        self.answer_upload_part(request).await
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> Answer<UploadPartCopyOutput> {
        self.answer_upload_part_copy(request).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        self.answer_complete_multipart_upload(request).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        self.answer_abort_multipart_upload(request).await
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        self.answer_list_parts(request).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        self.answer_list_multipart_uploads(request).await
    }
}

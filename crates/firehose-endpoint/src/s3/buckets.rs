//! Buckets: list, create, look at, delete.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use object_directory::{BucketInfo, Error};
use s3s::{
    S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
        DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
        HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
    },
};

use super::{
    error::{error, invalid_argument, not_built, refuse},
    list::{token, token_of},
    prepare::Asked,
    service::{Service, asked, owner, timestamp},
};

/// The region whose buckets S3 treats as it did before there were others.
const FIRST_REGION: &str = "us-east-1";
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
const MOST_BUCKETS: i32 = 10_000;

impl Service {
    pub(super) async fn answer_list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let most = input.max_buckets.unwrap_or(MOST_BUCKETS);
        if !(1..=MOST_BUCKETS).contains(&most) {
            let message = "Argument max-buckets must be an integer between 1 and 10000";
            let value = most.to_string();
            return Err(invalid_argument(&asked.details, "max-buckets", &value, message));
        }
        let after = input.continuation_token.as_deref();
        let after = after.map(|text| token_of(&asked.details, text)).transpose()?;
        let pages = input.max_buckets.is_some() || input.prefix.is_some();
        let prefix = input.prefix.clone().unwrap_or_default();
        let all = self.buckets.list().await.map_err(|why| refuse(&asked.details, why))?;
        let mut wanted = all.into_iter().filter(|bucket| {
            let in_region =
                input.bucket_region.as_deref().is_none_or(|r| r == self.region_of(bucket));
            let behind = after.as_ref().is_none_or(|after| bucket.name > *after);
            in_region && behind && bucket.name.starts_with(&prefix)
        });
        let most = usize::try_from(most).unwrap_or_default();
        let page: Vec<_> = wanted.by_ref().take(most).collect();
        let more = wanted.next().is_some();
        let last = page.last().map(|bucket| bucket.name.clone()).filter(|_| more);
        let buckets = page.into_iter().map(|bucket| Bucket {
            bucket_region: pages.then(|| self.region_of(&bucket).to_owned()),
            creation_date: Some(timestamp(bucket.created)),
            name: Some(bucket.name),
        });
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            continuation_token: last.as_deref().map(token),
            owner: Some(owner(&asked)),
            prefix: input.prefix,
        }))
    }

    pub(super) async fn answer_create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        if input.object_lock_enabled_for_bucket == Some(true) {
            return Err(not_built("x-amz-bucket-object-lock-enabled"));
        }
        if let Some(ownership) = &input.object_ownership
            && ownership.as_str() != "BucketOwnerEnforced"
        {
            let ownership = ownership.as_str();
            return Err(not_built(&format!("x-amz-object-ownership: {ownership}")));
        }
        let configuration = input.create_bucket_configuration.unwrap_or_default();
        if configuration.bucket.is_some() || configuration.location.is_some() {
            return Err(not_built("A directory bucket"));
        }
        let constraint = configuration.location_constraint;
        let constraint = constraint.as_ref().map(BucketLocationConstraint::as_str);
        let region = region_for(&asked, constraint)?;
        match self.buckets.create(&input.bucket, &region).await {
            Ok(_) => {}
            // In the first region creating a bucket again is creating it.
            Err(Error::BucketExists { .. }) if asked.signer.caller.region == FIRST_REGION => {}
            Err(Error::BucketExists { bucket }) => {
                asked.details.add("BucketName", bucket);
                return Err(S3ErrorCode::BucketAlreadyOwnedByYou.into());
            }
            Err(why) => return Err(refuse(&asked.details, why)),
        }
        let location = Some(format!("/{}", input.bucket));
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    pub(super) async fn answer_head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let owner = input.expected_bucket_owner.as_deref();
        let found = self.find(&asked, &input.bucket, owner).await;
        let info = found.map_err(|mut refused| {
            // HEAD has no body to say which.
            if *refused.code() == S3ErrorCode::NoSuchBucket {
                refused.set_status_code(StatusCode::NOT_FOUND);
            }
            refused
        })?;
        let region = self.region_of(&info).to_owned();
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&region) {
            headers.insert(HeaderName::from_static("x-amz-bucket-region"), value);
        }
        Ok(S3Response::with_headers(HeadBucketOutput::default(), headers))
    }

    pub(super) async fn answer_delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        self.bucket(&asked, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let deleted = self.buckets.delete(&input.bucket).await;
        deleted.map_err(|why| refuse(&asked.details, why))?;
        Ok(S3Response::with_status(DeleteBucketOutput {}, StatusCode::NO_CONTENT))
    }

    pub(super) async fn answer_get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let owner = input.expected_bucket_owner.as_deref();
        let info = self.find(&asked, &input.bucket, owner).await?;
        let region = Some(self.region_of(&info)).filter(|region| *region != FIRST_REGION);
        let constraint = region.map(|region| BucketLocationConstraint::from(region.to_owned()));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: constraint }))
    }

    async fn find(&self, asked: &Asked, name: &str, owner: Option<&str>) -> S3Result<BucketInfo> {
        self.bucket(asked, name, owner)?;
        self.buckets.get(name).await.map_err(|why| refuse(&asked.details, why))
    }

    fn region_of<'a>(&'a self, bucket: &'a BucketInfo) -> &'a str {
        if bucket.region.is_empty() { &self.region } else { &bucket.region }
    }
}

/// The region of a bucket to be, by the caller's region and what the body says.
///
/// The refusals are S3's own, worded as it words them.
fn region_for(asked: &Asked, constraint: Option<&str>) -> S3Result<String> {
    let here = asked.signer.caller.region.as_str();
    match constraint.filter(|constraint| !constraint.is_empty()) {
        Some(constraint) if constraint == FIRST_REGION => {
            asked.details.add("LocationConstraint", constraint);
            let message = "The specified location-constraint is not valid";
            Err(error(S3ErrorCode::InvalidLocationConstraint, message))
        }
        Some(constraint) if here == FIRST_REGION || constraint == here => Ok(constraint.to_owned()),
        None if here == FIRST_REGION || !asked.signer.signed => Ok(here.to_owned()),
        other => {
            let message = format!(
                "The {} location constraint is incompatible for the region specific endpoint this \
                 request was sent to.",
                other.unwrap_or("unspecified")
            );
            Err(error(S3ErrorCode::IllegalLocationConstraintException, message))
        }
    }
}

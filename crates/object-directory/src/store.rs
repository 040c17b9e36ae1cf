//! A bucket as an [`object_store::ObjectStore`].
//!
//! What `object_store`'s paths cannot say (empty segments, `.` and `..`, control characters) is
//! left out of listings. A bucket that does not exist is an error of every operation; it is looked
//! for each time, so that whoever tries again succeeds once it is created.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    Attribute, AttributeValue, Attributes as StoreAttributes, CopyMode, CopyOptions, GetOptions,
    GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions as StorePutOptions, PutPayload, PutResult,
    Result as StoreResult, UploadPart, path::Path,
};
use tokio::sync::Mutex;

use crate::{
    Attributes, Bucket, ByteRange, Conditions, ETags, Error, ListOptions, ObjectInfo, PutOptions,
};

const NAME: &str = "object-directory";
/// Under this name of metadata `object_store` carries [`Attributes::kms_key`]: S3's header for it.
const KMS_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
/// How many objects are looked at in one go.
const PAGE: usize = 1000;

impl Bucket {
    /// The bucket as an [`ObjectStore`].
    #[must_use]
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.object_store_of("binary/octet-stream")
    }

    /// The same, whose objects are of this `Content-Type` where a put names none.
    #[must_use]
    pub fn object_store_of(&self, content_type: &str) -> Arc<dyn ObjectStore> {
        Arc::new(BucketStore { bucket: self.clone(), content_type: content_type.into() })
    }
}

#[derive(Debug, Clone)]
struct BucketStore {
    bucket: Bucket,
    content_type: Arc<str>,
}

impl fmt::Display for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}({})", self.bucket.name())
    }
}

#[async_trait]
impl ObjectStore for BucketStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: StorePutOptions,
    ) -> StoreResult<PutResult> {
        refuse_tags(&options.tags)?;
        let absent = matches!(options.mode, PutMode::Create);
        let conditions = conditions_of_put(options.mode)?;
        let options = PutOptions { attributes: self.attributes(&options.attributes)?, conditions };
        let body = futures::stream::iter(payload.into_iter().map(Ok::<_, Error>));
        match self.bucket.put(location.as_ref(), body, options).await {
            Ok(info) => Ok(put_result(&info)),
            Err(why @ Error::PreconditionFailed { .. }) if absent => {
                Err(object_store::Error::AlreadyExists {
                    path: location.to_string(),
                    source: why.into(),
                })
            }
            Err(why) => Err(to_store(why)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        refuse_tags(&options.tags)?;
        let key = location.to_string();
        let attributes = self.attributes(&options.attributes)?;
        let upload = self.bucket.create_upload(&key, attributes, None).await.map_err(to_store)?;
        let (bucket, parts) = (self.bucket.clone(), Arc::default());
        Ok(Box::new(Parts { bucket, key, id: upload.id, next: 0, parts }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> StoreResult<GetResult> {
        if options.version.is_some() {
            return Err(not_supported("versions of objects"));
        }
        let (key, conditions) = (location.as_ref(), conditions_of_get(&options));
        if options.head {
            let info = self.bucket.head(key, conditions).await.map_err(to_store)?;
            let payload = GetResultPayload::Stream(futures::stream::empty().boxed());
            return get_result(info, None, payload);
        }
        let range = match options.range {
            None => ByteRange::Whole,
            Some(GetRange::Bounded(range)) if range.is_empty() => {
                return Err(generic(Error::InvalidRange { key: key.to_owned(), size: 0 }));
            }
            Some(GetRange::Bounded(range)) => ByteRange::Between(range.start, range.end - 1),
            Some(GetRange::Offset(from)) => ByteRange::From(from),
            Some(GetRange::Suffix(count)) => ByteRange::Last(count),
        };
        let content = self.bucket.get(key, range, conditions).await.map_err(to_store)?;
        let (info, range) = (content.info.clone(), content.range.clone());
        let bytes = content.into_stream().map_err(to_store).boxed();
        get_result(info, Some(range), GetResultPayload::Stream(bytes))
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, StoreResult<Path>>,
    ) -> BoxStream<'static, StoreResult<Path>> {
        let bucket = self.bucket.clone();
        let delete = move |location: StoreResult<Path>| {
            let bucket = bucket.clone();
            async move {
                let location = location?;
                let deleted = bucket.delete(location.as_ref(), Conditions::default()).await;
                deleted.map_err(to_store)?;
                Ok(location)
            }
        };
        locations.map(delete).buffered(8).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.list_from(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.list_from(prefix, Some(offset.to_string()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        let mut result = ListResult { objects: Vec::new(), common_prefixes: Vec::new() };
        let mut start_after = None;
        loop {
            let delimiter = Some("/".to_owned());
            let prefix = folder(prefix);
            let options = ListOptions { prefix, delimiter, start_after, limit: PAGE };
            let listing = self.bucket.list(options).await.map_err(to_store)?;
            result.objects.extend(listing.objects.into_iter().filter_map(meta));
            let prefixes = listing.prefixes.into_iter();
            result.common_prefixes.extend(prefixes.filter_map(|prefix| Path::parse(prefix).ok()));
            start_after = listing.next;
            if start_after.is_none() {
                return Ok(result);
            }
        }
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        let conditions = match options.mode {
            CopyMode::Overwrite => Conditions::default(),
            CopyMode::Create => Conditions::absent(),
        };
        let copied = self.bucket.copy_from(to.as_ref(), &self.bucket, from.as_ref(), conditions);
        match copied.await {
            Ok(_) => Ok(()),
            Err(why @ Error::PreconditionFailed { .. }) => {
                Err(object_store::Error::AlreadyExists { path: to.to_string(), source: why.into() })
            }
            Err(why) => Err(to_store(why)),
        }
    }
}

impl BucketStore {
    fn attributes(&self, given: &StoreAttributes) -> StoreResult<Attributes> {
        let mut attributes = from_store(given)?;
        attributes.content_type.get_or_insert_with(|| self.content_type.to_string());
        Ok(attributes)
    }

    fn list_from(
        &self,
        prefix: Option<&Path>,
        start_after: Option<String>,
    ) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        let (bucket, prefix) = (self.bucket.clone(), folder(prefix));
        let pages = futures::stream::try_unfold(Some(start_after), move |page| {
            next_page(bucket.clone(), prefix.clone(), page)
        });
        pages.try_flatten().boxed()
    }
}

/// The objects behind a key, and where to go on; the page of None is behind the last one.
async fn next_page(
    bucket: Bucket,
    prefix: String,
    page: Option<Option<String>>,
) -> StoreResult<Option<(BoxStream<'static, StoreResult<ObjectMeta>>, Option<Option<String>>)>> {
    let Some(start_after) = page else { return Ok(None) };
    let options = ListOptions { prefix, delimiter: None, start_after, limit: PAGE };
    let listing = bucket.list(options).await.map_err(to_store)?;
    let objects = listing.objects.into_iter().filter_map(meta).map(Ok);
    Ok(Some((futures::stream::iter(objects).boxed(), listing.next.map(Some))))
}

/// An upload in parts.
#[derive(Debug)]
struct Parts {
    bucket: Bucket,
    key: String,
    id: String,
    next: u16,
    /// Numbers and ETags of those that are on the disk.
    parts: Arc<Mutex<Vec<(u16, String)>>>,
}

#[async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.next = self.next.saturating_add(1);
        let (bucket, key, id) = (self.bucket.clone(), self.key.clone(), self.id.clone());
        let (number, parts) = (self.next, Arc::clone(&self.parts));
        Box::pin(async move {
            let body = futures::stream::iter(data.into_iter().map(Ok::<_, Error>));
            let staged = bucket.stage(body).await.map_err(to_store)?;
            let part = bucket.put_part(&key, &id, number, staged, None).await.map_err(to_store)?;
            parts.lock().await.push((number, part.etag));
            Ok(())
        })
    }

    async fn complete(&mut self) -> StoreResult<PutResult> {
        let mut parts = self.parts.lock().await.clone();
        parts.sort_unstable();
        if parts.is_empty() {
            // An empty object is one empty part.
            let staged = self.bucket.stage(futures::stream::empty::<Result<_, Error>>()).await;
            let staged = staged.map_err(to_store)?;
            let part = self.bucket.put_part(&self.key, &self.id, 1, staged, None).await;
            parts.push((1, part.map_err(to_store)?.etag));
        }
        let assembled = self.bucket.assemble(&self.key, &self.id, parts).await.map_err(to_store)?;
        let completed = self.bucket.complete_upload(assembled, None, Conditions::default());
        completed.await.map(|info| put_result(&info)).map_err(to_store)
    }

    async fn abort(&mut self) -> StoreResult<()> {
        self.bucket.abort_upload(&self.key, &self.id).await.map_err(to_store)
    }
}

/// The prefix of the keys below a path.
fn folder(prefix: Option<&Path>) -> String {
    match prefix {
        Some(path) if !path.as_ref().is_empty() => format!("{path}/"),
        _ => String::new(),
    }
}

/// None for a key that is no path.
fn meta(info: ObjectInfo) -> Option<ObjectMeta> {
    Some(ObjectMeta {
        location: Path::parse(&info.key).ok().filter(|path| path.as_ref() == info.key)?,
        last_modified: info.last_modified,
        size: info.size,
        e_tag: Some(quoted(&info.etag)),
        version: None,
    })
}

fn get_result(
    info: ObjectInfo,
    range: Option<std::ops::Range<u64>>,
    payload: GetResultPayload,
) -> StoreResult<GetResult> {
    let attributes = into_store(&info.attributes);
    let range = range.unwrap_or(0..info.size);
    let key = info.key.clone();
    let meta = meta(info).ok_or_else(|| not_supported(&format!("the key `{key}`")))?;
    Ok(GetResult { payload, meta, range, attributes })
}

fn put_result(info: &ObjectInfo) -> PutResult {
    PutResult { e_tag: Some(quoted(&info.etag)), version: None }
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn etags(text: &str) -> ETags {
    match text {
        "*" => ETags::Any,
        list => ETags::OneOf(
            list.split(',').map(|etag| etag.trim().trim_matches('"').to_owned()).collect(),
        ),
    }
}

fn conditions_of_put(mode: PutMode) -> StoreResult<Conditions> {
    match mode {
        PutMode::Overwrite => Ok(Conditions::default()),
        PutMode::Create => Ok(Conditions::absent()),
        PutMode::Update(version) => match version.e_tag {
            Some(etag) => Ok(Conditions { if_match: Some(etags(&etag)), ..Conditions::default() }),
            None => Err(not_supported("an update without an ETag")),
        },
    }
}

fn conditions_of_get(options: &GetOptions) -> Conditions {
    Conditions {
        if_match: options.if_match.as_deref().map(etags),
        if_none_match: options.if_none_match.as_deref().map(etags),
        if_modified_since: options.if_modified_since,
        if_unmodified_since: options.if_unmodified_since,
    }
}

fn from_store(attributes: &StoreAttributes) -> StoreResult<Attributes> {
    let mut ours = Attributes::default();
    for (attribute, value) in attributes {
        let value = value.to_string();
        match attribute {
            Attribute::ContentType => ours.content_type = Some(value),
            Attribute::ContentEncoding => ours.content_encoding = Some(value),
            Attribute::ContentDisposition => ours.content_disposition = Some(value),
            Attribute::ContentLanguage => ours.content_language = Some(value),
            Attribute::CacheControl => ours.cache_control = Some(value),
            Attribute::Metadata(name) if name == KMS_KEY => ours.kms_key = Some(value),
            Attribute::Metadata(name) => {
                ours.user.insert(name.to_ascii_lowercase(), value);
            }
            other => return Err(not_supported(&format!("the attribute {other:?}"))),
        }
    }
    Ok(ours)
}

fn into_store(attributes: &Attributes) -> StoreAttributes {
    let known = [
        (Attribute::ContentType, &attributes.content_type),
        (Attribute::ContentEncoding, &attributes.content_encoding),
        (Attribute::ContentDisposition, &attributes.content_disposition),
        (Attribute::ContentLanguage, &attributes.content_language),
        (Attribute::CacheControl, &attributes.cache_control),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let key = attributes.kms_key.iter();
    let key = key.map(|key| (Attribute::Metadata(KMS_KEY.into()), key.clone()));
    let user = attributes.user.iter();
    let user = user.map(|(name, value)| (Attribute::Metadata(name.clone().into()), value.clone()));
    known.chain(key).chain(user).map(|(name, value)| (name, AttributeValue::from(value))).collect()
}

fn refuse_tags(tags: &object_store::TagSet) -> StoreResult<()> {
    if tags.encoded().is_empty() { Ok(()) } else { Err(not_supported("tags of objects")) }
}

fn not_supported(what: &str) -> object_store::Error {
    object_store::Error::NotSupported { source: format!("{what}: not kept in {NAME}").into() }
}

fn generic(why: Error) -> object_store::Error {
    object_store::Error::Generic { store: NAME, source: why.into() }
}

fn to_store(why: Error) -> object_store::Error {
    match why {
        Error::NoSuchKey { ref key, .. } => {
            object_store::Error::NotFound { path: key.clone(), source: why.into() }
        }
        Error::PreconditionFailed { ref key, .. } => {
            object_store::Error::Precondition { path: key.clone(), source: why.into() }
        }
        Error::NotModified { ref info } => {
            object_store::Error::NotModified { path: info.key.clone(), source: why.into() }
        }
        other => generic(other),
    }
}

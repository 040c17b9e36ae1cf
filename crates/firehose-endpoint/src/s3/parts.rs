//! Uploads in parts.

use base64::{Engine, prelude::BASE64_STANDARD};
use object_directory::{Assembled, Checksum, ETags, ObjectInfo, PartInfo, UploadInfo};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
        ListPartsInput, ListPartsOutput, MultipartUpload, Part, StorageClass, UploadPartInput,
        UploadPartOutput,
    },
};

use super::{
    digest::Algorithm,
    error::{Details, error, invalid_argument, not_built, refuse, size, text},
    list::{Names, initiator, limit},
    prepare::Asked,
    service::{Service, asked, etag, owner, timestamp},
    write::{attributes, checksum_of, checksum_type, encryption, receive, tell_checksum},
};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PART_NUMBERS: std::ops::RangeInclusive<i32> = 1..=10_000;

impl Service {
    pub(super) async fn answer_create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let attributes = attributes(&asked, input.metadata)?;
        let algorithm = input.checksum_algorithm.as_ref().map(|a| a.as_str());
        let kind = input.checksum_type.as_ref().map(|kind| kind.as_str());
        let checksum = planned_checksum(algorithm, kind)?;
        let created = bucket.create_upload(&input.key, attributes, checksum.clone()).await;
        let upload = created.map_err(|why| refuse(&asked.details, why))?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload.id),
            checksum_algorithm: checksum.as_ref().map(|c| c.algorithm.clone().into()),
            checksum_type: checksum.as_ref().map(checksum_type),
            server_side_encryption: Some(encryption()),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    pub(super) async fn answer_upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let number = part_number(&asked.details, input.part_number)?;
        let refused = |why| refuse(&asked.details, why);
        let upload = bucket.upload(&input.key, &input.upload_id).await.map_err(refused)?;
        let planned = upload.checksum.as_ref().and_then(|c| Algorithm::from_name(&c.algorithm));
        if let (Some(planned), Some(given)) = (planned, asked.expected.algorithm())
            && planned != given
        {
            let message = format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum \
                 Type: {}",
                planned.name().to_lowercase(),
                given.name().to_lowercase()
            );
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
        let (staged, checksum) = receive(&asked, &bucket, input.body, planned).await?;
        let put =
            bucket.put_part(&input.key, &input.upload_id, number, staged, checksum.clone()).await;
        let part = put.map_err(refused)?;
        let mut output = UploadPartOutput {
            e_tag: Some(etag(&part.etag)),
            server_side_encryption: Some(encryption()),
            ..UploadPartOutput::default()
        };
        if let Some(checksum) = checksum {
            tell_checksum!(output, checksum);
        }
        Ok(S3Response::new(output))
    }

    pub(super) async fn answer_complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let asked = asked(&request)?;
        let host = text(&request.headers, "host").unwrap_or("localhost");
        let location = format!("http://{host}{}", request.uri.path());
        let input = request.input;
        if matches!(asked.conditions.if_none_match, Some(ETags::OneOf(_))) {
            return Err(not_built("If-None-Match with an ETag on CompleteMultipartUpload"));
        }
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let (key, id) = (&input.key, &input.upload_id);
        let refused = |why| refuse(&asked.details, why);
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let wanted = parts.iter().map(|part| wanted_part(&asked.details, part));
        let wanted: Vec<(u16, String)> = wanted.collect::<S3Result<_>>()?;
        if wanted.is_empty() {
            return Err(S3ErrorCode::MalformedXML.into());
        }
        let assembled = match bucket.assemble(key, id, wanted).await {
            Ok(assembled) => assembled,
            Err(why @ object_directory::Error::NoSuchUpload { .. }) => {
                let known = bucket.completed_upload(key, id).await.map_err(refused)?;
                let info = known.ok_or_else(|| refused(why))?;
                return Ok(S3Response::new(completed(location, input.bucket, info)));
            }
            Err(why) => return Err(refused(why)),
        };
        check_parts(&asked.details, &assembled, &parts)?;
        check_size(&assembled, input.mpu_object_size)?;
        let checksum = whole_checksum(&asked, &assembled).await?;
        let conditions = asked.conditions.clone();
        let complete = bucket.complete_upload(assembled, Some(checksum), conditions).await;
        let info = complete.map_err(refused)?;
        Ok(S3Response::new(completed(location, input.bucket, info)))
    }

    pub(super) async fn answer_abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        if input.if_match_initiated_time.is_some() {
            return Err(not_built("x-amz-if-match-initiated-time"));
        }
        let owner = input.expected_bucket_owner.as_deref();
        let bucket = self.bucket(&asked, &input.bucket, owner)?;
        let aborted = bucket.abort_upload(&input.key, &input.upload_id).await;
        aborted.map_err(|why| refuse(&asked.details, why))?;
        let status = http::StatusCode::NO_CONTENT;
        Ok(S3Response::with_status(AbortMultipartUploadOutput::default(), status))
    }

    pub(super) async fn answer_list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let bucket = self.bucket(&asked, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let refused = |why| refuse(&asked.details, why);
        let most = limit(&asked.details, "max-parts", input.max_parts)?;
        let marker = input.part_number_marker.unwrap_or_default();
        let upload = bucket.upload(&input.key, &input.upload_id).await.map_err(refused)?;
        let parts = bucket.parts(&input.key, &input.upload_id).await.map_err(refused)?;
        let mut parts = parts.into_iter().filter(|part| i32::from(part.number) > marker);
        let page: Vec<_> = parts.by_ref().take(usize::try_from(most).unwrap_or_default()).collect();
        let is_truncated = parts.next().is_some();
        let last = page.last().map(|part| i32::from(part.number));
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(marker),
            next_part_number_marker: Some(last.unwrap_or(marker)),
            max_parts: Some(most),
            is_truncated: Some(is_truncated),
            parts: Some(page.into_iter().map(part).collect()),
            initiator: Some(initiator(&asked)),
            owner: Some(owner(&asked)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            checksum_algorithm: upload.checksum.as_ref().map(|c| c.algorithm.clone().into()),
            checksum_type: upload.checksum.as_ref().map(checksum_type),
            ..ListPartsOutput::default()
        }))
    }

    pub(super) async fn answer_list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let asked = asked(&request)?;
        let input = request.input;
        let names = Names::new(&asked.details, input.encoding_type.as_ref())?;
        let bucket = self.bucket(&asked, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let most = limit(&asked.details, "max-uploads", input.max_uploads)?;
        let uploads = bucket.uploads().await.map_err(|why| refuse(&asked.details, why))?;
        let page = Page::new(uploads, &input, usize::try_from(most).unwrap_or_default());
        let encode = |name: Option<String>| name.map(|name| names.encode(&name));
        let uploads = page.uploads.into_iter().map(|upload| MultipartUpload {
            checksum_algorithm: upload.checksum.as_ref().map(|c| c.algorithm.clone().into()),
            checksum_type: upload.checksum.as_ref().map(checksum_type),
            initiated: Some(timestamp(upload.initiated)),
            initiator: Some(initiator(&asked)),
            key: Some(names.encode(&upload.key)),
            owner: Some(owner(&asked)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(upload.id),
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            common_prefixes: Some(names.prefixes(page.prefixes)),
            is_truncated: Some(page.next.is_some()),
            next_key_marker: encode(page.next.as_ref().map(|(key, _)| key.clone())),
            next_upload_id_marker: page.next.map(|(_, id)| id),
            bucket: Some(input.bucket),
            delimiter: encode(input.delimiter),
            encoding_type: input.encoding_type,
            key_marker: encode(Some(input.key_marker.unwrap_or_default())),
            max_uploads: Some(most),
            prefix: encode(Some(input.prefix.unwrap_or_default())),
            request_charged: None,
            upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        }))
    }
}

/// A part's number, or S3's refusal.
pub(super) fn part_number(details: &Details, number: i32) -> S3Result<u16> {
    let within = Some(number).filter(|number| PART_NUMBERS.contains(number));
    within.and_then(|number| u16::try_from(number).ok()).ok_or_else(|| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        invalid_argument(details, "partNumber", &number.to_string(), message)
    })
}

/// The checksum that an upload is to have; its value is not known yet.
fn planned_checksum(algorithm: Option<&str>, kind: Option<&str>) -> S3Result<Option<Checksum>> {
    let refused = |message: String| Err(error(S3ErrorCode::InvalidRequest, message));
    let algorithm = match (algorithm, kind) {
        (Some(algorithm), _) => Algorithm::named(algorithm)?,
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return refused(
                "The x-amz-checksum-type header can only be used with the \
                 x-amz-checksum-algorithm header."
                    .to_owned(),
            );
        }
    };
    let of_whole = algorithm == Algorithm::Crc64Nvme;
    let of_parts = matches!(algorithm, Algorithm::Sha1 | Algorithm::Sha256);
    let composite = match kind {
        None => !of_whole,
        Some("COMPOSITE") if !of_whole => true,
        Some("FULL_OBJECT") if !of_parts => false,
        Some(kind) => {
            let name = algorithm.name().to_lowercase();
            return refused(format!(
                "The {kind} checksum type cannot be used with the {name} checksum algorithm."
            ));
        }
    };
    let algorithm = algorithm.name().to_owned();
    Ok(Some(Checksum { algorithm, value: String::new(), composite }))
}

fn wanted_part(details: &Details, part: &CompletedPart) -> S3Result<(u16, String)> {
    let malformed = || S3Error::new(S3ErrorCode::MalformedXML);
    let number = part_number(details, part.part_number.ok_or_else(malformed)?)?;
    let etag = part.e_tag.clone().ok_or_else(malformed)?;
    Ok((number, etag.into_value()))
}

/// Compares the checksums that the caller knows of the parts.
fn check_parts(details: &Details, assembled: &Assembled, given: &[CompletedPart]) -> S3Result<()> {
    for (part, given) in assembled.parts.iter().zip(given) {
        let known = part.checksum.as_ref();
        for (algorithm, value) in [
            (Algorithm::Crc32, &given.checksum_crc32),
            (Algorithm::Crc32c, &given.checksum_crc32c),
            (Algorithm::Crc64Nvme, &given.checksum_crc64nvme),
            (Algorithm::Sha1, &given.checksum_sha1),
            (Algorithm::Sha256, &given.checksum_sha256),
        ] {
            let Some(value) = value else { continue };
            let is_same = known
                .is_some_and(|known| known.algorithm == algorithm.name() && known.value == *value);
            if !is_same {
                details.add("UploadId", assembled.upload.id.clone());
                details.add("PartNumber", part.number.to_string());
                return Err(S3ErrorCode::InvalidPart.into());
            }
        }
    }
    Ok(())
}

/// Compares the size that the caller knows of the whole.
fn check_size(assembled: &Assembled, given: Option<i64>) -> S3Result<()> {
    let total: u64 = assembled.parts.iter().map(|part| part.size).sum();
    if given.is_none_or(|given| given == size(total)) {
        return Ok(());
    }
    let message =
        "The provided 'x-amz-mp-object-size' header value does not match what was computed.";
    Err(error(S3ErrorCode::InvalidRequest, message))
}

/// The checksum of the object to be, which must be the caller's if it knows one.
async fn whole_checksum(asked: &Asked, assembled: &Assembled) -> S3Result<Checksum> {
    let checksum = compute_checksum(asked, assembled).await?;
    match asked.expected.checksum() {
        Some((algorithm, given))
            if algorithm.name() != checksum.algorithm || *given != checksum.value =>
        {
            Err(algorithm.mismatch())
        }
        _ => Ok(checksum),
    }
}

/// The checksum as the upload planned it.
async fn compute_checksum(asked: &Asked, assembled: &Assembled) -> S3Result<Checksum> {
    let planned = assembled.upload.checksum.as_ref();
    let algorithm = planned.and_then(|planned| Algorithm::from_name(&planned.algorithm));
    let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
    if !planned.is_some_and(|planned| planned.composite) {
        return checksum_of(asked, &assembled.staged, algorithm).await;
    }
    let mut hasher = algorithm.hasher();
    for part in &assembled.parts {
        let value = part.checksum.as_ref().map(|checksum| checksum.value.as_str());
        let bytes = BASE64_STANDARD.decode(value.unwrap_or_default());
        hasher.update(&bytes.map_err(|_| S3ErrorCode::InternalError)?);
    }
    let value = format!("{}-{}", algorithm.value(hasher), assembled.parts.len());
    Ok(Checksum { algorithm: algorithm.name().to_owned(), value, composite: true })
}

fn completed(location: String, bucket: String, info: ObjectInfo) -> CompleteMultipartUploadOutput {
    let mut output = CompleteMultipartUploadOutput {
        location: Some(location),
        bucket: Some(bucket),
        e_tag: Some(etag(&info.etag)),
        key: Some(info.key),
        server_side_encryption: Some(encryption()),
        ..CompleteMultipartUploadOutput::default()
    };
    if let Some(checksum) = &info.attributes.checksum {
        output.checksum_type = Some(checksum_type(checksum));
        tell_checksum!(output, checksum);
    }
    output
}

fn part(info: PartInfo) -> Part {
    let mut part = Part {
        e_tag: Some(etag(&info.etag)),
        last_modified: Some(timestamp(info.last_modified)),
        part_number: Some(i32::from(info.number)),
        size: Some(size(info.size)),
        ..Part::default()
    };
    if let Some(checksum) = &info.checksum {
        tell_checksum!(part, checksum);
    }
    part
}

/// Part of the list of uploads.
#[derive(Default)]
struct Page {
    uploads: Vec<UploadInfo>,
    prefixes: Vec<String>,
    /// Key and id behind which it goes on.
    next: Option<(String, String)>,
}

impl Page {
    fn new(uploads: Vec<UploadInfo>, input: &ListMultipartUploadsInput, most: usize) -> Self {
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let key_marker = input.key_marker.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let mut page = Self::default();
        let mut last = None;
        for upload in behind(uploads, key_marker, input.upload_id_marker.as_deref()) {
            let Some(rest) = upload.key.strip_prefix(prefix) else { continue };
            let end = delimiter.and_then(|d| Some(prefix.len() + rest.find(d)? + d.len()));
            let common = end.and_then(|end| upload.key.get(..end));
            if common.is_some_and(|c| c == key_marker || page.prefixes.iter().any(|p| p == c)) {
                continue;
            }
            if page.uploads.len() + page.prefixes.len() == most {
                page.next = last;
                break;
            }
            match common {
                Some(common) => {
                    last = Some((common.to_owned(), String::new()));
                    page.prefixes.push(common.to_owned());
                }
                None => {
                    last = Some((upload.key.clone(), upload.id.clone()));
                    page.uploads.push(upload);
                }
            }
        }
        page
    }
}

/// The uploads of greater keys, and the later ones of the marker's key if the marker is an upload.
fn behind(
    uploads: Vec<UploadInfo>,
    key_marker: &str,
    id_marker: Option<&str>,
) -> impl Iterator<Item = UploadInfo> {
    let is_marker =
        |upload: &UploadInfo| upload.key == key_marker && Some(upload.id.as_str()) == id_marker;
    let marker = uploads.iter().position(is_marker);
    let greater = uploads.partition_point(|upload| upload.key.as_str() <= key_marker);
    let first = match marker {
        Some(marker) => marker + 1,
        None if key_marker.is_empty() => 0,
        None => greater,
    };
    uploads.into_iter().skip(first)
}

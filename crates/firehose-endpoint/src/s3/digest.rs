//! Checksums that come with a body, and whether the body has them.
//!
//! Source: "Checking object integrity",
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;
use object_directory::Checksum;
use s3s::{S3Error, S3ErrorCode, S3Result, checksum::ChecksumHasher, crypto::Checksum as _};

use super::{
    chunked::Trailing,
    error::{custom, error, sha256_mismatch, text},
};

/// S3's algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] =
        [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As S3 spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The algorithm of that name, or S3's refusal.
    pub(super) fn named(name: &str) -> S3Result<Self> {
        let message = "Checksum algorithm provided is unsupported. Please try again with any of \
                       the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
        Self::from_name(name).ok_or_else(|| error(S3ErrorCode::InvalidRequest, message))
    }

    /// The header that carries its value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// How many bytes it has.
    fn size(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    pub(super) fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Default::default()),
            Self::Crc32c => hasher.crc32c = Some(Default::default()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Default::default()),
            Self::Sha1 => hasher.sha1 = Some(s3s::crypto::Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(s3s::crypto::Sha256::new()),
        }
        hasher
    }

    /// What a hasher for this algorithm has come to.
    pub(super) fn value(self, hasher: ChecksumHasher) -> String {
        let sums = hasher.finalize();
        let value = match self {
            Self::Crc32 => sums.checksum_crc32,
            Self::Crc32c => sums.checksum_crc32c,
            Self::Crc64Nvme => sums.checksum_crc64nvme,
            Self::Sha1 => sums.checksum_sha1,
            Self::Sha256 => sums.checksum_sha256,
        };
        value.unwrap_or_default()
    }

    /// A value as a header carries it, if it can be one.
    fn check(self, value: &str) -> S3Result<String> {
        match BASE64_STANDARD.decode(value) {
            Ok(bytes) if bytes.len() == self.size() => Ok(value.to_owned()),
            _ => {
                let message = format!("Value for {} header is invalid.", self.header());
                Err(error(S3ErrorCode::InvalidRequest, message))
            }
        }
    }

    pub(super) fn mismatch(self) -> S3Error {
        let message =
            format!("The {} you specified did not match the calculated checksum.", self.name());
        error(S3ErrorCode::BadDigest, message)
    }
}

/// What the headers say of a body.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    md5: Option<[u8; 16]>,
    /// Of the whole body, where the signature covers it and nobody else compares.
    sha256: Option<[u8; 32]>,
    checksum: Option<(Algorithm, String)>,
    /// The value comes behind the body.
    trailer: Option<Algorithm>,
    trailing: Trailing,
    /// How many bytes the body has.
    length: Option<u64>,
}

impl Expected {
    /// Reads the headers; `trailing` is filled when the body was read.
    pub(super) fn read(
        headers: &HeaderMap,
        signature_is_verified: bool,
        trailing: Trailing,
        length: Option<u64>,
    ) -> S3Result<Self> {
        let checksum = checksum_header(headers)?;
        let trailer = trailer_header(headers)?;
        let announced = text(headers, "x-amz-sdk-checksum-algorithm").map(Algorithm::named);
        if let Some(announced) = announced.transpose()? {
            match checksum.as_ref().map(|(algorithm, _)| *algorithm).or(trailer) {
                Some(algorithm) if algorithm == announced => {}
                Some(_) => {
                    let message = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
                    return Err(error(S3ErrorCode::InvalidRequest, message));
                }
                None => {
                    let message = "x-amz-sdk-checksum-algorithm specified, but no corresponding \
                                   x-amz-checksum-* or x-amz-trailer headers were found.";
                    return Err(error(S3ErrorCode::InvalidRequest, message));
                }
            }
        }
        let sha256 = if signature_is_verified { None } else { sha256_header(headers)? };
        Ok(Self { md5: md5_header(headers)?, sha256, checksum, trailer, trailing, length })
    }

    /// The algorithm of the checksum that comes with the body.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm).or(self.trailer)
    }

    /// The value of the checksum in the headers.
    pub(super) fn checksum(&self) -> Option<&(Algorithm, String)> {
        self.checksum.as_ref()
    }

    /// Whether anything but the signature says what the body is.
    pub(super) fn has_any(&self) -> bool {
        self.md5.is_some() || self.algorithm().is_some()
    }

    /// Compares a body that is at hand.
    pub(super) fn verify(&self, body: &[u8]) -> S3Result<()> {
        let mut digests = Digests::new(self.clone(), None);
        digests.update(body);
        let md5 = s3s::crypto::Md5::checksum(body);
        digests.finish(md5, body.len() as u64).map(drop)
    }
}

/// Hashes over a body on its way.
pub(super) struct Digests {
    expected: Expected,
    hasher: Option<(Algorithm, ChecksumHasher)>,
    sha256: Option<s3s::crypto::Sha256>,
}

impl Digests {
    /// `algorithm` counts where the headers name none.
    pub(super) fn new(expected: Expected, algorithm: Option<Algorithm>) -> Self {
        let hasher = expected.algorithm().or(algorithm);
        let hasher = hasher.map(|algorithm| (algorithm, algorithm.hasher()));
        let sha256 = expected.sha256.map(|_| s3s::crypto::Sha256::new());
        Self { expected, hasher, sha256 }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some((_, hasher)) = &mut self.hasher {
            hasher.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    /// Compares, and answers the body's checksum.
    pub(super) fn finish(self, md5: [u8; 16], length: u64) -> S3Result<Option<Checksum>> {
        let Self { expected, hasher, sha256 } = self;
        if expected.length.is_some_and(|expected| expected != length) {
            return Err(S3ErrorCode::IncompleteBody.into());
        }
        if expected.md5.is_some_and(|expected| expected != md5) {
            let message = "The Content-MD5 you specified did not match what we received.";
            return Err(error(S3ErrorCode::BadDigest, message));
        }
        if let (Some(expected), Some(sha256)) = (expected.sha256, sha256)
            && sha256.finalize().as_ref() != expected
        {
            return Err(sha256_mismatch());
        }
        let Some((algorithm, hasher)) = hasher else { return Ok(None) };
        let value = algorithm.value(hasher);
        if let Some(given) = expected.given(algorithm)?
            && given != value
        {
            return Err(algorithm.mismatch());
        }
        let algorithm = algorithm.name().to_owned();
        Ok(Some(Checksum { algorithm, value, composite: false }))
    }
}

impl Expected {
    /// The value that came in front of the body or behind it.
    fn given(&self, algorithm: Algorithm) -> S3Result<Option<String>> {
        if let Some((_, value)) = &self.checksum {
            return Ok(Some(value.clone()));
        }
        if self.trailer.is_none() {
            return Ok(None);
        }
        match self.trailing.get(algorithm.header()) {
            Some(value) => algorithm.check(&value).map(Some),
            None => Err(super::chunked::ChunkError::Trailer.refusal()),
        }
    }
}

fn checksum_header(headers: &HeaderMap) -> S3Result<Option<(Algorithm, String)>> {
    let mut found = None;
    for algorithm in Algorithm::ALL {
        let Some(value) = text(headers, algorithm.header()) else { continue };
        // A checksum over the parts of an upload has their count behind it.
        let digits = value.split_once('-').map_or(value, |(value, _)| value);
        algorithm.check(digits)?;
        if found.replace((algorithm, value.to_owned())).is_some() {
            let message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are \
                           not allowed.";
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
    }
    Ok(found)
}

fn trailer_header(headers: &HeaderMap) -> S3Result<Option<Algorithm>> {
    let Some(names) = text(headers, "x-amz-trailer") else { return Ok(None) };
    let mut found = None;
    for name in names.split(',').map(str::trim) {
        let algorithm =
            Algorithm::ALL.into_iter().find(|known| known.header().eq_ignore_ascii_case(name));
        if algorithm.is_none() || found.is_some() {
            let message = "The value specified in the x-amz-trailer header is not supported";
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
        found = algorithm;
    }
    Ok(found)
}

fn md5_header(headers: &HeaderMap) -> S3Result<Option<[u8; 16]>> {
    let Some(value) = headers.get("content-md5") else { return Ok(None) };
    let decoded = BASE64_STANDARD.decode(value.as_bytes()).ok();
    let digest = decoded.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let message = "The Content-MD5 you specified was invalid.";
    digest.map(Some).ok_or_else(|| error(S3ErrorCode::InvalidDigest, message))
}

/// The SHA-256 of the whole body, where the header is one; there are other values.
fn sha256_header(headers: &HeaderMap) -> S3Result<Option<[u8; 32]>> {
    let Some(value) = text(headers, "x-amz-content-sha256") else { return Ok(None) };
    if value == "UNSIGNED-PAYLOAD" || value.starts_with("STREAMING-") {
        return Ok(None);
    }
    let refused = || {
        let message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, \
                       STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, \
                       STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
        custom("InvalidArgument", http::StatusCode::BAD_REQUEST, message)
    };
    let mut digest = [0; 32];
    if value.len() != 2 * digest.len() || !value.is_ascii() {
        return Err(refused());
    }
    for (byte, digits) in digest.iter_mut().zip(value.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| refused())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| refused())?;
    }
    Ok(Some(digest))
}

//! Objects uploaded in parts, in any order, and put together at the end.
//!
//! An upload is a directory beside the buckets: a file that says what it is, and for each part a
//! file with its bytes and one that says which they are. It survives a restart.

use std::{fs, path::PathBuf};

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::{
    Attributes, Bucket, Checksum, Conditions, Error, ObjectInfo, PutOptions, Result, Staged,
    bucket::Origin,
    disk::{self, blocking},
    error::{io, is_absent},
    key::KeyPath,
    sidecar::hex,
    staged,
};

/// What each part but the last one needs.
///
/// Source: "Amazon S3 multipart upload limits",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
pub const MINIMUM_PART_BYTES: u64 = 5 * 1024 * 1024;

/// An upload in parts that is neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UploadInfo {
    /// The id: 32 hexadecimal digits.
    pub id: String,
    /// Key of the object to be.
    pub key: String,
    /// When it was begun.
    pub initiated: DateTime<Utc>,
    /// Attributes of the object to be.
    pub attributes: Attributes,
    /// What checksum its caller wants of it. The value is empty.
    pub checksum: Option<Checksum>,
}

/// A part of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartInfo {
    /// The number, from 1 on.
    pub number: u16,
    /// Size in bytes.
    pub size: u64,
    /// MD5 of the bytes in hexadecimal digits.
    pub etag: String,
    /// When it was put.
    pub last_modified: DateTime<Utc>,
    /// Its checksum, as the caller computed it.
    pub checksum: Option<Checksum>,
    /// Name of the file with its bytes.
    file: String,
    md5: [u8; 16],
}

/// An upload whose parts lie behind each other on the disk, and are no object yet.
#[derive(Debug)]
pub struct Assembled {
    /// The upload.
    pub upload: UploadInfo,
    /// The parts it is made of, in order.
    pub parts: Vec<PartInfo>,
    /// The bytes.
    pub staged: Staged,
}

impl Bucket {
    /// Begins an upload. `checksum` is kept for whoever puts the parts.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::InvalidKey`], [`Error::Io`].
    pub async fn create_upload(
        &self,
        key: &str,
        attributes: Attributes,
        checksum: Option<Checksum>,
    ) -> Result<UploadInfo> {
        KeyPath::new(key)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (key, initiated) = (key.to_owned(), Utc::now());
        let info = UploadInfo { id, key, initiated, attributes, checksum };
        let bucket = self.clone();
        blocking(move || {
            let _alone = bucket.alone();
            bucket.must_exist()?;
            let file = bucket.disk.uploads(bucket.name()).join(&info.id).join("upload.json");
            bucket.disk.replace(&file, &serde_json::to_vec(&info).unwrap_or_default())?;
            Ok(info)
        })
        .await
    }

    /// An upload of a key.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::Io`].
    pub async fn upload(&self, key: &str, id: &str) -> Result<UploadInfo> {
        let (bucket, key, id) = (self.clone(), key.to_owned(), id.to_owned());
        blocking(move || bucket.find_upload(&key, &id)).await
    }

    /// All uploads, in the order of their keys and then of their beginnings.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::Io`].
    pub async fn uploads(&self) -> Result<Vec<UploadInfo>> {
        let bucket = self.clone();
        blocking(move || {
            bucket.must_exist()?;
            let folder = bucket.disk.uploads(bucket.name());
            let mut uploads = Vec::new();
            for (id, _) in disk::entries(&folder)? {
                uploads.extend(read_json::<UploadInfo>(folder.join(id).join("upload.json"))?);
            }
            uploads.sort_by(|a, b| (&a.key, a.initiated, &a.id).cmp(&(&b.key, b.initiated, &b.id)));
            Ok(uploads)
        })
        .await
    }

    /// Makes what was staged a part; it replaces the part with that number.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::Io`].
    pub async fn put_part(
        &self,
        key: &str,
        id: &str,
        number: u16,
        staged: Staged,
        checksum: Option<Checksum>,
    ) -> Result<PartInfo> {
        let (bucket, key, id) = (self.clone(), key.to_owned(), id.to_owned());
        blocking(move || {
            let _alone = bucket.alone();
            bucket.find_upload(&key, &id)?;
            let folder = bucket.disk.uploads(bucket.name()).join(&id);
            let about = folder.join(format!("{number:05}.json"));
            let old = read_json::<PartInfo>(about.clone())?;
            let file = format!("{number:05}-{}", uuid::Uuid::new_v4().simple());
            let (size, etag, md5) = (staged.size(), staged.etag(), staged.md5());
            let last_modified = Utc::now();
            let part = PartInfo { number, size, etag, last_modified, checksum, file, md5 };
            let bytes = folder.join(&part.file);
            fs::rename(&staged.temporary.path, &bytes).map_err(io("write", bytes))?;
            bucket.disk.replace(&about, &serde_json::to_vec(&part).unwrap_or_default())?;
            if let Some(old) = old {
                disk::remove_file(&folder.join(old.file))?;
            }
            Ok(part)
        })
        .await
    }

    /// The parts of an upload, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::Io`].
    pub async fn parts(&self, key: &str, id: &str) -> Result<Vec<PartInfo>> {
        let (bucket, key, id) = (self.clone(), key.to_owned(), id.to_owned());
        blocking(move || {
            bucket.find_upload(&key, &id)?;
            bucket.read_parts(&id)
        })
        .await
    }

    /// Gives an upload and its parts up.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::Io`].
    pub async fn abort_upload(&self, key: &str, id: &str) -> Result<()> {
        let (bucket, key, id) = (self.clone(), key.to_owned(), id.to_owned());
        blocking(move || {
            let _alone = bucket.alone();
            bucket.find_upload(&key, &id)?;
            disk::remove_tree(&bucket.disk.uploads(bucket.name()).join(id))
        })
        .await
    }

    /// Puts the bytes of these parts behind each other, where nobody sees them yet. Each part is
    /// named by its number and its ETag without quotes.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::InvalidPartOrder`],
    /// [`Error::InvalidPart`], [`Error::PartTooSmall`], [`Error::Io`].
    pub async fn assemble(
        &self,
        key: &str,
        id: &str,
        parts: Vec<(u16, String)>,
    ) -> Result<Assembled> {
        let (bucket, key, id) = (self.clone(), key.to_owned(), id.to_owned());
        blocking(move || {
            let upload = bucket.find_upload(&key, &id)?;
            let parts = choose(&id, bucket.read_parts(&id)?, &parts)?;
            let folder = bucket.disk.uploads(bucket.name()).join(&id);
            let files: Vec<PathBuf> = parts.iter().map(|part| folder.join(&part.file)).collect();
            let staged = staged::stage_files(&bucket.disk, &files)?;
            Ok(Assembled { upload, parts, staged })
        })
        .await
    }

    /// Makes what was put together the object, and ends the upload.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchUpload`], if it was completed or aborted meanwhile, and those of
    /// [`Bucket::put_staged`].
    pub async fn complete_upload(
        &self,
        assembled: Assembled,
        checksum: Option<Checksum>,
        conditions: Conditions,
    ) -> Result<ObjectInfo> {
        let bucket = self.clone();
        blocking(move || {
            let _alone = bucket.alone();
            let Assembled { upload, parts, staged } = assembled;
            bucket.find_upload(&upload.key, &upload.id)?;
            let attributes = Attributes { checksum, ..upload.attributes };
            let origin = Origin {
                etag: Some(etag(&parts)),
                part_sizes: parts.iter().map(|part| part.size).collect(),
                upload: Some(upload.id.clone()),
            };
            let options = PutOptions { attributes, conditions };
            let info = bucket.place(&upload.key, staged, options, origin)?;
            disk::remove_tree(&bucket.disk.uploads(bucket.name()).join(&upload.id))?;
            Ok(info)
        })
        .await
    }

    /// The object that an upload became, as long as it is the one: for callers who did not hear
    /// that their upload was completed and ask again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::InvalidKey`], [`Error::Io`].
    pub async fn completed_upload(&self, key: &str, id: &str) -> Result<Option<ObjectInfo>> {
        let (bucket, key, id) = (self.clone(), key.to_owned(), id.to_owned());
        blocking(move || {
            let info = bucket.find_together(&key)?;
            Ok(info.filter(|info| info.upload.as_deref() == Some(&id)))
        })
        .await
    }

    fn find_upload(&self, key: &str, id: &str) -> Result<UploadInfo> {
        self.must_exist()?;
        let missing = || Error::NoSuchUpload { upload: id.to_owned() };
        // What is no id of ours never becomes part of a path.
        if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing());
        }
        let file = self.disk.uploads(self.name()).join(id).join("upload.json");
        let upload: Option<UploadInfo> = read_json(file)?;
        upload.filter(|upload| upload.key == key).ok_or_else(missing)
    }

    fn read_parts(&self, id: &str) -> Result<Vec<PartInfo>> {
        let folder = self.disk.uploads(self.name()).join(id);
        let mut parts = Vec::new();
        for (name, _) in disk::entries(&folder)? {
            if name.ends_with(".json") && name != "upload.json" {
                parts.extend(read_json::<PartInfo>(folder.join(name))?);
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }
}

/// The parts that were asked for, in their order.
fn choose(id: &str, there: Vec<PartInfo>, wanted: &[(u16, String)]) -> Result<Vec<PartInfo>> {
    let ascending = wanted.is_sorted_by(|(a, _), (b, _)| a < b);
    if wanted.is_empty() || !ascending {
        return Err(Error::InvalidPartOrder { upload: id.to_owned() });
    }
    let mut chosen: Vec<PartInfo> = Vec::with_capacity(wanted.len());
    for (number, etag) in wanted {
        let part = there.iter().find(|part| part.number == *number && part.etag == *etag);
        let missing = || Error::InvalidPart { upload: id.to_owned(), part: *number };
        chosen.push(part.ok_or_else(missing)?.clone());
    }
    let all_but_last = chosen.split_last().map(|(_, before)| before).unwrap_or_default();
    match all_but_last.iter().find(|part| part.size < MINIMUM_PART_BYTES) {
        Some(part) => Err(Error::PartTooSmall {
            upload: id.to_owned(),
            part: part.number,
            size: part.size,
            minimum: MINIMUM_PART_BYTES,
        }),
        None => Ok(chosen),
    }
}

/// MD5 over the MD5s of the parts, and their count.
fn etag(parts: &[PartInfo]) -> String {
    let mut md5 = Md5::new();
    parts.iter().for_each(|part| md5.update(part.md5));
    format!("{}-{}", hex(&md5.finalize()), parts.len())
}

fn read_json<T: serde::de::DeserializeOwned>(path: PathBuf) -> Result<Option<T>> {
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|why| io("read", path)(std::io::Error::other(why))),
        Err(why) if is_absent(&why) => Ok(None),
        Err(why) => Err(io("read", path)(why)),
    }
}

//! The buckets of one directory.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Bucket, Error, Result,
    disk::{self, Disk, blocking},
    error::{io, is_absent},
    name,
};

/// The directory for everything that is no object, unless told otherwise.
const OWN_FOLDER: &str = ".object-directory";
/// Buckets share this many locks.
const LOCKS: usize = 64;

/// The buckets in one directory: each directory in it that has the name of a bucket is one.
///
/// Cheap to clone. One process at a time: the locks that keep readers and writers apart are in its
/// memory.
#[derive(Debug, Clone)]
pub struct Buckets {
    disk: Arc<Disk>,
    locks: Arc<[Arc<RwLock<()>>]>,
}

/// A bucket in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketInfo {
    /// The name.
    pub name: String,
    /// When it was created; of a directory made by hand, when that was.
    pub created: DateTime<Utc>,
    /// The region it was created in, empty for a directory made by hand.
    pub region: String,
}

/// What is kept of a bucket.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    created: DateTime<Utc>,
    region: String,
}

impl Buckets {
    /// The buckets in `root`. Nothing is touched before the first bucket is created.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let own = root.join(OWN_FOLDER);
        let locks = (0..LOCKS).map(|_| Arc::default()).collect();
        Self { disk: Arc::new(Disk { root, own, fsync: false }), locks }
    }

    /// The same with attributes, uploads and unfinished files in this directory of `root`; its
    /// name begins with a dot, so that it is no bucket. `.object-directory` unless told otherwise.
    #[must_use]
    pub fn with_own_folder(self, name: &str) -> Self {
        let own = self.disk.root.join(format!(".{}", name.trim_start_matches('.')));
        let disk = Disk { root: self.disk.root.clone(), own, fsync: self.disk.fsync };
        Self { disk: Arc::new(disk), locks: self.locks }
    }

    /// The same with every file and its name forced to the disk before a put is answered. Off
    /// unless told otherwise: after a power cut the last objects may then be missing or empty.
    #[must_use]
    pub fn with_fsync(self, fsync: bool) -> Self {
        let disk = Disk { root: self.disk.root.clone(), own: self.disk.own.clone(), fsync };
        Self { disk: Arc::new(disk), locks: self.locks }
    }

    /// A bucket by its name, whether it exists or not: that is looked at in each operation.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidBucketName`].
    pub fn bucket(&self, name: &str) -> Result<Bucket> {
        name::check(name)?;
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let lock = usize::try_from(hasher.finish() % (LOCKS as u64)).unwrap_or_default();
        let lock = self.locks.get(lock).map(Arc::clone).unwrap_or_default();
        Ok(Bucket::new(name, Arc::clone(&self.disk), lock))
    }

    /// Creates a bucket.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidBucketName`], [`Error::BucketExists`], [`Error::Io`].
    pub async fn create(&self, name: &str, region: &str) -> Result<BucketInfo> {
        let bucket = self.bucket(name)?;
        let record = Record { created: Utc::now(), region: region.to_owned() };
        blocking(move || {
            let _alone = bucket.alone();
            let (disk, name) = (&bucket.disk, bucket.name());
            fs::create_dir_all(&disk.root).map_err(io("create the directory", &disk.root))?;
            let folder = disk.bucket(name);
            match fs::create_dir(&folder) {
                Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
                    return Err(Error::BucketExists { bucket: name.to_owned() });
                }
                other => other.map_err(io("create the directory", &folder))?,
            }
            // What a bucket of this name left behind, removed by hand, is not this bucket's.
            disk::remove_tree(&disk.attributes(name))?;
            disk::remove_tree(&disk.uploads(name))?;
            let text = serde_json::to_vec(&record).unwrap_or_default();
            disk.replace(&disk.record(name), &text)?;
            disk.sync_folder_of(&folder)?;
            Ok(BucketInfo { name: name.to_owned(), created: record.created, region: record.region })
        })
        .await
    }

    /// What is known of a bucket.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidBucketName`], [`Error::NoSuchBucket`], [`Error::Io`].
    pub async fn get(&self, name: &str) -> Result<BucketInfo> {
        let bucket = self.bucket(name)?;
        blocking(move || {
            let missing = || Error::NoSuchBucket { bucket: bucket.name().to_owned() };
            describe(&bucket.disk, bucket.name())?.ok_or_else(missing)
        })
        .await
    }

    /// All buckets, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; a root that is not there has no buckets.
    pub async fn list(&self) -> Result<Vec<BucketInfo>> {
        let disk = Arc::clone(&self.disk);
        blocking(move || {
            let mut buckets = Vec::new();
            for (name, kind) in disk::entries(&disk.root)? {
                if kind.is_dir() && name::check(&name).is_ok() {
                    buckets.extend(describe(&disk, &name)?);
                }
            }
            buckets.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(buckets)
        })
        .await
    }

    /// Deletes an empty bucket, and its unfinished uploads. A directory that holds any file, also
    /// one that is no object, is left alone.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidBucketName`], [`Error::NoSuchBucket`], [`Error::BucketNotEmpty`],
    /// [`Error::Io`].
    pub async fn delete(&self, name: &str) -> Result<()> {
        let bucket = self.bucket(name)?;
        blocking(move || {
            let _alone = bucket.alone();
            bucket.must_exist()?;
            if !disk::remove_empty_tree(&bucket.folder())? {
                return Err(Error::BucketNotEmpty { bucket: bucket.name().to_owned() });
            }
            forget(&bucket.disk, bucket.name())
        })
        .await
    }

    /// Deletes all buckets that were created here, with everything in them. Directories made by
    /// hand stay: their owner did not make them by this crate.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; what was not reached is still there.
    pub async fn clear(&self) -> Result<()> {
        let buckets = self.clone();
        blocking(move || {
            let disk = &buckets.disk;
            for (file, _) in disk::entries(&disk.own.join("buckets"))? {
                let Some(name) = file.strip_suffix(".json") else { continue };
                let Ok(bucket) = buckets.bucket(name) else { continue };
                let _alone = bucket.alone();
                disk::remove_tree(&bucket.folder())?;
                forget(disk, name)?;
            }
            disk::remove_tree(&disk.own.join("attributes"))?;
            disk::remove_tree(&disk.own.join("uploads"))
        })
        .await
    }

    /// Removes files that a process left half written when it ended. Not while another process
    /// writes here.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub async fn remove_leftovers(&self) -> Result<()> {
        let folder = self.disk.partial();
        blocking(move || disk::remove_tree(&folder)).await
    }
}

/// Removes all that is kept of a bucket outside of it.
fn forget(disk: &Disk, name: &str) -> Result<()> {
    disk::remove_tree(&disk.attributes(name))?;
    disk::remove_tree(&disk.uploads(name))?;
    disk::remove_file(&disk.record(name))
}

/// What is known of a bucket, if it is there.
fn describe(disk: &Disk, name: &str) -> Result<Option<BucketInfo>> {
    let folder = disk.bucket(name);
    let metadata = match fs::metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => return Ok(None),
        Err(why) if is_absent(&why) => return Ok(None),
        Err(why) => return Err(io("look at", &folder)(why)),
    };
    let record = read_record(&disk.record(name))?;
    let record = record.unwrap_or_else(|| Record {
        created: metadata
            .created()
            .or_else(|_| metadata.modified())
            .map_or(DateTime::UNIX_EPOCH, DateTime::<Utc>::from),
        region: String::new(),
    });
    Ok(Some(BucketInfo { name: name.to_owned(), created: record.created, region: record.region }))
}

fn read_record(path: &Path) -> Result<Option<Record>> {
    let text = disk::read(path)?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

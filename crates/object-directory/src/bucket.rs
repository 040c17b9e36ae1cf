//! One bucket: objects put, read, copied and deleted.

use std::{
    fs::{self, File, Metadata},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use futures::Stream;

use crate::{
    Attributes, ByteRange, Conditions, Content, Error, ObjectInfo, Result, Staged,
    disk::{self, Disk, blocking},
    error::{io, is_absent},
    key::{BESIDE, KeyPath},
    sidecar::{self, Stamp, Version},
    staged,
};

/// A bucket, which may not exist (any more): every operation looks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    name: Arc<str>,
    pub(crate) disk: Arc<Disk>,
    lock: Arc<RwLock<()>>,
}

/// What goes with the bytes of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// What readers are told.
    pub attributes: Attributes,
    /// What the object that is there must be like.
    pub conditions: Conditions,
}

/// What becomes known of an object when it is put.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// Other than the MD5 of the bytes.
    pub(crate) etag: Option<String>,
    pub(crate) part_sizes: Vec<u64>,
    pub(crate) upload: Option<String>,
}

impl Bucket {
    pub(crate) fn new(name: &str, disk: Arc<Disk>, lock: Arc<RwLock<()>>) -> Self {
        Self { name: name.into(), disk, lock }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the bucket exists.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::Io`].
    pub async fn check_exists(&self) -> Result<()> {
        let bucket = self.clone();
        blocking(move || bucket.must_exist()).await
    }

    /// Puts an object. It appears whole or not at all; the bucket is never created.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::InvalidKey`], [`Error::Body`] if the stream fails, those
    /// of [`Bucket::put_staged`].
    pub async fn put<B, E>(&self, key: &str, body: B, options: PutOptions) -> Result<ObjectInfo>
    where
        B: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        KeyPath::new(key)?;
        let staged = self.stage(body).await?;
        self.put_staged(key, staged, options).await
    }

    /// Brings the bytes of an object to be onto the disk, where nobody sees them yet.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::Body`] if the stream fails, [`Error::Io`].
    pub async fn stage<B, E>(&self, body: B) -> Result<Staged>
    where
        B: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        // Gigabytes are not taken for a bucket that is not there.
        self.check_exists().await?;
        staged::stage(&self.disk, body).await
    }

    /// The same with bytes of another object, also one of another bucket.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::Io`].
    pub async fn stage_copy(&self, content: Content) -> Result<Staged> {
        self.check_exists().await?;
        staged::stage_content(&self.disk, content).await
    }

    /// Puts what was staged under its key.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::InvalidKey`], [`Error::PreconditionFailed`],
    /// [`Error::NoSuchKey`] for an `If-Match` without an object, [`Error::Io`].
    pub async fn put_staged(
        &self,
        key: &str,
        staged: Staged,
        options: PutOptions,
    ) -> Result<ObjectInfo> {
        let (bucket, key) = (self.clone(), key.to_owned());
        blocking(move || {
            let _alone = bucket.alone();
            bucket.place(&key, staged, options, Origin::default())
        })
        .await
    }

    /// What is known of an object.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::NoSuchKey`], [`Error::PreconditionFailed`],
    /// [`Error::NotModified`], [`Error::Io`].
    pub async fn head(&self, key: &str, conditions: Conditions) -> Result<ObjectInfo> {
        let (bucket, key) = (self.clone(), key.to_owned());
        blocking(move || {
            let _together = bucket.together();
            let info = bucket.find(&key)?.ok_or_else(|| bucket.missing(&key))?;
            conditions.check_read(&info)?;
            Ok(info)
        })
        .await
    }

    /// An object's bytes, or some of them.
    ///
    /// # Errors
    ///
    /// Those of [`Bucket::head`], and [`Error::InvalidRange`].
    pub async fn get(
        &self,
        key: &str,
        range: ByteRange,
        conditions: Conditions,
    ) -> Result<Content> {
        let (bucket, key) = (self.clone(), key.to_owned());
        blocking(move || {
            let (info, path, file) = {
                let _together = bucket.together();
                bucket.open(&key)?
            };
            conditions.check_read(&info)?;
            let out = || Error::InvalidRange { key: key.clone(), size: info.size };
            let range = range.within(info.size).ok_or_else(out)?;
            Content::new(info, range, path, file)
        })
        .await
    }

    /// Deletes an object; answers whether there was one. Directories that it leaves empty go too.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`], [`Error::InvalidKey`], [`Error::PreconditionFailed`],
    /// [`Error::NoSuchKey`] for an `If-Match` without an object, [`Error::Io`].
    pub async fn delete(&self, key: &str, conditions: Conditions) -> Result<bool> {
        let (bucket, key) = (self.clone(), key.to_owned());
        blocking(move || {
            let _alone = bucket.alone();
            let current = bucket.find(&key)?;
            conditions.check_write(bucket.name(), &key, current.as_ref())?;
            if current.is_some() {
                bucket.remove(&KeyPath::new(&key)?)?;
            }
            Ok(current.is_some())
        })
        .await
    }

    /// Copies an object of this bucket or of another one, with its attributes.
    ///
    /// # Errors
    ///
    /// Those of [`Bucket::get`] on the source and of [`Bucket::put_staged`] here.
    pub async fn copy_from(
        &self,
        key: &str,
        source: &Self,
        source_key: &str,
        conditions: Conditions,
    ) -> Result<ObjectInfo> {
        let content = source.get(source_key, ByteRange::Whole, Conditions::default()).await?;
        let attributes = content.info.attributes.clone();
        let staged = self.stage_copy(content).await?;
        self.put_staged(key, staged, PutOptions { attributes, conditions }).await
    }

    /// The bucket's directory.
    pub(crate) fn folder(&self) -> PathBuf {
        self.disk.bucket(&self.name)
    }

    /// Held while files are looked up, so that none is seen half renamed.
    pub(crate) fn together(&self) -> RwLockReadGuard<'_, ()> {
        self.lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while files are renamed, made and removed.
    pub(crate) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.lock.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn must_exist(&self) -> Result<()> {
        let folder = self.folder();
        match fs::metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => Ok(()),
            Err(why) if !is_absent(&why) => Err(io("look at", folder)(why)),
            _ => Err(Error::NoSuchBucket { bucket: self.name.to_string() }),
        }
    }

    /// The error for an object that was not found.
    pub(crate) fn missing(&self, key: &str) -> Error {
        Error::NoSuchKey { bucket: self.name.to_string(), key: key.to_owned() }
    }

    /// What is known of an object, if it is there.
    pub(crate) fn find(&self, key: &str) -> Result<Option<ObjectInfo>> {
        let path = KeyPath::new(key)?;
        match self.locate(&path)? {
            Some((_, metadata)) => self.info(key, &path, Stamp::of(&metadata)).map(Some),
            None => Ok(None),
        }
    }

    /// The same for who holds no lock.
    pub(crate) fn find_together(&self, key: &str) -> Result<Option<ObjectInfo>> {
        let _together = self.together();
        self.find(key)
    }

    /// Makes what was staged the object. The caller is alone with the bucket.
    pub(crate) fn place(
        &self,
        key: &str,
        staged: Staged,
        options: PutOptions,
        origin: Origin,
    ) -> Result<ObjectInfo> {
        self.must_exist()?;
        let path = KeyPath::new(key)?;
        let current = self.locate(&path)?.map(|(_, metadata)| Stamp::of(&metadata));
        if options.conditions != Conditions::default() {
            let current = current.map(|stamp| self.info(key, &path, stamp)).transpose()?;
            options.conditions.check_write(&self.name, key, current.as_ref())?;
        }
        let version = Version {
            stamp: staged.stamp,
            etag: origin.etag.unwrap_or_else(|| staged.etag()),
            attributes: options.attributes,
            part_sizes: origin.part_sizes,
            upload: origin.upload,
        };
        self.make_folders(&path)?;
        let target = self.target(&path)?;
        let sidecar = path.attributes(&self.disk.attributes(&self.name));
        sidecar::store(&self.disk, &sidecar, &version, current)?;
        fs::rename(&staged.temporary.path, &target).map_err(io("write", &target))?;
        self.disk.sync_folder_of(&target)?;
        Ok(version.into_info(key))
    }

    fn info(&self, key: &str, path: &KeyPath, stamp: Stamp) -> Result<ObjectInfo> {
        sidecar::info(key, stamp, &path.attributes(&self.disk.attributes(&self.name)))
    }

    /// The file of an object, if it is there.
    fn locate(&self, path: &KeyPath) -> Result<Option<(PathBuf, Metadata)>> {
        let folder = self.folder();
        for file in [path.plain(&folder), path.beside(&folder)] {
            if let Some(metadata) = disk::regular_file(&file)? {
                return Ok(Some((file, metadata)));
            }
        }
        self.must_exist()?;
        Ok(None)
    }

    fn open(&self, key: &str) -> Result<(ObjectInfo, PathBuf, File)> {
        let path = KeyPath::new(key)?;
        let (file_path, _) = self.locate(&path)?.ok_or_else(|| self.missing(key))?;
        let file = match File::open(&file_path) {
            Err(why) if is_absent(&why) => return Err(self.missing(key)),
            other => other.map_err(io("read", &file_path))?,
        };
        let metadata = file.metadata().map_err(io("look at", &file_path))?;
        Ok((self.info(key, &path, Stamp::of(&metadata))?, file_path, file))
    }

    /// Where to put an object: beside the directory that has its name, if there is one.
    fn target(&self, path: &KeyPath) -> Result<PathBuf> {
        let folder = self.folder();
        let (plain, beside) = (path.plain(&folder), path.beside(&folder));
        match fs::symlink_metadata(&plain) {
            Ok(metadata) if metadata.is_dir() => Ok(beside),
            Ok(_) => Ok(plain),
            Err(why) if is_absent(&why) => {
                Ok(if disk::regular_file(&beside)?.is_some() { beside } else { plain })
            }
            Err(why) => Err(io("look at", plain)(why)),
        }
    }

    /// Makes the directories above an object. An object that has the name of one makes room.
    fn make_folders(&self, path: &KeyPath) -> Result<()> {
        let mut folder = self.folder();
        if path.folder(&folder).is_dir() {
            return Ok(());
        }
        for name in path.folders() {
            folder.push(name);
            let made = match fs::create_dir(&folder) {
                Err(why) if why.kind() == ErrorKind::AlreadyExists => make_room(&folder),
                other => other,
            };
            made.map_err(io("create the directory", &folder))?;
            self.disk.sync_folder_of(&folder)?;
        }
        Ok(())
    }

    fn remove(&self, path: &KeyPath) -> Result<()> {
        let folder = self.folder();
        for file in [path.plain(&folder), path.beside(&folder)] {
            if disk::regular_file(&file)?.is_some() {
                disk::remove_file(&file)?;
                self.disk.sync_folder_of(&file)?;
            }
        }
        disk::prune(&path.folder(&folder), &folder);
        let attributes = self.disk.attributes(&self.name);
        disk::remove_file(&path.attributes(&attributes))?;
        disk::prune(&path.folder(&attributes), &attributes);
        Ok(())
    }
}

/// Makes a directory in the place of an object, which moves beside it. One rename: the object is
/// found at every moment.
fn make_room(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut beside = folder.as_os_str().to_owned();
    beside.push(BESIDE);
    fs::rename(folder, beside)?;
    fs::create_dir(folder)
}

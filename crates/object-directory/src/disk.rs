//! Files and directories: replaced whole, made and removed without taking neighbours along.
//! Everything here blocks.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Error, Result,
    error::{io, is_absent},
};

/// Where the crate's own files lie, and whether they are forced to the disk.
#[derive(Debug)]
pub(crate) struct Disk {
    /// The directory with the buckets.
    pub(crate) root: PathBuf,
    /// The directory with everything that is no object.
    pub(crate) own: PathBuf,
    pub(crate) fsync: bool,
}

impl Disk {
    /// The directory of a bucket. The name has been checked.
    pub(crate) fn bucket(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The directory of a bucket's attributes.
    pub(crate) fn attributes(&self, bucket: &str) -> PathBuf {
        self.own.join("attributes").join(bucket)
    }

    /// The directory of a bucket's multipart uploads.
    pub(crate) fn uploads(&self, bucket: &str) -> PathBuf {
        self.own.join("uploads").join(bucket)
    }

    /// The file with what is known of a bucket.
    pub(crate) fn record(&self, bucket: &str) -> PathBuf {
        self.own.join("buckets").join(format!("{bucket}.json"))
    }

    /// The directory of files that are being written, and of what is being removed.
    pub(crate) fn partial(&self) -> PathBuf {
        self.own.join("partial")
    }

    /// A name for a file that is being written, and the guard that removes it.
    pub(crate) fn temporary(self: &Arc<Self>) -> Temporary {
        Temporary { path: self.partial().join(uuid::Uuid::new_v4().simple().to_string()) }
    }

    /// A new file that is being written.
    pub(crate) fn create(self: &Arc<Self>) -> Result<(Temporary, File)> {
        let temporary = self.temporary();
        let create = || File::create_new(&temporary.path);
        let file = match create() {
            Err(why) if is_absent(&why) => {
                let folder = self.partial();
                fs::create_dir_all(&folder).map_err(io("create the directory", folder))?;
                create()
            }
            other => other,
        };
        let file = file.map_err(io("create", &temporary.path))?;
        Ok((temporary, file))
    }

    /// Replaces one of the crate's own files whole: after a crash it has the old text or the new.
    pub(crate) fn replace(self: &Arc<Self>, path: &Path, text: &[u8]) -> Result<()> {
        let (temporary, mut file) = self.create()?;
        file.write_all(text).map_err(io("write", &temporary.path))?;
        self.sync(&file, &temporary.path)?;
        let renamed = match fs::rename(&temporary.path, path) {
            Err(why) if is_absent(&why) => {
                let folder = path.parent().unwrap_or(path);
                fs::create_dir_all(folder).map_err(io("create the directory", folder))?;
                fs::rename(&temporary.path, path)
            }
            other => other,
        };
        renamed.map_err(io("write", path))?;
        self.sync_folder_of(path)
    }

    /// Forces a file to the disk, where that was asked for.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<()> {
        if self.fsync { file.sync_all().map_err(io("force to the disk", path)) } else { Ok(()) }
    }

    /// Forces the name of a file to the disk, where that was asked for.
    pub(crate) fn sync_folder_of(&self, path: &Path) -> Result<()> {
        match path.parent() {
            Some(folder) if self.fsync => File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io("force to the disk", folder)),
            _ => Ok(()),
        }
    }
}

/// A file that goes away with its guard, unless it has been renamed before.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) path: PathBuf,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is gone if it was renamed; what else fails here is found by `remove_leftovers`.
        let _ = fs::remove_file(&self.path);
    }
}

/// The regular file at a path. Symbolic links, directories and devices are none.
pub(crate) fn regular_file(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata).filter(Metadata::is_file)),
        Err(why) if is_absent(&why) => Ok(None),
        Err(why) => Err(io("look at", path)(why)),
    }
}

/// The whole of a small file, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(why) if is_absent(&why) => Ok(None),
        Err(why) => Err(io("read", path)(why)),
    }
}

/// The entries of a directory, or none where there is no directory. Those whose names are not
/// UTF-8 are left out: no key leads to them.
pub(crate) fn entries(folder: &Path) -> Result<Vec<(String, fs::FileType)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if is_absent(&why) => return Ok(Vec::new()),
        Err(why) => return Err(io("list", folder)(why)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io("list", folder))?;
        // What vanished meanwhile is not there.
        if let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) {
            found.push((name, kind));
        }
    }
    Ok(found)
}

/// Removes a file; one that is not there is removed.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(why) if !is_absent(&why) => Err(io("remove", path)(why)),
        _ => Ok(()),
    }
}

/// Removes a directory and all in it; one that is not there is removed.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(why) if !is_absent(&why) => Err(io("remove", path)(why)),
        _ => Ok(()),
    }
}

/// Removes the empty directories from `from` upward, `top` left alone.
pub(crate) fn prune(from: &Path, top: &Path) {
    let mut folder = from;
    while folder != top && folder.starts_with(top) && fs::remove_dir(folder).is_ok() {
        let Some(above) = folder.parent() else { break };
        folder = above;
    }
}

/// Removes a directory that holds nothing but empty directories.
///
/// Answers whether it is gone: any file keeps it.
pub(crate) fn remove_empty_tree(folder: &Path) -> Result<bool> {
    for (name, kind) in entries(folder)? {
        if !kind.is_dir() || !remove_empty_tree(&folder.join(name))? {
            return Ok(false);
        }
    }
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(why) if is_absent(&why) => Ok(true),
        Err(why) => Err(io("remove", folder)(why)),
    }
}

/// Runs blocking work on a thread for such.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let stopped = |why| Error::Io {
        doing: "finish the work on",
        path: PathBuf::from("the file system"),
        source: io::Error::other(why),
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|why| Err(stopped(why)))
}

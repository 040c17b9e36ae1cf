//! A way through a bucket's directories that meets the keys in the order of their bytes.

use std::{path::Path, vec};

use crate::{
    Bucket, Result, disk,
    key::{self, BESIDE, MORE},
};

/// No key is longer, and so no prefix of one.
const KEY_BYTES: usize = 1024;

/// A way through a bucket, one directory after the other.
///
/// Within one directory, files sort as their segment and directories as their segment with a slash
/// behind it; then the order of the names is the order of all keys below.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    bucket: &'a Bucket,
    prefix: &'a str,
    after: &'a str,
    /// Keys that begin so are left out from here on.
    skipped: Option<String>,
    /// The directories from the outermost to the one that is being met.
    levels: Vec<Level>,
}

/// A directory on the way.
#[derive(Debug)]
struct Level {
    /// What its keys begin with: empty, or up to a slash.
    start: String,
    /// Segments in order, those of directories with a slash behind.
    names: vec::IntoIter<String>,
}

impl<'a> Walk<'a> {
    /// The keys that begin with `prefix` and are greater than `after`.
    pub(super) fn new(bucket: &'a Bucket, prefix: &'a str, after: &'a str) -> Result<Self> {
        let mut walk = Self { bucket, prefix, after, skipped: None, levels: Vec::new() };
        if prefix.len() <= KEY_BYTES {
            let start = prefix.rfind('/').and_then(|slash| prefix.get(..=slash));
            walk.enter(start.unwrap_or_default().to_owned())?;
        }
        Ok(walk)
    }

    /// Leaves out the keys that begin so.
    pub(super) fn skip(&mut self, prefix: &str) {
        self.skipped = Some(prefix.to_owned());
    }

    /// The next key.
    pub(super) fn next_key(&mut self) -> Result<Option<String>> {
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.names.next() else {
                self.levels.pop();
                continue;
            };
            let key = format!("{}{name}", level.start);
            if !self.is_wanted(&key, is_folder(&name)) {
                continue;
            }
            if !is_folder(&name) {
                return Ok(Some(key));
            }
            self.enter(key)?;
        }
        Ok(None)
    }

    fn enter(&mut self, start: String) -> Result<()> {
        let mut names = Vec::new();
        {
            let _together = self.bucket.together();
            read(
                &key::folder_of_prefix(&self.bucket.folder(), &start),
                &mut Vec::new(),
                &mut names,
            )?;
        }
        names.retain(|name| self.is_wanted(&format!("{start}{name}"), is_folder(name)));
        names.sort_unstable();
        // A file that was copied in by hand may have the name of an object beside a directory.
        names.dedup();
        self.levels.push(Level { start, names: names.into_iter() });
        Ok(())
    }

    /// Whether a key, or any key in the directory, is asked for.
    fn is_wanted(&self, key: &str, is_folder: bool) -> bool {
        if self.skipped.as_deref().is_some_and(|skipped| key.starts_with(skipped)) {
            return false;
        }
        if is_folder {
            let within = key.starts_with(self.prefix) || self.prefix.starts_with(key);
            within && (key > self.after || self.after.starts_with(key))
        } else {
            key.starts_with(self.prefix) && key > self.after
        }
    }
}

/// The segment of an object never ends so: it has no slash in it.
fn is_folder(name: &str) -> bool {
    name.ends_with('/')
}

/// Collects the segments in a directory; `before` are the directories with the starts of long ones.
fn read(folder: &Path, before: &mut Vec<String>, names: &mut Vec<String>) -> Result<()> {
    for (name, kind) in disk::entries(folder)? {
        if kind.is_dir() && name.ends_with(MORE) {
            let rest = folder.join(&name);
            before.push(name);
            read(&rest, before, names)?;
            before.pop();
            continue;
        }
        let is_file = kind.is_file();
        let own = if is_file { name.strip_suffix(BESIDE).unwrap_or(&name) } else { &name };
        let pieces: Vec<_> = before.iter().map(String::as_str).chain([own]).collect();
        match key::decode(&pieces) {
            Some(segment) if is_file => names.push(segment),
            Some(segment) if kind.is_dir() => names.push(segment + "/"),
            // No key leads to a symbolic link or a device, nor to a name that is not escaped.
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Fixture;

    #[tokio::test]
    async fn directories_outside_of_the_prefix_or_behind_the_skipped_are_not_read() {
        let fixture = Fixture::new().await;
        for key in ["2022/01/a", "2022/02/b", "2022/02/c/d", "2022/02/e/f"] {
            fixture.put(key, "x").await;
        }
        let starts = |walk: &Walk<'_>| -> Vec<String> {
            walk.levels.iter().map(|level| level.start.clone()).collect()
        };
        let mut walk = Walk::new(&fixture.bucket, "2022/02/", "").unwrap();
        assert_eq!(starts(&walk), ["2022/02/"]);
        assert_eq!(walk.next_key().unwrap().as_deref(), Some("2022/02/b"));
        assert_eq!(starts(&walk), ["2022/02/"]);
        walk.skip("2022/02/c/");
        std::fs::remove_dir_all(fixture.path("ratings/2022/02/c")).unwrap();
        std::fs::write(fixture.path("ratings/2022/02/c"), "no directory").unwrap();
        assert_eq!(walk.next_key().unwrap().as_deref(), Some("2022/02/e/f"));
        assert_eq!(walk.next_key().unwrap(), None);

        let walk = Walk::new(&fixture.bucket, "", "2022/02/b").unwrap();
        assert_eq!(walk.levels[0].names.as_slice(), ["2022/"]);
    }
}

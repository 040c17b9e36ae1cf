//! Keys of a bucket in the order of their bytes.

mod walk;

use crate::{Bucket, ObjectInfo, Result, disk::blocking};
use walk::Walk;

/// Which keys, and how many of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// Keys that begin so.
    pub prefix: String,
    /// Keys that have this behind the prefix are told by what they have in common up to its end.
    pub delimiter: Option<String>,
    /// Keys behind this one; if it ends in the delimiter, also behind all keys that begin so.
    pub start_after: Option<String>,
    /// How many objects and common prefixes at most. None come for zero.
    pub limit: usize,
}

/// Part of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects, in the order of their keys' bytes.
    pub objects: Vec<ObjectInfo>,
    /// What other keys have in common up to the delimiter, in the same order.
    pub prefixes: Vec<String>,
    /// The `start_after` of what follows, if anything does.
    pub next: Option<String>,
}

impl Bucket {
    /// Lists objects. Directories outside of the prefix are not read, nor those behind the limit;
    /// a directory on the way is read whole.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBucket`](crate::Error::NoSuchBucket), [`Error::Io`](crate::Error::Io).
    pub async fn list(&self, options: ListOptions) -> Result<Listing> {
        let bucket = self.clone();
        blocking(move || list(&bucket, &options)).await
    }
}

fn list(bucket: &Bucket, options: &ListOptions) -> Result<Listing> {
    bucket.must_exist()?;
    let mut listing = Listing::default();
    if options.limit == 0 {
        return Ok(listing);
    }
    let after = options.start_after.as_deref().unwrap_or_default();
    let mut walk = Walk::new(bucket, &options.prefix, after)?;
    let mut last = None;
    while let Some(key) = walk.next_key()? {
        let prefix = common_prefix(&key, options);
        let object = match prefix {
            Some(prefix) => {
                walk.skip(prefix);
                None
            }
            None => bucket.find_together(&key)?,
        };
        if prefix == Some(after) || (prefix.is_none() && object.is_none()) {
            continue;
        }
        if listing.objects.len() + listing.prefixes.len() == options.limit {
            listing.next = last;
            break;
        }
        last = Some(prefix.unwrap_or(&key).to_owned());
        listing.prefixes.extend(prefix.map(str::to_owned));
        listing.objects.extend(object);
    }
    Ok(listing)
}

/// What a key is told by, if it has the delimiter behind the prefix.
fn common_prefix<'k>(key: &'k str, options: &ListOptions) -> Option<&'k str> {
    let delimiter = options.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.get(options.prefix.len()..)?;
    let end = options.prefix.len() + rest.find(delimiter)? + delimiter.len();
    key.get(..end)
}

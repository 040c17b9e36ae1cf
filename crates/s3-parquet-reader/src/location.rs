//! Where objects lie: `s3://bucket/prefix`, a directory, a path prefix or a single file.
//!
//! Leaves to others: connecting (`set.rs`, `s3.rs`) and listing (`list.rs`).

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout;

/// A parsed location.
///
/// Prefixes match by string, as S3's do: `ratings` covers `ratings2022/01/…` and
/// `ratings/2022/…`. With one exception: a path that is an existing directory means that directory
/// alone, so that reading `./data` does not also read `./data-old`.
///
/// ```
/// use s3_parquet_reader::Location;
///
/// let location: Location = "s3://captains-rating/ratings".parse()?;
/// assert_eq!(location.to_string(), "s3://captains-rating/ratings");
/// # Ok::<(), s3_parquet_reader::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// Objects of a bucket whose keys start with `prefix`.
    S3 {
        /// Name of the bucket.
        bucket: String,
        /// The first characters of the keys; may be empty.
        prefix: String,
    },
    /// Files below `root` whose path relative to it starts with `prefix`.
    Local {
        /// An existing directory, absolute.
        root: PathBuf,
        /// The first characters of the relative paths; may be empty.
        prefix: String,
    },
}

impl std::str::FromStr for Location {
    type Err = Error;

    /// Reads `s3://bucket/prefix`, `file:///path` or a path. Paths are looked up, to tell
    /// directories from prefixes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::Location { location: text.to_owned(), reason };
        match text.split_once("://") {
            Some(("s3" | "s3a", rest)) => s3(rest).map_err(invalid),
            Some(("file", rest)) => local(&decode_url_path(rest)).map_err(invalid),
            Some((scheme, _)) => Err(invalid(format!(
                "unknown scheme `{scheme}`: give s3://bucket/prefix or a directory"
            ))),
            None => local(text).map_err(invalid),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Local { root, prefix } => write!(f, "{}", root.join(prefix).display()),
        }
    }
}

fn s3(rest: &str) -> Result<Location, String> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if bucket.is_empty() {
        return Err("the bucket is missing: give s3://bucket/prefix".to_owned());
    }
    if !bucket.chars().all(named) {
        return Err(format!("`{bucket}` is not the name of a bucket"));
    }
    Ok(Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

fn local(text: &str) -> Result<Location, String> {
    if text.is_empty() {
        return Err("it is empty: give s3://bucket/prefix or a directory".to_owned());
    }
    let path = Path::new(text);
    if path.is_dir() {
        return raised(&format!("{}/", canonical(path)?.trim_end_matches('/')));
    }
    let missing = || "there is no such file or directory, nor one whose name starts so".to_owned();
    if text.ends_with('/') {
        return Err(missing());
    }
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(missing());
    }
    raised(&format!("{}/{name}", canonical(parent)?.trim_end_matches('/')))
}

/// Puts the root above a date in the path, so that the keys keep their year and time ranges work:
/// `/data/ratings2026/11/` has the root `/data` and the prefix `ratings2026/11/`.
fn raised(path: &str) -> Result<Location, String> {
    let within = path.len() - path.rsplit('/').next().map_or(0, str::len);
    let above = layout::date_tail(path).unwrap_or(within);
    let split = path.get(..above).and_then(|head| head.rfind('/')).map_or(0, |slash| slash + 1);
    let (root, prefix) = path.split_at(split);
    Ok(Location::Local { root: PathBuf::from(root), prefix: prefix.to_owned() })
}

fn canonical(path: &Path) -> Result<String, String> {
    let real = std::fs::canonicalize(path).map_err(|error| error.to_string())?;
    real.into_os_string().into_string().map_err(|_| "the path is not UTF-8".to_owned())
}

/// Undoes the percent-encoding of a URL's path; what is not valid encoding stays as it is.
fn decode_url_path(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        match encoded.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = encoded.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = encoded;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, bucket: &str, prefix: &str) {
        let want = Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        assert_eq!(text.parse::<Location>().unwrap(), want, "{text}");
    }

    #[test]
    fn s3_locations_keep_the_prefix_as_it_is() {
        check("s3://captains-rating/ratings", "captains-rating", "ratings");
        check("s3://captains-rating/ratings/", "captains-rating", "ratings/");
        check("s3://captains-rating", "captains-rating", "");
        check("s3://captains-rating/", "captains-rating", "");
        check("s3a://b.c/ratings2022/01/08/06/", "b.c", "ratings2022/01/08/06/");
    }

    #[test]
    fn a_bad_location_says_what_is_wrong() {
        for (text, word) in [
            ("s3://", "bucket is missing"),
            ("s3:///x", "bucket is missing"),
            ("s3://a b/x", "not the name of a bucket"),
            ("gs://b/x", "unknown scheme `gs`"),
            ("", "empty"),
            ("/no/such/place/at/all", "no such file"),
            ("/no-such-directory/", "no such file"),
        ] {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn paths_split_into_an_existing_root_and_a_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(dir.path()).unwrap();
        std::fs::create_dir_all(base.join("ratings2026/11/23/10")).unwrap();
        std::fs::write(base.join("one file.parquet"), b"").unwrap();
        for (path, root, prefix) in [
            ("", "", ""),
            ("/", "", ""),
            ("/ratings", "", "ratings"),
            ("/ratings2026", "", "ratings2026/"),
            ("/ratings2026/11/23/", "", "ratings2026/11/23/"),
            ("/ratings2026/11/2", "", "ratings2026/11/2"),
            ("/one file.parquet", "", "one file.parquet"),
        ] {
            let text = format!("{}{path}", base.display());
            let want = Location::Local {
                root: PathBuf::from(format!("{}{root}/", base.display())),
                prefix: prefix.to_owned(),
            };
            assert_eq!(text.parse::<Location>().unwrap(), want, "{path}");
            let url = format!("file://{}", text.replace(' ', "%20"));
            assert_eq!(url.parse::<Location>().unwrap(), want, "{url}");
        }
    }
}

//! `doctor`: is everything in place to read what a delivery stream wrote, and may I?

use std::io::{self, Write};

use captains_cli::{
    ExitStatus,
    doctor::{Questions, Stream, examine},
};

use crate::args::{DEFAULT_LOCATION, Format, Shared};
use crate::failure::Usage;

/// Delivery stream whose objects are read, when nobody names one: the tutorial's.
pub const DEFAULT_STREAM: &str = "PUT-S3-qrZbv";
/// Columns that its table should have: the tutorial's.
pub const DEFAULT_COLUMNS: [(&str, &str); 4] =
    [("user", "string"), ("favoritecaptain", "string"), ("rating", "int"), ("timestamp", "double")];

/// Arguments of `doctor`.
#[derive(Debug, Clone, clap::Args)]
pub struct DoctorArgs {
    /// s3://BUCKET/PREFIX [default: where the delivery stream writes to]
    #[arg(value_name = "LOCATION")]
    pub location: Option<String>,
    /// Delivery stream that writes there
    #[arg(long, value_name = "NAME", default_value = DEFAULT_STREAM)]
    pub stream: String,
    /// The same as --format json
    #[arg(long)]
    pub json: bool,
}

/// Looks at everything, writes what was found to `out`, and tells how the program ends.
pub(crate) async fn run(
    shared: &Shared,
    args: &DoctorArgs,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<ExitStatus> {
    let mut questions = Questions::about(Stream::Delivery(args.stream.clone()), &DEFAULT_COLUMNS);
    questions.location = args.location.as_deref().map(location).transpose()?;
    questions.profile.clone_from(&shared.profile);
    questions.region.clone_from(&shared.region);
    questions.endpoint_url.clone_from(&shared.endpoint_url);
    let json = match shared.format {
        Format::Table => args.json,
        Format::Json => true,
        _ => return Err(Usage("doctor writes lines or JSON".to_owned()).into()),
    };
    let diagnosis = examine(&questions).await;
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let written = match json {
        true => diagnosis.write_json(out),
        false => diagnosis.write_lines(out, colours),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(diagnosis.exit()),
    }
}

/// Bucket and prefix.
fn location(text: &str) -> Result<(String, String), Usage> {
    let rest = text.strip_prefix("s3://").or_else(|| text.strip_prefix("s3a://"));
    match rest.map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
        Some((bucket, prefix)) if !bucket.is_empty() => Ok((bucket.to_owned(), prefix.to_owned())),
        _ => Err(Usage(format!("`{text}` is not on S3; write it like {DEFAULT_LOCATION}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_prefix() {
        let split = |text| location(text).ok();
        let pair = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(split("s3://b/p/q"), pair("b", "p/q"));
        assert_eq!(split("s3://b"), pair("b", ""));
        assert!(split("s3://").is_none() && split("./data").is_none());
    }
}

//! `doctor`: is everything in place before the first record, and may I use it?

use std::io::{self, Write};

use captain_ratings::{COLUMNS, tutorial};
use captains_cli::{
    ExitStatus,
    doctor::{Questions, Stream, examine},
};

use crate::TargetUri;

/// Arguments of `doctor`.
#[derive(Debug, Clone, clap::Args)]
pub struct DoctorArgs {
    /// The stream: firehose://STREAM or kinesis://STREAM [default: firehose://PUT-S3-qrZbv]
    #[arg(long, value_name = "TARGET", value_parser = stream)]
    pub to: Option<TargetUri>,
    /// Where AWS's services answer, if not at AWS [env: AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Profile in ~/.aws to take credentials and region from [env: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of the stream [env: AWS_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Write one JSON object: `status`, and `checks` with `check`, `status`, `found` and `fix`
    #[arg(long)]
    pub json: bool,
}

fn stream(text: &str) -> Result<TargetUri, String> {
    match text.parse()? {
        TargetUri::Stdout | TargetUri::Local(_) => {
            Err("there is nothing to look at; write firehose://STREAM or kinesis://STREAM".into())
        }
        target => Ok(target),
    }
}

/// Looks at everything, writes what was found to `out`, and tells how the program ends: done with
/// warnings too, else by the first failure.
///
/// # Errors
///
/// Those of `out`.
pub async fn doctor(args: &DoctorArgs, out: &mut (dyn Write + Send)) -> io::Result<ExitStatus> {
    let stream = match &args.to {
        Some(TargetUri::Kinesis(name)) => Stream::Data(name.clone()),
        Some(TargetUri::Firehose(name)) => Stream::Delivery(name.clone()),
        _ => Stream::Delivery(tutorial::DELIVERY_STREAM.to_owned()),
    };
    let mut questions = Questions::about(stream, &COLUMNS);
    questions.profile.clone_from(&args.profile);
    questions.region.clone_from(&args.region);
    questions.endpoint_url.clone_from(&args.endpoint_url);
    questions.sends = true;
    let diagnosis = examine(&questions).await;
    let written = match args.json {
        true => diagnosis.write_json(out),
        // The stream takes colours out where they are not wanted.
        false => diagnosis.write_lines(out, true),
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(diagnosis.exit()),
        written => written.map(|()| diagnosis.exit()),
    }
}

//! Is everything in place, and may I use it? What goes wrong between a program and AWS, asked
//! before the first record: credentials, account, clock, regions, stream, table, bucket.
//!
//! Each question is one signed request, made by hand rather than by an SDK: the answers wanted here
//! are in headers that SDKs hide (`Date`, `x-amz-bucket-region`), and one small client for four
//! services is built in no time, where Glue's SDK alone takes minutes. Nothing is changed, and no
//! key is ever told.

mod account;
mod catalog;
mod diagnosis;
mod refusal;
mod site;
mod storage;
mod stream;
mod wire;

pub use diagnosis::{Check, Diagnosis, Status};

use site::Site;
use wire::Caller;

/// What to look at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Questions {
    /// Profile in `~/.aws`; else what the environment says.
    pub profile: Option<String>,
    /// Region; else that of the environment, the profile or the machine.
    pub region: Option<String>,
    /// Where all services answer, if not at AWS.
    pub endpoint_url: Option<String>,
    /// The stream that records take.
    pub stream: Stream,
    /// Whether records are to be sent to it, so that it has to take them.
    pub sends: bool,
    /// Bucket and prefix that are read; else those that the stream writes to.
    pub location: Option<(String, String)>,
    /// Name and Glue type of each column that the records have, in order.
    pub columns: Vec<(String, String)>,
}

/// A stream by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// A Firehose delivery stream.
    Delivery(String),
    /// A Kinesis data stream.
    Data(String),
}

impl Questions {
    /// Asks about `stream`, whose records have `columns`, with whatever credentials, region and
    /// endpoint the environment has.
    #[must_use]
    pub fn about(stream: Stream, columns: &[(&str, &str)]) -> Self {
        let owned = |(name, kind): &(&str, &str)| ((*name).to_owned(), (*kind).to_owned());
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            stream,
            sends: false,
            location: None,
            columns: columns.iter().map(owned).collect(),
        }
    }
}

/// Asks everything, one thing after the other; what rests on something that is missing is not asked.
pub async fn examine(questions: &Questions) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    let site = Site::load(questions).await;
    diagnosis.add(site.region_check());
    let caller = match Caller::new(&site).await {
        Ok(caller) => caller,
        Err(check) => {
            diagnosis.add(check);
            return diagnosis;
        }
    };
    diagnosis.add(account::credentials(&caller));
    if !account::identity(&caller, &mut diagnosis).await {
        return diagnosis;
    }
    let found = match &questions.stream {
        Stream::Data(name) => {
            diagnosis.add(stream::data_stream(&caller, name).await);
            None
        }
        Stream::Delivery(name) => {
            stream::delivery_stream(&caller, questions, name, &mut diagnosis).await
        }
    };
    if let Some(table) = found.as_ref().and_then(|found| found.table.as_ref()) {
        diagnosis.add(catalog::columns(&caller, table, &questions.columns).await);
    }
    storage::bucket(&caller, questions, found.as_ref(), &mut diagnosis).await;
    diagnosis
}

//! Where a stream keeps its records as they came, before anything is done to them.

use std::sync::Arc;

use object_store::ObjectStore;

use crate::{DeliveryStreamConfig, Error, Processing, RecordFormat};

/// The backup of a stream's source records: AWS's `S3BackupMode: Enabled`.
///
/// Every record that the stream accepts is also delivered here, byte for byte as it was put, with
/// buffers, retries and keys of its own. A batch is accepted when both have room for it.
///
/// Source: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html>
#[derive(Debug, Clone)]
pub struct Backup {
    pub(crate) config: DeliveryStreamConfig,
    pub(crate) store: Arc<dyn ObjectStore>,
}

impl Backup {
    /// A backup to `store`, as `config` says, which has the name of the stream, delivers raw
    /// records and does nothing to them. Without an observer of its own, that of the stream is told.
    pub fn new(config: DeliveryStreamConfig, store: Arc<dyn ObjectStore>) -> Self {
        Self { config, store }
    }

    /// Checks what holds for a backup of `stream` beyond the rules for every stream.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first rule that is broken.
    pub(crate) fn check(&self, stream: &str) -> Result<(), Error> {
        let Self { config, .. } = self;
        let refuse = |problem: String| Err(Error::config(stream, "S3BackupConfiguration", problem));
        if config.name != stream {
            return refuse(format!("must have the name of its stream, not `{}`", config.name));
        }
        let raw = matches!(config.format, RecordFormat::Raw { .. });
        if !raw
            || config.processing != Processing::default()
            || config.partitioning.is_some()
            || config.lambda.is_some()
        {
            return refuse("must keep the records as they came".to_owned());
        }
        if config.backup.is_some() {
            return refuse("cannot have a backup itself".to_owned());
        }
        config.validate().map_err(|why| match why {
            Error::Config { stream, member, problem } => {
                Error::Config { stream, member, problem: format!("of the backup {problem}") }
            }
            other => other,
        })
    }
}

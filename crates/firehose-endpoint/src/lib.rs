//! Firehose, Kinesis, Glue and S3 as AWS speaks them, over a delivery engine in this process.

#[cfg(feature = "connector")]
mod connector;
mod control;
mod endpoint;
mod error;
mod fault;
mod firehose;
mod glue;
mod kinesis;
mod lambda;
mod protocol;
mod s3;
mod server;
mod settings;
mod state;
mod sts;

pub use endpoint::{Endpoint, EndpointBuilder, Refused, StreamReport};
pub use error::Error;
pub use fault::{FaultRule, FaultRuleError};
pub use firehose_delivery::{
    Clock, Delivered, DeliveryEvent, Durability, DurabilityError, FunctionError, LambdaFunction,
    Observer, SourceRecord, Transformed, Trigger, for_each_record,
};
pub use lambda::{LambdaHook, LambdaHookError};

/// The README's code runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Clients of other people's making, over HTTP, against the built `firehose-local`.

mod auth;
mod aws_cli;
mod boto3;
mod clients;
mod control;
mod delivered;
mod environment;
mod faults;
mod javascript;
mod killed_producer;
mod killed_source;
mod kinesis;
mod models;
mod moto;
mod process;
mod processors;
mod producer_faults;
mod restart;
mod rust_sdk;
mod slow_server;
mod stream;
mod tutorial;

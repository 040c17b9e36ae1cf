//! The error object: one JSON line for each record that did not convert, with AWS's members in
//! AWS's order.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html>; the
//! names `lastErrorCode` and `lastErrorMessage` are those of objects seen in September 2026.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use object_store::PutPayload;
use serde::Serialize;

use super::PreparedErrors;
use crate::{ConversionError, SchemaReference, key::ErrorOutputType, worker::Sealed};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    last_error_code: &'a str,
    last_error_message: &'a str,
    attempt_ending_timestamp: i64,
    raw_data: String,
    sequence_number: String,
    sub_sequence_number: u64,
    data_catalog_table: Table<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    catalog_id: &'a str,
    database_name: &'a str,
    table_name: &'a str,
    region: &'a str,
    version_id: &'a str,
    role_arn: &'a str,
}

/// The lines for the records with these indices; nothing when there are none.
pub(super) fn write(
    table: &SchemaReference,
    sealed: &Sealed,
    failed: &[(usize, ConversionError)],
) -> Option<PreparedErrors> {
    let mut failures = failed.iter().peekable();
    failures.peek()?;
    let (mut lines, mut source_bytes) = (Vec::new(), 0);
    for (index, record) in sealed.records.iter().enumerate() {
        let Some((_, why)) = failures.next_if(|(failed, _)| *failed == index) else { continue };
        source_bytes += record.len();
        let line = line(table, sealed, index, record, why);
        // The line is made of texts and numbers, which always serialise.
        if serde_json::to_writer(&mut lines, &line).is_ok() {
            lines.push(b'\n');
        }
    }
    Some(PreparedErrors {
        kind: ErrorOutputType::FormatConversion,
        payload: PutPayload::from_bytes(Bytes::from(lines)),
        records: failed.len(),
        source_bytes,
    })
}

/// One line for a record that a function turned away, whose calls failed, or that could not be
/// unpacked: other names and
/// another order than those of the conversion's lines, as in an object that was captured.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LambdaLine<'a> {
    raw_data: String,
    error_code: &'a str,
    error_message: &'a str,
    attempts_made: u32,
    arrival_timestamp: i64,
    attempt_ending_timestamp: i64,
    #[serde(rename = "lambdaARN", skip_serializing_if = "Option::is_none")]
    lambda_arn: Option<&'a str>,
}

/// One line for a record that was turned away before it was buffered. The names are those of the
/// conversion's lines without `last`, as in objects of failed transformations.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessingLine<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    error_code: &'a str,
    error_message: &'a str,
    attempt_ending_timestamp: i64,
    raw_data: String,
}

/// The lines of a buffer whose records were all turned away.
pub(super) fn of_processing(sealed: &Sealed) -> Option<PreparedErrors> {
    let mut lines = Vec::new();
    let records = sealed.records.iter().zip(&sealed.failures).enumerate();
    for (index, (record, why)) in records {
        let arrival = sealed.records.arrival(index).unwrap_or(sealed.oldest).timestamp_millis();
        let raw_data = STANDARD.encode(record);
        // The lines are made of texts and numbers, which always serialise.
        let ended = sealed.sealed_at.timestamp_millis();
        let written = match &why.invocation {
            None if why.kind == ErrorOutputType::Processing => serde_json::to_writer(
                &mut lines,
                &ProcessingLine {
                    attempts_made: 1,
                    arrival_timestamp: arrival,
                    error_code: &why.code,
                    error_message: &why.message,
                    attempt_ending_timestamp: ended,
                    raw_data,
                },
            ),
            invocation => serde_json::to_writer(
                &mut lines,
                &LambdaLine {
                    raw_data,
                    error_code: &why.code,
                    error_message: &why.message,
                    attempts_made: invocation.as_ref().map_or(1, |calls| calls.attempts),
                    arrival_timestamp: arrival,
                    attempt_ending_timestamp: invocation
                        .as_ref()
                        .map_or(ended, |calls| calls.ended.timestamp_millis()),
                    lambda_arn: invocation.as_ref().map(|calls| &*calls.arn),
                },
            ),
        };
        if written.is_ok() {
            lines.push(b'\n');
        }
    }
    Some(PreparedErrors {
        // All of a buffer failed for reasons of one kind.
        kind: sealed.failures.first().map_or(ErrorOutputType::Processing, |why| why.kind),
        payload: PutPayload::from_bytes(Bytes::from(lines)),
        records: sealed.records.len(),
        source_bytes: sealed.records.bytes(),
    })
}

fn line<'a>(
    table: &'a SchemaReference,
    sealed: &Sealed,
    index: usize,
    record: &[u8],
    why: &'a ConversionError,
) -> Line<'a> {
    let arrival = sealed.records.arrival(index).unwrap_or(sealed.oldest);
    Line {
        attempts_made: 1,
        arrival_timestamp: arrival.timestamp_millis(),
        last_error_code: why.code().as_str(),
        last_error_message: why.message(),
        attempt_ending_timestamp: sealed.sealed_at.timestamp_millis(),
        raw_data: STANDARD.encode(record),
        sequence_number: sealed.number(index).to_string(),
        sub_sequence_number: 0,
        data_catalog_table: Table {
            catalog_id: &table.catalog_id,
            database_name: &table.database,
            table_name: &table.table,
            region: &table.region,
            version_id: &table.version_id,
            role_arn: &table.role_arn,
        },
    }
}

//! From the text of a prefix to its pieces. Pure.

use crate::time_pattern::TimePattern;

/// One piece of a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Text(String),
    /// `!{timestamp:…}`
    Timestamp(TimePattern),
    /// `!{firehose:random-string}`
    RandomString,
    /// `!{firehose:error-output-type}`
    ErrorOutputType,
    /// `!{partitionKeyFromQuery:…}`, `!{partitionKeyFromLambda:…}`
    PartitionKey(KeySource, String),
}

/// Who says what a partition key is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub(crate) enum KeySource {
    /// A jq query of a `MetadataExtraction` processor.
    Query,
    /// `metadata.partitionKeys` in the answer of a Lambda processor.
    Lambda,
}

pub(super) fn pieces(text: &str) -> Result<Vec<Expression>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("!{") {
        if !before.is_empty() {
            pieces.push(Expression::Text(before.to_owned()));
        }
        let Some((inside, after)) = from.split_once('}') else {
            return Err(format!("has an expression without an end: `!{{{from}`"));
        };
        pieces.push(expression(inside)?);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Expression::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn expression(inside: &str) -> Result<Expression, String> {
    let told = |what: &str| format!("has the expression `!{{{inside}}}`, {what}");
    let Some((namespace, value)) = inside.split_once(':') else {
        return Err(told("which has no `namespace:value`"));
    };
    if value.is_empty() {
        return Err(told("whose value is empty"));
    }
    match (namespace, value) {
        ("timestamp", pattern) => TimePattern::parse(pattern)
            .map(Expression::Timestamp)
            .map_err(|problem| told(&format!("whose pattern {problem}"))),
        ("firehose", "random-string") => Ok(Expression::RandomString),
        ("firehose", "error-output-type") => Ok(Expression::ErrorOutputType),
        ("firehose", _) => {
            Err(told("where `firehose` knows `random-string` and `error-output-type` only"))
        }
        ("partitionKeyFromQuery", key) => {
            Ok(Expression::PartitionKey(KeySource::Query, key.to_owned()))
        }
        ("partitionKeyFromLambda", key) => {
            Ok(Expression::PartitionKey(KeySource::Lambda, key.to_owned()))
        }
        _ => Err(told(
            "whose namespace is none of timestamp, firehose, partitionKeyFromQuery and \
             partitionKeyFromLambda",
        )),
    }
}

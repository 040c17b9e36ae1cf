//! Which stream a request means: by name, by ARN, or by both.

use std::sync::Arc;

use serde_json::Value;

use super::error::{invalid, not_built, not_found};
use crate::{
    protocol::{AwsError, Caller},
    state::{DataStreamRecord, LiveDataStream, State},
};

/// Whose stream, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) owner: Caller,
    pub(super) name: String,
}

impl Target {
    /// Reads `StreamName` and `StreamARN`.
    ///
    /// # Errors
    ///
    /// `InvalidArgumentException` when neither is there or they differ; and for what is not built.
    pub(super) fn of(caller: &Caller, input: &Value) -> Result<Self, AwsError> {
        if input.get("StreamId").is_some() {
            return Err(not_built("StreamId"));
        }
        if input.get("DryRun") == Some(&Value::Bool(true)) {
            return Err(not_built("DryRun"));
        }
        let text = |member| input.get(member).and_then(Value::as_str);
        Self::new(caller, text("StreamName"), text("StreamARN"))
    }

    pub(super) fn new(
        caller: &Caller,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Self, AwsError> {
        match (name, arn) {
            (None, None) => Err(invalid("Either StreamName or StreamARN must be given")),
            (Some(name), None) => Ok(Self { owner: caller.clone(), name: name.to_owned() }),
            (name, Some(arn)) => {
                let target = Self::of_arn(arn)?;
                if name.is_some_and(|name| name != target.name) {
                    return Err(invalid("StreamName and StreamARN name different streams"));
                }
                Ok(target)
            }
        }
    }

    /// `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`
    pub(super) fn of_arn(arn: &str) -> Result<Self, AwsError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "kinesis", region, account, resource] => {
                let name = resource.strip_prefix("stream/").ok_or_else(|| {
                    not_built(&format!("The resource {}", resource.escape_default()))
                })?;
                let owner = Caller { account: account.to_owned(), region: region.to_owned() };
                Ok(Self { owner, name: name.to_owned() })
            }
            _ => Err(invalid(format!("{} is not the ARN of a stream", arn.escape_default()))),
        }
    }

    /// What is kept of the stream.
    pub(super) fn record(&self, state: &State) -> Result<DataStreamRecord, AwsError> {
        let now = state.settings.clock.now();
        let found = state.data_streams.records.find(&self.owner, &self.name, now);
        found.ok_or_else(|| self.not_found())
    }

    /// The stream, if it takes records now.
    pub(super) fn live(&self, state: &State) -> Result<Arc<LiveDataStream>, AwsError> {
        let live = state.data_streams.live(&self.owner, &self.name);
        let live = live.ok_or_else(|| self.not_found())?;
        if !state.settings.transition.is_zero() && state.settings.clock.now() < live.active_at {
            return Err(self.not_found());
        }
        Ok(live)
    }

    pub(super) fn not_found(&self) -> AwsError {
        not_found(&self.owner, &self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_is_named_once_or_twice_alike() {
        let caller = Caller { account: "000000000000".into(), region: "us-east-1".into() };
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s";
        for (input, expected) in [
            (json!({ "StreamName": "s" }), Ok("000000000000/us-east-1 s")),
            (json!({ "StreamARN": arn }), Ok("123456789012/eu-west-1 s")),
            (json!({ "StreamARN": arn, "StreamName": "s" }), Ok("123456789012/eu-west-1 s")),
            (json!({ "StreamARN": arn, "StreamName": "t" }), Err("different streams")),
            (json!({ "StreamARN": "arn:aws:kinesis:x:1:consumer/s" }), Err("not supported")),
            (json!({ "StreamARN": "nonsense" }), Err("not the ARN")),
            (json!({}), Err("must be given")),
            (json!({ "StreamName": "s", "StreamId": "x" }), Err("StreamId is not supported")),
            (json!({ "StreamName": "s", "DryRun": true }), Err("DryRun is not supported")),
            (json!({ "StreamName": "s", "DryRun": false }), Ok("000000000000/us-east-1 s")),
        ] {
            let found = Target::of(&caller, &input);
            match (found, expected) {
                (Ok(Target { owner, name }), Ok(expected)) => {
                    assert_eq!(format!("{} {name}", owner.scope()), expected);
                }
                (Err(why), Err(words)) => assert!(why.message.contains(words), "{}", why.message),
                (found, _) => panic!("{input}: {found:?}"),
            }
        }
    }
}

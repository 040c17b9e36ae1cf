//! StartDeliveryStreamEncryption and StopDeliveryStreamEncryption: the settings and their echo.
//! The records themselves are not encrypted here.

use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde_json::Value;

use super::{
    error::{invalid, not_active},
    source::not_permitted,
    tags::change_stream,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Encryption, State},
};

/// `DeliveryStreamEncryptionConfigurationInput`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Requested {
    key_type: String,
    #[serde(rename = "KeyARN")]
    key_arn: Option<String>,
}

impl Requested {
    /// The encryption that was asked for, on.
    ///
    /// # Errors
    ///
    /// A key of the customer's that is not named, or a name without such a key.
    pub(super) fn enabled(&self) -> Result<Encryption, AwsError> {
        match (self.key_type.as_str(), &self.key_arn) {
            ("CUSTOMER_MANAGED_CMK", None) => {
                Err(invalid("KeyARN must be specified when KeyType is CUSTOMER_MANAGED_CMK"))
            }
            ("AWS_OWNED_CMK", Some(_)) => {
                Err(invalid("KeyARN must not be specified when KeyType is AWS_OWNED_CMK"))
            }
            _ => Ok(Encryption {
                enabled: true,
                key_type: Some(self.key_type.clone()),
                key_arn: self.key_arn.clone(),
            }),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartInput {
    delivery_stream_name: String,
    delivery_stream_encryption_configuration_input: Option<Requested>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StopInput {
    delivery_stream_name: String,
}

/// Turns encryption on; without a configuration, with AWS's own key.
pub(super) async fn start(
    state: &State,
    caller: &Caller,
    input: StartInput,
) -> Result<Value, AwsError> {
    let own = Requested { key_type: "AWS_OWNED_CMK".to_owned(), key_arn: None };
    let requested = input.delivery_stream_encryption_configuration_input.unwrap_or(own);
    set(state, caller, &input.delivery_stream_name, requested.enabled()?).await
}

/// Turns encryption off.
pub(super) async fn stop(
    state: &State,
    caller: &Caller,
    input: StopInput,
) -> Result<Value, AwsError> {
    set(state, caller, &input.delivery_stream_name, Encryption::default()).await
}

async fn set(
    state: &State,
    caller: &Caller,
    name: &str,
    encryption: Encryption,
) -> Result<Value, AwsError> {
    let now = state.settings.clock.now();
    let enabled = encryption.enabled;
    let change = |stream: &mut crate::state::StreamRecord| {
        if !stream.is_active(now) {
            return Err(not_active(caller, name, stream.status(now)));
        }
        if stream.source.is_some() {
            return Err(not_permitted());
        }
        stream.encryption = encryption;
        Ok(())
    };
    let answer = change_stream(state, caller, name, change).await?;
    if let Some(live) = state.streams.live(caller, name) {
        live.encrypted.store(enabled, Ordering::Relaxed);
    }
    Ok(answer)
}

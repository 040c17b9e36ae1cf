//! How the SDK's credential providers reach their services: over connections that are prepared when one is
//! needed.
//!
//! The default chain makes a client for each service that could answer, and the SDK's own client loads
//! the system's certificates as soon as it is made. Mostly nobody is asked, for the keys lie in the environment or
//! in a file; a read of one object from an endpoint on this machine took 6.3 ms instead of 3.8.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The time limits of a connector: to connect, and to read.
type Limits = (Option<Duration>, Option<Duration>);

/// The SDK's usual client (rustls, proxies from the environment), but for when it loads certificates.
#[derive(Debug, Default)]
pub(crate) struct OnDemand {
    connectors: Mutex<HashMap<Limits, SharedHttpConnector>>,
}

impl HttpClient for OnDemand {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let limits = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || SharedHttpConnector::new(connector(settings, components));
        connectors.entry(limits).or_insert_with(make).clone()
    }
}

fn connector(settings: &HttpConnectorSettings, components: &RuntimeComponents) -> Connector {
    let mut builder = Connector::builder()
        .connector_settings(settings.clone())
        .proxy_config(ProxyConfig::from_env());
    builder.set_sleep_impl(components.sleep_impl());
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    builder.tls_provider(provider).build()
}

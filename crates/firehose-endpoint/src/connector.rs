//! An HTTP client for AWS SDKs that calls the endpoint in this process, without a port.

use std::sync::Arc;

use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use http::header::HOST;

use crate::{Endpoint, server::Router};

impl Endpoint {
    /// An HTTP client for the configuration of an AWS SDK client (`http_client(…)`): its requests
    /// are answered here, without a port and without leaving the process. The client still wants a
    /// region, some credentials, and an endpoint URL, which may be `http://localhost`.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(InProcess(Arc::clone(&self.router)));
        http_client_fn(move |_, _| connector.clone())
    }
}

#[derive(Debug)]
struct InProcess(Arc<Router>);

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let router = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let mut request = request
                .try_into_http1x()
                .map_err(|why| ConnectorError::user(why.into()))?
                .map(s3s::Body::http_body_unsync);
            name_host(&mut request);
            let answer = router.call(request).await.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|why| ConnectorError::other(why.into(), None))
        })
    }
}

/// On a wire it is the HTTP library that adds this header.
fn name_host(request: &mut s3s::HttpRequest) {
    if request.headers().contains_key(HOST) {
        return;
    }
    let host = request.uri().authority().and_then(|host| host.as_str().parse().ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
}

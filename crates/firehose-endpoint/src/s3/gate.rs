//! Who may pass: everybody, or whoever signs with a known key.
//!
//! Where signatures are verified, `s3s` does it in a service of its own, whose only route leads
//! on: the headers that were signed are changed behind it and not before.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use http::{Extensions, HeaderMap, Method, Uri};
use object_directory::Buckets;
use s3s::{
    Body, HttpRequest, HttpResponse, S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    auth::{S3Auth, SecretKey},
    config::{S3Config, StaticConfigProvider},
    route::S3Route,
    service::{S3Service, S3ServiceBuilder},
};

use super::{
    host::Hosts,
    prepare::{Prepared, XML_BYTES, prepare, unwrap_chunks},
    service::Service,
};
use crate::settings::{Auth, Settings};

/// Lets requests through to the operations.
#[derive(Debug)]
pub(super) struct Gate {
    inside: Arc<Inside>,
    /// None: signatures are not verified.
    verifying: Option<S3Service>,
}

/// What is behind the gate.
#[derive(Debug)]
struct Inside {
    settings: Settings,
    service: S3Service,
}

impl Gate {
    pub(super) fn new(settings: &Settings, buckets: Buckets) -> Self {
        let mut builder = S3ServiceBuilder::new(Service::new(settings, buckets));
        configure(&mut builder, settings);
        let inside = Arc::new(Inside { settings: settings.clone(), service: builder.build() });
        let verifying = match &settings.auth {
            Auth::Off => None,
            Auth::Verify(keys) => {
                let mut builder = S3ServiceBuilder::new(Nothing);
                configure(&mut builder, settings);
                builder.set_auth(Keys(keys.clone()));
                builder.set_route(Onward(Arc::clone(&inside)));
                Some(builder.build())
            }
        };
        Self { inside, verifying }
    }

    /// Answers a request that may pass.
    ///
    /// # Errors
    ///
    /// The refusal of one that may not, or that is none of S3's.
    pub(super) async fn pass(&self, request: HttpRequest) -> S3Result<HttpResponse> {
        match &self.verifying {
            Some(verifying) => call(verifying, request).await,
            None => {
                let unwrapped = unwrap_chunks(request)?;
                self.inside.answer(unwrapped, false).await
            }
        }
    }
}

impl Inside {
    async fn answer(&self, prepared: Prepared, is_verified: bool) -> S3Result<HttpResponse> {
        let request = prepare(prepared, &self.settings, is_verified).await?;
        call(&self.service, request).await
    }
}

/// Anything that goes wrong in s3s itself is our own fault.
async fn call(service: &S3Service, request: HttpRequest) -> S3Result<HttpResponse> {
    service.call(request).await.map_err(|_| S3Error::new(S3ErrorCode::InternalError))
}

fn configure(builder: &mut S3ServiceBuilder, settings: &Settings) {
    let mut config = S3Config::default();
    config.xml_max_body_size = XML_BYTES;
    // Forms are refused before they are read; nothing of one is ever kept in memory.
    config.post_object_max_file_size = 0;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.set_host(Hosts::new(&settings.host_names));
}

/// Every request takes the route, so no operation of this one is called.
#[derive(Debug)]
struct Nothing;

impl s3s::S3 for Nothing {}

/// The keys that may sign.
struct Keys(BTreeMap<String, String>);

#[async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.0.get(access_key) {
            Some(secret) => Ok(SecretKey::from(secret.as_str())),
            None => Err(S3ErrorCode::InvalidAccessKeyId.into()),
        }
    }
}

/// The way on for requests whose signature is right.
struct Onward(Arc<Inside>);

#[async_trait]
impl S3Route for Onward {
    fn is_match(&self, _: &Method, _: &Uri, _: &HeaderMap, _: &mut Extensions) -> bool {
        true
    }

    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        match request.credentials {
            Some(_) => Ok(()),
            None => Err(S3ErrorCode::AccessDenied.into()),
        }
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let response = self.0.answer(Prepared::verified(request), true).await?;
        let (parts, body) = response.into_parts();
        let mut answer = S3Response::with_headers(body, parts.headers);
        answer.status = Some(parts.status);
        Ok(answer)
    }
}

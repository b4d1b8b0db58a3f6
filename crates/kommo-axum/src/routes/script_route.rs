//! `GET script.js`: what a page needs to open the consent window, and the link that it works on.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::http::header::{CONTENT_TYPE, HeaderValue};

use crate::browser::browser_origin::consent_origin;
use crate::pages::page::{escaped, fill};
use crate::setup::connect::Connect;
use kommo_keeper::CodeStore;

const SCRIPT: &str = include_str!("../pages/opener.js");

/// The same for every browser: it contains no state and no secret.
pub(crate) async fn script<S: CodeStore>(State(connect): State<Connect<S>>) -> Response<Body> {
    let mut response = Response::new(Body::from(connect.opener_script()));
    let javascript = HeaderValue::from_static("text/javascript; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, javascript);
    response
}

impl<S: CodeStore> Connect<S> {
    fn opener_script(&self) -> String {
        let settings = &self.inner.settings;
        let endpoints = self.inner.endpoints();
        let platform_origin = consent_origin(&endpoints, settings.platform);
        let callback = self.inner.credentials().redirect_uri;
        // The message of the callback page comes from the Redirect URI's origin.
        let own_origin = crate::browser::browser_origin::browser_origin(callback.origin());
        fill(
            SCRIPT,
            &[
                ("platform_origin", &literal(&platform_origin)),
                ("own_origin", &literal(&own_origin)),
                ("callback", &literal(callback.as_str())),
                ("mode", &literal(settings.script_mode.as_str())),
            ],
        )
    }

    /// A link that begins a consent, and the script that opens its window, for a page of yours.
    /// `prefix` is where the router is nested, for example `/kommo`. It works without a script too,
    /// and under `script-src 'self'`.
    #[must_use]
    pub fn link_html(&self, prefix: &str, title: &str) -> String {
        let paths = &self.inner.settings.paths;
        format!(
            "<a data-kommo=\"connect\" href=\"{prefix}{}\">{}</a>\n<script src=\"{prefix}{}\" defer></script>",
            escaped(&paths.start),
            escaped(title),
            escaped(&paths.script),
            prefix = escaped(prefix),
        )
    }
}

/// A string of JSON is one of JavaScript.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

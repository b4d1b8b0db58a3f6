//! Lets the sandbox say why it refused, with `kommo-explain`, on which it does not depend.

use kommo_explain::{Finding, explain_chats_request, explain_open_api};
use kommo_sandbox::{Explainer, Explanation, ReceivedRequest};

/// Explains refused requests to a sandbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SandboxExplainer;

impl Explainer for SandboxExplainer {
    fn explain(
        &self,
        request: &ReceivedRequest<'_>,
        channel_secret: &str,
        now: u64,
    ) -> Vec<Explanation> {
        // A value that is not UTF-8 is refused for that, whatever replaces its broken bytes.
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (*name, String::from_utf8_lossy(value)))
            .collect();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_ref()))
            .collect();
        let received = kommo_explain::ReceivedRequest::new(
            request.method(),
            request.target(),
            &headers,
            request.body(),
        );
        let Ok(explanation) = explain_chats_request(&received, channel_secret, Some(now)) else {
            return Vec::new();
        };
        explanation.findings().iter().map(shown).collect()
    }

    fn explain_open_api(
        &self,
        request: &ReceivedRequest<'_>,
        app_secret: &str,
        _: u64,
    ) -> Vec<Explanation> {
        let signature = request
            .headers()
            .iter()
            .find(|(name, _)| *name == "x-chat-signature");
        let Some((_, signature)) = signature else {
            return Vec::new();
        };
        let signature = String::from_utf8_lossy(signature);
        let Ok(explanation) = explain_open_api(request.body(), &signature, app_secret) else {
            return Vec::new();
        };
        explanation.findings().iter().map(shown).collect()
    }
}

fn shown(finding: &Finding) -> Explanation {
    Explanation {
        code: finding.code().as_str().to_owned(),
        message: finding.message().to_owned(),
        remedy: finding.remedy().to_owned(),
    }
}

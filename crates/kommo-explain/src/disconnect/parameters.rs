//! The parameters of a disconnect hook, read leniently so that all that is wrong can be said at
//! once.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use kommo_sign::DisconnectParameter;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::text::percent;

/// The most digits of an account id. Source: rule X2 of `docs/protocol.md`.
const ACCOUNT_ID_DIGITS_MAX: usize = 20;

/// One parameter: its values without escapes, and whether they had some.
struct Parameter<'a> {
    name: &'static str,
    values: Vec<Cow<'a, str>>,
    is_escaped: bool,
}

impl<'a> Parameter<'a> {
    fn of(query: &'a str, parameter: DisconnectParameter) -> Self {
        let name = parameter.name();
        let raw = query.split('&').filter_map(|pair| {
            let (own, value) = pair.split_once('=').unwrap_or((pair, ""));
            (own == name).then_some(value)
        });
        let mut is_escaped = false;
        let values = raw.map(|value| {
            let plain = percent::decode(value.as_bytes(), false)
                .and_then(|bytes| String::from_utf8(bytes).ok());
            is_escaped |= plain.is_some();
            plain.map_or(Cow::Borrowed(value), Cow::Owned)
        });
        Self {
            name,
            values: values.collect(),
            is_escaped,
        }
    }

    fn first(&self) -> Option<&str> {
        self.values.first().map(AsRef::as_ref)
    }
}

/// What came.
pub(crate) struct Parameters<'a> {
    account_id: Parameter<'a>,
    client_uuid: Parameter<'a>,
    client_id: Parameter<'a>,
    signature: Parameter<'a>,
}

impl<'a> Parameters<'a> {
    pub(crate) fn of(query: &'a str) -> Self {
        let query = query.strip_prefix('?').unwrap_or(query);
        Self {
            account_id: Parameter::of(query, DisconnectParameter::AccountId),
            client_uuid: Parameter::of(query, DisconnectParameter::ClientUuid),
            client_id: Parameter::of(query, DisconnectParameter::ClientId),
            signature: Parameter::of(query, DisconnectParameter::Signature),
        }
    }

    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account_id.first()
    }

    /// The account id as the platform reads it (rule X2); none if it is malformed.
    pub(crate) fn account_number(&self) -> Option<NonZeroU64> {
        let text = self.account_id()?;
        match account_id_refusal(text) {
            Some(_) => None,
            None => text.parse().ok(),
        }
    }

    pub(crate) fn signature(&self) -> Option<&str> {
        self.signature.first()
    }

    /// Every client id that came, under either name.
    pub(crate) fn client_ids(&self) -> impl Iterator<Item = &str> {
        let values = self.client_uuid.values.iter().chain(&self.client_id.values);
        values.map(AsRef::as_ref)
    }

    /// What makes the hook refused, whatever was signed.
    pub(crate) fn refusals(&self, our_client_id: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for parameter in [&self.account_id, &self.signature] {
            findings.extend(missing(parameter));
        }
        if self.client_id.values.is_empty() {
            findings.extend(missing(&self.client_uuid));
        }
        let all = [
            &self.account_id,
            &self.client_uuid,
            &self.client_id,
            &self.signature,
        ];
        for parameter in all {
            if parameter.values.len() > 1 {
                let message = format!("The parameter {} came more than once.", parameter.name);
                findings.push(Finding::new(FindingCode::ParameterRepeated, message));
            }
            if parameter.is_escaped {
                let message = format!("The parameter {} has percent escapes.", parameter.name);
                findings.push(Finding::new(FindingCode::ParameterEscaped, message));
            }
        }
        findings.extend(self.account_id().and_then(account_id_refusal));
        findings.extend(self.client_refusals(our_client_id));
        findings
    }

    fn client_refusals(&self, our_client_id: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let (Some(uuid), Some(id)) = (self.client_uuid.first(), self.client_id.first())
            && uuid != id
        {
            let message = "The parameters client_uuid and client_id do not agree.";
            findings.push(Finding::new(FindingCode::ClientIdsDisagree, message));
        }
        let came = self.client_uuid.first().or(self.client_id.first());
        if let Some(came) = came.filter(|came| *came != our_client_id) {
            let is_case = came.eq_ignore_ascii_case(our_client_id);
            findings.push(if is_case {
                let message = "The client id came in another letter case than ours.";
                Finding::new(FindingCode::ClientCase, message)
            } else {
                let message = "The client id that came is not ours.";
                Finding::new(FindingCode::ClientDiffers, message)
            });
        }
        findings
    }
}

fn missing(parameter: &Parameter<'_>) -> Option<Finding> {
    parameter.values.is_empty().then(|| {
        let message = format!("The parameter {} did not come.", parameter.name);
        Finding::new(FindingCode::ParameterMissing, message)
    })
}

fn account_id_refusal(text: &str) -> Option<Finding> {
    let message = if text.is_empty() {
        "The account id is empty.".into()
    } else if let Some(offset) = text.bytes().position(|byte| !byte.is_ascii_digit()) {
        format!("Byte {offset} of the account id is not a digit.")
    } else if text.len() > ACCOUNT_ID_DIGITS_MAX {
        format!(
            "The account id has {} digits, and {ACCOUNT_ID_DIGITS_MAX} are allowed.",
            text.len()
        )
    } else if text.bytes().all(|byte| byte == b'0') {
        "The account id is zero.".into()
    } else if text.parse::<u64>().is_err() {
        "The account id is above the largest number of 64 bits.".into()
    } else {
        return None;
    };
    Some(Finding::new(FindingCode::AccountIdMalformed, message))
}

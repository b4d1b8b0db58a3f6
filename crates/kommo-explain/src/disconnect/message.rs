//! Looks for the recipe of a signature over client id and account id.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::lines::line_layout::{Separator, separator_variants};
use crate::search::{Budget, LINES_BYTES_MAX, Variant, search};
use crate::signature::hash_variants::hash_variants;
use crate::signature::secret_variants::Key;
use crate::signature::signature_text::Reading;
use crate::signature::wrong_mac::{self, Hash, Keying};

use super::parameters::Parameters;

/// Which of the two values comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    ClientFirst,
    AccountFirst,
    ClientAlone,
    AccountAlone,
}

/// The six parts of a recipe, in their variants; the sixth depends on the signature.
pub(crate) struct MessageSearch<'v> {
    keys: &'v Vec<Variant<Key>>,
    clients: Vec<Variant<String>>,
    accounts: Vec<Variant<String>>,
    separators: Vec<Variant<Separator>>,
    orders: Vec<Variant<Order>>,
    query: &'v str,
}

impl<'v> MessageSearch<'v> {
    pub(crate) fn new(
        parameters: &Parameters<'_>,
        query: &'v str,
        our_client_id: &str,
        keys: &'v Vec<Variant<Key>>,
    ) -> Self {
        Self {
            keys,
            clients: client_variants(parameters, our_client_id),
            accounts: account_variants(parameters),
            separators: separator_variants("|"),
            orders: order_variants(),
            query: query.strip_prefix('?').unwrap_or(query),
        }
    }

    /// The findings of the recipe with exactly that many deviations that yields the signature.
    pub(crate) fn run(
        &self,
        reading: &Reading,
        deviations: usize,
        budget: &mut Budget,
    ) -> Option<Vec<Finding>> {
        if deviations > 0 && self.length() > LINES_BYTES_MAX {
            return None;
        }
        let keyings = hash_variants(Hash::Sha256, reading.hash);
        let mut message = Vec::new();
        search(
            &[
                self.keys,
                &self.clients,
                &self.accounts,
                &self.separators,
                &self.orders,
                &keyings,
            ],
            deviations,
            budget,
            &mut |chosen| {
                self.fits(&keyings, reading, chosen, &mut message)
                    .unwrap_or_default()
            },
        )
    }

    fn length(&self) -> usize {
        let right = [self.clients.first(), self.accounts.first()];
        right
            .iter()
            .flatten()
            .map(|variant| variant.value.len())
            .sum()
    }

    fn fits(
        &self,
        keyings: &[Variant<Keying>],
        reading: &Reading,
        chosen: &[usize],
        message: &mut Vec<u8>,
    ) -> Option<bool> {
        let [key, client, account, separator, order, keying] = *chosen else {
            return None;
        };
        let client = self.clients.get(client)?.value.as_bytes();
        let account = self.accounts.get(account)?.value.as_bytes();
        let separator = self.separators.get(separator)?.value;
        match self.orders.get(order)?.value {
            Order::ClientFirst => separator.join([client, account], message),
            Order::AccountFirst => separator.join([account, client], message),
            Order::ClientAlone => separator.join([client], message),
            Order::AccountAlone => separator.join([account], message),
        }
        Some(wrong_mac::gives(
            reading.hash,
            keyings.get(keying)?.value,
            &self.keys.get(key)?.value,
            message,
            &reading.bytes,
        ))
    }

    /// Whether the query was signed as text, all of it or up to the signature.
    pub(crate) fn whole_query(
        &self,
        reading: &Reading,
        budget: &mut Budget,
    ) -> Option<Vec<Finding>> {
        let key = &self.keys.first()?.value;
        let rest: Vec<&str> = self
            .query
            .split('&')
            .filter(|pair| !pair.starts_with("signature="))
            .collect();
        let mut sorted = rest.clone();
        sorted.sort_unstable();
        let message = "The query was signed as text.";
        let finding = Finding::new(FindingCode::QuerySigned, message);
        let fits = [rest, sorted].iter().any(|pairs| {
            let text = pairs.join("&");
            let keying = Keying::Hmac;
            budget.take()
                && wrong_mac::gives(reading.hash, keying, key, text.as_bytes(), &reading.bytes)
        });
        fits.then(|| Vec::from([finding]))
    }
}

fn client_variants(parameters: &Parameters<'_>, ours: &str) -> Vec<Variant<String>> {
    let mut variants = Vec::from([Variant::right(ours.to_owned())]);
    let mut add = |text: String, code, message: &'static str| {
        if variants.iter().all(|known| known.value != text) {
            variants.push(Variant::common(text, Finding::new(code, message)));
        }
    };
    let message = "The client id was signed in another letter case than ours.";
    add(ours.to_ascii_uppercase(), FindingCode::ClientCase, message);
    add(ours.to_ascii_lowercase(), FindingCode::ClientCase, message);
    for came in parameters.client_ids() {
        let message = "The client id that came is not ours.";
        add(came.to_owned(), FindingCode::ClientDiffers, message);
    }
    let bare: String = ours.chars().filter(|c| *c != '-').collect();
    let message = "The client id was signed without its hyphens.";
    add(bare, FindingCode::ClientDiffers, message);
    variants
}

/// The number in decimal, or the text that came where it is not a number; then the other readings.
fn account_variants(parameters: &Parameters<'_>) -> Vec<Variant<String>> {
    let came = parameters.account_id().unwrap_or_default();
    let number = parameters.account_number();
    let right = number.map_or_else(|| came.to_owned(), |number| number.to_string());
    let mut variants = Vec::from([Variant::right(right.clone())]);
    let message = "The account id was signed with leading zeros, not as a number.";
    let finding = Finding::new(FindingCode::AccountIdLeadingZero, message);
    for text in [
        came.to_owned(),
        format!("0{right}"),
        format!("{right:0>20}"),
    ] {
        if variants.iter().all(|known| known.value != text) {
            variants.push(Variant::common(text, finding.clone()));
        }
    }
    variants
}

fn order_variants() -> Vec<Variant<Order>> {
    let finding = |message| Finding::new(FindingCode::WrongOrder, message);
    Vec::from([
        Variant::right(Order::ClientFirst),
        Variant::common(
            Order::AccountFirst,
            finding("The account id was put before the client id."),
        ),
        Variant::rare(
            Order::ClientAlone,
            finding("The client id was signed without the account id."),
        ),
        Variant::rare(
            Order::AccountAlone,
            finding("The account id was signed without the client id."),
        ),
    ])
}

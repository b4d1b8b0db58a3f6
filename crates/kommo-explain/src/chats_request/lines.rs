//! Looks for the recipe of a signature over five lines.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use kommo_sign::ContentMd5;

use crate::answer::finding::Finding;
use crate::lines::content_md5::Digests;
use crate::lines::date_variants::date_variants;
use crate::lines::line_layout::{
    Line, NAMES, OTHER_HEADERS_MAX, Separator, order_variants, separator_variants,
};
use crate::lines::line_variants::{content_type_variants, method_variants};
use crate::lines::target::Target;
use crate::received_request::ReceivedRequest;
use crate::search::{Budget, LINES_BYTES_MAX, Variant, search};
use crate::signature::hash_variants::hash_variants;
use crate::signature::secret_variants::Key;
use crate::signature::signature_text::Reading;
use crate::signature::wrong_mac::{self, Hash, Keying};

use super::headers::Headers;

/// The nine parts of a recipe that signs lines, in their variants; the ninth depends on the
/// signature.
pub(crate) struct LineSearch<'v> {
    keys: &'v Vec<Variant<Key>>,
    methods: Vec<Variant<String>>,
    digests: Vec<Variant<Vec<u8>>>,
    content_types: Vec<Variant<String>>,
    dates: Vec<Variant<String>>,
    paths: Vec<Variant<String>>,
    orders: Vec<Variant<Vec<Line>>>,
    separators: Vec<Variant<Separator>>,
    /// What may be there by mistake.
    others: Vec<Cow<'v, str>>,
    /// The three headers with their names.
    named: Vec<String>,
    body: &'v [u8],
    digest_of_target: String,
}

impl<'v> LineSearch<'v> {
    pub(crate) fn new(
        request: &ReceivedRequest<'v>,
        headers: &Headers<'_>,
        digests: &Digests<'_>,
        keys: &'v Vec<Variant<Key>>,
        now: Option<u64>,
    ) -> Self {
        let others = other_headers(request, headers.host);
        let target = Target::of(request.target());
        let of_target =
            ContentMd5::of(format!("{}{}", request.method(), target.with_query()).as_bytes());
        let values = [headers.content_md5, headers.content_type, headers.date];
        let named = NAMES.iter().flat_map(|names| {
            let named = names.iter().zip(values);
            named.map(|(name, value)| format!("{name}{}", value.unwrap_or_default()))
        });
        Self {
            keys,
            methods: method_variants(request.method()),
            digests: digests.line_variants(),
            content_types: content_type_variants(headers.content_type),
            dates: date_variants(headers.date, now),
            named: named.collect(),
            paths: target.path_variants(headers.host),
            orders: order_variants(others.len()),
            separators: separator_variants("\n"),
            others,
            body: request.body(),
            digest_of_target: of_target.as_str().into(),
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
        let keyings = hash_variants(Hash::Sha1, reading.hash);
        let mut message = Vec::new();
        search(
            &[
                self.keys,
                &self.dates,
                &self.digests,
                &self.content_types,
                &self.methods,
                &self.paths,
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
        let texts = [&self.methods, &self.content_types, &self.dates, &self.paths];
        let texts = texts.into_iter().filter_map(|variants| variants.first());
        let digest = self
            .digests
            .first()
            .map_or(0, |variant| variant.value.len());
        let others = self.others.iter().map(|text| text.len()).max();
        texts.map(|variant| variant.value.len()).sum::<usize>() + digest + others.unwrap_or(0)
    }

    fn fits(
        &self,
        keyings: &[Variant<Keying>],
        reading: &Reading,
        chosen: &[usize],
        message: &mut Vec<u8>,
    ) -> Option<bool> {
        let [
            key,
            date,
            digest,
            content_type,
            method,
            path,
            separator,
            order,
            keying,
        ] = *chosen
        else {
            return None;
        };
        let method = self.methods.get(method)?.value.as_bytes();
        let digest = self.digests.get(digest)?.value.as_slice();
        let content_type = self.content_types.get(content_type)?.value.as_bytes();
        let date = self.dates.get(date)?.value.as_bytes();
        let path = self.paths.get(path)?.value.as_bytes();
        let order = &self.orders.get(order)?.value;
        if order.contains(&Line::Body) && self.body.len() > LINES_BYTES_MAX {
            return None;
        }
        fn text(line: Option<&impl AsRef<str>>) -> &[u8] {
            line.map_or("", AsRef::as_ref).as_bytes()
        }
        let lines = order.iter().map(|line| match line {
            Line::Method => method,
            Line::ContentMd5 => digest,
            Line::ContentType => content_type,
            Line::Date => date,
            Line::Path => path,
            Line::Body => self.body,
            Line::DigestOfTarget => self.digest_of_target.as_bytes(),
            Line::Empty => b"",
            Line::Other(number) => text(self.others.get(*number)),
            Line::Named(number) => text(self.named.get(*number)),
        });
        self.separators.get(separator)?.value.join(lines, message);
        Some(wrong_mac::gives(
            reading.hash,
            keyings.get(keying)?.value,
            &self.keys.get(key)?.value,
            message,
            &reading.bytes,
        ))
    }
}

/// The values of the headers that are not signed, each once. Length and host are known even where
/// their headers were not given.
fn other_headers<'a>(request: &ReceivedRequest<'a>, host: Option<&str>) -> Vec<Cow<'a, str>> {
    const HOSTS: [&str; 3] = ["amojo.kommo.com", "amojo.amocrm.ru", "amojo.amocrm.com"];
    const SIGNED: [&str; 4] = ["Date", "Content-Type", "Content-MD5", "X-Signature"];
    let mut values: Vec<Cow<'a, str>> = Vec::new();
    for (name, value) in request.headers() {
        let is_signed = SIGNED
            .iter()
            .any(|signed| signed.eq_ignore_ascii_case(name));
        if !is_signed
            && !value.is_empty()
            && !values.iter().any(|known| known == value)
            && values.len() < OTHER_HEADERS_MAX - HOSTS.len() - 1
        {
            values.push(Cow::Borrowed(value));
        }
    }
    let hosts = HOSTS.iter().filter(|_| host.is_none());
    let length = request.body().len().to_string();
    for value in [length].into_iter().chain(hosts.map(ToString::to_string)) {
        if !values.contains(&Cow::Borrowed(&*value)) {
            values.push(Cow::Owned(value));
        }
    }
    values
}

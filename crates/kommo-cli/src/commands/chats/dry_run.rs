//! `--dry-run`: the signed request, not sent.

use kommo_account::{EndpointRole, Target};
use kommo_sign::{
    ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath, Signed,
};
use serde_json::{Map, Value, json};

use super::connection::Connection;
use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;
use crate::time::clock;

/// `target` is the path with its query, which is not signed.
pub(super) fn print(
    connection: &Connection,
    method: &str,
    target: &str,
    body: &[u8],
    context: &Context,
) -> Result<Outcome, Failure> {
    let signer = ChatsSigner::new(
        &connection
            .secret
            .read_to_sign(&context.output, ChannelSecret::new)?,
    );
    let method = RequestMethod::parse(method).map_err(Failure::usage)?;
    let path = RequestPath::parse(target).map_err(Failure::usage)?;
    let date = RequestDate::from_unix_seconds(clock::unix_now()?).map_err(Failure::usage)?;
    let signed = signer.sign(method, path, ContentType::JSON, date, body);
    let place = connection
        .endpoints
        .resolve(EndpointRole::Chats(connection.host));
    let mut url = String::new();
    place.write_url(target, &mut url).map_err(Failure::usage)?;
    let headers = headers(&place, &signed);
    let text = as_text(&signed, &url, &headers);
    let fields: Map<_, _> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let json = json!({
        "method": signed.method().as_str(),
        "url": url,
        "headers": fields,
        "body": String::from_utf8_lossy(signed.body()),
    });
    context.output.exact_result(&text, &json)?;
    Ok(Outcome::Done)
}

/// To a sandbox, the header `Host` has the real host.
fn headers<'a>(target: &'a Target, signed: &'a Signed<'_>) -> Vec<(&'a str, &'a str)> {
    let host = target.connect_to().map(|_| ("Host", target.host()));
    host.into_iter().chain(signed.headers()).collect()
}

fn as_text(signed: &Signed<'_>, url: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("{} {url}\n", signed.method().as_str());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(signed.body()));
    text
}

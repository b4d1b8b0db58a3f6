//! Signs a request for the Chats API.
//!
//! `cargo run -p kommo --example sign_request`
#![allow(clippy::print_stdout, reason = "an example")]

use core::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use kommo::sign::{
    ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath,
};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    #[allow(clippy::disallowed_methods, reason = "a program may read the clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let path = "/v2/origin/custom/c11e0000-0000-4000-8000-000000000001/connect";

    let signer = ChatsSigner::new(&ChannelSecret::new("secret-of-the-channel")?);
    let (path, date) = (
        RequestPath::parse(path)?,
        RequestDate::from_unix_seconds(now)?,
    );
    let signed = signer.sign(RequestMethod::POST, path, ContentType::JSON, date, b"{}");

    for (name, value) in signed.headers() {
        println!("{name}: {value}");
    }
    Ok(())
}

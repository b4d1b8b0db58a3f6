//! Proves a chat hook: the body as it came, and the text of its header `X-Signature`.
//!
//! `cargo run -p kommo --example verify_chat_hook`
#![allow(clippy::print_stdout, reason = "an example")]

use core::error::Error;

use kommo::sign::{ChannelSecret, ChatHookKey};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let (body, signature) = (
        br#"{"account_id":"x","time":1}"#,
        "1b58ec7918f80d142eaadae57ae2265cb1472ff6",
    );

    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret")?);
    let proven = key.verify(body, signature)?;

    println!("{} bytes are proven", proven.bytes().len());
    assert!(key.verify(b"another body", signature).is_err());
    Ok(())
}

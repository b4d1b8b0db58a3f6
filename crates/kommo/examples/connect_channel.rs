//! Connects a chat channel to an account.
//!
//! `cargo run -p kommo --example connect_channel --features chats`
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "an example")]

use core::error::Error;

use kommo::accounts::{AmojoId, ChannelId, ChatsHost};
use kommo::chats::ConnectRequest;
use kommo_sandbox::Sandbox;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let (url, ours) = (sandbox.base_url(), sandbox.state());

    let builder = kommo::builder().sandbox(url);
    let chats = builder.chats(ChatsHost::AmojoKommoCom, &ours.channel_secret)?;
    let request = ConnectRequest::new(AmojoId::parse(&ours.accounts[0].amojo_id)?, "My shop")?;
    let answer = chats
        .connect(&ChannelId::parse(&ours.channel_id)?, &request)
        .await?;

    println!("scope_id: {}", answer.value().scope_id());
    Ok(())
}

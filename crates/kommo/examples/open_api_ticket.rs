//! Creates a ticket in the chat Open API.
//!
//! `cargo run -p kommo --example open_api_ticket --features open-api`
#![allow(clippy::print_stdout, reason = "an example")]

use kommo::open_api::AgentId;
use kommo::open_api::request::CreateTicket;
use kommo_sandbox::Sandbox;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let (url, us) = (sandbox.base_url(), sandbox.state());

    let client = kommo::builder()
        .sandbox(url)
        .open_api(&us.appid, &us.app_secret)?;
    let (customer, agent) = ("customer_001", AgentId::new(10_411));
    let request = CreateTicket::new(customer, "Ann", "203.0.113.1", "Is it late?", agent)?;
    let answer = client.call(&request).await?;

    println!("ticket {}", answer.value().chat_id);
    Ok(())
}

//! The ratios that are promised, measured side by side.
//!
//! The signer, the floor and the naive twin take turns in slices of some microseconds.
//!
//! ```text
//! cargo bench -p kommo-bench-core --bench ratios
//! ```
//!
//! Prints a table and fails (status 1) if a goal is missed. With `--test` it runs a few rounds and
//! judges nothing.

#![allow(
    clippy::expect_used,
    reason = "a benchmark without its inputs must stop"
)]

use core::hint::black_box;
use std::env;
use std::process::ExitCode;

use kommo_bench_core::turns::{ROUNDS, compare, contestant};
use kommo_bench_core::{floor, inputs, naive};
use kommo_chats::request::{Client, Content, Moment, NewMessage, ScopeRequest};
use kommo_chats::{ClientConversationId, ClientMessageId, ClientParticipantId};
use kommo_sign::{
    AppSecret, ChannelSecret, ChatHookKey, ChatsSigner, ContentMd5, ContentType, OpenApiKey,
    RequestDate, RequestMethod, RequestPath,
};

fn sign(bytes: usize, goal: Option<f64>, rounds: usize) -> bool {
    let signer = ChatsSigner::new(&ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret"));
    let floor_key = floor::key(inputs::CHANNEL_SECRET);
    let path = RequestPath::parse(inputs::PATH).expect("a path");
    let date = RequestDate::parse(inputs::DATE).expect("a date");
    let body = inputs::body(bytes);
    let string_to_sign = inputs::string_to_sign(ContentMd5::of(&body).as_str());
    let contestants = [
        contestant("floor", None, || {
            black_box(floor::sign(
                black_box(&floor_key),
                black_box(string_to_sign.as_bytes()),
                black_box(&body),
            ));
        }),
        contestant("kommo-sign", goal, || {
            black_box(black_box(&signer).sign(
                black_box(RequestMethod::POST),
                black_box(path),
                black_box(ContentType::JSON),
                black_box(date),
                black_box(&body),
            ));
        }),
        contestant("naive", None, || {
            black_box(naive::sign(
                black_box(inputs::CHANNEL_SECRET),
                black_box(inputs::DATE),
                black_box(inputs::PATH),
                black_box(&body),
            ));
        }),
    ];
    compare(&format!("sign/{bytes}"), rounds, &contestants)
}

fn verify_hook(bytes: usize, goals: [Option<f64>; 3], rounds: usize) -> bool {
    let key = ChatHookKey::new(&ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret"));
    let floor_key = floor::key(inputs::CHANNEL_SECRET);
    let text = inputs::body(bytes);
    let text_and_lf = [text.as_slice(), b"\n"].concat();
    let signed_lf = inputs::body_ending_in_line_feed(bytes);
    let signature = key.sign(&text).as_str().to_owned();
    let signature_of_lf = key.sign(&signed_lf).as_str().to_owned();
    let verify = |body: &[u8], signature: &str| {
        let _ = black_box(black_box(&key).verify(black_box(body), black_box(signature)));
    };
    let [unsigned, none, signed] = goals;
    let contestants = [
        contestant("floor", None, || {
            black_box(floor::hmac_sha1(black_box(&floor_key), black_box(&text)));
        }),
        contestant("kommo-sign-unsigned-lf", unsigned, || {
            verify(&text_and_lf, &signature);
        }),
        contestant("kommo-sign-no-lf", none, || verify(&text, &signature)),
        contestant("kommo-sign-signed-lf", signed, || {
            verify(&signed_lf, &signature_of_lf);
        }),
        contestant("naive", None, || {
            black_box(naive::verify_hook(
                black_box(inputs::CHANNEL_SECRET),
                black_box(&text_and_lf),
                black_box(&signature),
            ));
        }),
    ];
    compare(&format!("verify-hook/{bytes}"), rounds, &contestants)
}

fn open_api(bytes: usize, rounds: usize) -> bool {
    let key = OpenApiKey::new(&AppSecret::new(inputs::APP_SECRET).expect("a secret"));
    let floor_key = floor::key(inputs::APP_SECRET);
    let body = inputs::body(bytes);
    let signature = key.sign(&body).as_str().to_owned();
    let contestants = [
        contestant("floor", None, || {
            black_box(floor::hmac_sha256(black_box(&floor_key), black_box(&body)));
        }),
        contestant("kommo-sign-sign", None, || {
            black_box(black_box(&key).sign(black_box(&body)));
        }),
        contestant("kommo-sign-verify", None, || {
            let _ = black_box(black_box(&key).verify(black_box(&body), black_box(&signature)));
        }),
        contestant("naive", None, || {
            black_box(naive::open_api_sign(
                black_box(inputs::APP_SECRET),
                black_box(&body),
            ));
        }),
    ];
    compare(&format!("open-api/{bytes}"), rounds, &contestants)
}

/// A typical text: built, serialised and signed, beside signing its ready bytes.
fn chat_message(rounds: usize) -> bool {
    let signer = ChatsSigner::new(&ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret"));
    let path = RequestPath::parse(inputs::PATH).expect("a path");
    let date = RequestDate::parse(inputs::DATE).expect("a date");
    let sign = |body: &[u8]| {
        black_box(black_box(&signer).sign(
            black_box(RequestMethod::POST),
            black_box(path),
            black_box(ContentType::JSON),
            black_box(date),
            black_box(body),
        ));
    };
    let ready = text_message().to_body();
    let contestants = [
        contestant("sign-ready-bytes", None, || sign(&ready)),
        contestant("build-serialise-sign", Some(1.5), || {
            sign(&black_box(text_message()).to_body());
        }),
        contestant("serialise-sign", None, {
            let message = text_message();
            move || sign(&black_box(&message).to_body())
        }),
    ];
    compare(
        &format!("chat-message/{}", ready.len()),
        rounds,
        &contestants,
    )
}

fn text_message() -> NewMessage {
    let client = ClientParticipantId::new("my_int-1376265f-86df-4c49-a0c3-a4816df41af8");
    NewMessage::incoming(
        ClientMessageId::new("my_int-5f2836a8ca468").expect("an id"),
        ClientConversationId::new("my_int-d5a421f7f218").expect("an id"),
        Moment::from_unix_milliseconds(1_639_660_529_379),
        Client::new(client.expect("an id"), "Ann Smith").expect("a name"),
        Content::text("Hello, where is my order 1042? It should be here by now.").expect("a text"),
    )
}

fn main() -> ExitCode {
    let only_a_test = env::args().any(|argument| argument == "--test");
    let rounds = if only_a_test { 3 } else { ROUNDS };
    let met = [
        sign(0, None, rounds),
        sign(95, Some(1.08), rounds),
        sign(350, Some(1.05), rounds),
        sign(1024, Some(1.08), rounds),
        sign(8192, None, rounds),
        verify_hook(95, [None; 3], rounds),
        verify_hook(600, [Some(1.05), Some(1.05), Some(1.25)], rounds),
        verify_hook(1024, [None; 3], rounds),
        open_api(350, rounds),
        open_api(1024, rounds),
        chat_message(rounds),
    ];
    if only_a_test || met.iter().all(|met| *met) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

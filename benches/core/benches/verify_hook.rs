//! `verify-hook/<n>/…`: the verdict on one chat hook whose signature covers n bytes.
//!
//! `floor` is one HMAC-SHA1 of the same n bytes with the key schedule done, and nothing else: no
//! digits, no comparison.

#![allow(
    clippy::expect_used,
    reason = "a benchmark without its inputs must stop"
)]

use core::hint::black_box;
use core::time::Duration;

use criterion::{BenchmarkId, Criterion};
use kommo_bench_core::{floor, inputs, naive};
use kommo_sign::{ChannelSecret, ChatHookKey};

const COVERED_BYTES: [usize; 4] = [95, 600, 1024, 8192];

/// A hook as it arrives.
struct Hook {
    name: &'static str,
    body: Vec<u8>,
    signature: String,
}

/// Three hooks whose signature covers that many bytes each.
fn hooks(key: &ChatHookKey, bytes: usize) -> [Hook; 3] {
    let text = inputs::body(bytes);
    let with_line_feed = [text.as_slice(), b"\n"].concat();
    let signed_line_feed = inputs::body_ending_in_line_feed(bytes);
    let signature = |covered: &[u8]| key.sign(covered).as_str().to_owned();
    [
        Hook {
            name: "kommo-sign-unsigned-lf",
            signature: signature(&text),
            body: with_line_feed,
        },
        Hook {
            name: "kommo-sign-no-lf",
            signature: signature(&text),
            body: text,
        },
        Hook {
            name: "kommo-sign-signed-lf",
            signature: signature(&signed_line_feed),
            body: signed_line_feed,
        },
    ]
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let key = ChatHookKey::new(&ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret"));
    let floor_key = floor::key(inputs::CHANNEL_SECRET);

    let mut group = criterion.benchmark_group("verify-hook");
    for bytes in COVERED_BYTES {
        for hook in hooks(&key, bytes) {
            key.verify(&hook.body, &hook.signature).expect("genuine");
            group.bench_function(BenchmarkId::new(bytes.to_string(), hook.name), |b| {
                b.iter(|| {
                    black_box(&key).verify(black_box(&hook.body), black_box(&hook.signature))
                });
            });
        }
        let body = inputs::body(bytes);
        group.bench_function(BenchmarkId::new(bytes.to_string(), "floor"), |b| {
            b.iter(|| floor::hmac_sha1(black_box(&floor_key), black_box(&body)));
        });
        let [hook, ..] = hooks(&key, bytes);
        group.bench_function(BenchmarkId::new(bytes.to_string(), "naive"), |b| {
            b.iter(|| {
                naive::verify_hook(
                    black_box(inputs::CHANNEL_SECRET),
                    black_box(&hook.body),
                    black_box(&hook.signature),
                )
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

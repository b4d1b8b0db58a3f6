//! `sign/<n>/…`: one Chats API request with a body of n bytes; path, content type and date stand
//! parsed.

#![allow(
    clippy::expect_used,
    reason = "a benchmark without its inputs must stop"
)]

use core::hint::black_box;
use core::time::Duration;

use criterion::{BenchmarkId, Criterion};
use kommo_bench_core::{floor, inputs, naive};
use kommo_sign::{
    ChannelSecret, ChatsSigner, ContentMd5, ContentType, RequestDate, RequestMethod, RequestPath,
};

const BODY_BYTES: [usize; 5] = [0, 95, 350, 1024, 8192];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let secret = ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret");
    let signer = ChatsSigner::new(&secret);
    let floor_key = floor::key(inputs::CHANNEL_SECRET);
    let path = RequestPath::parse(inputs::PATH).expect("a path");
    let date = RequestDate::parse(inputs::DATE).expect("a date");

    let mut group = criterion.benchmark_group("sign");
    for bytes in BODY_BYTES {
        let body = inputs::body(bytes);
        let string_to_sign = inputs::string_to_sign(ContentMd5::of(&body).as_str());
        group.bench_function(BenchmarkId::new(bytes.to_string(), "kommo-sign"), |b| {
            b.iter(|| {
                black_box(&signer).sign(
                    black_box(RequestMethod::POST),
                    black_box(path),
                    black_box(ContentType::JSON),
                    black_box(date),
                    black_box(&body),
                )
            });
        });
        group.bench_function(BenchmarkId::new(bytes.to_string(), "floor"), |b| {
            b.iter(|| {
                floor::sign(
                    black_box(&floor_key),
                    black_box(string_to_sign.as_bytes()),
                    black_box(&body),
                )
            });
        });
        group.bench_function(BenchmarkId::new(bytes.to_string(), "naive"), |b| {
            b.iter(|| {
                naive::sign(
                    black_box(inputs::CHANNEL_SECRET),
                    black_box(inputs::DATE),
                    black_box(inputs::PATH),
                    black_box(&body),
                )
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

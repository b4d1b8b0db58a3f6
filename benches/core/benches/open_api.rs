//! `open-api/<n>/…`: signature and verdict of one Open API body of n bytes.
//!
//! `floor` is one HMAC-SHA256 of the same bytes with the key schedule done; `naive` signs.

#![allow(
    clippy::expect_used,
    reason = "a benchmark without its inputs must stop"
)]

use core::hint::black_box;
use core::time::Duration;

use criterion::{BenchmarkId, Criterion};
use kommo_bench_core::{floor, inputs, naive};
use kommo_sign::{AppSecret, OpenApiKey};

const BODY_BYTES: [usize; 5] = [0, 95, 350, 1024, 8192];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let key = OpenApiKey::new(&AppSecret::new(inputs::APP_SECRET).expect("a secret"));
    let floor_key = floor::key(inputs::APP_SECRET);

    let mut group = criterion.benchmark_group("open-api");
    for bytes in BODY_BYTES {
        let body = inputs::body(bytes);
        let signature = key.sign(&body).as_str().to_owned();
        group.bench_function(
            BenchmarkId::new(bytes.to_string(), "kommo-sign-sign"),
            |b| {
                b.iter(|| black_box(&key).sign(black_box(&body)));
            },
        );
        group.bench_function(
            BenchmarkId::new(bytes.to_string(), "kommo-sign-verify"),
            |b| {
                b.iter(|| {
                    black_box(&key)
                        .verify(black_box(&body), black_box(&signature))
                        .is_ok()
                });
            },
        );
        group.bench_function(BenchmarkId::new(bytes.to_string(), "floor"), |b| {
            b.iter(|| floor::hmac_sha256(black_box(&floor_key), black_box(&body)));
        });
        group.bench_function(BenchmarkId::new(bytes.to_string(), "naive"), |b| {
            b.iter(|| naive::open_api_sign(black_box(inputs::APP_SECRET), black_box(&body)));
        });
    }
    group.finish();
    criterion.final_summary();
}

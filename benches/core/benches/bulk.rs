//! `bulk/<bytes>/<level>`: batches, a level at a time, beside `kommo-sign` one at a time, beside
//! the hash functions alone (`floor`), and beside `md5-many`, the quickest MD5 in lanes that is
//! published: it digests the bodies and signs nothing, so that it shows what the signature adds.
//!
//! Criterion prints elements (requests or hooks) a second on one core. `bulk-count/<count>` has 350
//! bytes and other counts, `bulk-count/<count> of 200-500` mixed lengths.

#![allow(
    clippy::expect_used,
    reason = "a benchmark without its inputs must stop"
)]

use core::hint::black_box;
use core::time::Duration;
use std::env;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use kommo_bench_core::batches::{Hooks, Requests};
use kommo_bench_core::{floor, inputs};
use kommo_sign::{ChannelSecret, ChatHookKey, ChatsSigner, ContentMd5};
use kommo_sign_bulk::{BulkHookKey, BulkRequest, BulkSigned, BulkSigner, HookVerdict, Level};
use md5_many::Md5Many;

fn main() {
    let count = if env::args().any(|argument| argument == "--test") {
        50
    } else {
        10_000
    };
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group("bulk");
    for bytes in [95, 350, 1024, 8192] {
        let requests = Requests::of_length(bytes, count);
        sign(&mut group, &bytes.to_string(), &requests.borrowed());
    }
    sign(
        &mut group,
        "200-500",
        &Requests::mixed(200, 500, count).borrowed(),
    );
    group.finish();
    let mut group = criterion.benchmark_group("bulk-count");
    for count in [7, 16, 100] {
        let requests = Requests::of_length(350, count);
        sign(&mut group, &count.to_string(), &requests.borrowed());
        let requests = Requests::mixed(200, 500, count);
        sign(
            &mut group,
            &format!("{count} of 200-500"),
            &requests.borrowed(),
        );
    }
    group.finish();
    let mut group = criterion.benchmark_group("bulk-hooks");
    verify(&mut group, "600", &Hooks::without_line_feed(600, count));
    verify(
        &mut group,
        "600-lf",
        &Hooks::with_unsigned_line_feed(600, count),
    );
    group.finish();
    criterion.final_summary();
}

fn elements(length: usize) -> Throughput {
    Throughput::Elements(u64::try_from(length).unwrap_or_default())
}

fn sign(group: &mut BenchmarkGroup<'_, WallTime>, id: &str, requests: &[BulkRequest<'_>]) {
    let secret = ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret");
    let one = ChatsSigner::new(&secret);
    let floor_key = floor::key(inputs::CHANNEL_SECRET);
    let string_to_sign = inputs::string_to_sign(ContentMd5::EMPTY.as_str());
    group.throughput(elements(requests.len()));
    group.bench_function(BenchmarkId::new(id, "floor"), |b| {
        b.iter(|| {
            for request in black_box(requests) {
                black_box(floor::sign(
                    &floor_key,
                    string_to_sign.as_bytes(),
                    request.body,
                ));
            }
        });
    });
    group.bench_function(BenchmarkId::new(id, "kommo-sign"), |b| {
        b.iter(|| {
            for request in black_box(requests) {
                black_box(one.sign(
                    request.method,
                    request.path,
                    request.content_type,
                    request.date,
                    request.body,
                ));
            }
        });
    });
    let bodies: Vec<&[u8]> = requests.iter().map(|request| request.body).collect();
    let mut digests = vec![[0; 16]; bodies.len()];
    let md5_many = Md5Many::new();
    group.bench_function(BenchmarkId::new(id, "md5-many"), |b| {
        b.iter(|| md5_many.hash_many(black_box(&bodies), black_box(&mut digests)));
    });
    for level in Level::all().filter(|level| level.lanes() > 1) {
        let signer = BulkSigner::with_level(&secret, level);
        let mut results = vec![BulkSigned::UNWRITTEN; requests.len()];
        group.bench_function(BenchmarkId::new(id, level.name()), |b| {
            b.iter(|| signer.sign_many(black_box(requests), black_box(&mut results)));
        });
    }
}

fn verify(group: &mut BenchmarkGroup<'_, WallTime>, id: &str, hooks: &Hooks) {
    let secret = ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret");
    let one = ChatHookKey::new(&secret);
    let hooks = hooks.borrowed();
    group.throughput(elements(hooks.len()));
    group.bench_function(BenchmarkId::new(id, "kommo-sign"), |b| {
        b.iter(|| {
            for hook in black_box(&hooks) {
                let _ = black_box(one.verify(hook.body, hook.signature));
            }
        });
    });
    for level in Level::all().filter(|level| level.lanes() > 1) {
        let key = BulkHookKey::with_level(&secret, level);
        let mut verdicts = vec![HookVerdict::Mismatch; hooks.len()];
        group.bench_function(BenchmarkId::new(id, level.name()), |b| {
            b.iter(|| key.verify_many(black_box(&hooks), black_box(&mut verdicts)));
        });
    }
}

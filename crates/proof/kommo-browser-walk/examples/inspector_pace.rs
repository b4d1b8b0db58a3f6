//! How quick the inspector of the sandbox is with a thousand entries: prints milliseconds.
//!
//! `cargo run -p kommo-browser-walk --example inspector_pace`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, which fails by panicking and prints what it found"
)]

use std::io::{Read, Write};
use std::net::TcpStream;

use kommo_browser_walk::{ApplicationPlace, Stage};
use serde_json::Value;

const ENTRIES: usize = 1000;
const ROUNDS: usize = 9;

/// From the click until the rows are laid out.
const FILTER: &str = "const began = performance.now(); \
    document.getElementById('filter-crm').click(); \
    document.getElementById('rows').getBoundingClientRect(); \
    return performance.now() - began";

/// The same for the search.
const SEARCH: &str = "const began = performance.now(); const field = document.getElementById('search'); \
    field.value = field.value === '' ? 'method-wrong #7' : ''; field.dispatchEvent(new Event('input')); \
    document.getElementById('rows').getBoundingClientRect(); \
    return performance.now() - began";

fn main() {
    let stage = Stage::new(ApplicationPlace::Loopback);
    let address = stage.sandbox.base_url().strip_prefix("http://").unwrap();
    let host = stage.account(0).host;
    for number in 0..ENTRIES {
        let mut stream = TcpStream::connect(address).unwrap();
        let (target, host) = match number % 2 {
            0 => ("/api/v4/account?with=amojo_id", host.as_str()),
            _ => (
                "/v2/origin/custom/c0ffee00-0000-4000-8000-000000000001/connect",
                address,
            ),
        };
        write!(
            stream,
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    let browser = &stage.browser;
    let shown = "document.getElementById('count').textContent === '1000'";
    let times = |run: &dyn Fn() -> Value| {
        let mut times: Vec<f64> = (0..ROUNDS).map(|_| run().as_f64().unwrap()).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let first_rows = times(&|| {
        browser.go(stage.sandbox.dashboard_url());
        browser.wait_until(shown);
        let mark = "return performance.getEntriesByName('first-rows')[0].startTime";
        browser.run(mark, &[])
    });
    for (what, times) in [
        ("first rows after the address was typed", first_rows),
        ("filter", times(&|| browser.run(FILTER, &[]))),
        ("search", times(&|| browser.run(SEARCH, &[]))),
    ] {
        println!(
            "{what}, {ENTRIES} entries: best {:.1} ms, median {:.1} ms, worst {:.1} ms of {ROUNDS}",
            times.first().copied().unwrap_or_default(),
            times.get(ROUNDS / 2).copied().unwrap_or_default(),
            times.last().copied().unwrap_or_default()
        );
    }
}

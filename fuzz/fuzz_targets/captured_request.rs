//! Runs the law `captured_request` on what the fuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kommo_fuzz_laws::captured_request(data));

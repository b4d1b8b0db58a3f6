//! Runs the law `open_api_answer` on what the fuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kommo_fuzz_laws::open_api_answer(data));

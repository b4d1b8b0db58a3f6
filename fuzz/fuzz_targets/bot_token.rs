//! Runs the law `bot_token` on what the fuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kommo_fuzz_laws::bot_token(data));

//! Runs the law `chats_answer` on what the fuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kommo_fuzz_laws::chats_answer(data));

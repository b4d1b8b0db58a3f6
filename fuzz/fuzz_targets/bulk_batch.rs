//! Runs the law `bulk_batch` on what the fuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kommo_fuzz_laws::bulk_batch(data));

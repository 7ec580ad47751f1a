//! Feeds `connhub::http::fuzz::oauth`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::http::fuzz::oauth(data));

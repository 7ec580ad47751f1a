//! Feeds `connhub::http::fuzz::hub_body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::http::fuzz::hub_body(data));

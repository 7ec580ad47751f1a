//! Feeds `connhub::callback::fuzz::response`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::callback::fuzz::response(data));

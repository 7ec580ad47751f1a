//! Feeds `connhub::callback::fuzz::url`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::callback::fuzz::url(data));

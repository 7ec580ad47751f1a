//! Feeds `connhub::callback::fuzz::answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::callback::fuzz::answer(data));

//! Feeds `connhub::graphql::fuzz::history`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::graphql::fuzz::history(data));

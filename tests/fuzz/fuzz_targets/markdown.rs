//! Feeds `connhub::graphql::fuzz::markdown`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::graphql::fuzz::markdown(data));

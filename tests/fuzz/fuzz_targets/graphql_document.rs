//! Feeds `connhub::graphql::fuzz::document`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| connhub::graphql::fuzz::document(data));

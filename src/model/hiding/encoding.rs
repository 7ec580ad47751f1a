//! How a secret may be written beside what is decoded: base64, hexadecimal, and Latin-1.
//!
//! Used by [`super`].

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write;

/// All of them, some perhaps twice.
pub(super) fn encodings(secret: &str) -> Vec<Vec<u8>> {
    let mut all = of_bytes(secret.as_bytes());
    if secret.is_ascii() {
        return all;
    }
    // Read as UTF-8 although it is not, and the other way round.
    let latin1: Option<Vec<u8>> = secret.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    if let Some(latin1) = latin1 {
        all.push(String::from_utf8_lossy(&latin1).into_owned().into_bytes());
        all.extend(of_bytes(&latin1));
        all.push(latin1);
    }
    all.push(secret.bytes().map(char::from).collect::<String>().into_bytes());
    all
}

fn of_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lower = bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut all = vec![lower.to_ascii_uppercase().into_bytes(), lower.into_bytes()];
    // Three bytes become four characters, so there are three ways to begin.
    for before in 0..3 {
        let padded = [&vec![0; before][..], bytes].concat();
        // The characters at both ends also hold bits of what is before and after.
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            all.push(text.as_bytes()[from..to].to_vec());
            // With the last bits of what is at the very end.
            all.push(text.as_bytes()[from..].to_vec());
        }
    }
    all
}

//! Sizes of options, in bytes.
//!
//! Used by [`super`].

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// A whole number of bytes, or of a unit of them.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim_end(), *unit))).unwrap_or((text, 1));
    let number = number.parse::<u64>().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()));
    let size = number.and_then(|number| number.checked_mul(unit)).filter(|size| *size <= i64::MAX.cast_unsigned());
    size.ok_or_else(|| "it must be a size, such as 500MiB, 2GiB or a number of bytes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, size) in [
            ("0", 0),
            ("1024", 1_024),
            ("1KiB", 1_024),
            ("2 GiB", 2 << 30),
            ("5kB", 5_000),
            ("7B", 7),
            ("3TB", 3_000_000_000_000),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["", "GiB", "-1", "+1", "1.5GiB", "1G", "1 gib", "99999999TiB", "1e9"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}

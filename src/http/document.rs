//! Texts and files that are the same for everybody: with a version that a client may know already,
//! and compressed for those who take that.
//!
//! May use flate2 and [`crate::http::negotiation`]. Used by [`crate::http::ui`] and the route table.

use crate::http::request::Request;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderValue, StatusCode};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::LazyLock;
use warp::reply::Response;

/// How much of a hash names a version, in bytes: chance never makes two alike.
const VERSION_BYTES: usize = 16;
/// What is shorter is not compressed, in bytes: it fits one packet either way.
const COMPRESSED_BYTES_MIN: usize = 1024;
/// How many texts are kept compressed: all that are in the binary, several times over. In a debug
/// build each change of a file is another text.
const COMPRESSED_KEPT_MAX: usize = 512;

/// What names a text: the hash of all of it.
pub(super) type Hash = [u8; 32];

/// The texts compressed so far. It is done once for each, when it is first asked for.
static COMPRESSED: LazyLock<Cache<Hash, Bytes>> = LazyLock::new(|| Cache::new(COMPRESSED_KEPT_MAX));

/// What is in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// The media type.
    pub(super) media_type: &'static str,
    /// Whether it is worth compressing, as texts are and pictures are not.
    pub(super) is_text: bool,
}

impl Kind {
    /// A text without any markup.
    pub(super) const PLAIN_TEXT: Self = Self { media_type: "text/plain; charset=utf-8", is_text: true };
}

/// How long a client may keep a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// For good: its address names its version.
    ForGood,
    /// It has to ask each time whether there is a newer one.
    Asking,
}

/// A text or file.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Its bytes.
    pub(super) content: Bytes,
    /// Their hash.
    pub(super) hash: Hash,
    /// What they are.
    pub(super) kind: Kind,
}

impl Document {
    /// A text that is not known by its hash yet.
    pub(super) fn new(text: String, kind: Kind) -> Self {
        let hash = Sha256::digest(text.as_bytes()).into();
        Self { content: text.into(), hash, kind }
    }

    /// The document as this client takes it, or word that it has this version already.
    pub(super) fn answer(&self, request: &Request, keep: Keep) -> Response {
        let compressible = self.kind.is_text && self.content.len() >= COMPRESSED_BYTES_MIN;
        let compressed = if compressible && request.takes_gzip() { self.compressed() } else { None };
        // Another encoding is another sequence of bytes, and so must have another tag.
        let tag = format!("\"{}{}\"", version(&self.hash), if compressed.is_some() { "-gzip" } else { "" });
        let known = request.has_version(&tag);
        let mut response = Response::default();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind.media_type));
        // Quotes, hyphens and hexadecimal digits are always a header's value.
        headers.insert(ETAG, HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\"")));
        headers.insert(CACHE_CONTROL, keep.header());
        if compressible {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        if compressed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = compressed.unwrap_or_else(|| self.content.clone()).into();
        response
    }

    /// The same, shorter; nothing where that fails, which memory alone could make it do.
    fn compressed(&self) -> Option<Bytes> {
        COMPRESSED.get_or_insert_with(&self.hash, || gzip(&self.content)).ok()
    }
}

fn gzip(content: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish().map(Bytes::from)
}

impl Keep {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::ForGood => "public, max-age=31536000, immutable",
            Self::Asking => "no-cache",
        })
    }
}

/// What stands for a hash in addresses and tags.
pub(super) fn version(hash: &Hash) -> String {
    hash.iter().take(VERSION_BYTES).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

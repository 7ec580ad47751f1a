//! The files of `static/`: in the binary, or on the disk while one works on them.
//!
//! May use rust-embed. Used by [`super`] alone.

use crate::http::document::{Document, Hash, Kind, version};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The page itself, which is at other addresses than the files that it needs.
const PAGE: &str = "index.html";
/// What stands in the page for the version of the files.
const PLACEHOLDER: &str = "{{version}}";
/// What a file's name says of its content.
const KINDS: [(&str, Kind); 9] = [
    ("css", text("text/css; charset=utf-8")),
    ("html", text("text/html; charset=utf-8")),
    ("js", text("text/javascript; charset=utf-8")),
    ("json", text("application/json")),
    ("svg", text("image/svg+xml")),
    ("txt", Kind::PLAIN_TEXT),
    ("ico", packed("image/x-icon")),
    ("png", packed("image/png")),
    ("woff2", packed("font/woff2")),
];

const fn text(media_type: &'static str) -> Kind {
    Kind { media_type, is_text: true }
}

const fn packed(media_type: &'static str) -> Kind {
    Kind { media_type, is_text: false }
}

#[derive(RustEmbed)]
#[folder = "static/"]
struct Embedded;

/// All files as they go with each other.
pub(super) struct Files {
    version: String,
    page: Option<Document>,
    assets: BTreeMap<Cow<'static, str>, Document>,
}

impl Files {
    /// The files as they are: the binary's, or in a debug build those on the disk at this moment.
    pub(super) fn now() -> Arc<Self> {
        static IN_BINARY: LazyLock<Arc<Files>> = LazyLock::new(|| Arc::new(Files::read()));
        if cfg!(debug_assertions) { Arc::new(Self::read()) } else { Arc::clone(&IN_BINARY) }
    }

    fn read() -> Self {
        Self::of(Embedded::iter().filter_map(|name| {
            let file = Embedded::get(&name)?;
            let content = match file.data {
                Cow::Borrowed(embedded) => bytes::Bytes::from_static(embedded),
                Cow::Owned(read) => read.into(),
            };
            let kind = kind(&name);
            Some((name, Document { content, hash: file.metadata.sha256_hash(), kind }))
        }))
    }

    fn of(files: impl Iterator<Item = (Cow<'static, str>, Document)>) -> Self {
        let mut assets: BTreeMap<_, _> = files.collect();
        let version = version(&hash(&assets));
        let page = assets.remove(PAGE).map(|page| {
            let text = String::from_utf8_lossy(&page.content).replace(PLACEHOLDER, &version);
            Document::new(text, page.kind)
        });
        Self { version, page, assets }
    }

    /// What names the version of all files.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The page, which names the version of everything else.
    pub(super) fn page(&self) -> Option<&Document> {
        self.page.as_ref()
    }

    /// The file with this name.
    pub(super) fn get(&self, name: &str) -> Option<&Document> {
        self.assets.get(name)
    }

    /// The file of this version with this name; never that of another version.
    pub(super) fn of_version(&self, version: &str, name: &str) -> Option<&Document> {
        self.get(name).filter(|_| version == self.version)
    }
}

/// What names the version of all files: it is another where any name or content is another.
fn hash(files: &BTreeMap<Cow<'static, str>, Document>) -> Hash {
    let mut hash = Sha256::new();
    for (name, file) in files {
        // No name has a zero byte, and all hashes are of one length: no two sets read the same.
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(file.hash);
    }
    hash.finalize().into()
}

fn kind(name: &str) -> Kind {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = KINDS.iter().find(|(known, _)| *known == extension);
    known.map_or(packed("application/octet-stream"), |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(contents: &[(&'static str, &str)]) -> Files {
        let document = |name: &str, content: &str| Document::new(content.to_owned(), kind(name));
        Files::of(contents.iter().map(|&(name, content)| (name.into(), document(name, content))))
    }

    #[test]
    fn any_other_name_or_content_makes_another_version() {
        let version = |contents: &[(&'static str, &str)]| files(contents).version;
        let first = version(&[("index.html", "i"), ("a.js", "a"), ("b/c.css", "c")]);
        assert!(first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
        assert_eq!(first, version(&[("b/c.css", "c"), ("a.js", "a"), ("index.html", "i")]));
        for other in [
            &[("index.html", "I"), ("a.js", "a"), ("b/c.css", "c")][..],
            &[("index.html", "i"), ("a.js", "A"), ("b/c.css", "c")],
            &[("index.html", "i"), ("aa.js", "a"), ("b/c.css", "c")],
            &[("index.html", "i"), ("a.js", "c"), ("b/c.css", "a")],
            &[("index.html", "i"), ("a.js", "a")],
        ] {
            assert_ne!(first, version(other), "{other:?}");
        }
    }

    #[test]
    fn the_page_names_the_version_everywhere_and_is_no_asset() {
        let files = files(&[("index.html", "<a href=/assets/{{version}}/a.js {{version}}>"), ("a.js", "a")]);
        let (version, page) = (files.version.as_str(), files.page().expect("a page"));
        assert_eq!(page.content, format!("<a href=/assets/{version}/a.js {version}>").into_bytes());
        assert!(files.of_version(version, "a.js").is_some());
        for (version, name) in [
            (version, "index.html"),
            ("", "a.js"),
            ("0", "a.js"),
            (version, "b.js"),
            (version, ""),
            (version, "./a.js"),
        ] {
            assert!(files.of_version(version, name).is_none(), "{version}/{name}");
        }
    }

    #[test]
    fn every_file_of_the_page_is_of_a_kind_that_browsers_are_told() {
        for name in Embedded::iter() {
            assert_ne!(kind(&name).media_type, "application/octet-stream", "{name} needs a row in KINDS");
        }
        let page = Files::now().page().map(|page| page.content.clone()).expect("static/index.html");
        assert!(!String::from_utf8_lossy(&page).contains("{{"), "{page:?}");
    }
}

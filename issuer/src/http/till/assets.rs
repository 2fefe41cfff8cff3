//! The page's files, each pinned by its hash: the page says which bytes it takes, and a browser refuses others.

use std::fmt::Write as _;

use base64ct::{Base64, Encoding};
use ring::digest::{Context, SHA256, SHA384, digest};

/// A file that the page fetches.
#[derive(Clone, Copy)]
pub(super) struct Asset {
    name: &'static str,
    pub(super) bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        [$(Asset { name: $name, bytes: include_bytes!(concat!("../../../till/", $name)) }),*]
    };
}

const ASSETS: &[Asset] = &assets![
    "amount-view.js",
    "amount.js",
    "api.js",
    "app.js",
    "camera.js",
    "card.js",
    "code-view.js",
    "day.js",
    "digits.js",
    "enrol.js",
    "entry.js",
    "icon.svg",
    "keys.js",
    "manager.js",
    "money.js",
    "outcome.js",
    "page.js",
    "payments.js",
    "receipt.js",
    "reference.js",
    "retry.js",
    "run.js",
    "sale.js",
    "sound.js",
    "storage.js",
    "tabs.js",
    "till.css",
    "translations.en.json",
    "translations.ja.json",
    "translations.js",
    "zxing/reader.js",
    "zxing/reader.wasm",
];

/// The page, with `{{name}}` where a file's address belongs.
const PAGE: &str = include_str!("../../../till/index.html");

/// The page and its files, as they are served.
pub(super) struct Assets {
    pub(super) page: String,
    version: String,
}

impl Assets {
    pub(super) fn ours() -> Self {
        let version = version(ASSETS);
        let page = ASSETS.iter().fold(PAGE.to_owned(), |page, asset| {
            let Asset { name, bytes } = asset;
            let hash = Base64::encode_string(digest(&SHA384, bytes).as_ref());
            // Both in one place: an address without its hash cannot be written into the page.
            let pinned = format!("\"/till/{version}/{name}\" integrity=\"sha384-{hash}\"");
            page.replace(&format!("\"{{{{{name}}}}}\""), &pinned)
        });
        Self { page, version }
    }

    pub(super) fn find(&self, version: &str, name: &str) -> Option<Asset> {
        let found = ASSETS.iter().find(|asset| asset.name == name);
        found.filter(|_| version == self.version).copied()
    }
}

impl Asset {
    /// Its media type.
    pub(super) fn kind(&self) -> &'static str {
        match self.name.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "json")) => "application/json",
            Some((_, "svg")) => "image/svg+xml",
            Some((_, "wasm")) => "application/wasm",
            _ => "application/octet-stream",
        }
    }
}

/// What tells these files from all others: 16 hex digits.
fn version(assets: &[Asset]) -> String {
    let mut all = Context::new(&SHA256);
    for Asset { name, bytes } in assets {
        all.update(name.as_bytes());
        all.update(digest(&SHA256, bytes).as_ref());
    }
    let hash = all.finish();
    hash.as_ref().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn folder() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/till"))
    }

    #[test]
    fn the_page_names_each_file_once_and_by_its_hash() {
        let Assets { page, version } = Assets::ours();
        assert!(!page.contains("{{"), "a file of the page is not among the assets");
        for Asset { name, .. } in ASSETS {
            let pinned = format!("\"/till/{version}/{name}\" integrity=\"sha384-");
            assert_eq!(page.matches(&pinned).count(), 1, "{name}");
        }
    }

    #[test]
    fn each_script_that_another_imports_is_pinned_by_the_page() {
        let is_script = |asset: &&Asset| {
            std::path::Path::new(asset.name).extension().is_some_and(|extension| extension == "js")
        };
        for Asset { name, bytes } in ASSETS.iter().filter(is_script) {
            if name.starts_with("zxing/") {
                continue;
            }
            let text = std::str::from_utf8(bytes).unwrap();
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let (_, from) = line.split_once("\"./").unwrap();
                let imported = from.trim_end_matches("\";");
                let preload = format!("<link rel=\"modulepreload\" href=\"{{{{{imported}}}}}\">");
                assert!(PAGE.contains(&preload), "{name} imports {imported}");
            }
        }
    }

    #[test]
    fn no_script_and_no_style_stands_in_the_page_itself() {
        for (at, _) in PAGE.match_indices("<script") {
            let tag = &PAGE[at..];
            let (tag, rest) = tag.split_once('>').unwrap();
            assert!(tag.contains(" src=") && rest.starts_with("</script>"), "{tag}");
        }
        assert!(!PAGE.contains("<style") && !PAGE.contains(" style=") && !PAGE.contains(" on"));
    }

    #[test]
    fn changed_bytes_change_the_version_and_old_ones_are_gone() {
        let ours = Assets::ours();
        let other = [Asset { name: "app.js", bytes: b"" }];
        assert_ne!(version(&other), ours.version);
        assert!(ours.find(&ours.version, "app.js").is_some());
        assert!(ours.find("0123456789abcdef", "app.js").is_none());
        assert!(ours.find(&ours.version, "../Cargo.toml").is_none());
    }

    #[test]
    fn the_reader_of_barcodes_is_the_published_one() {
        let table = std::fs::read_to_string(folder().join("zxing/README.md")).unwrap();
        for name in ["reader.js", "reader.wasm"] {
            let Asset { bytes, .. } =
                ASSETS.iter().find(|asset| asset.name == format!("zxing/{name}")).unwrap();
            let hash = hex::encode(digest(&SHA256, bytes));
            let row = table.lines().find(|line| line.starts_with(&format!("| `{name}`"))).unwrap();
            assert!(row.contains(&hash), "{name} is not what the table says");
        }
        // And its script was made for this very program.
        let of = |name: &str| ASSETS.iter().find(|asset| asset.name == name).unwrap().bytes;
        let script = std::str::from_utf8(of("zxing/reader.js")).unwrap();
        assert!(script.contains(&hex::encode(digest(&SHA256, of("zxing/reader.wasm")))));
    }

    #[test]
    fn every_file_of_the_folder_is_served_or_documents_others() {
        let mut found = Vec::new();
        for folder in [folder().to_owned(), folder().join("zxing")] {
            let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            found.extend(entries.filter(|path| path.is_file()));
        }
        let papers = ["index.html", "zxing/LICENSE", "zxing/README.md"];
        for path in found {
            let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
            let is_served = ASSETS.iter().any(|asset| asset.name == name);
            assert!(is_served || papers.contains(&name.as_str()), "{name}");
        }
    }
}

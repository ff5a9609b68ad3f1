//! The files of the console, as they go over the wire.
//!
//! `build.rs` builds them from `ui` with npm and compresses them. Where neither built files nor npm were there,
//! [`BUILT`] is false and [`find`] finds nothing.
#![forbid(unsafe_code)]

use rust_embed::RustEmbed;
use std::borrow::Cow;

/// Whether the console is in this build.
pub const BUILT: bool = cfg!(console_built);

/// The page that all others are parts of.
pub const INDEX: &str = "index.html";

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/console"]
struct Files;

/// A file of the console.
#[derive(Clone, Debug)]
pub struct File {
    path: String,
    /// Its content as it was built.
    pub plain: Cow<'static, [u8]>,
    /// Names its content: another content has another one.
    pub tag: String,
}

/// The file at this path, such as `index.html`.
#[must_use]
pub fn find(path: &str) -> Option<File> {
    if path.ends_with(".br") || path.ends_with(".gz") {
        return None; // these are forms of others
    }
    let file = Files::get(path)?;
    let hash = file.metadata.sha256_hash();
    let tag = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Some(File { path: path.to_owned(), plain: file.data, tag })
}

/// The paths of all files.
pub fn paths() -> impl Iterator<Item = Cow<'static, str>> {
    Files::iter().filter(|path| !path.ends_with(".br") && !path.ends_with(".gz"))
}

impl File {
    /// Its content, compressed with Brotli; `None` when that would not make it smaller.
    #[must_use]
    pub fn brotli(&self) -> Option<Cow<'static, [u8]>> {
        Files::get(&format!("{}.br", self.path)).map(|file| file.data)
    }

    /// Its content, compressed with gzip; `None` when that would not make it smaller.
    #[must_use]
    pub fn gzip(&self) -> Option<Cow<'static, [u8]>> {
        Files::get(&format!("{}.gz", self.path)).map(|file| file.data)
    }

    /// Whether its name tells its content, so that it never changes.
    #[must_use]
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("assets/")
    }

    /// What it is.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "json" | "webmanifest" => "application/json",
            "woff2" => "font/woff2",
            "png" => "image/png",
            _ => "application/octet-stream",
        }
    }
}

//! Builds the console with npm when it was not built yet, or before it was changed, and compresses its files.
//!
//! `CONSOLE_DIST` names a folder of built files that are taken as they are; when it is empty, there is no console.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the built files are made from, within `ui`.
const SOURCES: [&str; 7] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
/// Forms of files that are already compressed.
const COMPRESSED: [&str; 2] = ["woff2", "png"];

fn main() -> Outcome<()> {
    let ui = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../ui");
    let target = Path::new(&std::env::var("OUT_DIR")?).join("console");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", ui.join(source).display());
    }
    println!("cargo::rerun-if-changed={}", ui.join("dist/index.html").display());
    println!("cargo::rerun-if-env-changed=CONSOLE_DIST");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    let files = match std::env::var_os("CONSOLE_DIST") {
        Some(folder) => Some(PathBuf::from(folder)).filter(|folder| !folder.as_os_str().is_empty()),
        None => build(&ui).then(|| ui.join("dist")),
    };
    if let Some(files) = &files {
        copy(files, &target)?;
    }
    println!("cargo::rustc-check-cfg=cfg(console_built)");
    if files.is_some() {
        println!("cargo::rustc-cfg=console_built");
    }
    Ok(())
}

/// Brings `dist` up to date, if that is possible. Says whether there is one.
fn build(ui: &Path) -> bool {
    let dist = changed(&ui.join("dist/index.html"));
    let sources = SOURCES.iter().filter_map(|source| changed(&ui.join(source))).max();
    if dist.is_some() && dist >= sources {
        return true;
    }
    match npm(ui) {
        Ok(()) => true,
        Err(error) => {
            println!("cargo::warning=the console was not built: {error}");
            dist.is_some() // the one before is better than none
        }
    }
}

fn npm(ui: &Path) -> Outcome<()> {
    // What is installed is right when it is as new as the list of what is to be installed.
    let installed = changed(&ui.join("node_modules/.package-lock.json"));
    // `npm ci` would refuse a lock file that does not know the optional packages of every other platform.
    if installed.is_none() || installed < changed(&ui.join("package-lock.json")) {
        run(ui, &["install", "--no-audit", "--no-fund"])?;
    }
    run(ui, &["run", "build"])
}

fn run(ui: &Path, arguments: &[&str]) -> Outcome<()> {
    let output = Command::new("npm").args(arguments).current_dir(ui).env("NO_COLOR", "1").output();
    let output = output.map_err(|error| format!("npm cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let last: Vec<_> = text.lines().rev().take(20).collect();
    let told = last.into_iter().rev().collect::<Vec<_>>().join(" | ");
    Err(format!("npm {} failed: {told}", arguments.join(" ")).into())
}

/// When a file was changed last, or the newest file in a folder.
fn changed(path: &Path) -> Option<SystemTime> {
    let about = fs::metadata(path).ok()?;
    if !about.is_dir() {
        return about.modified().ok();
    }
    fs::read_dir(path).ok()?.flatten().filter_map(|entry| changed(&entry.path())).max()
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    for entry in fs::read_dir(from)? {
        let source = entry?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&source, &target)?;
            continue;
        }
        let content = fs::read(&source)?;
        if !COMPRESSED.iter().any(|ending| source.extension() == Some(OsStr::new(ending))) {
            keep_if_smaller(&content, brotli(&content)?, &with_ending(&target, ".br"))?;
            keep_if_smaller(&content, gzip(&content)?, &with_ending(&target, ".gz"))?;
        }
        fs::write(target, content)?;
    }
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn keep_if_smaller(plain: &[u8], packed: Vec<u8>, path: &Path) -> Outcome<()> {
    if packed.len() < plain.len() {
        fs::write(path, packed)?;
    }
    Ok(())
}

fn brotli(plain: &[u8]) -> Outcome<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(plain: &[u8]) -> Outcome<Vec<u8>> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(plain)?;
    Ok(packed.finish()?)
}

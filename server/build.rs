//! Embeds the client in the binary: every file of `dist`, with its compressed forms, under names that hold a hash.
//!
//! Without a `dist` the server has no client; its pages then read and page without a script, in the style of `style/`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("..");
    let (dist, style) = (root.join("dist"), root.join("style"));
    // Cargo looks again at a path that is missing with every build; an empty folder spares that. Where the sources
    // cannot be written to, nothing is lost but time.
    fs::create_dir_all(&dist).ok();
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed={}", style.display());
    println!("cargo::rerun-if-changed={}", root.join("public").display());

    let out = PathBuf::from(variable("OUT_DIR")?);
    let mut files = Vec::new();
    list(&dist, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in &files {
        let Some(name) = file.strip_prefix(&dist).ok().and_then(Path::to_str) else {
            continue;
        };
        if !name.ends_with(".br") && !name.ends_with(".gz") {
            add(&mut code, &name.replace('\\', "/"), file)?;
        }
    }
    if !dist.join("pkg/app.css").is_file() {
        let sheet = out.join("app.css");
        fs::write(&sheet, joined_style(&style)?)?;
        add(&mut code, "pkg/app.css", &sheet)?;
        let public = root.join("public");
        let mut icons = Vec::new();
        list(&public, &mut icons)?;
        icons.sort();
        for icon in &icons {
            if let Some(name) = icon.strip_prefix(&public).ok().and_then(Path::to_str) {
                add(&mut code, name, icon)?;
            }
        }
    }
    code.push_str("]\n");
    fs::write(out.join("assets.rs"), code)
}

/// One entry of the table: name, hash, the bytes plain, with brotli and with gzip.
fn add(code: &mut String, name: &str, file: &Path) -> io::Result<()> {
    let bytes = fs::read(file)?;
    let include = |suffix: &str| {
        let path = format!("{}{suffix}", file.display());
        if Path::new(&path).is_file() { format!("Some(include_bytes!({path:?}))") } else { "None".to_owned() }
    };
    let plain = file.display().to_string();
    writeln!(
        code,
        "Asset {{ name: {name:?}, hash: \"{:016x}\", plain: include_bytes!({plain:?}), brotli: {}, gzip: {} }},",
        fnv(&bytes),
        include(".br"),
        include(".gz"),
    )
    .map_err(io::Error::other)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            list(&path, files)?;
        } else if path.is_file() && !is_hidden {
            files.push(path);
        }
    }
    Ok(())
}

/// The style sheet as xtask makes it: tokens, base, layout, then the parts by name.
fn joined_style(folder: &Path) -> io::Result<String> {
    let mut parts = Vec::new();
    list(&folder.join("parts"), &mut parts)?;
    parts.sort();
    let first = ["tokens.css", "base.css", "layout.css"].map(|name| folder.join(name));
    first.into_iter().chain(parts).map(fs::read_to_string).collect()
}

/// FNV-1a, 64 bits: tells one build's file from another's, nothing more.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(io::Error::other)
}

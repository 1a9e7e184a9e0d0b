//! The client: built for the browser, bound, and compressed into `dist`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{command, say, style, target};

/// What rustc builds the client for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The client's half of leptos.
pub const FEATURES: &str = "hydrate";

/// The profile of Cargo.toml that makes it small.
pub const PROFILE: &str = "wasm-release";

/// Bytes of wasm that may be sent, with brotli.
const WASM_BYTES_MAX: usize = 300_000;

/// Builds the client into `dist`.
pub fn dist() -> Result<()> {
    let start = Instant::now();
    add_target()?;
    let build = ["build", "--locked", "--package", "app", "--lib", "--target", TARGET, "--no-default-features"];
    command("cargo", &[&build[..], &["--features", FEATURES, "--profile", PROFILE]].concat())?;
    let dist = Path::new("dist");
    if dist.exists() {
        fs::remove_dir_all(dist).context("cannot clear dist")?;
    }
    let pkg = dist.join("pkg");
    fs::create_dir_all(&pkg).context("cannot make dist/pkg")?;
    let wasm = target().join(TARGET).join(PROFILE).join("app.wasm");
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).web(true)?.typescript(false).remove_name_section(true).remove_producers_section(true);
    bindgen.generate(&pkg)?;
    style::write("dist/pkg/app.css")?;
    copy(Path::new("public"), dist)?;
    let sent = compress(dist)?;
    say(&format!("client built in {:.0} s; wasm with brotli: {sent} bytes", start.elapsed().as_secs_f64()));
    if sent > WASM_BYTES_MAX {
        say(&format!("warning: that is more than the {WASM_BYTES_MAX} bytes it may have"));
    }
    Ok(())
}

/// Adds the target where it is missing; without rustup it must be there.
fn add_target() -> Result<()> {
    let listed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let there = listed.map(|listed| String::from_utf8_lossy(&listed.stdout).contains(TARGET));
    match there {
        Ok(false) => command("rustup", &["target", "add", TARGET]),
        Ok(true) | Err(_) => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// Puts a `.br` and a `.gz` beside every file but fonts, which are compressed; says how large the wasm is with brotli.
fn compress(folder: &Path) -> Result<usize> {
    let mut wasm_bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            wasm_bytes += compress(&path)?;
            continue;
        }
        if path.extension().is_some_and(|ending| ending == "woff2") {
            continue;
        }
        let plain = fs::read(&path)?;
        let mut brotli = Vec::new();
        brotli::BrotliCompress(&mut plain.as_slice(), &mut brotli, &brotli::enc::BrotliEncoderParams::default())?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&plain)?;
        let gzip = gzip.finish()?;
        if path.extension().is_some_and(|ending| ending == "wasm") {
            wasm_bytes += brotli.len();
        }
        for (ending, bytes) in [("br", brotli), ("gz", gzip)] {
            fs::write(format!("{}.{ending}", path.display()), bytes)?;
        }
    }
    Ok(wasm_bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FEATURES, PROFILE};
    use crate::{root, style};

    #[test]
    fn trunk_builds_the_same_client() {
        let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
        let trunk: toml::Table = read("Trunk.toml").parse().unwrap();
        let build = trunk["build"].as_table().unwrap();
        assert_eq!(build["dist"].as_str(), Some("dist"));
        assert_eq!(build["cargo_profile"].as_str(), Some(PROFILE));
        assert_eq!(build["filehash"].as_bool(), Some(false), "the server adds the hashes");
        let hook: Vec<_> =
            trunk["hooks"][0]["command_arguments"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
        assert_eq!(hook, ["xtask", "style", "target/style/app.css"]);
        let page = read("index.html");
        assert!(page.contains(&format!("data-cargo-features=\"{FEATURES}\"")));
        assert!(page.contains("data-cargo-no-default-features") && page.contains("data-target-name=\"app\""));
        assert!(page.contains("href=\"target/style/app.css\" data-target-path=\"pkg\""));
        assert!(page.contains("rel=\"copy-dir\" href=\"public\" data-target-path=\".\""));
    }

    #[test]
    fn the_style_sheet_starts_with_its_layers() {
        let parts = style::parts(&root().join("style")).unwrap();
        assert!(parts.iter().all(|part| part.extension().is_some_and(|ending| ending == "css")));
        let sheet: String = parts.iter().map(|part| fs::read_to_string(part).unwrap()).collect();
        let layers = sheet.lines().find(|line| line.starts_with("@layer"));
        assert_eq!(layers, Some("@layer tokens, base, layout, parts;"));
        for part in ["head", "log", "panel"] {
            assert!(parts.iter().any(|path| path.ends_with(format!("parts/{part}.css"))), "{part}");
        }
    }
}

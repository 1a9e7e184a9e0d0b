//! The one style sheet, out of its parts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The parts in their order: tokens, base, layout, then one file a view part, by name.
pub fn parts(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder.join("parts")).with_context(|| format!("cannot read {}/parts", folder.display()))?;
    let mut parts: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    parts.sort();
    let first = ["tokens.css", "base.css", "layout.css"].map(|name| folder.join(name));
    Ok(first.into_iter().chain(parts).collect())
}

/// The whole sheet.
pub fn joined() -> Result<String> {
    let read = |path: PathBuf| fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
    parts(Path::new("style"))?.into_iter().map(read).collect()
}

/// Writes the whole sheet to a file.
pub fn write(file: &str) -> Result<()> {
    let file = Path::new(file);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(file, joined()?).with_context(|| format!("cannot write {}", file.display()))
}

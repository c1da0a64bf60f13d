//! Names the sources that the program is built from: what another program made of the same is made anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What the program is made of.
pub(crate) const MADE_OF: [&str; 3] = ["Cargo.toml", "Cargo.lock", "src"];

#[allow(clippy::print_stdout, reason = "a build script speaks to cargo on it")]
fn main() -> io::Result<()> {
    for name in MADE_OF {
        println!("cargo::rerun-if-changed={name}");
    }
    println!("cargo::rustc-env=BIDUI_SOURCES={}", sources(Path::new(""))?);
    Ok(())
}

/// A hash of the names and bytes of all files that the program is made of.
pub(crate) fn sources(root: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for name in MADE_OF {
        collect(&root.join(name), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(&file)?.hash(&mut hasher);
        file.strip_prefix(root).map_err(io::Error::other)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

//! Walks and hashes the files of a folder.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A file of a published folder: its path inside, size in bytes and BLAKE3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    pub path: String,
    pub bytes: u64,
    pub blake3: String,
}

/// Files below a folder, by path.
///
/// # Errors
/// What the disk says.
pub fn files_below(root: &Path) -> Result<Vec<FileEntry>> {
    files_below_with(root, |_| None)
}

/// Files below a folder, by path; those whose hash `known` gives are not read.
///
/// # Errors
/// What the disk says.
pub fn files_below_with(
    root: &Path,
    known: impl Fn(&str) -> Option<String>,
) -> Result<Vec<FileEntry>> {
    let mut entries = Vec::new();
    for dir in dirs_below(root)? {
        for name in super::listed(&dir)? {
            let path = dir.join(name);
            if path.is_file() {
                let bytes = path.metadata().map_err(|e| Error::io("read", &path, &e))?.len();
                let inside = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                let blake3 = known(&inside).map_or_else(|| hash_file(&path), Ok)?;
                entries.push(FileEntry { path: inside, bytes, blake3 });
            }
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// A folder and all folders below it, deepest first.
///
/// # Errors
/// What the disk says.
pub(super) fn dirs_below(root: &Path) -> Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    let mut names = super::listed(root)?;
    names.sort();
    for name in names {
        let path = root.join(name);
        if path.is_dir() && !path.is_symlink() {
            dirs.extend(dirs_below(&path)?);
        }
    }
    dirs.push(root.to_owned());
    Ok(dirs)
}

/// BLAKE3 of a file's contents, as hexadecimal digits.
///
/// # Errors
/// The path and the cause.
pub fn hash_file(path: &Path) -> Result<String> {
    hash_each(path, |_| Ok(()))
}

/// BLAKE3 of a file's contents, each piece of which is handed on as it is read.
///
/// # Errors
/// The path and the cause; those of `each`.
pub fn hash_each(path: &Path, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<String> {
    let fail = |e: std::io::Error| Error::io("read", path, &e);
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(fail)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            n => {
                hasher.update(&buffer[..n]);
                each(&buffer[..n])?;
            }
        }
    }
}

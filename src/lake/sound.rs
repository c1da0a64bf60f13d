//! Holds what lies in a folder against the hashes that were noted when it was written: disks forget
//! bits, and copies of a lake may be of two moments.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{FileEntry, files_below, hash_file};
use crate::error::{Error, Result};

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Its bytes are others than those that were written.
    Changed,
    /// It is not there any more.
    Missing,
    /// Nobody noted it.
    Unknown,
    /// It should say what was written, and does not.
    NoManifest,
}

impl Flaw {
    /// Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Changed => ("内容已变", "changed"),
            Self::Missing => ("文件缺失", "missing"),
            Self::Unknown => ("来历不明", "not of this folder"),
            Self::NoManifest => ("清单损坏", "no list of files that can be read"),
        }
    }
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub struct Held {
    /// Files that are as they were written, and their bytes.
    pub files: u64,
    pub bytes: u64,
    /// By path inside the folder.
    pub flaws: BTreeMap<String, Flaw>,
}

/// The files that a folder's manifest notes, whatever else it says; nothing when it cannot be read.
pub fn noted(folder: &Path, manifest: &str) -> Option<Vec<FileEntry>> {
    #[derive(Deserialize)]
    struct Noted {
        files: Vec<FileEntry>,
    }
    let json = std::fs::read(folder.join(manifest)).ok()?;
    Some(serde_json::from_slice::<Noted>(&json).ok()?.files)
}

/// What is wrong with one file of a folder, as it was noted; nothing when it is what was written.
///
/// # Errors
/// It cannot be read.
pub fn flaw(folder: &Path, noted: &FileEntry) -> Result<Option<Flaw>> {
    let path = folder.join(&noted.path);
    let bytes = match path.metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Some(Flaw::Missing)),
        found => found.map_err(|e| Error::io("read", &path, &e))?.len(),
    };
    let same = bytes == noted.bytes && hash_file(&path)? == noted.blake3;
    Ok((!same).then_some(Flaw::Changed))
}

/// Holds the files of a folder against its manifest, which is one of them. `complete`: there should be
/// no others.
///
/// # Errors
/// A file cannot be read.
pub fn hold(folder: &Path, manifest: &str, complete: bool) -> Result<Held> {
    let mut held = Held::default();
    let Some(noted) = noted(folder, manifest) else {
        held.flaws.insert(manifest.to_owned(), Flaw::NoManifest);
        return Ok(held);
    };
    let mut there: BTreeMap<String, FileEntry> =
        files_below(folder)?.into_iter().map(|file| (file.path.clone(), file)).collect();
    for file in noted {
        match there.remove(&file.path) {
            Some(own) if own == file => {
                held.files += 1;
                held.bytes += own.bytes;
            }
            Some(_) => _ = held.flaws.insert(file.path, Flaw::Changed),
            None => _ = held.flaws.insert(file.path, Flaw::Missing),
        }
    }
    there.remove(manifest);
    if complete {
        held.flaws.extend(there.into_keys().map(|path| (path, Flaw::Unknown)));
    }
    Ok(held)
}

/// The manifest of some files of a folder.
pub fn manifest(files: &[FileEntry]) -> serde_json::Value {
    serde_json::json!({ "files": files })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::durable;

    #[test]
    fn what_was_written_is_told_from_what_was_not() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            durable::create_dir_all(path.parent().unwrap()).unwrap();
            durable::write(&path, text.as_bytes()).unwrap();
        };
        let found = |complete| hold(home.path(), "manifest.json", complete).unwrap();
        write("rows", "12");
        write("raw/extract", "345");
        assert_eq!(found(true).flaws["manifest.json"], Flaw::NoManifest);
        let list = manifest(&files_below(home.path()).unwrap());
        durable::write_json(&home.path().join("manifest.json"), &list).unwrap();
        let whole = found(true);
        assert_eq!((whole.files, whole.bytes, whole.flaws.len()), (2, 5, 0));
        let files = noted(home.path(), "manifest.json").unwrap();
        let one_by_one =
            || files.iter().map(|file| flaw(home.path(), file).unwrap()).collect::<Vec<_>>();
        assert!(one_by_one().iter().all(Option::is_none));
        write("rows", "13");
        write("new", "");
        durable::remove_dir_all(&home.path().join("raw")).unwrap();
        assert_eq!(one_by_one(), [Some(Flaw::Missing), Some(Flaw::Changed)]);
        let flaws = [("raw/extract", Flaw::Missing), ("rows", Flaw::Changed)];
        let flaws = flaws.map(|(path, flaw)| (path.to_owned(), flaw));
        assert_eq!(found(false).flaws, BTreeMap::from(flaws.clone()));
        let mut all = BTreeMap::from(flaws);
        all.insert("new".into(), Flaw::Unknown);
        assert_eq!(found(true).flaws, all);
    }
}

//! Where bidui's bytes live: immutable deliveries, nights that are built aside and published by one
//! atomic step, and the lock that keeps two nights apart.
//!
//! ```text
//! lake/
//!   lock
//!   id                              what the ledger calls the lake
//!   deliveries/<feed>/<delivery>/   manifest.json receipt.json rows.parquet rejects.parquet raw/<file>
//!   nights/<night>/                 manifest.json summary.json report.html anomalies/ views/ …
//!   current -> nights/<night>
//!   staging/                        what a run builds aside or keeps out of memory; emptied when
//!                                   it fails, and by the next
//! ```

mod aside;
pub mod bucket;
pub mod csv;
pub mod durable;
pub mod heaps;
mod piles;
pub mod rows;
pub mod sound;
mod walk;

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use walk::{FileEntry, files_below, files_below_with, hash_file};

use crate::error::{Error, Result};

/// The list of the files of a delivery or a night with their hashes, written last: a folder that has
/// it is whole.
pub const MANIFEST: &str = "manifest.json";

/// A lake's folder.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
}

/// Holds the lake for one run; released when dropped or when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lake {
    /// A lake at `root`, which need not exist yet.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The lake's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Folder of a feed's deliveries.
    pub fn deliveries(&self, feed: &str) -> PathBuf {
        self.root.join("deliveries").join(feed)
    }

    /// Folder of a published night.
    pub fn night(&self, night: &str) -> PathBuf {
        self.root.join("nights").join(night)
    }

    /// The pointer to the last published night.
    pub fn current(&self) -> PathBuf {
        self.root.join("current")
    }

    /// Name of the last published night.
    pub fn current_night(&self) -> Option<String> {
        let target = std::fs::read_link(self.current()).ok()?;
        target.file_name().map(|n| n.to_string_lossy().into_owned())
    }

    /// What the lake is called in the ledger that records its nights, once there is one. No night is made
    /// from it; it stays the same where the lake is moved or restored.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn id(&self) -> Result<Option<String>> {
        let path = self.root.join("id");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|id| !id.is_empty())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("read", &path, &e)),
        }
    }

    /// Calls the lake so from now on.
    ///
    /// # Errors
    /// What the disk says.
    pub fn set_id(&self, id: &str) -> Result<()> {
        let aside = self.root.join("id.tmp");
        durable::write(&aside, format!("{id}\n").as_bytes())?;
        durable::rename(&aside, &self.root.join("id"))
    }

    /// Looks whether `current` is what it was made as; there may be none.
    ///
    /// # Errors
    /// It is a folder, in a copy of a lake.
    pub fn check_pointer(&self) -> Result<()> {
        let current = self.current();
        if current.is_dir() && !current.is_symlink() {
            let text = format!("{} is a folder, and no link to a night", current.display());
            return Err(Error::environment(text)
                .hint("it was copied by something that follows links, such as `scp -r`")
                .hint("remove it, and `ln -s nights/NIGHT current` there, with the newest night"));
        }
        Ok(())
    }

    /// Names of all published nights, oldest first.
    pub fn nights(&self) -> Vec<String> {
        let mut names = names_in(&self.root.join("nights"));
        names.sort();
        names
    }

    /// Takes the lake for writing and clears what a killed run left behind.
    ///
    /// # Errors
    /// Who holds the lock; a copy of a lake in which `current` is no link; or what the disk says.
    #[expect(clippy::disallowed_methods, reason = "the lock file holds no state of the lake")]
    pub fn lock(&self) -> Result<Lock> {
        durable::create_dir_all(&self.root)?;
        self.check_pointer()?;
        let path = self.root.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| Error::io("open", &path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                return Err(Error::environment(format!(
                    "another run holds the lake {} (process {holder})",
                    self.root.display()
                ))
                .hint("wait until it ends; the lock goes away with the process"));
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path, &e)),
        }
        let mut note = || {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(std::process::id().to_string().as_bytes())
        };
        let noted = note();
        self.clear()?;
        // What a killed run left may have filled the disk.
        noted.or_else(|_| note()).map_err(|e| Error::io("write", &path, &e))?;
        Ok(Lock { _file: file })
    }

    /// Removes what was built aside or kept out of memory. The lake is held meanwhile.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&self) -> Result<()> {
        durable::remove_dir_all(&self.root.join("staging"))
    }

    /// An empty folder to build something aside.
    ///
    /// # Errors
    /// What the disk says.
    pub fn stage(&self, name: &str) -> Result<PathBuf> {
        let path = self.root.join("staging").join(name);
        durable::remove_dir_all(&path)?;
        durable::create_dir_all(&path)?;
        Ok(path)
    }

    /// Moves a staged delivery to its place.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep_delivery(&self, staged: &Path, feed: &str, delivery: &str) -> Result<()> {
        let home = self.deliveries(feed);
        if !home.is_dir() {
            durable::create_dir_all(&home)?;
            durable::sync_dir(&self.root.join("deliveries"))?;
        }
        durable::sync_dir(staged)?;
        durable::rename(staged, &home.join(delivery))
    }

    /// Gives a staged night its place: its folder takes its name in one step. It is published when
    /// `current` points at it.
    ///
    /// # Errors
    /// What the disk says; the last published night stays as it was.
    pub fn place(&self, staged: &Path, night: &str) -> Result<PathBuf> {
        let home = self.root.join("nights");
        durable::create_dir_all(&home)?;
        durable::sync_dir(&self.root)?;
        for dir in walk::dirs_below(staged)? {
            durable::sync_dir(&dir)?;
        }
        let target = home.join(night);
        durable::remove_dir_all(&target)?;
        durable::rename(staged, &target)?;
        Ok(target)
    }

    /// Points `current` at a night that is in place.
    ///
    /// # Errors
    /// What the disk says.
    pub fn point_at(&self, night: &str) -> Result<()> {
        durable::point(&self.current(), &Path::new("nights").join(night))
    }

    /// Removes a night.
    ///
    /// # Errors
    /// What the disk says.
    pub fn retire(&self, night: &str) -> Result<()> {
        // Out of sight in one step; a kill leaves the rest to the next run.
        let aside = self.root.join("staging").join(format!("retired-{night}"));
        durable::create_dir_all(&self.root.join("staging"))?;
        durable::rename(&self.night(night), &aside)?;
        durable::remove_dir_all(&aside)
    }
}

/// Reads a file that [`durable::write_json`] wrote; `hint` says what to do about a damaged one.
///
/// # Errors
/// It is missing or damaged.
pub fn read_json<T: DeserializeOwned>(path: &Path, hint: &str) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
    serde_json::from_str(&text)
        .map_err(|e| Error::environment(format!("{} is damaged: {e}", path.display())).hint(hint))
}

/// Names of the entries of a folder, unsorted; none when it does not exist.
///
/// # Errors
/// It cannot be read: what is in it must not be taken for nothing.
pub fn listed(dir: &Path) -> Result<Vec<String>> {
    let fail = |e: std::io::Error| Error::io("read the folder", dir, &e);
    let entries = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(fail)?,
    };
    entries.map(|e| Ok(e.map_err(fail)?.file_name().to_string_lossy().into_owned())).collect()
}

/// Names of the entries of a folder, unsorted; none when it does not exist or cannot be read.
pub fn names_in(dir: &Path) -> Vec<String> {
    listed(dir).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R4: a disk that a killed run filled has no room for a number either.
    #[test]
    fn what_a_killed_run_left_goes_also_where_there_is_no_room() {
        let home = tempfile::tempdir().unwrap();
        let lake = Lake::at(home.path());
        let left = lake.stage("2026-11-10-aa").unwrap();
        durable::write(&left.join("rows.parquet"), b"rows").unwrap();
        durable::point(&home.path().join("lock"), Path::new("/dev/full")).unwrap();
        let error = lake.lock().expect_err("nobody could say who holds it");
        assert!(error.exit_code() == 3 && error.message.contains("lock"), "{error}");
        assert!(!home.path().join("staging").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_not_empty() {
        let home = tempfile::tempdir().unwrap();
        assert!(listed(&home.path().join("none")).unwrap().is_empty());
        // Not even root can list a file.
        let file = home.path().join("file");
        durable::write(&file, b"").unwrap();
        let error = listed(&file).expect_err("no folder");
        assert!(error.exit_code() == 3 && error.message.contains("file"), "{error}");
        assert!(files_below(&file).is_err());
    }
}

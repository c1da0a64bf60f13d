//! What a night reads of the lake is held against the hashes that were noted when it was written: a bit
//! that a disk forgot would make other findings, and nobody would know.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use super::setup::date_of;
use super::{Receipts, Setup};
use crate::cores;
use crate::error::{Error, Result};
use crate::feed::REJECTS;
use crate::feed::receipt::in_force;
use crate::lake::sound::{Flaw, flaw, noted};
use crate::lake::{FileEntry, MANIFEST};

/// What a night reads of a delivery.
const OF_A_DELIVERY: [&str; 3] = ["receipt.json", "rows.parquet", REJECTS];

/// What a night reads of the night before it, but for what it makes anew where that is damaged.
const OF_A_NIGHT: [&str; 4] =
    ["history.parquet", "identity/forward.parquet", "identity/known.parquet", "memory.parquet"];

/// What a night does to cases.
pub(super) const ACTS: &str = "acts.ndjson";

/// A file by its folder, and what to do when it is damaged.
type Wanted = (PathBuf, FileEntry, String);

/// Holds the deliveries in force, and the memory of the night before, against what was noted of them.
///
/// # Errors
/// A file is not what was written, or cannot be read.
pub(super) fn check(setup: &Setup, receipts: &Receipts, last: Option<&str>) -> Result<()> {
    let mut files = Vec::new();
    for feed in setup.pipeline.feeds.values() {
        // Older versions noted nothing of a delivery.
        for receipt in in_force(feed, receipts).0.into_iter().filter(|receipt| receipt.noted) {
            let folder = setup.lake.deliveries(&feed.id).join(&receipt.delivery);
            let next =
                "or remove the delivery's folder, lay its extract into the inbox again, and run";
            files.extend(wanted(&folder, &OF_A_DELIVERY, OF_A_DELIVERY.len(), next)?);
        }
    }
    if let Some(last) = last {
        let day = date_of(last).map_or_else(String::new, |day| day.to_string());
        let next = format!("or remove that night's folder and run with --date {day} --only first");
        files.extend(wanted(&setup.lake.night(last), &OF_A_NIGHT, 1, &next)?);
    }
    // What takes long is begun first.
    files.sort_by_key(|(_, file, _)| Reverse(file.bytes));
    let found = cores::each(&files, |(folder, file, _)| flaw(folder, file));
    for ((folder, file, next), found) in files.iter().zip(found) {
        if let Some(flaw) = found? {
            return Err(damaged(&folder.join(&file.path), flaw, next));
        }
    }
    Ok(())
}

/// The acts of a night that has its place, as they were written: the ledger is about to record them, and
/// nothing could take them out of it again.
///
/// # Errors
/// They are not what was written, or cannot be read.
pub(super) fn acts(folder: &Path) -> Result<String> {
    let next = "or remove that night's folder and run again: the ledger knows nothing of it yet";
    for (folder, file, next) in wanted(folder, &[ACTS], 1, next)? {
        if let Some(flaw) = flaw(&folder, &file)? {
            return Err(damaged(&folder.join(&file.path), flaw, &next));
        }
    }
    let path = folder.join(ACTS);
    std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))
}

/// The files of these names that a folder's manifest notes; one that notes fewer than `least` is damaged.
fn wanted(folder: &Path, names: &[&str], least: usize, next: &str) -> Result<Vec<Wanted>> {
    let mut own = noted(folder, MANIFEST).unwrap_or_default();
    own.retain(|file| names.contains(&file.path.as_str()));
    if own.len() < least {
        return Err(damaged(&folder.join(MANIFEST), Flaw::NoManifest, next));
    }
    Ok(own.into_iter().map(|file| (folder.to_owned(), file, next.to_owned())).collect())
}

fn damaged(path: &Path, flaw: Flaw, next: &str) -> Error {
    let (_, what) = flaw.words();
    Error::environment(format!("{} is not what was written: {what}", path.display()))
        .hint("`bidui verify` names every file that is not what was written")
        .hint("put it back from a backup")
        .hint(next)
}

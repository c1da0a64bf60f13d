//! A reader that panics costs the delivery that it read, and nothing else: the night goes on.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::{Open, name_of};
use crate::engine;
use crate::error::{Error, Result};
use crate::feed::read;
use crate::feed::receipt::{Receipt, Verdict};

/// A delivery under way: its folder, the files that are read, and what they are read into.
pub(super) type Begun<'a> = (PathBuf, Vec<PathBuf>, Open<'a>);

/// Reads what `begin` begins. When that panics, all is begun anew, for nothing half-written may stay, and
/// refused. Gives the folder and the receipt.
///
/// # Errors
/// Those of both; that the file which made it panic may not be refused.
pub(super) fn spared<'r>(
    begin: &dyn Fn() -> Result<Begun<'r>>,
    read: impl FnOnce(Open<'r>, &[PathBuf], &Cell<usize>) -> Result<Receipt>,
) -> Result<(PathBuf, Receipt)> {
    let at = Cell::new(0);
    let (staged, files, open) = begin()?;
    if let Some(receipt) = engine::quietly(|| read(open, &files, &at)) {
        return Ok((staged, receipt?));
    }
    let (staged, files, open) = begin()?;
    Ok((staged, open.gave_up(at.get(), &files[at.get()])?))
}

impl Open<'_> {
    /// Refuses a delivery of which nothing was read, for one of its files.
    fn gave_up(mut self, number: usize, path: &Path) -> Result<Receipt> {
        let told = engine::quietly(|| read::kind_words(path, &self.feed.format)).flatten();
        let (name, kind) = (name_of(path), told.unwrap_or("an extract"));
        let error = Error::gate(format!(
            "{name}, {kind}: that it stopped its reader is a fault of bidui"
        ))
        .hint("report it with the name of the program that wrote the file, without any row of it")
        .hint("until it is mended, ask the sender for the same rows in another format");
        self.receipt.verdict = Verdict::Refused;
        self.broken_file(number, &error)?;
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use crate::division::Divisions;
    use crate::feed::inbox::Parcel;
    use crate::feed::receipt::Verdict;
    use crate::feed::{Received, Receiver};
    use crate::lake::rows::RowsFile;
    use crate::lake::{Lake, MANIFEST, durable, files_below, sound};
    use crate::privacy::PersonKeys;

    const PIPELINE: [(&str, &str); 3] = [
        (
            "pipeline.yaml",
            "title: {zh: 试, en: Trial}\nbuckets: 4\nidentity: {secret: {demo: a secret of a test}}\n",
        ),
        (
            "tables/visit.yaml",
            "title: {zh: 就诊, en: Visit}\nabout: One visit.\ngrain: plain\nkey: [visit_no]\n\
             columns: [{name: visit_no, type: text, title: 编号, about: Number.}]\n",
        ),
        (
            "feeds/visit.yaml",
            "title: {zh: 就诊, en: Visits}\nsender: 医院\ntable: visit\nfiles: \"就诊_{period:%Y%m}*.csv\"\n\
             delivery: {kind: append, cadence: monthly}\n\
             columns: [{to: visit_no, from: [编号], required: true}]\n",
        ),
    ];

    #[test]
    fn a_delivery_whose_reader_panics_is_refused_and_leaves_nothing_half_written() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            durable::create_dir_all(path.parent().unwrap()).unwrap();
            durable::write(&path, text.as_bytes()).unwrap();
            path
        };
        for (name, text) in PIPELINE {
            write(&format!("pipeline/{name}"), text);
        }
        let pipeline = crate::pipeline::load(&home.path().join("pipeline")).expect("no fault");
        let (divisions, keys) = (Divisions::default(), PersonKeys::new(b"a secret of a test"));
        let lake = Lake::at(&home.path().join("lake"));
        let (pipeline, lake, divisions, keys) = (&pipeline, &lake, &divisions, &keys);
        let receiver = Receiver { pipeline, lake, divisions, keys, buckets: 4 };
        let files =
            [write("就诊_202610_1.csv", "编号\nJ1\n"), write("就诊_202610_2.csv", "编号\nJ2\n")];
        let (period, received) = (day("2026-10-31"), day("2026-11-10"));
        let feed = "visit".to_owned();
        let parcel = Parcel { feed, period, part: None, received, files: files.to_vec() };
        let named = receiver.name(&parcel).unwrap();
        // The second of two files, when the first was read and some rows of the second are on their way.
        let taken = receiver.take(&parcel, &named, |mut open, files, at| {
            open.file(&files[0])?;
            at.set(1);
            open.file(&files[1])?;
            panic!("somebody's value")
        });
        let Received::New(receipt) = taken.expect("the night goes on") else {
            panic!("nothing was taken in before")
        };
        assert_eq!((receipt.verdict, receipt.rows), (Verdict::Refused, 0));
        let [reason] = &receipt.reasons[..] else { panic!("{:?}", receipt.reasons) };
        assert!(reason.starts_with("就诊_202610_2.csv, delimited text: "), "{reason}");
        assert!(reason.contains("report it") && !reason.contains("somebody"), "{reason}");
        assert!(receipt.files[0].refused.is_none() && receipt.files[1].refused.is_some());
        let folder = lake.deliveries("visit").join(&receipt.delivery);
        assert_eq!(RowsFile::open(&folder.join("rows.parquet")).unwrap().rows(), 0);
        let held = sound::hold(&folder, MANIFEST, true).unwrap();
        assert!(held.flaws.is_empty(), "{:?}", held.flaws);
        assert_eq!(
            files_below(&folder).unwrap().len(),
            6,
            "manifest, receipt, rows, rejects, two extracts"
        );
        assert!(files_below(&lake.root().join("staging")).unwrap().is_empty());
        let again = receiver.receive(&parcel, &named).unwrap();
        assert!(matches!(again, Received::Known(delivery) if delivery == receipt.delivery));
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }
}

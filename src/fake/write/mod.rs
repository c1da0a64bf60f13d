//! Raw extracts as dirty as real ones: feed contracts run backwards.
//!
//! A [`FeedWriter`] takes canonical records and writes what the sending department would deliver:
//! its headings, its encoding, its layout, its spellings. Everything comes from the contract, so a
//! new feed is written without new Rust. Dirt never changes what a right reader understands; rows
//! that a reader must quarantine are extra copies, counted in [`Planted`]. The same inputs give the
//! same bytes.

mod broken;
mod cells;
mod delimited;
mod dice;
mod dirt;
mod encoding;
mod file;
mod forms;
mod generic;
mod headings;
mod naming;
mod plan;
mod quantities;
mod records;
mod render;
mod sink;
mod target;
#[cfg(test)]
mod tests;
mod totals;
mod workbook;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::codes::CodeList;
use crate::error::{Error, Result};
use crate::fake::world::Record;
use crate::pipeline::spec::{Feed, FileKind, Split, Table};

pub(super) use dice::Dice;
pub use dirt::{Broken, Dirt, Planted};
pub use generic::{Generic, Who};
pub use naming::period_of;

use file::OpenFile;
use plan::Plan;

/// The names of the city, county, town and village of a 12-digit code; those below the code's level
/// are empty. For a path that begins with the province it is also asked for `620000000000` and
/// answers with the province first.
pub type Divisions<'a> = dyn Fn(&str) -> [String; 4] + 'a;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// The county that it is about, when each county has a file.
    pub county: Option<String>,
    /// The period that it is about, as [`period_of`] says it.
    pub period: NaiveDate,
    /// Its size.
    pub bytes: u64,
    /// What is in it.
    pub planted: Planted,
}

/// One open delivery of a feed.
pub struct FeedWriter<'a> {
    plan: Plan<'a>,
    dirt: &'a Dirt,
    divisions: &'a Divisions<'a>,
    folder: PathBuf,
    seed: u64,
    /// Code of the county whose rows are being written.
    county: Option<String>,
    file: Option<OpenFile<'a>>,
    names: BTreeSet<String>,
    written: Vec<WrittenFile>,
}

impl<'a> FeedWriter<'a> {
    /// Opens the delivery of a night in a folder; no file is made yet.
    ///
    /// # Errors
    /// When the contract asks for something that cannot be written.
    #[expect(clippy::too_many_arguments, reason = "a delivery is made of all of these")]
    pub fn open(
        feed: &'a Feed,
        table: &'a Table,
        codes: &BTreeMap<String, CodeList>,
        divisions: &'a Divisions<'a>,
        folder: &Path,
        night: NaiveDate,
        dirt: &'a Dirt,
        seed: u64,
    ) -> Result<Self> {
        let plan = Plan::new(feed, table, codes, night)?;
        if feed.fake.split == Split::Sheet
            && (plan.kind != FileKind::Xlsx || feed.format.sheets != "*")
        {
            return Err(Error::pipeline(format!(
                "feed {}: only a workbook with sheets: \"*\" has a sheet for each county",
                feed.id
            ))
            .hint("set fake.split to county"));
        }
        Ok(Self {
            plan,
            dirt,
            divisions,
            folder: folder.to_owned(),
            seed,
            county: None,
            file: None,
            names: BTreeSet::new(),
            written: Vec::new(),
        })
    }

    /// A county's rows follow: a new file or sheet when the contract splits by county, also when no
    /// row comes.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn county(&mut self, code: &str, name: &str) -> Result<()> {
        let same = self.county.replace(code.to_owned()).is_some_and(|before| before == code);
        match self.plan.feed.fake.split {
            _ if same => Ok(()),
            Split::Whole => self.whole(),
            Split::County => {
                self.close()?;
                self.open_file(code, name)
            }
            Split::Sheet => {
                if self.file.is_none() {
                    self.open_file("", "")?;
                }
                self.begin(name)
            }
        }
    }

    /// Writes a record of the feed's table.
    ///
    /// # Errors
    /// When the record is of another table, or a file cannot be written.
    pub fn row(&mut self, record: &Record<'_>) -> Result<()> {
        if record.table != self.plan.table.id {
            return Err(Error::bug(format!(
                "a record of {} for feed {}",
                record.table, self.plan.feed.id
            )));
        }
        if self.file.is_none() {
            self.whole()?;
        }
        self.file.as_mut().map_or(Ok(()), |file| file.row(&self.plan, record))
    }

    /// Closes the delivery. A whole extract without rows is a file with a header: "none" is not
    /// "missing".
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(mut self) -> Result<Vec<WrittenFile>> {
        if self.file.is_none() && self.plan.feed.fake.split != Split::County {
            self.whole()?;
        }
        self.close()?;
        Ok(self.written)
    }

    fn whole(&mut self) -> Result<()> {
        if self.file.is_some() {
            return Ok(());
        }
        self.open_file("", "")?;
        if self.plan.feed.fake.split == Split::Sheet { self.begin("") } else { Ok(()) }
    }

    fn open_file(&mut self, code: &str, name: &str) -> Result<()> {
        let plan = &self.plan;
        let (mut file_name, _) = naming::file_name(plan.feed, plan.kind, plan.period, name)?;
        // Two counties may bear the same name.
        if !self.names.insert(file_name.clone()) {
            (file_name, _) =
                naming::file_name(plan.feed, plan.kind, plan.period, &format!("{name}{code}"))?;
            if !self.names.insert(file_name.clone()) {
                return Err(Error::bug(format!(
                    "county {code} of feed {} came twice",
                    plan.feed.id
                )));
            }
        }
        let path = self.folder.join(file_name);
        self.file = Some(OpenFile::open(plan, path, name, self.dirt, self.divisions, self.seed)?);
        if plan.feed.fake.split == Split::Sheet { Ok(()) } else { self.begin(name) }
    }

    fn begin(&mut self, title: &str) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.begin(&self.plan, title))
    }

    fn close(&mut self) -> Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let (path, county) = (file.path.clone(), file.county.clone());
        let planted = file.close(&self.plan)?;
        let bytes = std::fs::metadata(&path).map_err(|e| Error::io("read", &path, &e))?.len();
        let county = (!county.is_empty()).then_some(county);
        self.written.push(WrittenFile { path, county, period: self.plan.period, bytes, planted });
        Ok(())
    }
}

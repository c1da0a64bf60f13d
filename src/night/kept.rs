//! What another night made of the same is not made again. All that a product of a night hangs on is in
//! its mark; one whose mark is that of the night before, or of the same night when it ran last, is taken
//! over as it lies there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::mark::Mark;
use super::{Built, Setup};
use crate::engine::TableRows;
use crate::error::Result;
use crate::feed::assemble::{Assembled, of_persons};
use crate::lake::bucket::KeyRange;
use crate::lake::rows::RowsFile;
use crate::lake::{MANIFEST, durable, hash_file, sound};
use crate::view::Planned;

/// Where the marks of a night lie in its folder.
const FILE: &str = "marks.json";

/// Functions that say the night's date.
const OF_THE_NIGHT: [&str; 2] = ["asof()", "yr()"];

/// The marks of what may be taken over.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Marks {
    identity: String,
    views: BTreeMap<String, String>,
}

/// A published night, as far as something of it can be taken over.
#[derive(Debug, Default)]
struct Last {
    folder: PathBuf,
    marks: Marks,
    /// BLAKE3 of each of its files, by path.
    files: BTreeMap<String, String>,
}

impl Last {
    /// Reads a night's marks; one without them, or with damaged ones, has nothing to give.
    fn read(folder: PathBuf) -> Option<Self> {
        let marks = serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()?;
        let files = sound::noted(&folder, MANIFEST)?.into_iter();
        let files = files.map(|file| (file.path, file.blake3)).collect();
        Some(Self { folder, marks, files })
    }

    /// Its files below a folder, if each is as it was published.
    fn sound(&self, below: &str) -> Option<Vec<PathBuf>> {
        let own = self.files.iter().filter(|(path, _)| path.starts_with(below));
        let whole = |(path, hash): (&String, &String)| {
            let path = self.folder.join(path);
            hash_file(&path).is_ok_and(|now| now == *hash).then_some(path)
        };
        own.map(whole).collect::<Option<Vec<_>>>().filter(|files| !files.is_empty())
    }
}

/// What other nights made, and tonight's marks.
pub(super) struct Kept<'a> {
    setup: &'a Setup,
    night: NaiveDate,
    staged: &'a Path,
    /// The night before.
    last: Option<Last>,
    /// This night as it was published before, when it is run again with other rows.
    again: Option<Last>,
    marks: Marks,
}

impl<'a> Kept<'a> {
    /// Nothing is marked yet. `last` is the night before.
    pub fn new(setup: &'a Setup, night: NaiveDate, last: Option<&str>, staged: &'a Path) -> Self {
        let read = |name: &str| Last::read(setup.lake.night(name));
        let again = setup.newest(|day| day == night).as_deref().and_then(read);
        Self { setup, night, staged, last: last.and_then(read), again, marks: Marks::default() }
    }

    /// Files of the night before that say whose tonight's rows are, if these are the rows that it had.
    ///
    /// # Errors
    /// What the disk says.
    pub fn identity(&mut self, assembled: &Assembled) -> Result<Option<Vec<PathBuf>>> {
        let mut mark = self.base();
        let persons = self.setup.pipeline.tables.values().filter(|table| of_persons(table));
        for table in persons {
            mark.add(&table.id);
            mark.add(self.table(&assembled.tables[&table.id])?);
        }
        // Decisions go with persons whom the night before it found to be somebody else.
        if self.setup.pipeline.settings.identity.link.decisions.is_some() {
            let pointers = self.last.as_ref().and_then(|l| l.files.get("identity/forward.parquet"));
            mark.add(pointers.map_or("", String::as_str));
        }
        self.marks.identity = mark.text();
        let same = |last: &&Last| last.marks.identity == self.marks.identity;
        // How many rows were linked in which way stands in its summary.
        let sound = |last: &Last| last.sound("summary.json").and(last.sound("identity/"));
        Ok(self.last.as_ref().filter(same).and_then(sound))
    }

    /// Takes over the views that would be what they were in another night. Person views are read by ranges
    /// of persons, so only those are taken over that have the key.
    ///
    /// # Errors
    /// What the disk says.
    pub fn views(
        &mut self,
        assembled: &Assembled,
        ranges: &[KeyRange],
    ) -> Result<BTreeMap<String, RowsFile>> {
        let mut tables = BTreeMap::new();
        for (name, rows) in &assembled.tables {
            tables.insert(name.as_str(), self.table(rows)?);
        }
        for planned in &self.setup.plans.views {
            let mark = self.view(planned, &tables, ranges)?;
            self.marks.views.insert(planned.id.clone(), mark);
        }
        let readable = |planned: &&Planned| planned.keyed || planned.whole.is_some();
        let mut kept = BTreeMap::new();
        for id in self.setup.plans.views.iter().filter(readable).map(|planned| &planned.id) {
            let name = format!("views/{id}.parquet");
            let same = |other: &&Last| other.marks.views.get(id) == self.marks.views.get(id);
            let found = |other: &Last| other.sound(&name)?.pop();
            let others = [&self.again, &self.last].into_iter().flatten();
            if let Some(file) = others.filter(same).find_map(found) {
                let own = self.staged.join(&name);
                durable::share(&file, &own)?;
                kept.insert(id.clone(), RowsFile::open(&own)?);
            }
        }
        Ok(kept)
    }

    /// Writes the marks of what the next night may take over.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(mut self, built: &Built) -> Result<()> {
        self.marks.views.retain(|view, _| !built.broken.contains_key(view));
        durable::write_json(&self.staged.join(FILE), &self.marks)
    }

    fn base(&self) -> Mark {
        Mark::new(&self.setup.pipeline, &self.setup.keys)
    }

    /// The mark of tonight's rows of a table: its deliveries and what was changed in them. What the night
    /// wrote itself has no name that says what is in it.
    fn table(&self, rows: &TableRows) -> Result<String> {
        let mut mark = self.base();
        for held in &rows.held {
            if held.file.path().starts_with(self.staged) {
                mark.add(hash_file(held.file.path())?);
            } else {
                mark.add(&held.delivery);
            }
            mark.add(held.edits.digest());
        }
        if let Some(moved) = &rows.moved {
            mark.add(hash_file(moved.path())?);
        }
        Ok(mark.text())
    }

    /// The mark of a view: what the engine is told to do tonight, the rows that it reads, and how they are
    /// split into jobs, on which the order of its own rows hangs. Code lists are part of the policy.
    fn view(
        &self,
        planned: &Planned,
        tables: &BTreeMap<&str, String>,
        ranges: &[KeyRange],
    ) -> Result<String> {
        let mut mark = self.base();
        let plan = planned.in_full()?;
        // A plan that was made for another night does not show what this one would change in it.
        let known = self.setup.is_planned_for(self.night);
        if !known || OF_THE_NIGHT.iter().any(|function| plan.contains(function)) {
            mark.add(self.night.to_string());
        }
        mark.add(plan);
        mark.add(ranges.len().to_string());
        for name in planned.reads.keys() {
            mark.add(name);
            let own = tables.get(name.as_str()).or_else(|| self.marks.views.get(name));
            mark.add(own.map_or("", String::as_str));
        }
        Ok(mark.text())
    }
}

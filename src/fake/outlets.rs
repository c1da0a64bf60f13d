//! The open deliveries of a night: each record goes to the feeds of its table, each feed gets what it has not delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;

use super::world::{Known, Record, TABLES};
use super::write::{Dirt, Divisions, FeedWriter, WrittenFile, period_of};
use crate::error::Result;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{DeliveryKind, Feed};

/// The night on which a feed's last period before that of night `number` was delivered for the last time. An extract
/// of events tells what happened since then, again on every night of its own period; all other extracts, and the first
/// one of events, tell everything.
pub(super) fn told_until(feed: &Feed, nights: &[NaiveDate], number: usize) -> Option<usize> {
    let period = period_of(feed, nights[number]);
    (0..number)
        .rev()
        .filter(|_| feed.delivery.kind == DeliveryKind::Append)
        .find(|n| period_of(feed, nights[*n]) < period)
}

/// One feed's delivery.
struct Outlet<'a> {
    feed: &'a Feed,
    writer: FeedWriter<'a>,
    /// Only what that night did not have.
    since: Option<usize>,
    /// Whether it has a row.
    told: bool,
}

/// All open deliveries of a night.
pub(super) struct Outlets<'a> {
    outlets: Vec<Outlet<'a>>,
    by_table: BTreeMap<&'a str, Vec<usize>>,
    /// The first fault; after it nothing is written.
    result: Result<()>,
}

impl<'a> Outlets<'a> {
    /// Opens a delivery of every feed in the night's folder.
    ///
    /// # Errors
    /// A contract that cannot be written.
    pub(super) fn open(
        pipeline: &'a Pipeline,
        divisions: &'a Divisions<'a>,
        dirts: &'a BTreeMap<&str, Dirt>,
        (nights, number): (&[NaiveDate], usize),
        folder: &Path,
        seed: u64,
    ) -> Result<Self> {
        let mut outlets = Vec::new();
        let mut by_table: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, feed) in pipeline.feeds.values().enumerate() {
            let table = &pipeline.tables[&feed.table];
            let dirt = &dirts[feed.id.as_str()];
            let (codes, night) = (&pipeline.codes, nights[number]);
            let writer =
                FeedWriter::open(feed, table, codes, divisions, folder, night, dirt, seed)?;
            by_table.entry(&feed.table).or_default().push(place);
            let since = told_until(feed, nights, number);
            outlets.push(Outlet { feed, writer, since, told: false });
        }
        Ok(Self { outlets, by_table, result: Ok(()) })
    }

    /// The earlier nights that some feed must know.
    pub(super) fn earlier(&self) -> Vec<usize> {
        let nights: BTreeSet<usize> = self.outlets.iter().filter_map(|o| o.since).collect();
        nights.into_iter().collect()
    }

    /// The rows of a county follow.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn county(&mut self, code: &str, name: &str) -> Result<()> {
        self.outlets.iter_mut().try_for_each(|o| o.writer.county(code, name))
    }

    /// Gives a record, as its department has it, to the feeds of its table that have not told it. What the world says
    /// decides: a department's error is no new event.
    pub(super) fn take(&mut self, world: &Record<'_>, record: &Record<'_>, known: &Known) {
        debug_assert!(TABLES.contains(&record.table), "{} is no table of the world", record.table);
        for place in self.by_table.get(record.table).into_iter().flatten() {
            let outlet = &mut self.outlets[*place];
            let told = || outlet.since.is_some_and(|night| known.had(night, world));
            if self.result.is_ok() && !told() {
                self.result = outlet.writer.row(record);
                outlet.told = true;
            }
        }
    }

    /// The feeds whose tables the world does not know.
    ///
    /// # Errors
    /// Whatever went wrong while records were taken.
    pub(super) fn unknown(
        &mut self,
    ) -> Result<impl Iterator<Item = (&'a Feed, &mut FeedWriter<'a>)>> {
        std::mem::replace(&mut self.result, Ok(()))?;
        let rest = self.outlets.iter_mut().filter(|o| !TABLES.contains(&o.feed.table.as_str()));
        Ok(rest.map(|o| (o.feed, &mut o.writer)))
    }

    /// The feeds of tables of which the world has nothing to tell, though they are to tell everything.
    pub(super) fn silent(&mut self) -> impl Iterator<Item = (&'a Feed, &mut FeedWriter<'a>)> {
        let silent = |o: &&mut Outlet<'a>| {
            !o.told && o.since.is_none() && TABLES.contains(&o.feed.table.as_str())
        };
        self.outlets.iter_mut().filter(silent).map(|o| (o.feed, &mut o.writer))
    }

    /// Closes all deliveries and gives back the files of each.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn finish(self) -> Result<Vec<(&'a Feed, Vec<WrittenFile>)>> {
        self.result?;
        self.outlets.into_iter().map(|o| Ok((o.feed, o.writer.finish()?))).collect()
    }
}

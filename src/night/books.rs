//! The night's part in the ledger: which cases it starts from, which acts it makes, and how both are
//! published as one effect.
//!
//! The acts are written into the night's folder first. Then the folder gets its name, the ledger
//! records the acts, and `current` moves on. Killed in between, the next run finds the folder and
//! does the rest; a night that the ledger knows is not recorded twice.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;

use super::parts::Came;
use super::setup::date_of;
use super::whole::{ACTS, acts};
use super::{Receipts, Setup};
use crate::error::{Error, Result};
use crate::lake::rows::RowsWriter;
use crate::lake::{MANIFEST, csv, durable};
use crate::ledger::act::{Act, Draft};
use crate::ledger::advance::{Tonight, advance};
use crate::ledger::case::{Case, Cases};
use crate::ledger::chain::{self, Head};
use crate::ledger::policy::Policy;
use crate::ledger::state::State;
use crate::ledger::store::{NightEntry, NightRecord, Store, address};
use crate::ledger::table;
use crate::pipeline::schema::CASE_COLUMNS;
use crate::pipeline::spec::Cadence;
use crate::report::summary::CaseSummary;

/// The ledger as a night finds it.
pub(super) struct Books {
    store: Store,
    /// The end of the chain that the night starts from.
    pub before: Head,
    /// A night of the past sees the cases as they were then, and records nothing.
    past: bool,
}

impl Books {
    /// Opens the ledger.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn open(setup: &Setup, night: NaiveDate) -> Result<Self> {
        let store = Store::open(&address(&setup.pipeline.settings, setup.lake.root()))?;
        // Nights without acts leave nothing in the chain.
        let current = setup.lake.current_night().and_then(|current| date_of(&current));
        let past = store.last_day()?.max(current).is_some_and(|last| last > night);
        let before = if past {
            let events = store.events()?;
            let last = events.iter().rfind(|e| e.draft.day < night);
            last.map(|e| Head { seq: e.seq, hash: e.hash.clone() }).unwrap_or_default()
        } else {
            store.head()?
        };
        Ok(Self { store, before, past })
    }

    /// The night's name. When the ledger's last acts are those of this very date, a run that
    /// changes nothing starts from where that one started.
    ///
    /// # Errors
    /// The ledger cannot be read; a night of the past that has lost the night before it.
    pub fn name(
        &mut self,
        setup: &Setup,
        night: NaiveDate,
        receipts: &Receipts,
        last: Option<&str>,
        unknown: &[String],
    ) -> Result<String> {
        let own = |r: &&NightRecord| r.day == night && r.after == self.before;
        let nights = self.store.nights()?;
        let older = last.is_none() && nights.iter().any(|record| record.day < night);
        if self.past && older && setup.lake.current_night().is_some() {
            return Err(Error::usage(format!(
                "the night before {night} is no longer kept: without it all anomalies would be new"
            ))
            .hint("`bidui show runs` lists the nights that are kept: the second can be run again")
            .hint("to keep more from now on, raise `retention: {nights: …}` in pipeline.yaml"));
        }
        for record in nights.iter().rev().filter(own).filter(|_| !self.past) {
            let name = setup.night_name(night, receipts, last, &record.before, unknown);
            if name == record.night && setup.lake.night(&name).join(MANIFEST).is_file() {
                self.before = record.before.clone();
                return Ok(name);
            }
        }
        Ok(setup.night_name(night, receipts, last, &self.before, unknown))
    }

    /// The cases that the night starts from.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn cases(&self) -> Result<Cases> {
        if !self.past {
            return self.store.cases();
        }
        Cases::fold(self.store.events()?.iter().filter(|e| e.seq <= self.before.seq))
    }

    /// Makes the night's acts, writes them and the cases into the staged night, and counts them.
    ///
    /// # Errors
    /// The disk.
    pub fn advance(
        &self,
        setup: &Setup,
        mut cases: Cases,
        tonight: &Tonight<'_>,
        staged: &Path,
        name: &str,
    ) -> Result<(CaseSummary, Head)> {
        let policy = Policy::of(&setup.pipeline);
        let drafts = if self.past { Vec::new() } else { advance(&cases, tonight, &policy)? };
        let mut summary =
            CaseSummary { before: self.before.clone(), past: self.past, ..CaseSummary::default() };
        let mut lines = String::new();
        for draft in &drafts {
            let case = |cases: &Cases| cases.by_number.get(&draft.about).map(|c| c.state);
            let open = case(&cases).is_some_and(State::is_open);
            cases.apply(draft)?;
            count(&mut summary, &draft.act, open);
            lines.push_str(&chain::text(draft)?);
            lines.push('\n');
        }
        durable::write(&staged.join(ACTS), lines.as_bytes())?;
        let day = tonight.day;
        write(&cases, day, staged)?;
        for case in cases.by_number.values() {
            *summary.states.entry(case.state.word().into()).or_default() += 1;
            let county = summary.counties.entry(case.county.clone()).or_default();
            county.open += u64::from(case.state.is_open());
            county.overdue += u64::from(case.overdue(day));
            summary.open += u64::from(case.state.is_open());
            summary.overdue += u64::from(case.overdue(day));
        }
        summary.counties.retain(|_, c| c.open > 0);
        let events = chain::link(&self.before, drafts, Some(name), &day.to_string())?;
        let after = events.last().map(|e| Head { seq: e.seq, hash: e.hash.clone() });
        Ok((summary, after.unwrap_or_else(|| self.before.clone())))
    }

    /// Records the acts that lie in a night's folder, unless the ledger knows the night.
    ///
    /// # Errors
    /// Somebody wrote meanwhile, or made the ledger another's; it cannot be reached; the file is
    /// not what was written.
    pub fn record(&self, setup: &Setup, name: &str, night: NaiveDate, folder: &Path) -> Result<()> {
        if self.past {
            return Ok(());
        }
        let read = |line: &str| {
            serde_json::from_str::<Draft>(line).map_err(|e| {
                Error::environment(format!("{} is damaged: {e}", folder.join(ACTS).display()))
                    .hint("remove the night's folder and run the night again")
            })
        };
        // Of a night that is recorded the ledger has them.
        let text = if self.store.has_night(name)? { String::new() } else { acts(folder)? };
        let drafts = text.lines().map(read).collect::<Result<Vec<_>>>()?;
        setup.settle(&self.store)?;
        let entry = NightEntry { night: name.to_owned(), day: night, before: self.before.clone() };
        self.store.record_night(&entry, drafts, &night.to_string()).map(drop)
    }
}

fn count(summary: &mut CaseSummary, act: &Act, open: bool) {
    if matches!(act, Act::Waive { .. }) {
        summary.waived_open += u64::from(open);
    }
    let counter = match act {
        Act::Open { .. } => &mut summary.opened,
        Act::Reopen { .. } => &mut summary.relapsed,
        Act::Lapse => &mut summary.lapsed,
        Act::Close { .. } => &mut summary.closed,
        // A waived case that is gone was in nobody's stock.
        Act::Vanish if open => &mut summary.vanished,
        Act::SendBack { .. } => &mut summary.sent_back,
        Act::Waive { .. } => &mut summary.waived,
        Act::Escalate { .. } => &mut summary.letters,
        _ => return,
    };
    *counter += 1;
}

/// `cases.parquet` and `cases.csv` of the night.
fn write(cases: &Cases, day: NaiveDate, staged: &Path) -> Result<()> {
    RowsWriter::one(&staged.join("cases.parquet"), &table::batch(cases, day)?)?;
    let cells = |case: &Case| -> Vec<String> {
        let cell = |column: &&str| table::text(case, column, day).unwrap_or_default();
        CASE_COLUMNS.iter().map(cell).collect()
    };
    csv::write(&staged.join("cases.csv"), &CASE_COLUMNS, cases.by_number.values().map(cells))
}

/// When the newest of each table's feeds came. Feeds that come once or once a year are not waited for.
pub(super) struct Refreshed<'a> {
    setup: &'a Setup,
    night: NaiveDate,
    feeds: BTreeMap<&'a str, Vec<Came>>,
}

impl<'a> Refreshed<'a> {
    /// When the newest of each feed came, whole or part by part, by the receipts that are in force.
    pub fn new(setup: &'a Setup, night: NaiveDate, receipts: &Receipts) -> Self {
        let mut feeds: BTreeMap<&str, Vec<Came>> = BTreeMap::new();
        let often = |c: Cadence| !matches!(c, Cadence::Once | Cadence::Yearly);
        for feed in setup.pipeline.feeds.values().filter(|f| often(f.delivery.cadence)) {
            let came = Came::new(&setup.divisions, feed, receipts);
            feeds.entry(&feed.table).or_default().push(came);
        }
        Self { setup, night, feeds }
    }

    /// The day since which every feed that a rule needs has come anew for a county.
    pub fn since(&self, rule: &str, county: &str) -> Option<NaiveDate> {
        let pipeline = &self.setup.pipeline;
        let needs = &pipeline.rules.get(rule)?.needs;
        let feeds = needs.iter().filter_map(|need| self.feeds.get(need.as_str())).flatten();
        // What bidui knows itself is as new as the night.
        let own = |need: &String| pipeline.tables.get(need).is_some_and(|t| t.source.is_some());
        let tonight = needs.iter().any(own).then_some(self.night);
        feeds.filter_map(|came| came.since(county)).chain(tonight).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bidui_knows_itself_is_as_new_as_the_night() {
        let options = crate::night::Options::of("pipelines/gansu".into(), Some("lake".into()));
        let setup = Setup::new(&options).unwrap();
        let night = NaiveDate::from_ymd_opt(2026, 11, 10).unwrap();
        let refreshed = Refreshed::new(&setup, night, &Receipts::new());
        let tables = &setup.pipeline.tables;
        let own = |need: &String| tables.get(need).is_some_and(|t| t.source.is_some());
        let (mut known, mut unknown) = (0, 0);
        for rule in setup.rules() {
            let since = refreshed.since(&rule.id, "620122");
            let asked = rule.needs.iter().any(own);
            assert_eq!(since, asked.then_some(night), "{}", rule.id);
            if asked { known += 1 } else { unknown += 1 }
        }
        assert!(known > 3 && unknown > 30, "{known} {unknown}");
    }
}

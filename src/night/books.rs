//! The night's part in the ledger: which cases it starts from, which acts it makes, and how both are
//! published as one effect.
//!
//! The acts are written into the night's folder first. Then the folder gets its name, the ledger
//! records the acts, and `current` moves on. Killed in between, the next run finds the folder and
//! does the rest; a night that the ledger knows is not recorded twice.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;

use super::{Receipts, Setup};
use crate::anomaly::table::csv_cell;
use crate::error::{Error, Result};
use crate::feed::receipt::in_force;
use crate::lake::durable;
use crate::lake::rows::RowsWriter;
use crate::ledger::act::{Act, Draft};
use crate::ledger::advance::{Tonight, advance};
use crate::ledger::case::Cases;
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
        let past = store.last_day()?.is_some_and(|last| last > night);
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
    /// The ledger cannot be read.
    pub fn name(
        &mut self,
        setup: &Setup,
        night: NaiveDate,
        receipts: &Receipts,
        last: Option<&str>,
    ) -> Result<String> {
        let own = |r: &&NightRecord| r.day == night && r.after == self.before;
        let nights = self.store.nights()?;
        for record in nights.iter().rev().filter(own).filter(|_| !self.past) {
            let name = setup.night_name(night, receipts, last, &record.before);
            if name == record.night && setup.lake.night(&name).join("manifest.json").is_file() {
                self.before = record.before.clone();
                return Ok(name);
            }
        }
        Ok(setup.night_name(night, receipts, last, &self.before))
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
        durable::write(&staged.join("acts.ndjson"), lines.as_bytes())?;
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
    /// Somebody wrote meanwhile; the ledger cannot be reached; the file is damaged.
    pub fn record(&self, name: &str, night: NaiveDate, folder: &Path) -> Result<()> {
        if self.past {
            return Ok(());
        }
        let path = folder.join("acts.ndjson");
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
        let read = |line: &str| {
            serde_json::from_str::<Draft>(line).map_err(|e| {
                Error::environment(format!("{} is damaged: {e}", path.display()))
                    .hint("remove the night's folder and run the night again")
            })
        };
        let drafts = text.lines().map(read).collect::<Result<Vec<_>>>()?;
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
    let mut writer = RowsWriter::plain(&staged.join("cases.parquet"), table::schema())?;
    writer.push(&table::batch(cases, day)?)?;
    writer.finish()?;
    let mut text = format!("\u{feff}{}\r\n", CASE_COLUMNS.join(","));
    for case in cases.by_number.values() {
        let cell = |column: &&str| csv_cell(&table::text(case, column, day).unwrap_or_default());
        text.push_str(&CASE_COLUMNS.iter().map(cell).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    durable::write(&staged.join("cases.csv"), text.as_bytes())
}

/// By rule, the day since which every feed that it needs has come anew. Feeds that come once or
/// once a year are not waited for.
pub(super) fn refreshed(setup: &Setup, receipts: &Receipts) -> BTreeMap<String, NaiveDate> {
    let mut by_table: BTreeMap<&str, NaiveDate> = BTreeMap::new();
    let often = |c: Cadence| !matches!(c, Cadence::Once | Cadence::Yearly);
    for feed in setup.pipeline.feeds.values().filter(|f| often(f.delivery.cadence)) {
        let (new, _) = in_force(feed, receipts);
        if let Some(received) = new.iter().map(|r| r.received).max() {
            let own = by_table.entry(&feed.table).or_insert(received);
            *own = (*own).min(received);
        }
    }
    let day = |needs: &[String]| needs.iter().filter_map(|n| by_table.get(n.as_str())).min();
    let rules = setup.rules().filter_map(|r| Some((r.id.clone(), *day(&r.needs)?)));
    rules.collect()
}

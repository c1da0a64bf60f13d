//! Where the ledger is kept: one file of SQLite in the lake, or PostgreSQL when several people and
//! machines use it. The calls block.
//!
//! SQLite writes its file itself. It is the one exception to the rule that every state-changing
//! call goes through [`crate::lake::durable`]: the file is as safe against a crash as SQLite is
//! (write-ahead log, `synchronous = FULL`), and a transaction is there whole or not at all.
//!
//! Three tables: the events (only ever added to), the cases (their fold, which can be made again
//! from them), and the nights that were recorded; and a row that says what all of them stand on. A
//! ledger of an older program is brought up to date when it is opened.

mod audit;
mod database;
mod ground;
mod rows;
#[cfg(test)]
mod tests;
mod upgrade;

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;

pub use audit::Difference;
use database::{Database, Value};

use super::act::{Act, Draft, Event};
use super::case::{Case, Cases};
use super::chain::{self, Head};
use crate::error::{Error, Result};
use crate::pipeline::Settings;

/// An open ledger.
pub struct Store {
    inner: Mutex<Database>,
}

/// A night that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NightEntry {
    /// Name of its folder.
    pub night: String,
    pub day: NaiveDate,
    /// The end of the chain that its acts were made from.
    pub before: Head,
}

/// A night that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NightRecord {
    pub night: String,
    pub day: NaiveDate,
    pub before: Head,
    pub after: Head,
    pub events: i64,
}

/// The address of a pipeline's ledger: what the environment says, else a file in the lake.
pub fn address(settings: &Settings, lake: &Path) -> String {
    if let Some(address) = said(settings) {
        return address;
    }
    let lake = lake.canonicalize().or_else(|_| std::path::absolute(lake));
    file_address(&lake.unwrap_or_default().join(&settings.cases.ledger.file))
}

/// The address that the environment says.
fn said(settings: &Settings) -> Option<String> {
    let said = settings.cases.ledger.env.as_ref().and_then(|name| std::env::var(name).ok());
    said.filter(|address| !address.is_empty())
}

/// Does a pipeline's ledger lie in its lake, and go where that goes?
pub fn is_in_lake(settings: &Settings) -> bool {
    let file = Path::new(&settings.cases.ledger.file);
    said(settings).is_none() && file.components().all(|part| matches!(part, Component::Normal(_)))
}

/// The address of a file of SQLite.
pub fn file_address(file: &Path) -> String {
    let mut path = String::new();
    for c in file.display().to_string().chars() {
        match c {
            '%' => path.push_str("%25"),
            '?' => path.push_str("%3F"),
            '#' => path.push_str("%23"),
            c => path.push(c),
        }
    }
    format!("sqlite://{path}")
}

impl Store {
    /// Opens the ledger at `sqlite:///folder/file` or `postgres://…`; one that is not there yet is
    /// made.
    ///
    /// # Errors
    /// It cannot be reached, or its tables are of a newer program.
    pub fn open(address: &str) -> Result<Self> {
        let create = address.starts_with("sqlite:") && !address.contains('?');
        let address = if create { format!("{address}?mode=rwc") } else { address.to_owned() };
        let mut database = Database::connect(&address)?;
        upgrade::upgrade(&mut database)?;
        Ok(Self { inner: Mutex::new(database) })
    }

    /// Opens a ledger that must be there already.
    ///
    /// # Errors
    /// There is none, or it cannot be reached.
    pub fn open_existing(address: &str) -> Result<Self> {
        if !address.starts_with("sqlite:") || address.contains('?') {
            return Self::open(address);
        }
        let file = address.trim_start_matches("sqlite:").trim_start_matches("//");
        let file = file.replace("%3F", "?").replace("%23", "#").replace("%25", "%");
        if !Path::new(&file).is_file() {
            return Err(Error::usage(format!("there is no ledger {file}"))
                .hint("a night makes it: `bidui run`"));
        }
        Self::open(address)
    }

    fn lock(&self) -> MutexGuard<'_, Database> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the chain.
    ///
    /// # Errors
    /// What the database says; so it is with all calls below.
    pub fn head(&self) -> Result<Head> {
        head(&mut self.lock())
    }

    /// Has the chain an event that was its end when somebody noted it?
    ///
    /// # Errors
    /// What the database says.
    pub fn knows(&self, end: &Head) -> Result<bool> {
        let sql = "SELECT hash FROM case_event WHERE seq = $1";
        let own = self.lock().rows(sql, vec![Value::Number(end.seq)], |r| r.text(0))?;
        Ok(end.seq == 0 || own.contains(&end.hash))
    }

    /// The day of the last event; none when there are no events.
    ///
    /// # Errors
    /// What the database says; a day that cannot be read.
    pub fn last_day(&self) -> Result<Option<NaiveDate>> {
        last_day(&mut self.lock())
    }

    /// All events, in their order.
    ///
    /// # Errors
    /// What the database says; an event that cannot be read.
    pub fn events(&self) -> Result<Vec<Event>> {
        rows::events(&mut self.lock(), "ORDER BY seq", Vec::new())
    }

    /// The events about packs, in their order: far fewer than those about cases.
    ///
    /// # Errors
    /// What the database says; an event that cannot be read.
    pub fn pack_events(&self) -> Result<Vec<Event>> {
        rows::events(&mut self.lock(), "WHERE kind LIKE 'pack%' ORDER BY seq", Vec::new())
    }

    /// The events of one case, pack or revealed thing, in their order.
    ///
    /// # Errors
    /// What the database says; an event that cannot be read.
    pub fn events_about(&self, about: &str) -> Result<Vec<Event>> {
        rows::events(&mut self.lock(), "WHERE about = $1 ORDER BY seq", vec![about.into()])
    }

    /// All cases.
    ///
    /// # Errors
    /// What the database says; a case that cannot be read.
    pub fn cases(&self) -> Result<Cases> {
        let all = rows::cases(&mut self.lock(), "", Vec::new())?;
        Ok(collect(all))
    }

    /// A case by its number or by its anomaly.
    ///
    /// # Errors
    /// What the database says; a case that cannot be read.
    pub fn case(&self, name: &str) -> Result<Option<Case>> {
        let found = "WHERE number = $1 OR anomaly = $1";
        Ok(rows::cases(&mut self.lock(), found, vec![name.into()])?.into_iter().next())
    }

    /// The nights that were recorded, in the order of the chain.
    ///
    /// # Errors
    /// What the database says; a day that cannot be read.
    pub fn nights(&self) -> Result<Vec<NightRecord>> {
        rows::nights(&mut self.lock())
    }

    /// Is a night recorded?
    ///
    /// # Errors
    /// What the database says.
    pub fn has_night(&self, night: &str) -> Result<bool> {
        is_known(&mut self.lock(), night)
    }

    /// Records acts at the end of the chain, all or none. `at` is when, RFC 3339.
    ///
    /// # Errors
    /// A move that is not allowed from a case's state, or a day before the last event's.
    pub fn append(&self, drafts: Vec<Draft>, at: &str) -> Result<Head> {
        self.lock().transaction(|database| write(database, drafts, None, at))
    }

    /// Records acts that were made from the chain as it ended at `before`.
    ///
    /// # Errors
    /// Somebody wrote since; and as for [`Self::append`].
    pub fn append_after(&self, before: &Head, drafts: Vec<Draft>, at: &str) -> Result<Head> {
        self.lock().transaction(|database| {
            let found = head(database)?;
            if found != *before {
                return Err(Error::environment(format!(
                    "the ledger has {} events, this was made from {}: somebody wrote meanwhile",
                    found.seq, before.seq
                ))
                .hint("do it again"));
            }
            write(database, drafts, None, at)
        })
    }

    /// Records the acts of a night. A night that is recorded already is left alone.
    ///
    /// # Errors
    /// Somebody wrote since the night's acts were made; and as for [`Self::append`].
    pub fn record_night(&self, entry: &NightEntry, drafts: Vec<Draft>, at: &str) -> Result<Head> {
        let mut database = self.lock();
        // A run without news writes nothing, not even the turn to write.
        if is_known(&mut database, &entry.night)? {
            return head(&mut database);
        }
        database.transaction(|database| {
            let found = head(database)?;
            if is_known(database, &entry.night)? {
                return Ok(found);
            }
            if found != entry.before {
                return Err(Error::environment(format!(
                    "the ledger has {} events, the night was made from {}: somebody wrote meanwhile",
                    found.seq, entry.before.seq
                ))
                .hint("run the night again"));
            }
            let events = drafts.len();
            let after = write(database, drafts, Some(&entry.night), at)?;
            rows::insert_night(database, entry, &after, events)?;
            Ok(after)
        })
    }

    /// Makes the cases again from the events. What was not as it should be.
    ///
    /// # Errors
    /// The events themselves are damaged: see [`Self::verify`].
    pub fn rebuild(&self) -> Result<Vec<Difference>> {
        self.lock().transaction(audit::rebuild)
    }

    /// The first fault of the ledger: in the chain, against heads that were noted elsewhere, in the
    /// record of the nights, or in the cases.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn verify(&self, anchors: &[(String, Head)]) -> Result<Option<chain::Break>> {
        // A night that is recorded while its parts are read would look like a fault.
        self.lock().snapshot(|database| audit::verify(database, anchors))
    }
}

fn collect(all: Vec<Case>) -> Cases {
    let mut cases = Cases::default();
    for case in all {
        cases.by_anomaly.insert(case.anomaly.clone(), case.number.clone());
        cases.by_number.insert(case.number.clone(), case);
    }
    cases
}

fn head(database: &mut Database) -> Result<Head> {
    let sql = "SELECT seq, hash FROM case_event ORDER BY seq DESC LIMIT 1";
    let last = |r: &database::Line| Ok(Head { seq: r.number(0)?, hash: r.text(1)? });
    Ok(database.rows(sql, Vec::new(), last)?.pop().unwrap_or_default())
}

/// Is a night recorded?
fn is_known(database: &mut Database, night: &str) -> Result<bool> {
    let known = "SELECT night FROM ledger_night WHERE night = $1";
    Ok(!database.rows(known, vec![night.into()], |r| r.text(0))?.is_empty())
}

fn last_day(database: &mut Database) -> Result<Option<NaiveDate>> {
    let sql = "SELECT day FROM case_event ORDER BY seq DESC LIMIT 1";
    let day = database.rows(sql, Vec::new(), |r| r.text(0))?.pop();
    day.map(|day| rows::day(&day)).transpose()
}

/// Adds acts to the chain and moves their cases, inside a transaction.
fn write(
    database: &mut Database,
    drafts: Vec<Draft>,
    night: Option<&str>,
    at: &str,
) -> Result<Head> {
    let mut last = last_day(database)?;
    for draft in &drafts {
        if let Some(before) = last.filter(|l| *l > draft.day) {
            return Err(Error::usage(format!(
                "{} is before {before}, the day of the ledger's last event",
                draft.day
            ))
            .hint("the ledger only goes forward: give a later day"));
        }
        last = Some(draft.day);
    }
    let mut cases = touched(database, &drafts)?;
    for draft in &drafts {
        cases.apply(draft)?;
    }
    let moved: BTreeSet<&str> =
        drafts.iter().filter(|d| d.act.verb().is_some()).map(|d| d.about.as_str()).collect();
    rows::put_cases(database, moved.iter().filter_map(|n| cases.by_number.get(*n)))?;
    let head = head(database)?;
    let events = chain::link(&head, drafts, night, at)?;
    rows::insert_events(database, &events)?;
    Ok(events.last().map_or(head, |e| Head { seq: e.seq, hash: e.hash.clone() }))
}

/// The cases that acts are about, and those whose anomaly is to be opened.
fn touched(database: &mut Database, drafts: &[Draft]) -> Result<Cases> {
    let acts = || drafts.iter().filter(|d| d.act.verb().is_some());
    let numbers: BTreeSet<&str> = acts().map(|d| d.about.as_str()).collect();
    let opened = |d: &Draft| match &d.act {
        Act::Open { anomaly, .. } => Some(anomaly.clone()),
        _ => None,
    };
    let anomalies: BTreeSet<String> = acts().filter_map(opened).collect();
    let numbers: Vec<&str> = numbers.into_iter().collect();
    let anomalies: Vec<&str> = anomalies.iter().map(String::as_str).collect();
    let mut all = rows::cases_among(database, "number", &numbers)?;
    all.extend(rows::cases_among(database, "anomaly", &anomalies)?);
    Ok(collect(all))
}

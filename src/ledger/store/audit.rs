//! Is the ledger what was written? The chain, the nights, and the cases against their fold.

use std::collections::BTreeMap;
use std::fmt;

use super::database::Database;
use super::rows::{self, CASE, case_row};
use crate::error::Result;
use crate::ledger::act::Event;
use crate::ledger::case::Cases;
use crate::ledger::chain::{self, Break, Head};

/// A case whose row is not what its events say. Columns are named, values are not: they may be
/// about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The events know it, the table does not.
    Missing { number: String },
    /// The table knows it, the events do not.
    Unknown { number: String },
    /// Columns that say something else.
    Changed { number: String, columns: Vec<&'static str> },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { number } => write!(f, "{number} is not in case_state"),
            Self::Unknown { number } => {
                write!(f, "{number} is in case_state, but was never opened")
            }
            Self::Changed { number, columns } => {
                write!(f, "{number} differs from its events in {}", columns.join(", "))
            }
        }
    }
}

/// Makes the cases again, inside a transaction.
///
/// # Errors
/// The events are damaged; what the database says.
pub(super) fn rebuild(database: &mut Database) -> Result<Vec<Difference>> {
    let events = rows::events(database, "ORDER BY seq", Vec::new())?;
    let fold = Cases::fold(&events)?;
    let found = differences(database, &fold)?;
    if !found.is_empty() {
        database.run("DELETE FROM case_state", Vec::new())?;
        rows::put_cases(database, fold.by_number.values())?;
    }
    Ok(found)
}

/// Rows of the table that are not what the fold says, by number.
fn differences(database: &mut Database, fold: &Cases) -> Result<Vec<Difference>> {
    let mut stored: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for row in rows::case_rows(database)? {
        stored.insert(row[0].clone().unwrap_or_default(), row);
    }
    let mut found = Vec::new();
    for case in fold.by_number.values() {
        let number = case.number.clone();
        let Some(row) = stored.remove(&number) else {
            found.push(Difference::Missing { number });
            continue;
        };
        let own = case_row(case)?;
        let pairs = CASE.iter().zip(row.iter().zip(&own));
        let columns: Vec<&str> =
            pairs.filter(|(_, (a, b))| a != b).map(|(name, _)| *name).collect();
        if !columns.is_empty() {
            found.push(Difference::Changed { number, columns });
        }
    }
    found.extend(stored.into_keys().map(|number| Difference::Unknown { number }));
    Ok(found)
}

/// The first fault.
///
/// # Errors
/// The database cannot be read.
pub(super) fn verify(database: &mut Database, anchors: &[(String, Head)]) -> Result<Option<Break>> {
    let (events, broken) = readable(database)?;
    // Anchors count only over all events; the fault of an event comes before them.
    let chain = chain::verify(&events, if broken.is_some() { &[] } else { anchors });
    let first = match (chain, broken) {
        (Some(a), Some(b)) => Some(if b.seq < a.seq { b } else { a }),
        (a, b) => a.or(b),
    };
    if first.is_some() {
        return Ok(first);
    }
    if let Some(fault) = nights(database, &events)? {
        return Ok(Some(fault));
    }
    let mut fold = Cases::default();
    for event in &events {
        if let Err(error) = fold.apply(&event.draft) {
            return Ok(Some(Break { seq: event.seq, what: error.to_string() }));
        }
    }
    let found = differences(database, &fold)?;
    let seq = events.len() as i64;
    Ok(found.first().map(|first| Break {
        seq,
        what: format!("{first}; {} cases in all differ: `bidui ledger rebuild`", found.len()),
    }))
}

/// The events up to the first whose row does not say what its text says, and that one.
fn readable(database: &mut Database) -> Result<(Vec<Event>, Option<Break>)> {
    let mut events: Vec<Event> = Vec::new();
    for raw in rows::raws(database, "ORDER BY seq", Vec::new())? {
        let seq = raw.seq;
        let wrong = |what: String| Some(Break { seq, what });
        let Some(draft) = raw.draft() else {
            return Ok((events, wrong("its text is no act".into())));
        };
        if let Some(column) = raw.differs(&draft) {
            return Ok((events, wrong(format!("its column {column} was changed"))));
        }
        if events.last().is_some_and(|last| last.draft.day > draft.day) {
            return Ok((events, wrong("its day is before that of the event before it".into())));
        }
        events.push(raw.event(draft));
    }
    Ok((events, None))
}

/// The record of the nights against the events.
fn nights(database: &mut Database, events: &[Event]) -> Result<Option<Break>> {
    let mut written: BTreeMap<&str, i64> = BTreeMap::new();
    for event in events {
        if let Some(night) = &event.night {
            *written.entry(night).or_default() += 1;
        }
    }
    for record in rows::nights(database)? {
        let ends = [
            (format!("the record of night {}", record.night), record.before.clone()),
            (format!("the record of night {}", record.night), record.after.clone()),
        ];
        if let Some(fault) = chain::anchored(events, &ends) {
            return Ok(Some(fault));
        }
        let own = written.remove(record.night.as_str()).unwrap_or(0);
        if own != record.events || record.after.seq - record.before.seq != own {
            let (night, said) = (&record.night, record.events);
            let what = format!("night {night} is recorded with {said} events, it has {own}");
            return Ok(Some(Break { seq: record.after.seq, what }));
        }
    }
    let lost = events.iter().find(|e| e.night.as_deref().is_some_and(|n| written.contains_key(n)));
    Ok(lost.map(|event| Break {
        seq: event.seq,
        what: format!("its night {} is not recorded", event.night.as_deref().unwrap_or_default()),
    }))
}

//! Events, cases and nights as rows of the tables, and back.

use chrono::NaiveDate;

use super::database::{Database, Line, Value};
use super::{NightEntry, NightRecord};
use crate::error::{Error, Result};
use crate::ledger::act::{Draft, Event};
use crate::ledger::case::Case;
use crate::ledger::chain::Head;

const EVENT: [&str; 10] =
    ["seq", "about", "day", "actor", "kind", "body", "night", "at", "prev", "hash"];

pub(super) const CASE: [&str; 12] = [
    "number", "anomaly", "rule", "county", "division", "owner", "severity", "state", "opened",
    "moved", "due", "body",
];

const NIGHT: [&str; 8] =
    ["night", "day", "before_seq", "before_hash", "after_seq", "after_hash", "events", "nth"];

/// A row of events as it stands in the table.
pub(super) struct Raw {
    pub seq: i64,
    pub about: String,
    pub day: String,
    pub actor: String,
    pub kind: String,
    pub body: String,
    pub night: Option<String>,
    pub at: String,
    pub prev: String,
    pub hash: String,
}

impl Raw {
    fn read(row: &Line) -> sqlx::Result<Self> {
        Ok(Self {
            seq: row.number(0)?,
            about: row.text(1)?,
            day: row.text(2)?,
            actor: row.text(3)?,
            kind: row.text(4)?,
            body: row.text(5)?,
            night: row.option(6)?,
            at: row.text(7)?,
            prev: row.text(8)?,
            hash: row.text(9)?,
        })
    }

    /// The act of its text, if it is one.
    pub fn draft(&self) -> Option<Draft> {
        serde_json::from_str(&self.body).ok()
    }

    /// The event of this act.
    pub fn event(self, draft: Draft) -> Event {
        let Self { seq, night, at, body, prev, hash, .. } = self;
        Event { seq, night, at, draft, text: body, prev, hash }
    }

    /// The first column that says something else than the text.
    pub fn differs(&self, draft: &Draft) -> Option<&'static str> {
        let pairs = [
            ("about", self.about == draft.about),
            ("day", self.day == draft.day.to_string()),
            ("actor", self.actor == draft.actor),
            ("kind", self.kind == draft.act.word()),
        ];
        pairs.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}

/// A day of the tables.
///
/// # Errors
/// The text is no day.
pub(super) fn day(text: &str) -> Result<NaiveDate> {
    text.parse().map_err(|_| damaged("a day"))
}

fn damaged(what: &str) -> Error {
    Error::environment(format!("{what} of the ledger cannot be read"))
        .hint("find the fault with `bidui ledger verify`")
}

/// Rows of events as they stand.
///
/// # Errors
/// What the database says.
pub(super) fn raws(database: &mut Database, tail: &str, values: Vec<Value>) -> Result<Vec<Raw>> {
    let sql = format!("SELECT {} FROM case_event {tail}", EVENT.join(","));
    database.rows(&sql, values, Raw::read)
}

/// The events that `tail` asks for, with its values, in its order.
///
/// # Errors
/// What the database says; a text that is no act.
pub(super) fn events(
    database: &mut Database,
    tail: &str,
    values: Vec<Value>,
) -> Result<Vec<Event>> {
    let read = |raw: Raw| {
        let draft = raw.draft().ok_or_else(|| damaged(&format!("event {}", raw.seq)))?;
        Ok(raw.event(draft))
    };
    raws(database, tail, values)?.into_iter().map(read).collect()
}

/// Adds events to the table.
///
/// # Errors
/// What the database says.
pub(super) fn insert_events(database: &mut Database, events: &[Event]) -> Result<()> {
    let row = |event: &Event| {
        vec![
            Value::Number(event.seq),
            event.draft.about.as_str().into(),
            Value::Text(event.draft.day.to_string()),
            event.draft.actor.as_str().into(),
            event.draft.act.word().into(),
            event.text.as_str().into(),
            event.night.clone().into(),
            event.at.as_str().into(),
            event.prev.as_str().into(),
            event.hash.as_str().into(),
        ]
    };
    database.insert("case_event", &EVENT, events.iter().map(row), "")
}

/// A case as the columns of its row.
///
/// # Errors
/// Never; a case is plain values.
pub(super) fn case_row(case: &Case) -> Result<Vec<Option<String>>> {
    let body = serde_json::to_string(case)
        .map_err(|e| Error::bug(format!("{} is no JSON: {e}", case.number)))?;
    let text = |text: &str| Some(text.to_owned());
    Ok(vec![
        text(&case.number),
        text(&case.anomaly),
        text(&case.rule),
        text(&case.county),
        text(&case.division),
        text(&case.owner),
        text(case.severity.word()),
        text(case.state.word()),
        Some(case.opened.to_string()),
        Some(case.moved.to_string()),
        case.due.map(|d| d.to_string()),
        Some(body),
    ])
}

/// Rows of cases as they stand, in the order of their numbers.
///
/// # Errors
/// What the database says.
pub(super) fn case_rows(database: &mut Database) -> Result<Vec<Vec<Option<String>>>> {
    let sql = format!("SELECT {} FROM case_state ORDER BY number", CASE.join(","));
    database.rows(&sql, Vec::new(), |row| (0..CASE.len()).map(|at| row.option(at)).collect())
}

const BODIES: &str = "SELECT number, body FROM case_state";

fn case((number, body): (String, String)) -> Result<Case> {
    serde_json::from_str(&body).map_err(|_| {
        Error::environment(format!("the row of {number} in the ledger cannot be read"))
            .hint("make the cases again with `bidui ledger rebuild`")
    })
}

fn body(row: &Line) -> sqlx::Result<(String, String)> {
    Ok((row.text(0)?, row.text(1)?))
}

/// The cases that `tail` asks for, with its values.
///
/// # Errors
/// What the database says; a case that cannot be read.
pub(super) fn cases(database: &mut Database, tail: &str, values: Vec<Value>) -> Result<Vec<Case>> {
    let found = database.rows(&format!("{BODIES} {tail}"), values, body)?;
    found.into_iter().map(case).collect()
}

/// The cases whose column is one of some values, in no order.
///
/// # Errors
/// What the database says; a case that cannot be read.
pub(super) fn cases_among(
    database: &mut Database,
    column: &str,
    keys: &[&str],
) -> Result<Vec<Case>> {
    database.among(BODIES, column, keys, body)?.into_iter().map(case).collect()
}

/// Puts cases in the place of their rows.
///
/// # Errors
/// What the database says.
pub(super) fn put_cases<'a>(
    database: &mut Database,
    cases: impl Iterator<Item = &'a Case>,
) -> Result<()> {
    let rows: Vec<Vec<Value>> = cases
        .map(|case| Ok(case_row(case)?.into_iter().map(Value::from).collect()))
        .collect::<Result<_>>()?;
    let update: Vec<String> = CASE[1..].iter().map(|c| format!("{c} = excluded.{c}")).collect();
    let tail = format!("ON CONFLICT (number) DO UPDATE SET {}", update.join(", "));
    database.insert("case_state", &CASE, rows.into_iter(), &tail)
}

/// The recorded nights in the order of the chain; those at one end of it by their days, those of one day
/// as they were recorded.
///
/// # Errors
/// What the database says; a day that cannot be read.
pub(super) fn nights(database: &mut Database) -> Result<Vec<NightRecord>> {
    let order = "ORDER BY after_seq, day, nth, night";
    let sql = format!("SELECT {} FROM ledger_night {order}", NIGHT.join(","));
    let read = |row: &Line| {
        let before = Head { seq: row.number(2)?, hash: row.text(3)? };
        let after = Head { seq: row.number(4)?, hash: row.text(5)? };
        Ok((row.text(0)?, row.text(1)?, before, after, row.number(6)?))
    };
    let found = database.rows(&sql, Vec::new(), read)?;
    let record = |(night, on, before, after, events): (String, String, Head, Head, i64)| {
        Ok(NightRecord { night, day: day(&on)?, before, after, events })
    };
    found.into_iter().map(record).collect()
}

/// Records a night: the end of the chain with its acts, and how many events they are.
///
/// # Errors
/// What the database says, also of a night that is there already.
pub(super) fn insert_night(
    database: &mut Database,
    entry: &NightEntry,
    after: &Head,
    events: usize,
) -> Result<()> {
    let count = "SELECT count(*) FROM ledger_night";
    let before = database.rows(count, Vec::new(), |row| row.number(0))?.pop().unwrap_or(0);
    let row = vec![
        entry.night.as_str().into(),
        Value::Text(entry.day.to_string()),
        Value::Number(entry.before.seq),
        entry.before.hash.as_str().into(),
        Value::Number(after.seq),
        after.hash.as_str().into(),
        Value::Number(events as i64),
        Value::Number(before + 1),
    ];
    database.insert("ledger_night", &NIGHT, std::iter::once(row), "")
}

/// What the ledger stands on, if a night has noted it.
///
/// # Errors
/// What the database says.
pub(super) fn ground(database: &mut Database) -> Result<Option<String>> {
    let sql = "SELECT ground FROM ledger_ground WHERE one = 1";
    Ok(database.rows(sql, Vec::new(), |row| row.text(0))?.pop())
}

/// Notes what the ledger stands on, unless that is noted already.
///
/// # Errors
/// What the database says.
pub(super) fn insert_ground(database: &mut Database, ground: &str) -> Result<()> {
    let row = std::iter::once(vec![Value::Number(1), ground.into()]);
    database.insert("ledger_ground", &["one", "ground"], row, "ON CONFLICT (one) DO NOTHING")
}

/// The lake whose nights are recorded, if one has noted it.
///
/// # Errors
/// What the database says.
pub(super) fn lake(database: &mut Database) -> Result<Option<String>> {
    let sql = "SELECT lake FROM ledger_ground WHERE one = 1";
    Ok(database.rows(sql, Vec::new(), |row| row.option(0))?.pop().flatten())
}

/// Notes the lake of a ledger that stands on `ground`, unless one is noted already.
///
/// # Errors
/// What the database says.
pub(super) fn set_lake(database: &mut Database, ground: &str, lake: &str) -> Result<()> {
    let sql = "UPDATE ledger_ground SET lake = $1 WHERE one = 1 AND ground = $2 AND lake IS NULL";
    database.run(sql, vec![lake.into(), ground.into()]).map(drop)
}

//! `bidui case list`: which cases there are, and which are late.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use chrono::NaiveDate;

use super::{Desk, Where};
use crate::anomaly::Anomaly;
use crate::cli::output::{self, Form, Out};
use crate::cli::show::columns;
use crate::division::Divisions;
use crate::error::{Error, Result};
use crate::ledger::advance::NOWHERE;
use crate::ledger::case::Case;
use crate::ledger::state::State;

/// What `bidui case list` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    out: Out,
    /// Only this rule, or rules whose id begins so.
    #[arg(long)]
    rule: Option<String>,
    /// Only this county: its code, or its name.
    #[arg(long)]
    county: Option<String>,
    /// Only this city: its code, or its name.
    #[arg(long)]
    city: Option<String>,
    /// Only these states: pending, issued … or 待下发, 已下发 …, or `open`.
    #[arg(long, value_delimiter = ',')]
    state: Vec<String>,
    /// Only this office: its code, or its title.
    #[arg(long)]
    owner: Option<String>,
    /// Only this severity.
    #[arg(long, value_parser = ["red", "orange", "yellow", "blue"])]
    severity: Option<String>,
    /// Only cases whose term is over while the county owes an answer.
    #[arg(long)]
    overdue: bool,
    /// Only cases that must be answered before this day.
    #[arg(long)]
    due_before: Option<NaiveDate>,
    /// The day that lateness is counted at [default: that of the current night].
    #[arg(long)]
    on: Option<NaiveDate>,
    /// At most so many rows.
    #[arg(long)]
    limit: Option<usize>,
}

/// Lists the cases, the earliest term first.
///
/// # Errors
/// No night or ledger, or a damaged one; a rule, state, place or office that there is not; what
/// cannot be written.
pub fn list(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let day = args.on.map_or_else(|| desk.day(), Ok)?;
    let mut cases: Vec<Case> = desk.store.cases()?.by_number.into_values().collect();
    let filter = Filter::new(args, &desk, &cases)?;
    cases.retain(|case| filter.takes(args, case, day));
    cases.sort_by(|a, b| order(a).cmp(&order(b)));
    let all = cases.len();
    cases.truncate(args.limit.unwrap_or(usize::MAX));
    output::left_out(all - cases.len());
    let memory = desk.memory()?;
    let batch = batch(&desk, &cases, &memory, day)?;
    let batch = if args.out.output == Form::Table { short(&batch)? } else { batch };
    output::give(&batch, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// What somebody must do comes first, the earliest term first; what is over comes last.
fn order(case: &Case) -> (bool, bool, NaiveDate, &str) {
    let (asked, open) = (case.state.is_waiting(), case.state.is_open());
    (!asked, !open, case.due.unwrap_or(NaiveDate::MAX), &case.number)
}

/// Arguments that had to be read.
struct Filter {
    states: Vec<State>,
    counties: Option<Vec<String>>,
    cities: Option<Vec<String>>,
    owner: Option<String>,
}

impl Filter {
    fn new(args: &Args, desk: &Desk, cases: &[Case]) -> Result<Self> {
        let setup = &desk.setup;
        if let Some(rule) = args.rule.as_deref()
            && !setup.pipeline.rules.keys().any(|id| id.starts_with(rule))
            && !cases.iter().any(|case| case.rule.starts_with(rule))
        {
            return Err(Error::usage(format!("no rule has an id that begins with `{rule}`")));
        }
        let mut states = Vec::new();
        for word in &args.state {
            match (word.as_str(), State::of(word)) {
                ("open", _) => states.extend(crate::ledger::state::OPEN),
                (_, Some(state)) => states.push(state),
                (_, None) => {
                    let words: Vec<String> =
                        State::ALL.iter().map(|s| format!("{} {}", s.word(), s.zh())).collect();
                    return Err(Error::usage(format!("there is no state {word}")).hint(format!(
                        "states are open (all that are work), {}",
                        words.join(", ")
                    )));
                }
            }
        }
        let places = |name: &Option<String>, level: u8| {
            name.as_deref().map(|name| places(&setup.divisions, name, level)).transpose()
        };
        let (counties, cities) = (places(&args.county, 3)?, places(&args.city, 2)?);
        let owner = args.owner.as_deref().map(|name| office(desk, cases, name)).transpose()?;
        Ok(Self { states, counties, cities, owner })
    }

    fn takes(&self, args: &Args, case: &Case, day: NaiveDate) -> bool {
        let lies = |places: &Option<Vec<String>>| {
            let within = |p: &String| case.county.starts_with(p.as_str());
            places.as_ref().is_none_or(|all| all.iter().any(within))
        };
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        lies(&self.counties)
            && lies(&self.cities)
            && args.rule.as_deref().is_none_or(|r| case.rule.starts_with(r))
            && (self.states.is_empty() || self.states.contains(&case.state))
            && is(&self.owner, &case.owner)
            && is(&args.severity, case.severity.word())
            && (!args.overdue || case.overdue(day))
            && args
                .due_before
                .is_none_or(|b| case.state.is_waiting() && case.due.is_some_and(|d| d < b))
    }
}

/// The code of an office, by code or title: one that has a case, or that some rule routes to.
///
/// # Errors
/// There is no such office.
pub(in crate::cli) fn office<'a>(
    desk: &Desk,
    cases: impl IntoIterator<Item = &'a Case>,
    name: &str,
) -> Result<String> {
    let code = desk.setup.pipeline.office_code(name);
    if cases.into_iter().any(|case| case.owner == code) {
        return Ok(code.to_owned());
    }
    super::act::office(desk, name)
}

/// Beginnings of county codes: of a code, or of the divisions of a level that have a name.
///
/// # Errors
/// No division of the level has a name that begins so.
pub(in crate::cli) fn places(divisions: &Divisions, name: &str, level: u8) -> Result<Vec<String>> {
    let digits = usize::from(level) * 2;
    let found: Vec<String> = if name.bytes().all(|b| b.is_ascii_digit()) && name.len() >= 2 {
        let start = &name[..name.len().min(digits)];
        // Of some cases nobody knows the county yet.
        let known = start == NOWHERE || divisions.iter().any(|d| d.code.starts_with(start));
        known.then(|| start.to_owned()).into_iter().collect()
    } else {
        let named = divisions.iter().filter(|d| d.level == level && d.label.starts_with(name));
        named.map(|d| d.code[..digits].to_owned()).collect()
    };
    if found.is_empty() || name.is_empty() {
        let (what, digits) = if level == 2 { ("city", 4) } else { ("county", 6) };
        return Err(Error::usage(format!("there is no {what} `{name}`"))
            .hint(format!("give its name as in the register, or its code of {digits} digits")));
    }
    Ok(found)
}

/// Columns of the short table for a terminal: name in the batch, heading. A narrow one leaves out
/// what `bidui case show` tells.
const SHORT: [(&str, &str); 8] = [
    ("number", "督办编号"),
    ("state_zh", "状态"),
    ("due", "期限"),
    ("days_overdue", "逾期天数"),
    ("owner_name", "责任"),
    ("title", "名称"),
    ("who", "对象"),
    ("message", "说明"),
];

fn short(batch: &RecordBatch) -> Result<RecordBatch> {
    let take = |(name, heading): &(&'static str, &'static str)| {
        batch.column_by_name(name).map(|column| (*heading, column.clone()))
    };
    output::fitting(&columns(SHORT.iter().filter_map(take).collect())?, &["说明", "对象", "责任"])
}

/// The cases with what the night knows of them.
fn batch(
    desk: &Desk,
    cases: &[Case],
    memory: &BTreeMap<String, Anomaly>,
    day: NaiveDate,
) -> Result<RecordBatch> {
    let text = |f: &dyn Fn(&Case) -> Option<String>| -> ArrayRef {
        Arc::new(cases.iter().map(f).collect::<StringArray>())
    };
    let known = |f: &dyn Fn(&Anomaly) -> Option<String>| -> ArrayRef {
        let value = |case: &Case| memory.get(&case.anomaly).and_then(f);
        Arc::new(cases.iter().map(value).collect::<StringArray>())
    };
    let number = |f: &dyn Fn(&Case) -> usize| -> ArrayRef {
        Arc::new(cases.iter().map(|c| Some(f(c) as u64)).collect::<UInt64Array>())
    };
    let late = |c: &Case| c.due.filter(|_| c.overdue(day)).map(|due| (day - due).num_days());
    let days = |d: Option<NaiveDate>| d.map(|d| d.to_string());
    let county = |c: &Case| desk.setup.divisions.name(&c.county).map(str::to_owned);
    let letter = |c: &Case| (c.step > 0).then(|| desk.policy.letter(c.step).to_owned());
    columns(vec![
        ("number", text(&|c| Some(c.number.clone()))),
        ("anomaly", text(&|c| Some(c.anomaly.clone()))),
        ("rule", text(&|c| Some(c.rule.clone()))),
        ("title", known(&|a| Some(a.title.clone()))),
        ("severity", text(&|c| Some(c.severity.word().into()))),
        ("state", text(&|c| Some(c.state.word().into()))),
        ("state_zh", text(&|c| Some(c.state.zh().into()))),
        ("county", text(&|c| Some(c.county.clone()))),
        ("county_name", text(&county)),
        ("division", text(&|c| Some(c.division.clone()))),
        ("owner", text(&|c| Some(c.owner.clone()))),
        ("owner_name", text(&|c| Some(desk.setup.pipeline.office(&c.owner).to_owned()))),
        ("assignee", text(&|c| Some(c.assignee.clone()).filter(|a| !a.is_empty()))),
        ("opened", text(&|c| Some(c.opened.to_string()))),
        ("issued", text(&|c| days(c.issued_in_round()))),
        ("due", text(&|c| days(c.due))),
        ("days_overdue", Arc::new(cases.iter().map(late).collect::<Int64Array>())),
        ("letters", number(&|c| c.step)),
        ("letter", text(&letter)),
        ("answered", text(&|c| days(c.answered))),
        ("sent_back", number(&|c| c.sent_back)),
        ("relapses", number(&|c| c.relapses)),
        ("waived_until", text(&|c| days(c.waived_until))),
        ("ended", text(&|c| days(c.ended))),
        ("reopened", text(&|c| days(c.reopened))),
        ("who", known(&|a| a.who.clone())),
        ("message", known(&|a| Some(a.message.clone()))),
    ])
}

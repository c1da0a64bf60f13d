//! Which cases go into which county's pack, and what issuing does to them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::batch::Issued;
use crate::anomaly::{Anomaly, Memory};
use crate::error::Result;
use crate::ledger::act::{Act, Draft};
use crate::ledger::advance::NOWHERE;
use crate::ledger::case::{Case, Cases};
use crate::ledger::policy::Policy;
use crate::ledger::state::State;
use crate::pipeline::packs::{Light, Lights, Pack};
use crate::pipeline::spec::Severity;

/// Why a case is in the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    New,
    SentBack,
    HandedOver,
    Relapsed,
    /// It was issued before and is still open.
    Carried,
}

impl Mark {
    fn of(case: &Case) -> Self {
        // Was it ever in a pack, and was it since it came back?
        let (known, asked) = (case.issued.is_some(), case.issued_in_round().is_some());
        match case.state {
            State::SentBack => Self::SentBack,
            State::HandedOver if case.handed_by != case.county => Self::HandedOver,
            // Another office of the county had it, and may have had it in a pack.
            State::HandedOver if case.pack.is_empty() => Self::New,
            State::Pending if case.relapses > 0 && known && !asked => Self::Relapsed,
            // A waiver that lapsed, or a county that was asked before.
            State::Pending if known => Self::Carried,
            State::Pending => Self::New,
            _ => Self::Carried,
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::New => "新增",
            Self::SentBack => "退回",
            Self::HandedOver => "转办",
            Self::Relapsed => "反弹",
            Self::Carried => "结转",
        }
    }
}

/// Is a case to be issued, or only listed because it was issued before?
fn is_fresh(case: &Case) -> bool {
    matches!(case.state, State::Pending | State::SentBack | State::HandedOver)
}

/// Open cases by county, and those whose county nobody knows.
#[derive(Debug, Default)]
pub struct Selection<'a> {
    pub counties: BTreeMap<&'a str, Vec<&'a Case>>,
    /// Only in a whole selection.
    pub nowhere: Vec<&'a Case>,
    /// No county is left out that has cases for this batch.
    pub whole: bool,
}

/// The cases of a batch after those that its month has had: a county's first pack of the month
/// lists all that are open, each later one only those that are to be issued. A list of all counties
/// that have some is the same as none: so a batch that is made again is whole when it was.
pub fn select<'a>(cases: &'a Cases, counties: &[String], earlier: &[Issued]) -> Selection<'a> {
    let mut selection = Selection::default();
    let had = |c: &Case| {
        let nowhere = c.county == NOWHERE;
        earlier.iter().any(|batch| nowhere || batch.counties.contains_key(&c.county))
    };
    let open = cases.by_number.values().filter(|c| c.state.is_open());
    for case in open.filter(|c| is_fresh(c) || !had(c)) {
        if case.county == NOWHERE {
            selection.nowhere.push(case);
        } else {
            selection.counties.entry(&case.county).or_default().push(case);
        }
    }
    let wanted = |county: &str| counties.is_empty() || counties.iter().any(|c| c == county);
    selection.whole = selection.counties.keys().all(|county| wanted(county));
    if !selection.whole {
        selection.counties.retain(|county, _| wanted(county));
        selection.nowhere.clear();
    }
    selection
}

/// A case as it is in the pack, after it was issued.
#[derive(Debug, Clone)]
pub struct Row {
    pub case: Case,
    pub mark: Mark,
    /// Days after its term; 0 while there is time.
    pub overdue: u64,
    pub theme: usize,
    /// The act that issues it; nothing when it was issued before.
    pub issue: Option<Draft>,
}

/// Who issues, when, and in which pack.
pub struct Issuing<'a> {
    pub pack: &'a str,
    pub day: NaiveDate,
    pub actor: &'a str,
    pub policy: &'a Policy,
    pub form: &'a Pack,
}

/// The rows of a county's pack: overdue first, then the worst, then by place and number.
///
/// # Errors
/// A move that is not allowed, which is a fault of this module.
pub fn rows(cases: &[&Case], issuing: &Issuing<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(cases.len());
    for before in cases {
        let mut case = (*before).clone();
        let issue = is_fresh(before).then(|| issue(before, issuing));
        if let Some(draft) = &issue {
            case.apply(draft)?;
        }
        let late = case.due.filter(|_| case.overdue(issuing.day)).map(|due| issuing.day - due);
        rows.push(Row {
            mark: Mark::of(before),
            overdue: late.map_or(0, |d| d.num_days().unsigned_abs()),
            theme: theme(&case, issuing),
            issue,
            case,
        });
    }
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(rows)
}

/// The sheet that a case stands on. That of a sensitive rule would say what the case is about.
fn theme(case: &Case, issuing: &Issuing<'_>) -> usize {
    if issuing.policy.is_sensitive(&case.rule) {
        return issuing.form.sensitive_theme();
    }
    issuing.form.theme_of(&case.rule).unwrap_or(0)
}

fn order(row: &Row) -> (std::cmp::Reverse<u64>, Severity, &str, &str) {
    (std::cmp::Reverse(row.overdue), row.case.severity, &row.case.division, &row.case.number)
}

fn issue(case: &Case, issuing: &Issuing<'_>) -> Draft {
    let (due, steps) = issuing.policy.terms(&case.rule, issuing.day);
    Draft {
        about: case.number.clone(),
        day: issuing.day,
        actor: issuing.actor.to_owned(),
        act: Act::Issue { pack: issuing.pack.to_owned(), due, steps },
    }
}

/// Counts of some rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub rows: u64,
    pub new: u64,
    pub carried: u64,
    /// Sent back, handed over, or back after an end.
    pub again: u64,
    pub overdue: u64,
    /// By severity, worst first.
    pub severity: [u64; 4],
}

/// A traffic light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lamp {
    Green,
    Yellow,
    Red,
}

impl Lamp {
    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Green => "绿灯",
            Self::Yellow => "黄灯",
            Self::Red => "红灯",
        }
    }
}

impl Totals {
    /// Counts of rows.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut totals = Self::default();
        for row in rows {
            totals.rows += 1;
            match row.mark {
                Mark::New => totals.new += 1,
                Mark::Carried => totals.carried += 1,
                _ => totals.again += 1,
            }
            totals.overdue += u64::from(row.overdue > 0);
            let place = Severity::ALL.iter().position(|s| *s == row.case.severity);
            totals.severity[place.unwrap_or(3)] += 1;
        }
        totals
    }

    /// The sum of two counts.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut severity = self.severity;
        for (own, more) in severity.iter_mut().zip(other.severity) {
            *own += more;
        }
        Self {
            rows: self.rows + other.rows,
            new: self.new + other.new,
            carried: self.carried + other.carried,
            again: self.again + other.again,
            overdue: self.overdue + other.overdue,
            severity,
        }
    }

    /// The light that these counts show.
    pub fn lamp(&self, lights: &Lights) -> Lamp {
        let reached = |light: &Light| {
            self.overdue * 100 >= light.overdue * self.rows
                || self.severity[0] * 100 >= light.severe * self.rows
        };
        match self.rows {
            0 => Lamp::Green,
            _ if reached(&lights.red) => Lamp::Red,
            _ if reached(&lights.yellow) => Lamp::Yellow,
            _ => Lamp::Green,
        }
    }

    /// Percent with one decimal; a dash when there is nothing.
    pub fn overdue_rate(&self) -> String {
        rate(self.overdue, self.rows)
    }
}

/// `part` of `whole` in percent with one decimal; a dash when there is no whole.
pub fn rate(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "—".into();
    }
    let permille = (part * 2000 + whole) / (whole * 2);
    format!("{}.{}%", permille / 10, permille % 10)
}

/// The division of a case in the county that has it now: the one that it was opened with, else the one
/// that the night knows, for a case that was of nowhere or whose county was renamed. Nothing where
/// neither lies in that county.
pub fn division<'a>(known: &'a BTreeMap<String, Anomaly>, case: &'a Case) -> Option<&'a str> {
    let night = known.get(&case.anomaly).map(|a| a.division.as_str());
    std::iter::once(case.division.as_str()).chain(night).find(|d| d.starts_with(&case.county))
}

/// The masked name of a case's subject, when the night knows one.
pub fn who<'a>(memory: &'a Memory, case: &Case) -> Option<&'a str> {
    memory.known.get(&case.anomaly)?.who.as_deref()
}

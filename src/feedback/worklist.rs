//! The list for village doctors: whom to visit, why, by when, and what is new since the last list.
//!
//! A list is the cases of a place that a visit can settle: those about a person, a household or a
//! village. Which views are about one of these follows from the tables: the key of persons, the
//! column that a person table calls its household, or the division itself. What an office settles
//! at its desk is left out; the pack for counties says which rules that is (`visits.office`), and
//! which columns of a view say who looks after its subject (`visits.doctor`). Two states of the
//! ledger are held against each other, the one at the last list and the one now.

pub mod doctors;
mod page;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::select;
use crate::anomaly::Anomaly;
use crate::division::Divisions;
use crate::ledger::act::{Act, Event, Fault};
use crate::ledger::case::{Case, Cases};
use crate::ledger::policy::Policy;
use crate::ledger::state::State;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Severity;
use doctors::{Doctor, Doctors};

pub use page::html;

/// Stands where nobody was named for a case.
pub const NOBODY: &str = "未明确责任医生";
/// All that a list says about a case of a sensitive rule.
pub const HIDDEN: &str = "请登录系统查看";
/// The key of persons in every table and view of persons.
const PERSON: &str = "person_key";
/// Level of a village in the register, and of a town.
const VILLAGE: u8 = 5;
const TOWN: u8 = 4;

/// What a case is against the last list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    New,
    Changed,
    Carried,
    /// No visit is needed any more.
    Gone,
}

impl Mark {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Carried => "carried",
            Self::Gone => "gone",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::New => "新增",
            Self::Changed => "变化",
            Self::Carried => "持续",
            Self::Gone => "已消除",
        }
    }
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Code of the village; of what is known when no village is.
    pub village: String,
    pub village_name: String,
    /// Who was named for the case, else who has the contract.
    pub doctor: String,
    /// Number of the contract's team, unless somebody was named.
    pub team: String,
    /// The office whose case it is.
    pub owner: String,
    /// The case's number; the anomaly's where the number would tell a sensitive rule.
    pub number: String,
    pub mark: Mark,
    /// What happened since the last list.
    pub change: String,
    pub severity: Severity,
    /// Masked; of a household its head.
    pub who: String,
    pub message: String,
    pub action: String,
    pub state: State,
    pub due: Option<NaiveDate>,
    pub overdue: bool,
    /// Days left, or days late, in words.
    pub term: String,
}

impl Visit {
    /// Days to the term, below zero after it.
    pub fn days_left(&self, day: NaiveDate) -> Option<i64> {
        self.due.map(|due| (due - day).num_days())
    }

    /// Village by village; in each what is late, then the worst, then what is due first.
    fn order(&self) -> (&str, bool, bool, Severity, NaiveDate, &str) {
        let due = self.due.unwrap_or(NaiveDate::MAX);
        let gone = self.mark == Mark::Gone;
        (&self.village, gone, !self.overdue, self.severity, due, &self.number)
    }
}

/// Whose list it is.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The first digits of the divisions.
    pub place: String,
    /// Who is named for the cases or has the contract with their subjects.
    pub doctor: Option<String>,
    /// The offices whose cases they are; all when there is none.
    pub owners: Vec<String>,
    /// Also what an office settles without a visit.
    pub office: bool,
}

/// What a list is made from.
pub struct Material<'a> {
    pub pipeline: &'a Pipeline,
    pub divisions: &'a Divisions,
    pub policy: &'a Policy,
    /// What the current night knows, by anomaly.
    pub memory: &'a BTreeMap<String, Anomaly>,
    /// The cases at the last list.
    pub before: &'a Cases,
    pub now: &'a Cases,
    /// Who has the contracts: at the last list, and now.
    pub doctors: (&'a Doctors, &'a Doctors),
    /// What happened in between.
    pub events: &'a [Event],
    pub since: Option<NaiveDate>,
    /// The day of the current night, which the data are of.
    pub night: NaiveDate,
    /// The day that lateness is counted at.
    pub day: NaiveDate,
    pub demo: bool,
}

/// What a visit goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Person,
    Household,
    Village,
}

/// The list.
pub fn visits(material: &Material<'_>, wanted: &Wanted) -> Vec<Visit> {
    let mut acts: BTreeMap<&str, Vec<&Act>> = BTreeMap::new();
    for event in material.events {
        acts.entry(&event.draft.about).or_default().push(&event.draft.act);
    }
    let mut visits = Vec::new();
    for case in material.now.by_number.values() {
        let before = material.before.by_number.get(&case.number);
        let was = before.and_then(|c| material.stop(c, true, wanted));
        let own = acts.get(case.number.as_str()).map_or(&[][..], Vec::as_slice);
        let change = material.changes(own);
        let (mark, stop) = match (was, material.stop(case, false, wanted)) {
            (None, None) => continue,
            (None, Some(now)) => (Mark::New, now),
            (Some(_), Some(now)) if change.is_empty() => (Mark::Carried, now),
            (Some(_), Some(now)) => (Mark::Changed, now),
            // It goes off the list of the place and doctor where it was.
            (Some(was), None) => (Mark::Gone, was),
        };
        visits.push(material.visit(&stop, case.state, mark, change));
    }
    visits.sort_by(|a, b| a.order().cmp(&b.order()));
    visits
}

/// How many cases a list leaves out because an office settles them without a visit.
pub fn left_out(material: &Material<'_>, wanted: &Wanted) -> usize {
    let all = Wanted { office: true, ..wanted.clone() };
    let cases = || material.now.by_number.values();
    let listed = |wanted| cases().filter(|c| material.stop(c, false, wanted).is_some()).count();
    listed(&all) - listed(wanted)
}

/// A case on a list: what a visit goes to, and who goes.
struct Stop<'a> {
    case: &'a Case,
    target: Target,
    doctor: Option<&'a Doctor>,
}

impl<'a> Material<'a> {
    /// Where a case stands on the list, now or at the last one; nothing when it does not.
    fn stop(&self, case: &'a Case, before: bool, wanted: &Wanted) -> Option<Stop<'a>> {
        let (then, now) = self.doctors;
        // A night that is gone, or was made before there were such columns, says nothing of then.
        let doctors = if before && then.knows(&case.subject_kind) { then } else { now };
        // Who was named goes; else who has the contract.
        let doctor = doctors.of(case).filter(|_| case.assignee.is_empty());
        let asked = |name: &String| match name.as_str() {
            "" => case.assignee.is_empty() && doctor.is_none(),
            name => case.assignee == name || doctor.is_some_and(|d| d.is(name)),
        };
        let named = wanted.doctor.as_ref().is_none_or(asked);
        let target = self.target(case, wanted).filter(|_| named)?;
        Some(Stop { case, target, doctor })
    }

    /// What a visit for this case goes to; nothing when the case is not on the list.
    fn target(&self, case: &Case, wanted: &Wanted) -> Option<Target> {
        let owned = wanted.owners.is_empty() || wanted.owners.contains(&case.owner);
        let visited = wanted.office || !doctors::policy(self.pipeline).is_office(&case.rule);
        let asked = visited && owned && self.place(case).starts_with(&wanted.place);
        let here = case.state.is_open() && asked;
        let view = self.pipeline.views.get(&case.subject_kind).filter(|_| here)?;
        let households = self.pipeline.tables.values().filter_map(|t| t.person.as_ref());
        let mut households = households.filter_map(|p| p.household.as_ref());
        if view.subject == PERSON {
            Some(Target::Person)
        } else if households.any(|h| *h == view.subject) {
            Some(Target::Household)
        } else {
            let village = || self.level(self.place(case)) == Some(VILLAGE);
            (view.subject == view.division && village()).then_some(Target::Village)
        }
    }

    /// Where a case is: in its village, unless another county has it now.
    fn place<'c>(&'c self, case: &'c Case) -> &'c str {
        select::division(self.memory, case).unwrap_or(&case.county)
    }

    fn level(&self, code: &str) -> Option<u8> {
        self.divisions.get(code).map(|d| d.level)
    }

    /// A rule that is no more may have been sensitive.
    fn sensitive(&self, case: &Case) -> bool {
        self.pipeline.rules.get(&case.rule).is_none_or(|r| r.sensitive)
    }

    fn visit(&self, stop: &Stop<'_>, state: State, mark: Mark, change: String) -> Visit {
        let Stop { case, target, doctor } = *stop;
        let hidden = self.sensitive(case);
        let known = self.memory.get(&case.anomaly).filter(|_| !hidden);
        let village = self.place(case).to_owned();
        let village_name = self.name(&village);
        let who = || known.and_then(|a| a.who.clone()).unwrap_or_default();
        let who = match target {
            _ if hidden => String::new(),
            Target::Person => who(),
            Target::Household => format!("{}户", who()),
            Target::Village => village_name.clone(),
        };
        let gone = mark == Mark::Gone;
        // Before a case is in a pack its clock stands: the rule's own term is shown.
        let rule_due = || self.memory.get(&case.anomaly).map(|a| a.due);
        let due = case.due.or_else(rule_due).filter(|_| !gone);
        let overdue = !gone && case.overdue(self.day);
        Visit {
            village,
            village_name,
            doctor: some(&case.assignee)
                .map(str::to_owned)
                .or_else(|| doctor.map(Doctor::shown))
                .unwrap_or_else(|| NOBODY.to_owned()),
            team: doctor.map(|d| d.id.clone()).unwrap_or_default(),
            owner: case.owner.clone(),
            number: number(case, hidden).to_owned(),
            mark,
            change,
            severity: case.severity,
            who,
            message: known.map(|a| a.message.clone()).unwrap_or_default(),
            action: match (gone, hidden) {
                (true, _) => no_visit(state).into(),
                (false, true) => HIDDEN.into(),
                (false, false) => self.action(case, target),
            },
            state,
            due,
            overdue,
            term: due.map_or_else(String::new, |due| term(case.state, due, self.day)),
        }
    }

    /// What to do, in the words of the rule.
    fn action(&self, case: &Case, target: Target) -> String {
        if matches!(case.state, State::Answered | State::Reviewing) {
            return "已反馈，等待复核，暂不必再去".into();
        }
        let title = self.pipeline.rules.get(&case.rule).map_or("", |r| r.title.zh.as_str());
        let go = if target == Target::Village { "到村核查" } else { "入户核查" };
        let again = if case.state == State::SentBack { "重新" } else { "" };
        format!("{again}{go}：{title}")
    }

    /// What happened to a case that a doctor should know.
    fn changes(&self, acts: &[&Act]) -> String {
        let says = |act: &&Act| -> Option<String> {
            Some(match act {
                Act::Reopen { relapse: true, .. } => "再次出现".into(),
                Act::Reopen { .. } => "重新立案".into(),
                Act::SendBack { fault: Fault::StillFound, .. } => "退回：新数据仍有此问题".into(),
                Act::SendBack { fault: Fault::Refused, .. } => "退回：复核未通过".into(),
                Act::Escalate { step } => format!("逾期升级：{}", self.policy.letter(*step)),
                Act::Lapse => "豁免到期".into(),
                Act::HandOver { .. } => "转办".into(),
                Act::Assign { to } if to.is_empty() => "取消指派".into(),
                Act::Assign { .. } => "新指派".into(),
                Act::Close { .. } => "销号".into(),
                Act::Vanish => "系统消除".into(),
                Act::Waive { .. } => "豁免".into(),
                _ => return None,
            })
        };
        acts.iter().filter_map(says).collect::<Vec<_>>().join("；")
    }

    /// Name of a village with its town's before it.
    fn name(&self, code: &str) -> String {
        let Some(own) = self.divisions.get(code) else {
            return format!("{code}（未明确村）");
        };
        if own.level < VILLAGE {
            return format!("{}（未明确村）", own.label);
        }
        let town = self.divisions.parent(code).and_then(|c| self.divisions.get(c));
        let town = town.filter(|t| t.level == TOWN).map_or("", |t| t.label.as_str());
        format!("{town}{}", own.label)
    }
}

/// The number of a case that was opened before numbers left sensitive rules out would tell the rule
/// beside the village. `bidui case show` finds a case by its anomaly too.
fn number(case: &Case, hidden: bool) -> &str {
    let tells = hidden && case.number.contains(&format!("-{}-", case.rule));
    if tells { &case.anomaly } else { &case.number }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

fn no_visit(state: State) -> &'static str {
    match state {
        State::Closed => "已销号，不必再去",
        State::Vanished => "数据已消除，不必再去",
        State::Waived => "已豁免，不必再去",
        _ => "已转出，不必再去",
    }
}

/// Days left or late in words. Nobody is late before a case was issued or after it was answered.
fn term(state: State, due: NaiveDate, day: NaiveDate) -> String {
    let days = (due - day).num_days();
    match (state.is_waiting(), days) {
        (_, 0) => "今天到期".into(),
        (_, 1..) => format!("剩{days}天"),
        (true, _) => format!("逾期{}天", -days),
        (false, _) => format!("期限已过{}天（{}）", -days, state.zh()),
    }
}

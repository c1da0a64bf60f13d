//! `bidui case assign|waive|close|…`: what people do to cases, each with its reason.

use std::process::ExitCode;

use chrono::NaiveDate;

use super::{Desk, Where, actor, now};
use crate::anomaly::State as Found;
use crate::cli::output;
use crate::error::{Error, Result};
use crate::ledger::act::{Act as LedgerAct, Draft, Fault};
use crate::ledger::ahead;
use crate::ledger::case::Case;
use crate::ledger::state::State;
use crate::privacy::hide_ids;

/// What every act wants.
#[derive(clap::Args)]
pub struct Act {
    /// Numbers of the cases: all or none.
    #[arg(required = true)]
    numbers: Vec<String>,
    /// Why; it stays in the ledger.
    #[arg(long, alias = "text")]
    reason: String,
    /// Who does it [default: the login name].
    #[arg(long, env = "BIDUI_ACTOR")]
    actor: Option<String>,
    /// The day that it counts for [default: that of the night or of the last act, the later one].
    #[arg(long)]
    on: Option<NaiveDate>,
    #[command(flatten)]
    place: Where,
}

/// What `bidui case assign` can be told.
#[derive(clap::Args)]
pub struct Assign {
    #[command(flatten)]
    act: Act,
    /// Who works on them.
    #[arg(long)]
    to: String,
}

/// What `bidui case waive` can be told.
#[derive(clap::Args)]
pub struct Waive {
    #[command(flatten)]
    act: Act,
    /// Who allowed it.
    #[arg(long)]
    approver: String,
    /// Number of the evidence.
    #[arg(long)]
    evidence_no: String,
    /// Last day on which it holds.
    #[arg(long)]
    until: NaiveDate,
}

/// What `bidui case hand-over` can be told.
#[derive(clap::Args)]
pub struct HandOver {
    #[command(flatten)]
    act: Act,
    /// The county that gets them, 6 digits or its name [default: the one that has them].
    #[arg(long)]
    county: Option<String>,
    /// The office that gets them [default: the one that has them].
    #[arg(long)]
    owner: Option<String>,
}

impl Act {
    /// Makes the acts on each case and records them together.
    fn record(
        &self,
        make: impl Fn(&Desk, &Case, NaiveDate) -> Result<Vec<LedgerAct>>,
    ) -> Result<ExitCode> {
        let reason = self.reason.trim();
        if reason.is_empty() {
            return Err(Error::usage("an act needs a reason").hint("say it with --reason"));
        }
        let actor = actor(self.actor.as_ref())?;
        let desk = Desk::open(&self.place)?;
        // What people did since the night counts for a later day.
        let latest = desk.day()?.max(desk.store.last_day()?.unwrap_or(NaiveDate::MIN));
        let day = ahead::day_of(self.on, latest)?;
        let mut drafts = Vec::new();
        for number in &self.numbers {
            let case = super::show::one(&desk, number)?;
            for act in make(&desk, &case, day)? {
                drafts.push(Draft { about: case.number.clone(), day, actor: actor.clone(), act });
            }
        }
        let before = desk.store.head()?.seq;
        let mut numbers: Vec<String> = drafts.iter().map(|d| d.about.clone()).collect();
        numbers.dedup();
        let head = desk.store.append(drafts, &now())?;
        for number in &numbers {
            let case = super::show::one(&desk, number)?;
            output::say(&format!("{number} {}（{}）", case.state.zh(), case.state.word()))?;
        }
        output::log(&format!("events {} to {} by {actor} on {day}", before + 1, head.seq));
        Ok(ExitCode::SUCCESS)
    }

    /// The reason as it is written down: the ledger is never changed again, and holds nobody's ID.
    fn reason(&self) -> String {
        hide_ids(self.reason.trim())
    }

    /// The reason of an act that has no room for one.
    fn why(&self) -> LedgerAct {
        LedgerAct::Note { text: self.reason() }
    }

    /// Ends cases that an extract or a switched-off rule proves to be over: closed after an answer that
    /// stands, else vanished, as a night would have it.
    ///
    /// # Errors
    /// An anomaly that is still there, or that nobody looked for, under a rule that is not switched
    /// off. And as for every act: no reason, nobody who does it, no such case, a move or a day that
    /// the ledger refuses.
    pub fn close(&self) -> Result<ExitCode> {
        self.record(|desk, case, _| {
            let off = desk.setup.pipeline.settings.off.contains_key(&case.rule)
                || !desk.setup.pipeline.rules.contains_key(&case.rule);
            let memory = desk.memory()?;
            let unproved = unproved(memory.get(&case.anomaly).map(|a| a.state));
            if let Some(why) = unproved.filter(|_| !off) {
                let number = &case.number;
                return Err(Error::usage(format!("{number} cannot be closed by hand: {why}"))
                    .hint("a case closes by itself when an extract proves that it is over")
                    .hint(format!("if it is to be let alone: `bidui case waive {number}`")));
            }
            Ok(match case.is_answered() {
                true => vec![LedgerAct::Close { reason: self.reason() }],
                false => vec![LedgerAct::Vanish, self.why()],
            })
        })
    }

    /// Opens ended cases again, by hand: no relapse.
    ///
    /// # Errors
    /// As for every act, see [`Self::close`].
    pub fn reopen(&self) -> Result<ExitCode> {
        self.record(|_, _, _| Ok(vec![LedgerAct::Reopen { relapse: false, reason: self.reason() }]))
    }

    /// Writes the reason down for each case; the cases stay as they are.
    ///
    /// # Errors
    /// As for every act, see [`Self::close`].
    pub fn note(&self) -> Result<ExitCode> {
        self.record(|_, _, _| Ok(vec![self.why()]))
    }

    /// Signs for cases in the name of their counties, and notes why.
    ///
    /// # Errors
    /// As for every act, see [`Self::close`].
    pub fn receive(&self) -> Result<ExitCode> {
        self.record(|_, _, _| Ok(vec![LedgerAct::Receive, self.why()]))
    }

    /// Refuses the answers of cases. Their new term is the policy's for doing it again, from the
    /// day of the act on.
    ///
    /// # Errors
    /// As for every act, see [`Self::close`].
    pub fn send_back(&self) -> Result<ExitCode> {
        self.record(|desk, _, day| {
            let due = desk.policy.after(&desk.policy.settings.redo, day);
            Ok(vec![LedgerAct::SendBack { fault: Fault::Refused, due, reason: self.reason() }])
        })
    }
}

impl Assign {
    /// Names who works on the cases, and notes why.
    ///
    /// # Errors
    /// As for every act, see [`Act::close`].
    pub fn go(&self) -> Result<ExitCode> {
        if self.to.trim().is_empty() {
            return Err(Error::usage("--to names nobody").hint("say who is to work on the case"));
        }
        let assign = LedgerAct::Assign { to: hide_ids(self.to.trim()) };
        self.act.record(|_, _, _| Ok(vec![assign.clone(), self.act.why()]))
    }
}

impl Waive {
    /// Exempts the cases until a day, that day included.
    ///
    /// # Errors
    /// No approver, no number of the evidence, a day that is over, or one until which a case is
    /// waived already. And as for every act, see [`Act::close`].
    pub fn go(&self) -> Result<ExitCode> {
        let filled = |name: &str, text: &str| match text.trim() {
            "" => Err(Error::usage(format!("a waiver needs {name}"))),
            text => Ok(hide_ids(text)),
        };
        let approver = filled("--approver", &self.approver)?;
        let evidence_no = filled("--evidence-no", &self.evidence_no)?;
        self.act.record(|_, case, day| {
            if self.until < day {
                let until = self.until;
                return Err(Error::usage(format!("a waiver until {until} is over by {day}"))
                    .hint("give a later day with --until"));
            }
            if case.state == State::Waived && case.waived_until == Some(self.until) {
                return Err(Error::usage(format!("{} is waived until then", case.number)));
            }
            Ok(vec![LedgerAct::Waive {
                reason: self.act.reason(),
                approver: approver.clone(),
                evidence_no: evidence_no.clone(),
                until: Some(self.until),
            }])
        })
    }
}

impl HandOver {
    /// Gives the cases to another county, another office or both.
    ///
    /// # Errors
    /// No such county or office, or a case that is there already. And as for every act, see
    /// [`Act::close`].
    pub fn go(&self) -> Result<ExitCode> {
        self.act.record(|desk, case, _| {
            let county = match &self.county {
                Some(name) => county(desk, name)?,
                None => case.county.clone(),
            };
            let owner = match &self.owner {
                Some(name) => office(desk, name)?,
                None => case.owner.clone(),
            };
            if county == case.county && owner == case.owner {
                return Err(Error::usage(format!("{} is there already", case.number))
                    .hint("say who gets it with --county or --owner"));
            }
            Ok(vec![LedgerAct::HandOver { county, owner, reason: self.act.reason() }])
        })
    }
}

/// Why a night does not prove that an anomaly is over; nothing when it does.
fn unproved(found: Option<Found>) -> Option<&'static str> {
    match found {
        Some(Found::Cleared) => None,
        Some(Found::Held) => Some(
            "its rule was not run, a row about its subject is in quarantine or its county's part of an \
             extract is behind, so nobody could look for its anomaly",
        ),
        None => Some("the lake does not remember its anomaly, so nobody can say that it is gone"),
        Some(_) => Some("its anomaly is still there"),
    }
}

/// The code of a county that there is.
fn county(desk: &Desk, name: &str) -> Result<String> {
    let found = super::list::places(&desk.setup.divisions, name, 3)?;
    match &found[..] {
        [code] if desk.setup.divisions.get(code).is_some_and(|d| d.level == 3) => Ok(code.clone()),
        [_] => Err(Error::usage(format!("{name} is no county"))
            .hint("give a county's code of 6 digits, or its name")),
        _ => Err(Error::usage(format!("{name} is the name of {} counties", found.len()))
            .hint(format!("give one of the codes {}", found.join(", ")))),
    }
}

/// The code of an office that some rule routes to, by code or title.
///
/// # Errors
/// No rule routes to such an office.
pub(super) fn office(desk: &Desk, name: &str) -> Result<String> {
    let rules = desk.setup.pipeline.rules.values();
    let offices: std::collections::BTreeSet<&str> = rules.map(|r| r.route.to.as_str()).collect();
    let code = desk.setup.pipeline.office_code(name);
    if offices.contains(code) {
        return Ok(code.to_owned());
    }
    let titled = |code: &str| match desk.setup.pipeline.office(code) {
        title if title == code => code.to_owned(),
        title => format!("{code} {title}"),
    };
    let all: Vec<String> = offices.into_iter().map(titled).collect();
    Err(Error::usage(format!("no rule routes to an office {name}"))
        .hint(format!("offices are {}", all.join(", "))))
}

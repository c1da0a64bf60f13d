//! A case is a fold of its events.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::act::{Act, Answer, Draft, Event, Fault};
use super::state::{State, Verb};
use crate::calendar::iso;
use crate::error::{Error, Result};
use crate::pipeline::spec::Severity;

/// An anomaly that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub number: String,
    pub anomaly: String,
    pub rule: String,
    pub subject_kind: String,
    pub subject: String,
    pub anchor: String,
    pub severity: Severity,
    /// The county whose case it is now.
    pub county: String,
    pub division: String,
    /// The office whose case it is now.
    pub owner: String,
    /// Who works on it, when somebody was named.
    pub assignee: String,
    pub state: State,
    #[serde(with = "iso")]
    pub opened: NaiveDate,
    /// Day of the last move.
    #[serde(with = "iso")]
    pub moved: NaiveDate,
    /// The first pack that it was in since it was opened, or opened again; until it is in one, the pack
    /// of the time before. See [`Self::issued_in_round`].
    #[serde(with = "iso::option")]
    pub issued: Option<NaiveDate>,
    /// The last pack that it was in.
    pub pack: String,
    #[serde(with = "iso::option")]
    pub due: Option<NaiveDate>,
    #[serde(with = "iso::list")]
    pub steps: Vec<NaiveDate>,
    /// Letters that fell due: 0, 1, 2 …
    pub step: usize,
    /// Since when the clock stands.
    #[serde(with = "iso::option")]
    pub stopped: Option<NaiveDate>,
    pub answer: Option<Answer>,
    #[serde(with = "iso::option")]
    pub answered: Option<NaiveDate>,
    /// How often an answer of who has it now did not hold.
    pub sent_back: usize,
    /// What was said of the last one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub back_reason: String,
    /// The last day on which it was sent back.
    #[serde(with = "iso::option", default, skip_serializing_if = "Option::is_none")]
    pub sent_back_on: Option<NaiveDate>,
    /// Why it was sent back last, until it is answered anew.
    pub fault: Option<Fault>,
    /// How often it came back after it had ended.
    pub relapses: usize,
    /// The last day on which it ended.
    #[serde(with = "iso::option")]
    pub ended: Option<NaiveDate>,
    /// The last day on which it was opened again.
    #[serde(with = "iso::option", default, skip_serializing_if = "Option::is_none")]
    pub reopened: Option<NaiveDate>,
    /// Somebody opened it again, who does not believe what the extracts say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// Why it was sent back, closed, waived or opened again, whichever was last.
    pub reason: String,
    #[serde(with = "iso::option")]
    pub waived_until: Option<NaiveDate>,
    /// The county that handed it over.
    pub handed_by: String,
}

impl Case {
    /// Is its term over, while the county still owes an answer?
    pub fn overdue(&self, day: NaiveDate) -> bool {
        self.state.is_waiting() && self.due.is_some_and(|due| day > due)
    }

    /// The first pack of the round under way, or of the one that ended last: a case that comes back is
    /// asked for anew.
    pub fn issued_in_round(&self) -> Option<NaiveDate> {
        self.issued.filter(|day| self.reopened.is_none_or(|back| back <= *day))
    }

    /// Does an answer of the county stand, which an extract without the anomaly proves? What a reviewer
    /// refused is none, and a waiver takes the place of any.
    pub fn is_answered(&self) -> bool {
        match self.state {
            State::Answered | State::Reviewing => true,
            State::Waived => false,
            _ => {
                let done = self.answer.as_ref().is_some_and(Answer::is_final);
                done && self.fault != Some(Fault::Refused)
            }
        }
    }

    /// The days after which letters fall due: the term, and each step. Each letter has a day of its
    /// own: where a step is no later than the one before it, its letter goes out a day after that.
    pub fn letter_days(&self) -> Vec<NaiveDate> {
        let Some(mut last) = self.due else { return Vec::new() };
        let mut days = vec![last];
        for step in &self.steps {
            last = (*step).max(last + Days::new(1));
            days.push(last);
        }
        days
    }

    /// Letters that are due by a day: none while the county need not answer.
    pub fn letters_due(&self, day: NaiveDate) -> usize {
        if !self.overdue(day) {
            return 0;
        }
        self.letter_days().iter().filter(|last| day > **last).count()
    }

    /// The case after one more event.
    ///
    /// # Errors
    /// A usage error: the move is not allowed from this state.
    pub fn apply(&mut self, draft: &Draft) -> Result<()> {
        let verb = draft.act.verb().ok_or_else(|| Error::bug("an act about no case"))?;
        let Some(to) = self.state.after(verb) else { return Err(self.refused(verb)) };
        let day = draft.day;
        match &draft.act {
            Act::Issue { pack, due, steps } => {
                self.pack.clone_from(pack);
                self.resume(day);
                // A case that is sent again keeps its term: no deadline is skipped.
                if self.due.is_none() {
                    (self.due, self.steps) = (Some(*due), steps.clone());
                }
                self.issued = self.issued_in_round().or(Some(day));
            }
            Act::Progress(answer) => {
                (self.answer, self.answered) = (Some((**answer).clone()), Some(day));
            }
            Act::Answer(answer) => {
                (self.answer, self.answered) = (Some((**answer).clone()), Some(day));
                self.fault = None;
                self.stop(day);
            }
            Act::SendBack { fault, due, reason } => {
                self.sent_back += 1;
                self.sent_back_on = Some(day);
                self.fault = Some(*fault);
                self.reason.clone_from(reason);
                self.back_reason.clone_from(reason);
                self.resume(day);
                // A longer term moves the letters after it by as much.
                let more = self.due.map_or(TimeDelta::zero(), |own| *due - own);
                self.shift(more.max(TimeDelta::zero()));
                self.due = self.due.or(Some(*due));
            }
            Act::Close { reason } => {
                self.reason.clone_from(reason);
                self.end(day);
            }
            Act::Vanish => self.end(day),
            Act::Waive { reason, until, .. } => {
                self.reason.clone_from(reason);
                self.waived_until = *until;
                self.stop(day);
            }
            // Whoever waits for a pack is not asked: the clock goes on with the next one. The waiver took
            // the place of any answer.
            Act::Lapse => {
                self.waived_until = None;
                self.forget_answer();
            }
            Act::HandOver { county, owner, .. } => {
                self.handed_by = std::mem::replace(&mut self.county, county.clone());
                self.owner.clone_from(owner);
                self.assignee.clear();
                // What the sender answered is no answer of the receiver, to whom nothing was sent back.
                self.forget_answer();
                (self.sent_back, self.sent_back_on) = (0, None);
                self.back_reason.clear();
                // The receiver's clock starts with its own pack.
                (self.due, self.issued, self.stopped, self.step) = (None, None, None, 0);
                self.steps.clear();
            }
            Act::Reopen { relapse, reason } => {
                self.relapses += usize::from(*relapse);
                (self.reopened, self.by_hand) = (Some(day), !relapse);
                self.reason.clone_from(reason);
                self.forget_answer();
            }
            Act::Escalate { step } => self.step = *step,
            Act::Assign { to } => self.assignee.clone_from(to),
            _ => {}
        }
        self.state = to;
        if !matches!(verb, Verb::Escalate | Verb::Assign | Verb::Note) {
            self.moved = day;
        }
        Ok(())
    }

    /// An ended case is waived no more, whatever becomes of it.
    fn end(&mut self, day: NaiveDate) {
        self.ended = Some(day);
        self.waived_until = None;
        self.stop(day);
    }

    /// What was answered counts no more: the county is asked anew.
    fn forget_answer(&mut self) {
        (self.answer, self.answered, self.fault) = (None, None, None);
    }

    fn stop(&mut self, day: NaiveDate) {
        self.stopped = self.stopped.or(Some(day));
    }

    /// The clock goes on where it stood: the term moves by the days in between.
    fn resume(&mut self, day: NaiveDate) {
        if let Some(since) = self.stopped.take() {
            self.shift(day - since);
        }
    }

    /// Moves the term and the letters after it.
    fn shift(&mut self, by: TimeDelta) {
        self.due = self.due.map(|d| d + by);
        for step in &mut self.steps {
            *step += by;
        }
    }

    fn refused(&self, verb: Verb) -> Error {
        let (number, zh, en) = (&self.number, self.state.zh(), self.state.word());
        Error::usage(format!("{number} is {zh} ({en}): it cannot be {}", verb.zh()))
            .hint("see what happened to it with `bidui case show`")
    }
}

/// All cases, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cases {
    pub by_number: BTreeMap<String, Case>,
    /// Number by anomaly.
    pub by_anomaly: BTreeMap<String, String>,
}

impl Cases {
    /// The cases after some events.
    ///
    /// # Errors
    /// An event that the table of moves does not allow: the ledger is damaged.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self> {
        let mut cases = Self::default();
        for event in events {
            cases.apply(&event.draft).map_err(|e| {
                Error::environment(format!("event {} of the ledger: {e}", event.seq))
                    .hint("check it with `bidui ledger verify`")
            })?;
        }
        Ok(cases)
    }

    /// One more event; acts about packs and people change no case.
    ///
    /// # Errors
    /// The move is not allowed.
    pub fn apply(&mut self, draft: &Draft) -> Result<()> {
        if draft.act.verb().is_none() {
            return Ok(());
        }
        let known = self.by_number.get_mut(&draft.about);
        match (known, &draft.act) {
            (None, Act::Open { .. }) => self.open(draft),
            (Some(_), Act::Open { .. }) => {
                Err(Error::bug(format!("{} is opened twice", draft.about)))
            }
            (Some(case), _) => case.apply(draft),
            (None, _) => Err(Error::usage(format!("there is no case {}", draft.about))
                .hint("see `bidui case list`")),
        }
    }

    fn open(&mut self, draft: &Draft) -> Result<()> {
        let Act::Open {
            anomaly,
            rule,
            subject_kind,
            subject,
            anchor,
            county,
            division,
            owner,
            severity,
        } = &draft.act
        else {
            return Err(Error::bug("not an opening"));
        };
        let case = Case {
            number: draft.about.clone(),
            anomaly: anomaly.clone(),
            rule: rule.clone(),
            subject_kind: subject_kind.clone(),
            subject: subject.clone(),
            anchor: anchor.clone(),
            severity: *severity,
            county: county.clone(),
            division: division.clone(),
            owner: owner.clone(),
            assignee: String::new(),
            state: State::Pending,
            opened: draft.day,
            moved: draft.day,
            issued: None,
            pack: String::new(),
            due: None,
            steps: Vec::new(),
            step: 0,
            stopped: None,
            answer: None,
            answered: None,
            sent_back: 0,
            back_reason: String::new(),
            sent_back_on: None,
            fault: None,
            relapses: 0,
            ended: None,
            reopened: None,
            by_hand: false,
            reason: String::new(),
            waived_until: None,
            handed_by: String::new(),
        };
        if self.by_anomaly.insert(anomaly.clone(), draft.about.clone()).is_some() {
            return Err(Error::bug(format!("{} is a second case of one anomaly", draft.about)));
        }
        self.by_number.insert(draft.about.clone(), case);
        Ok(())
    }

    /// The case of an anomaly.
    pub fn of_anomaly(&self, anomaly: &str) -> Option<&Case> {
        self.by_anomaly.get(anomaly).and_then(|n| self.by_number.get(n))
    }
}

//! One night's moves: from the cases as they are and tonight's anomalies to the acts that follow.
//! No clock, no disk, no engine.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::act::{Act, Answer, Draft, Fault, SYSTEM};
use super::case::{Case, Cases};
use super::policy::Policy;
use super::state::State;
use crate::anomaly::{self, Anomaly};
use crate::error::Result;

/// What a night knows.
pub struct Tonight<'a> {
    pub day: NaiveDate,
    pub anomalies: &'a [Anomaly],
    /// Rules that were run. Of what others would have found nothing is known, not even in a lake
    /// that was made anew and remembers nothing.
    pub ran: &'a BTreeSet<String>,
    /// Could a rule that was run not be asked in a county, since its part of an extract is behind?
    pub unheard: &'a dyn Fn(&str, &str) -> bool,
    /// By rule and county: the day since which every feed that the rule needs has come anew for the
    /// county, with its newest period, as far as known.
    pub refreshed: &'a dyn Fn(&str, &str) -> Option<NaiveDate>,
    /// Is there a county of this code? Codes of before a renaming are none.
    pub counties: &'a dyn Fn(&str) -> bool,
}

impl Tonight<'_> {
    /// Did anybody look for what a rule finds in a county?
    fn looked(&self, rule: &str, county: &str) -> bool {
        self.ran.contains(rule) && !(self.unheard)(rule, county)
    }
}

/// The county of cases whose county nobody knows.
pub const NOWHERE: &str = "000000";

/// The acts of a night, in their order. A second call with their outcome gives none.
///
/// # Errors
/// A move that the table does not allow, which is a fault of this function.
pub fn advance(cases: &Cases, tonight: &Tonight<'_>, policy: &Policy) -> Result<Vec<Draft>> {
    let mut night = Night { cases: cases.clone(), tonight, policy, drafts: Vec::new() };
    let mut found: BTreeMap<&str, &Anomaly> = BTreeMap::new();
    let mut held: BTreeMap<&str, &Anomaly> = BTreeMap::new();
    for row in tonight.anomalies {
        match row.state {
            anomaly::State::Held => _ = held.insert(&row.anomaly, row),
            anomaly::State::Cleared => {}
            _ => _ = found.insert(&row.anomaly, row),
        }
    }
    for case in cases.by_number.values() {
        match found.get(case.anomaly.as_str()) {
            Some(row) => night.still_there(case, row)?,
            None if held.contains_key(case.anomaly.as_str()) => {}
            None if !tonight.looked(&case.rule, &case.county) => {}
            None => night.gone(case)?,
        }
    }
    night.open(&found)?;
    night.escalate()?;
    Ok(night.drafts)
}

struct Night<'a> {
    cases: Cases,
    tonight: &'a Tonight<'a>,
    policy: &'a Policy,
    drafts: Vec<Draft>,
}

impl Night<'_> {
    fn act(&mut self, number: &str, act: Act) -> Result<()> {
        let day = self.tonight.day;
        let draft = Draft { about: number.to_owned(), day, actor: SYSTEM.into(), act };
        self.cases.apply(&draft)?;
        self.drafts.push(draft);
        Ok(())
    }

    /// The anomaly is found tonight.
    fn still_there(&mut self, case: &Case, row: &Anomaly) -> Result<()> {
        self.goes_on(case, row)?;
        let open = self.cases.by_number.get(&case.number).is_some_and(|c| c.state.is_open());
        let Some(reason) = self.why_handed_over(case, row).filter(|_| open) else { return Ok(()) };
        let (county, owner, reason) = (row.county.clone(), case.owner.clone(), reason.to_owned());
        self.act(&case.number, Act::HandOver { county, owner, reason })
    }

    /// Why no county can be asked for a case though the row knows one: nobody knew whose it was, or its
    /// county was renamed or merged. Nothing where the case may stay.
    fn why_handed_over(&self, case: &Case, row: &Anomaly) -> Option<&'static str> {
        let there = self.tonight.counties;
        match case.county.as_str() {
            NOWHERE => (!row.county.is_empty()).then_some("归属已明确"),
            own => (!there(own) && there(&row.county)).then_some("区划已调整"),
        }
    }

    /// What the anomaly means for the state of its case.
    fn goes_on(&mut self, case: &Case, row: &Anomaly) -> Result<()> {
        let number = &case.number;
        if !case.state.is_open() && case.state != State::Waived {
            let reason = "又被发现".to_owned();
            self.act(number, Act::Reopen { relapse: true, reason })?;
        }
        match (&row.waived, case.state) {
            (Some(reason), State::Waived) if *reason == case.reason => {}
            (Some(_), State::Waived) if case.waived_until.is_some() => {}
            (Some(reason), _) => return self.waive(number, reason),
            (None, State::Waived) if self.waiver_holds(case) => {}
            (None, State::Waived) => return self.act(number, Act::Lapse),
            (None, State::Answered | State::Reviewing) => return self.review(case),
            (None, _) => {}
        }
        Ok(())
    }

    /// Exempt by a row of the waiver feed, for as long as the row holds.
    fn waive(&mut self, number: &str, reason: &str) -> Result<()> {
        let waive = Act::Waive {
            reason: reason.to_owned(),
            approver: "豁免清单".into(),
            evidence_no: String::new(),
            until: None,
        };
        self.act(number, waive)
    }

    fn waiver_holds(&self, case: &Case) -> bool {
        case.waived_until.is_some_and(|until| self.tonight.day <= until)
    }

    /// An answer is held against extracts that are newer than it.
    fn review(&mut self, case: &Case) -> Result<()> {
        if case.state == State::Answered {
            self.act(&case.number, Act::Review)?;
        }
        let Some(answer) = &case.answer else { return Ok(()) };
        if self.newer(case) != Some(true) || !answer.is_final() {
            return Ok(());
        }
        let due = self.policy.after(&self.policy.settings.redo, self.tonight.day);
        let reason = "反馈后的新数据仍有此问题".to_owned();
        self.act(&case.number, Act::SendBack { fault: Fault::StillFound, due, reason })
    }

    /// Has every feed of its rule come again since a case was answered, and since the night that
    /// refuted the answer? Nothing where none is known.
    fn newer(&self, case: &Case) -> Option<bool> {
        let fresh = (self.tonight.refreshed)(&case.rule, &case.county)?;
        let refuted = case.sent_back_on.is_some_and(|refuted| fresh <= refuted);
        Some(!refuted && case.answered.is_some_and(|answered| fresh > answered))
    }

    /// The anomaly's rule ran tonight and did not find it.
    fn gone(&mut self, case: &Case) -> Result<()> {
        let number = &case.number;
        match case.state {
            State::Closed | State::Vanished => return Ok(()),
            State::Waived if self.waiver_holds(case) => return Ok(()),
            // Who opened it again knew that no extract shows it: that ends it only once it is answered.
            State::Waived if case.by_hand => return self.act(number, Act::Lapse),
            _ if !case.is_answered() && case.by_hand => return Ok(()),
            _ if !case.is_answered() => return self.act(number, Act::Vanish),
            State::Answered => self.act(number, Act::Review)?,
            _ => {}
        }
        // Another threshold, or a year that moved on, proves nothing: new extracts have to say so.
        if self.newer(case) == Some(false) {
            return Ok(());
        }
        let done = case.answer.as_ref().is_some_and(Answer::is_final);
        let reason = if done { "反馈后数据已无此问题" } else { "数据已无此问题" };
        self.act(number, Act::Close { reason: reason.into() })
    }

    /// Opens a case for each anomaly that has none.
    fn open(&mut self, found: &BTreeMap<&str, &Anomaly>) -> Result<()> {
        let day = self.tonight.day;
        let month = format!("{}{:02}", day.year(), day.month());
        let mut last: BTreeMap<String, u32> = BTreeMap::new();
        for number in self.cases.by_number.keys() {
            if let Some((series, serial)) = number.rsplit_once('-') {
                let serial = serial.parse().unwrap_or(0);
                let own = last.entry(series.to_owned()).or_default();
                *own = (*own).max(serial);
            }
        }
        for row in self.tonight.anomalies {
            let new = found.contains_key(row.anomaly.as_str())
                && self.cases.of_anomaly(&row.anomaly).is_none();
            if !new || !self.policy.opens(row.severity) {
                continue;
            }
            let county = if row.county.is_empty() { NOWHERE } else { &row.county };
            let (prefix, rule) = (&self.policy.settings.prefix, self.policy.numbered(&row.rule));
            let series = format!("{prefix}-{month}-{county}-{rule}");
            let serial = last.entry(series.clone()).or_default();
            *serial += 1;
            let number = format!("{series}-{serial:06}");
            let open = Act::Open {
                anomaly: row.anomaly.clone(),
                rule: row.rule.clone(),
                subject_kind: row.subject_kind.clone(),
                subject: row.subject.clone(),
                anchor: row.anchor.clone(),
                county: county.to_owned(),
                division: row.division.clone(),
                owner: row.route.clone(),
                severity: row.severity,
            };
            self.act(&number, open)?;
            if let Some(reason) = &row.waived {
                self.waive(&number, reason)?;
            }
        }
        Ok(())
    }

    /// Every letter that is due and was not sent, one by one.
    fn escalate(&mut self) -> Result<()> {
        let due: Vec<(String, usize, usize)> = self
            .cases
            .by_number
            .values()
            .map(|c| (c.number.clone(), c.step, c.letters_due(self.tonight.day)))
            .collect();
        for (number, sent, due) in due {
            for step in sent + 1..=due {
                self.act(&number, Act::Escalate { step })?;
            }
        }
        Ok(())
    }
}

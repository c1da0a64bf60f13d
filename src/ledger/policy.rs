//! What `pipeline.yaml` says about cases, ready for use: terms, letters, working days.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};

use crate::calendar::{Due, Workdays};
use crate::pipeline::Pipeline;
use crate::pipeline::cases::CaseSettings;
use crate::pipeline::spec::{Route, Severity};

/// The pipeline's words about cases.
#[derive(Debug, Clone)]
pub struct Policy {
    pub settings: CaseSettings,
    pub workdays: Workdays,
    routes: BTreeMap<String, Route>,
    /// Rules whose mere id says something about a person.
    sensitive: BTreeSet<String>,
}

impl Policy {
    /// The policy of a pipeline.
    pub fn of(pipeline: &Pipeline) -> Self {
        let routes = pipeline.rules.values().map(|r| (r.id.clone(), r.route.clone()));
        let settings = pipeline.settings.cases.clone();
        let sensitive = pipeline.rules.values().filter(|r| r.sensitive).map(|r| r.id.clone());
        Self { sensitive: sensitive.collect(), ..Self::new(settings, pipeline.workdays(), routes) }
    }

    /// A policy from its parts: routes by rule.
    pub fn new(
        settings: CaseSettings,
        workdays: Workdays,
        routes: impl IntoIterator<Item = (String, Route)>,
    ) -> Self {
        let (routes, sensitive) = (routes.into_iter().collect(), BTreeSet::new());
        Self { settings, workdays, routes, sensitive }
    }

    /// May nobody outside be told which rule found a case? A rule that is no more may have been
    /// one of these.
    pub fn is_sensitive(&self, rule: &str) -> bool {
        self.sensitive.contains(rule) || !self.routes.contains_key(rule)
    }

    /// What stands in a case number for its rule: lists, letters and workbooks show the number, so
    /// it must not give a sensitive rule away.
    pub fn numbered<'a>(&'a self, rule: &'a str) -> &'a str {
        if self.is_sensitive(rule) { &self.settings.sensitive } else { rule }
    }

    /// Does an anomaly of this severity become a case?
    pub fn opens(&self, severity: Severity) -> bool {
        self.settings.opens.contains(&severity)
    }

    /// The last day of a term that begins on a day; the day itself for a term that is none.
    pub fn after(&self, term: &str, from: NaiveDate) -> NaiveDate {
        self.workdays.after(term, from)
    }

    /// The last day of the list of working days, when a term in working days that begins on a day ends
    /// after it: its holidays are not known, so the term ends too early.
    pub fn unlisted(&self, from: NaiveDate) -> Option<NaiveDate> {
        let until = self.workdays.until()?;
        let terms = self.routes.values().flat_map(|r| std::iter::once(&r.due).chain(&r.escalate));
        let counted = |t: &&String| matches!(Due::parse(t), Some(Due::Workdays(_)));
        let mut terms = terms.chain(std::iter::once(&self.settings.redo)).filter(counted);
        terms.any(|t| self.after(t, from) > until).then_some(until)
    }

    /// The day by which a case of a rule must be answered that is sent out on a day, and the days
    /// after which the second, third … letter goes out. A rule that is no more has the term of what is
    /// to be done again: else its case would be late on the day after.
    pub fn terms(&self, rule: &str, issued: NaiveDate) -> (NaiveDate, Vec<NaiveDate>) {
        let Some(route) = self.routes.get(rule) else {
            return (self.after(&self.settings.redo, issued), Vec::new());
        };
        let due = self.after(&route.due, issued);
        // Steps in calendar days know of no holidays: they keep their distance to a term that does.
        let plain = Workdays::default().after(&route.due, issued);
        let moved = (due - plain).max(TimeDelta::zero());
        let step = |term: &String| match Due::parse(term) {
            Some(Due::Days(_)) => self.after(term, issued) + moved,
            _ => self.after(term, issued),
        };
        (due, route.escalate.iter().map(step).collect())
    }

    /// The name of the n-th letter, from 1: 提示函, 督办函, 约谈.
    pub fn letter(&self, step: usize) -> &str {
        let letters = &self.settings.letters;
        letters.get(step.saturating_sub(1)).or(letters.last()).map_or("", |t| t.zh.as_str())
    }
}

//! What `pipeline.yaml` says about cases, ready for use: terms, letters, working days.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::calendar::{Due, Workdays};
use crate::codes::CodeList;
use crate::pipeline::Pipeline;
use crate::pipeline::cases::CaseSettings;
use crate::pipeline::spec::{Route, Severity};

/// The pipeline's words about cases.
#[derive(Debug, Clone)]
pub struct Policy {
    pub settings: CaseSettings,
    pub workdays: Workdays,
    routes: BTreeMap<String, Route>,
}

impl Policy {
    /// The policy of a pipeline.
    pub fn of(pipeline: &Pipeline) -> Self {
        let routes = pipeline.rules.values().map(|r| (r.id.clone(), r.route.clone()));
        let settings = pipeline.settings.cases.clone();
        let list = pipeline.codes.get(&settings.workdays);
        Self::new(settings.clone(), list.map(workdays).unwrap_or_default(), routes)
    }

    /// A policy from its parts: routes by rule.
    pub fn new(
        settings: CaseSettings,
        workdays: Workdays,
        routes: impl IntoIterator<Item = (String, Route)>,
    ) -> Self {
        Self { settings, workdays, routes: routes.into_iter().collect() }
    }

    /// Does an anomaly of this severity become a case?
    pub fn opens(&self, severity: Severity) -> bool {
        self.settings.opens.contains(&severity)
    }

    /// The last day of a term that begins on a day; the day itself for a term that is none.
    pub fn after(&self, term: &str, from: NaiveDate) -> NaiveDate {
        Due::parse(term).map_or(from, |due| due.after(from, |day| self.workdays.works(day)))
    }

    /// The day by which a case of a rule must be answered that is sent out on a day, and the days
    /// after which the second, third … letter goes out.
    pub fn terms(&self, rule: &str, issued: NaiveDate) -> (NaiveDate, Vec<NaiveDate>) {
        let Some(route) = self.routes.get(rule) else { return (issued, Vec::new()) };
        let due = self.after(&route.due, issued);
        // A letter never goes out before the one before it.
        let mut last = due;
        let steps = route.escalate.iter().map(|term| {
            last = last.max(self.after(term, issued));
            last
        });
        (due, steps.collect())
    }

    /// The name of the n-th letter, from 1: 提示函, 督办函, 约谈.
    pub fn letter(&self, step: usize) -> &str {
        let letters = &self.settings.letters;
        letters.get(step.saturating_sub(1)).or(letters.last()).map_or("", |t| t.zh.as_str())
    }
}

/// The calendar in a code list with the columns `day` (2026-10-01) and `works` (1 or 0).
fn workdays(list: &CodeList) -> Workdays {
    let (Some(day), Some(works)) = (list.position("day"), list.position("works")) else {
        return Workdays::default();
    };
    Workdays::new(list.rows.iter().filter_map(|r| Some((r[day].parse().ok()?, r[works] == "1"))))
}

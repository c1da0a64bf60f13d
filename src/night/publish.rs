//! Writes down what the night found and publishes it by one atomic step.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;

use super::books::Books;
use super::parts::Unheard;
use super::{Built, NotRun, Receipts, Setup};
use crate::anomaly::waiver::Waivers;
use crate::anomaly::{Anomaly, Memory, State, table};
use crate::error::Result;
use crate::feed::receipt::Verdict;
use crate::identity::Funnel;
use crate::lake::rows::PERSON_KEY;
use crate::lake::{FileEntry, MANIFEST, csv, durable, files_below, hash_file};
use crate::ledger::chain::Head;
use crate::ledger::policy::Policy;
use crate::pipeline::spec::{Rule, Severity};
use crate::report;
use crate::report::summary::{
    CaseSummary, CountLine, CountyLine, DeliveryLine, FeedLine, RuleLine, SWITCHED_OFF, Summary,
};

/// What the stages of the night said.
pub(super) struct Facts {
    pub name: String,
    pub night: NaiveDate,
    pub last: Option<String>,
    pub feeds: Vec<FeedLine>,
    pub deliveries: Vec<DeliveryLine>,
    pub unknown: Vec<String>,
    pub funnel: Funnel,
    pub built: Built,
    pub not_run: NotRun,
    pub unheard: Unheard,
    pub waivers: Waivers,
    pub memory: Memory,
    pub cases: CaseSummary,
    pub ledger: Head,
}

/// The list of a night's files, and what it was made from. `previous` chains the nights.
#[derive(Serialize)]
struct Manifest<'a> {
    night: &'a str,
    pipeline: &'a str,
    version: &'a str,
    previous: Option<String>,
    deliveries: Vec<(&'a str, &'a str)>,
    files: Vec<FileEntry>,
}

/// A rule as it stood, so that an old anomaly can still be explained.
#[derive(Serialize)]
struct RuleText<'a> {
    rule: &'a str,
    version: &'a str,
    text: &'a str,
}

/// Writes all files of the night and publishes it.
///
/// # Errors
/// The disk; the last published night stays as it was.
pub(super) fn publish(
    setup: &Setup,
    books: &Books,
    staged: &Path,
    rows: &[Anomaly],
    receipts: &Receipts,
    facts: Facts,
) -> Result<Summary> {
    table::write(staged, rows, &facts.memory)?;
    counts(setup, staged, rows, &facts)?;
    let rules: Vec<RuleText<'_>> =
        setup.pipeline.rules.values().map(|r| rule_text(setup, r)).collect();
    durable::write_json(&staged.join("rules.json"), &rules)?;
    let summary = summary(setup, rows, &facts);
    durable::write_json(&staged.join("summary.json"), &summary)?;
    durable::write(&staged.join("report.html"), report::html(&summary).as_bytes())?;
    let previous = facts.last.as_ref().map(|l| setup.lake.night(l).join(MANIFEST));
    let manifest = Manifest {
        night: &facts.name,
        pipeline: &setup.pipeline.id,
        version: &setup.pipeline.version,
        previous: previous.map(|p| hash_file(&p)).transpose()?,
        deliveries: receipts
            .iter()
            .filter(|r| r.verdict == Verdict::Accepted)
            .map(|r| (r.feed.as_str(), r.delivery.as_str()))
            .collect(),
        files: files_below(staged)?,
    };
    durable::write_json(&staged.join(MANIFEST), &manifest)?;
    // A night of the past that is run again is kept, but `current` stays with the newest.
    let newest = setup.lake.current_night().and_then(|n| super::setup::date_of(&n));
    let newest = newest.is_none_or(|n| n <= facts.night);
    let folder = setup.lake.place(staged, &facts.name)?;
    books.record(setup, &facts.name, facts.night, &folder)?;
    if newest {
        setup.lake.point_at(&facts.name)?;
    }
    setup.retire(&facts.name)?;
    Ok(summary)
}

fn rule_text<'a>(setup: &'a Setup, rule: &'a Rule) -> RuleText<'a> {
    let text = &setup.pipeline.source("rules", &rule.id).text;
    RuleText { rule: &rule.id, version: &rule.version, text }
}

/// `counts.csv`: per rule and county how often it applied and was violated.
fn counts(setup: &Setup, staged: &Path, rows: &[Anomaly], facts: &Facts) -> Result<()> {
    let mut text =
        String::from("rule,county,applicable,not_applicable,violated,waived,not_run\r\n");
    for line in count_lines(setup, rows, facts) {
        text.push_str(&format!(
            "{},{},{},{},{},{},\r\n",
            line.rule,
            line.county,
            line.applicable,
            line.not_applicable,
            line.violated,
            line.waived
        ));
    }
    // A rule that was not run has no counts at all, or none of a county, which is not 0.
    for (rule, reason) in &facts.not_run {
        text.push_str(&format!("{rule},,,,,,{}\r\n", csv::cell(reason)));
    }
    for (rule, county, reason) in facts.unheard.lines() {
        if !facts.not_run.contains_key(rule) {
            text.push_str(&format!("{rule},{county},,,,,{}\r\n", csv::cell(reason)));
        }
    }
    durable::write(&staged.join("counts.csv"), text.as_bytes())
}

fn count_lines(setup: &Setup, rows: &[Anomaly], facts: &Facts) -> Vec<CountLine> {
    let mut waived: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.waived.is_some() && found(r)) {
        *waived.entry((&row.rule, &row.county)).or_default() += 1;
    }
    let mut lines = Vec::new();
    for rule in setup.rules().filter(|r| !facts.not_run.contains_key(&r.id)) {
        for (county, all) in facts.built.rows.get(&rule.over).into_iter().flatten() {
            if facts.unheard.is(&rule.id, county) {
                continue;
            }
            let own = facts.built.judged.counts.get(&rule.id);
            let count = own.and_then(|c| c.get(county)).copied().unwrap_or_default();
            lines.push(CountLine {
                rule: rule.id.clone(),
                county: county.clone(),
                applicable: count.applicable,
                not_applicable: all - count.applicable,
                violated: count.violated,
                waived: waived.get(&(rule.id.as_str(), county)).copied().unwrap_or(0),
            });
        }
    }
    lines
}

/// Was it found tonight?
fn found(row: &Anomaly) -> bool {
    matches!(row.state, State::New | State::Persisting | State::Relapsed)
}

fn summary(setup: &Setup, rows: &[Anomaly], facts: &Facts) -> Summary {
    let in_state = |state: State| rows.iter().filter(|r| r.state == state).count() as u64;
    let tonight = || rows.iter().filter(|r| found(r));
    let severity = |s: &Severity| {
        let own = tonight().filter(|r| r.severity == *s).count() as u64;
        (s.word().to_owned(), own)
    };
    let tables = setup.pipeline.tables.values();
    let tables = tables.filter(|t| facts.funnel.tables.contains_key(&t.id));
    Summary {
        night: facts.name.clone(),
        date: facts.night,
        pipeline: setup.pipeline.id.clone(),
        title: setup.pipeline.settings.title.clone(),
        version: setup.pipeline.version.clone(),
        last_night: facts.last.clone(),
        demo_secret: setup.demo_secret,
        ground: setup.ground(),
        feeds: facts.feeds.clone(),
        deliveries: facts.deliveries.clone(),
        unknown_files: facts.unknown.clone(),
        tables: tables.map(|t| (t.id.clone(), t.title.clone())).collect(),
        columns: dropped(setup, &facts.feeds),
        workdays_until: Policy::of(&setup.pipeline).unlisted(facts.night),
        identity: facts.funnel.tables.clone(),
        identity_steps: facts.funnel.steps.clone(),
        identity_events: facts.funnel.events.clone(),
        identity_decisions: facts.funnel.decisions.clone(),
        views: facts.built.views.clone(),
        rules: rule_lines(setup, rows, facts),
        groups: setup.pipeline.settings.groups.clone(),
        counties: county_lines(setup, rows, facts),
        waivers: facts.waivers.len(),
        ledger: facts.ledger.clone(),
        cases: facts.cases.clone(),
        anomalies: tonight().count() as u64,
        new: in_state(State::New),
        persisting: in_state(State::Persisting),
        relapsed: in_state(State::Relapsed),
        cleared: in_state(State::Cleared),
        held: in_state(State::Held),
        waived: tonight().filter(|r| r.waived.is_some()).count() as u64,
        severities: Severity::ALL.iter().map(severity).collect(),
    }
}

/// Titles of the columns of which cells were dropped.
fn dropped(setup: &Setup, feeds: &[FeedLine]) -> BTreeMap<String, String> {
    let mut titles = BTreeMap::new();
    for feed in feeds {
        let Some(table) = setup.pipeline.tables.get(&feed.table) else { continue };
        for name in feed.amendments.keys().filter_map(|kind| kind.strip_prefix("dropped:")) {
            if let Some(column) = table.column(name) {
                titles.entry(name.to_owned()).or_insert_with(|| column.title.clone());
            }
        }
    }
    titles
}

fn rule_lines(setup: &Setup, rows: &[Anomaly], facts: &Facts) -> Vec<RuleLine> {
    let counts = count_lines(setup, rows, facts);
    let line = |rule: &Rule| {
        let own = || rows.iter().filter(|r| r.rule == rule.id);
        let state = |s: State| own().filter(|r| r.state == s).count() as u64;
        let sum = |f: fn(&CountLine) -> u64| -> u64 {
            counts.iter().filter(|c| c.rule == rule.id).map(f).sum()
        };
        let off = setup.pipeline.settings.off.get(&rule.id);
        let off = off.map(|reason| format!("{SWITCHED_OFF}{reason}"));
        let before = facts.memory.known.values().filter(|r| r.rule == rule.id && found(r)).count();
        RuleLine {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            view: rule.over.clone(),
            version: rule.version.clone(),
            not_run: off.or_else(|| facts.not_run.get(&rule.id).cloned()),
            applicable: sum(|c| c.applicable),
            not_applicable: sum(|c| c.not_applicable),
            violated: own().filter(|r| found(r)).count() as u64,
            waived: own().filter(|r| found(r) && r.waived.is_some()).count() as u64,
            new: state(State::New),
            persisting: state(State::Persisting),
            relapsed: state(State::Relapsed),
            cleared: state(State::Cleared),
            held: state(State::Held),
            last_night: facts.last.is_some().then_some(before as u64),
        }
    };
    setup.pipeline.rules.values().map(line).collect()
}

fn county_lines(setup: &Setup, rows: &[Anomaly], facts: &Facts) -> Vec<CountyLine> {
    let mut lines: BTreeMap<String, CountyLine> = BTreeMap::new();
    let persons = setup.pipeline.views.values().filter(|view| view.subject == PERSON_KEY);
    let persons = persons.filter_map(|view| facts.built.rows.get(&view.id));
    // A view of some persons only says less of who lives where than one of all.
    let persons = persons.max_by_key(|counties| counties.values().sum::<u64>());
    for (county, count) in persons.into_iter().flatten() {
        lines.entry(county.clone()).or_default().persons = *count;
    }
    for row in rows {
        let line = lines.entry(row.county.clone()).or_default();
        line.cleared += u64::from(row.state == State::Cleared);
        if !found(row) {
            continue;
        }
        line.new += u64::from(row.state == State::New);
        *line.rules.entry(row.rule.clone()).or_default() += 1;
        match row.severity {
            Severity::Red => line.red += 1,
            Severity::Orange => line.orange += 1,
            Severity::Yellow => line.yellow += 1,
            Severity::Blue => line.blue += 1,
        }
    }
    let name = |code: &str| setup.divisions.name(code).unwrap_or_default().to_owned();
    for (county, line) in &mut lines {
        line.county.clone_from(county);
        line.name = name(county);
        line.city = county.get(..4).map_or_else(String::new, name);
    }
    lines.into_values().collect()
}

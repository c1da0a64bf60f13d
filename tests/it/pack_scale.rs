//! How long the workbooks of a province take, and how much memory: run by hand with
//! `cargo test --test it a_province_of_packs -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::time::Instant;

use bidui::anomaly::{Anomaly, Memory, State as Found};
use bidui::feedback::batch::Batch;
use bidui::feedback::county::Setting;
use bidui::feedback::issue::{Order, write};
use bidui::feedback::reveal::Names;
use bidui::feedback::select::select;
use bidui::feedback::show::Shower;
use bidui::ledger::act::{Act, Draft};
use bidui::ledger::case::Cases;
use bidui::ledger::chain::Head;
use bidui::ledger::flow::flows;
use bidui::ledger::policy::Policy;
use bidui::night::setup::register;
use bidui::pipeline::Pipeline;
use bidui::pipeline::packs::Level;
use bidui::privacy::PersonKeys;
use chrono::NaiveDate;

use crate::support::{gansu, temp};

/// Open cases of the province, in its 86 counties.
const CASES: usize = 100_000;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A line of `/proc/self/status` in MiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|l| l.strip_prefix(line)?.split_whitespace().next());
    found.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Synthetic cases, spread over all counties and rules, and what a night knows of them.
fn world(pipeline: &Pipeline, counties: &[String]) -> (Vec<Draft>, Cases, Memory) {
    let rules: Vec<_> = pipeline.rules.values().collect();
    let (mut drafts, mut cases, mut known) = (Vec::new(), Cases::default(), BTreeMap::new());
    for at in 0..CASES {
        let (county, rule) = (&counties[at % counties.len()], rules[at % rules.len()]);
        let anomaly = format!("{at:016x}");
        let act = Act::Open {
            anomaly: anomaly.clone(),
            rule: rule.id.clone(),
            subject_kind: rule.over.clone(),
            subject: anomaly.clone(),
            anchor: String::new(),
            county: county.clone(),
            division: format!("{county}100200"),
            owner: rule.route.to.clone(),
            severity: rule.severity,
        };
        let about = format!("GS-202610-{county}-{}-{at:06}", rule.id);
        let draft = Draft { about, day: day("2026-10-01"), actor: "bidui".into(), act };
        cases.apply(&draft).expect("an opening");
        drafts.push(draft);
        let row = Anomaly {
            anomaly: anomaly.clone(),
            rule: rule.id.clone(),
            rule_version: rule.version.clone(),
            title: rule.title.zh.clone(),
            severity: rule.severity,
            subject_kind: rule.over.clone(),
            subject: anomaly.clone(),
            anchor: String::new(),
            county: county.clone(),
            division: format!("{county}100200"),
            who: Some("张*明".into()),
            message: format!("{}（第{at}件）：{}", rule.title.zh, rule.message),
            evidence: rule
                .evidence
                .iter()
                .map(|e| (e.name.clone(), Some(at.to_string())))
                .collect(),
            route: rule.route.to.clone(),
            due: day("2026-10-20"),
            first_seen: day("2026-10-01"),
            last_seen: day("2026-10-01"),
            state: Found::New,
            waived: None,
        };
        known.insert(anomaly, row);
    }
    (drafts, cases, Memory { known })
}

#[test]
#[ignore = "measures; takes minutes"]
fn a_province_of_packs() {
    let pipeline = bidui::pipeline::load(&gansu()).expect("a pipeline");
    let divisions = register(&pipeline).expect("divisions");
    let counties = divisions.iter().filter(|d| d.level == 3).map(|d| d.code[..6].to_owned());
    let counties: Vec<String> = counties.take(86).collect();
    let (drafts, cases, memory_of_night) = world(&pipeline, &counties);
    let (policy, keys) = (Policy::of(&pipeline), PersonKeys::new(b"secret of a test"));
    let form = pipeline.pack(Level::County).expect("a form");
    let names = Names::default();
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory_of_night, &names);
    let on = day("2026-10-10");
    let batch = Batch { prefix: "GS".into(), month: day("2026-10-01"), number: 1, day: on };
    let flows = flows(&drafts, batch.month, on).expect("flows");
    let head = Head::default();
    let setting = Setting {
        batch: &batch,
        form,
        shower: &shower,
        keys: &keys,
        head: &head,
        flows: &flows,
        night: "2026-10-09-00000000",
    };
    let selection = select(&cases, &[], false);
    for threads in [1, 2] {
        let home = temp();
        let order = Order {
            setting: &setting,
            city: pipeline.pack(Level::City),
            selection: &selection,
            actor: "甲",
            threads,
        };
        let (before, start) = (memory("VmRSS:"), Instant::now());
        let written = write(&order, &home.path().join("packs")).expect("written");
        let seconds = start.elapsed().as_secs_f64();
        let bytes: u64 = written.files.iter().map(|f| f.bytes).sum();
        let rows: u64 = written.files.iter().filter(|f| !f.pack.is_empty()).map(|f| f.rows).sum();
        assert_eq!(rows, CASES as u64);
        println!(
            "{} counties, {rows} rows, {} files, {:.1} MiB: {seconds:.1} s with {threads} threads; \
             memory before {before} MiB, most ever {} MiB",
            counties.len(),
            written.files.len(),
            bytes as f64 / 1048576.0,
            memory("VmHWM:")
        );
    }
}

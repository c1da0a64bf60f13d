//! How long the workbooks of a province take, out and back, and how much memory: run by hand with
//! `cargo test --test it a_province_of_packs -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bidui::anomaly::{Anomaly, Memory, State as Found};
use bidui::feedback::batch::Batch;
use bidui::feedback::county::Setting;
use bidui::feedback::issue::{FileLine, Order, Written, write};
use bidui::feedback::reveal::Names;
use bidui::feedback::select::select;
use bidui::feedback::show::Shower;
use bidui::lake::names_in;
use bidui::ledger::act::{Act, Draft};
use bidui::ledger::case::Cases;
use bidui::ledger::chain::Head;
use bidui::ledger::flow::flows;
use bidui::ledger::policy::Policy;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use bidui::night::setup::register;
use bidui::pipeline::Pipeline;
use bidui::pipeline::packs::Level;
use bidui::privacy::PersonKeys;
use chrono::NaiveDate;
use nix::sys::resource::{UsageWho, getrusage};

use crate::form::{Form, NUMBER, place};
use crate::support::{copy, current, gansu, temp, tiny_lake};

/// Open cases of the province, in its 86 counties.
const CASES: usize = 100_000;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A line of this process's status in MiB.
fn memory(line: &str) -> u64 {
    memory_of("self", line)
}

/// A line of `/proc/<process>/status` in MiB; 0 for a process that is gone.
fn memory_of(process: &str, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
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
    (drafts, cases, Memory { known, ..Memory::default() })
}

/// The day of the pack, and a day of the answers.
const ISSUED: &str = "2026-10-10";
const CHECKED: &str = "2026-10-20";

/// What a county fills in for its `at`-th case, and the state that the case must then be in.
fn answer(at: usize) -> (&'static str, State) {
    match at % 20 {
        0..=10 => ("属实已整改", State::Answered),
        11..=12 => ("属实整改中", State::Verifying),
        13..=15 => ("不属实", State::Answered),
        16 => ("转其他部门", State::Answered),
        17 => ("大概是的", State::Issued),
        _ => ("", State::Issued),
    }
}

/// Fills in a workbook as a county would; the state that each of its cases must come to.
fn filled(path: &Path, to: &Path) -> BTreeMap<String, State> {
    let mut form = Form::open(path);
    let mut expected = BTreeMap::new();
    for (rows, head) in form.themes() {
        let heading = rows[head].clone();
        let number = place(&heading, NUMBER);
        let cells = [
            ("核查日期", CHECKED),
            ("核查方式", "入户"),
            ("原因类别", "系统未同步"),
            ("整改措施", "已补录信息并更正"),
            ("完成日期", CHECKED),
            ("佐证材料编号", "县存-2026-17"),
            ("责任单位", "县卫生健康局"),
            ("责任人", "某某"),
            ("备注", "应由医保局办理"),
        ];
        let cells = cells.map(|(name, text)| (place(&heading, name), text));
        let result = place(&heading, "核查结果");
        for row in rows[head + 1..].iter_mut().filter(|r| r[number].len() > 9) {
            let (word, state) = answer(expected.len());
            expected.insert(row[number].clone(), state);
            if !word.is_empty() {
                cells.iter().for_each(|(at, text)| (*text).clone_into(&mut row[*at]));
                word.clone_into(&mut row[result]);
            }
        }
    }
    form.save(to);
    expected
}

/// What a call took: seconds on the wall and of the processor, with its reading processes; most
/// memory of its own and of one reading process, in MiB.
#[derive(Clone, Copy, Default)]
struct Cost {
    wall: f64,
    processor: f64,
    own: u64,
    reader: u64,
}

/// Seconds that the processor worked for children that have ended, and theirs.
fn processor() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("known of every process");
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Reading processes that any thread of a process has started; before it becomes one, a process is
/// a copy of its parent.
fn readers(process: u32) -> Vec<String> {
    let threads = names_in(&PathBuf::from(format!("/proc/{process}/task")));
    let own = |t: String| std::fs::read_to_string(format!("/proc/{process}/task/{t}/children"));
    let all: Vec<String> = threads.into_iter().filter_map(|t| own(t).ok()).collect();
    let reads = |pid: &&str| {
        let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split('\0').nth(1) == Some("read-apart")
    };
    all.iter().flat_map(|a| a.split_whitespace()).filter(reads).map(str::to_owned).collect()
}

/// Runs `bidui pack take-back`.
fn take_back(home: &Path, files: &[PathBuf]) -> Cost {
    let (start, before) = (Instant::now(), processor());
    let mut child = Command::new(env!("CARGO_BIN_EXE_bidui"))
        .env_clear()
        .env("BIDUI_LEDGER", file_address(&home.join("ledger.sqlite")))
        .args(["pack", "take-back", "--actor", "收件人", "--pipeline"])
        .arg(gansu())
        .arg("--lake")
        .arg(home.join("lake"))
        .arg("--out")
        .arg(home.join("receipts"))
        .args(files)
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut cost = Cost::default();
    let code = loop {
        let readers = readers(child.id()).into_iter().map(|pid| memory_of(&pid, "VmHWM:"));
        cost.reader = readers.max().unwrap_or(0).max(cost.reader);
        cost.own = memory_of(&child.id().to_string(), "VmHWM:").max(cost.own);
        if let Some(status) = child.try_wait().expect("a child") {
            break status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    // Some rows are invalid, which is what it must say.
    assert_eq!(code, Some(1));
    Cost { wall: start.elapsed().as_secs_f64(), processor: processor() - before, ..cost }
}

/// Everything that was issued comes back filled in, and every case moves as it must.
fn back(home: &Path, opened: Vec<Draft>, written: &Written) -> Vec<String> {
    copy(tiny_lake(), &home.join("lake"));
    // Its nights know another ledger than the one of this batch.
    let summary = current(&home.join("lake")).join("summary.json");
    let text = std::fs::read(&summary).expect("a summary");
    let mut told: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    told["ledger"] = serde_json::json!({"seq": 0, "hash": ""});
    std::fs::write(&summary, told.to_string()).expect("written");
    std::fs::create_dir_all(home.join("back")).expect("a folder");
    let store = Store::open(&file_address(&home.join("ledger.sqlite"))).expect("a ledger");
    for drafts in [opened, written.drafts.clone()] {
        store.append(drafts, "2026-10-10T00:00:00Z").expect("recorded");
    }
    let packs: Vec<_> = written.files.iter().filter(|f| !f.pack.is_empty()).collect();
    let to = |path: &str| home.join("back").join(Path::new(path).file_name().expect("a name"));
    let mut expected: BTreeMap<String, State> = BTreeMap::new();
    let fill = |half: &[&FileLine]| -> Vec<_> {
        half.iter().map(|f| filled(&home.join("packs").join(&f.path), &to(&f.path))).collect()
    };
    let fill = &fill;
    std::thread::scope(|scope| {
        let halves = packs.chunks(packs.len().div_ceil(2));
        let all: Vec<_> = halves.map(|half| scope.spawn(move || fill(half))).collect();
        for half in all {
            expected.extend(half.join().expect("filled").into_iter().flatten());
        }
    });
    assert_eq!(expected.len(), CASES);
    // A few first, then the rest: the memory of the second call must not be that of its files.
    let (few, rest) = packs.split_at(8);
    let (mut peaks, mut lines) = (Vec::new(), Vec::new());
    for part in [few, rest] {
        let files: Vec<PathBuf> = part.iter().map(|f| to(&f.path)).collect();
        let rows: u64 = part.iter().map(|f| f.rows).sum();
        let cost = take_back(home, &files);
        lines.push(format!(
            "take-back of {} workbooks, {rows} rows: {:.1} s, {:.0} rows/s; {:.1} s of processor, {:.0} \
             rows/s; most memory {} MiB, of a reading process {} MiB",
            files.len(),
            cost.wall,
            rows as f64 / cost.wall,
            cost.processor,
            rows as f64 / cost.processor,
            cost.own,
            cost.reader
        ));
        peaks.push(cost.own);
    }
    assert!(peaks[1] < peaks[0] + peaks[0] / 2, "memory grows with the workbooks: {peaks:?}");
    let cases = store.cases().expect("cases").by_number;
    for (number, state) in &expected {
        assert_eq!(cases[number].state, *state, "{number}");
    }
    assert_eq!(names_in(&home.join("receipts")).len(), packs.len(), "a receipt for each file");
    assert!(store.verify(&[]).expect("readable").is_none(), "the ledger is whole");
    lines
}

#[test]
#[ignore = "measures; takes minutes"]
fn a_province_of_packs() {
    let pipeline = bidui::pipeline::load(&gansu()).expect("a pipeline");
    let divisions = register(&pipeline).expect("divisions");
    let counties = divisions.iter().filter(|d| d.level == 3).map(|d| d.code[..6].to_owned());
    let counties: Vec<String> = counties.take(86).collect();
    let (drafts, cases, memory_of_night) = world(&pipeline, &counties);
    let secret = pipeline.settings.identity.secret_demo.clone().expect("a sample secret");
    let (policy, keys) = (Policy::of(&pipeline), PersonKeys::new(secret.as_bytes()));
    let form = pipeline.pack(Level::County).expect("a form");
    let names = Names::default();
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory_of_night, &names);
    let on = day(ISSUED);
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
    let selection = select(&cases, &[], &[]);
    let homes = [1, 2].map(|threads| (threads, temp()));
    let mut last = None;
    for (threads, home) in &homes {
        let threads = *threads;
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
        last = Some((home.path(), written));
    }
    let (home, written) = last.expect("issued");
    for line in back(home, drafts, &written) {
        println!("{line}");
    }
}

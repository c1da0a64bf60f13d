//! `bidui run`: the night.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;

use super::progress::Bars;
use super::{Page, output};
use crate::error::{Error, Result};
use crate::night::{self, Options, Outcome};
use crate::report::about;
use crate::report::summary::{DeliveryLine, FeedLine, Freshness, Summary};

/// Names of files and reasons that are said before the rest is only counted.
const SHOWN: usize = 3;

/// What `bidui run` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: super::Place,
    /// Folder of the extracts [default: as pipeline.yaml says].
    #[arg(long)]
    input: Option<PathBuf>,
    /// The night to run, with those before it that were missed [default: the last in the input].
    #[arg(long)]
    date: Option<NaiveDate>,
    /// Run only that night.
    #[arg(long)]
    only: bool,
    /// Worker threads [default: one for each core].
    #[arg(long)]
    threads: Option<usize>,
    /// Buckets of persons, a power of two [default: as pipeline.yaml says].
    #[arg(long)]
    buckets: Option<usize>,
    /// Memory for queries, such as 2GiB or 512MiB [default: no limit].
    #[arg(long, value_parser = bytes)]
    memory: Option<usize>,
    /// Form of the summary: a table, or JSON for schedulers.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Page,
    /// No progress bars.
    #[arg(long, short)]
    quiet: bool,
    /// Say at the end what each stage cost.
    #[arg(long)]
    stages: bool,
}

/// Reads `512MiB`, `2GiB`, `1.5GB` or a number of bytes.
fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" | "M" => 1024.0 * 1024.0,
        "GiB" | "G" => 1024.0 * 1024.0 * 1024.0,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return Err("write it like 2GiB or 512MiB".into()),
    };
    let number: f64 = digits.parse().map_err(|_| "write it like 2GiB or 512MiB".to_owned())?;
    if !number.is_finite() || number <= 0.0 {
        return Err("give more than nothing".into());
    }
    Ok((number * unit) as usize)
}

/// Runs the nights that are due and sums each up.
///
/// # Errors
/// What stops a night; those before it are published, and told.
pub fn run(args: &Args) -> Result<ExitCode> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let options = Options {
        pipeline: args.place.folder.path().to_owned(),
        input: args.input.clone(),
        lake: args.place.lake.clone(),
        date: args.date,
        only: args.only,
        threads: args.threads.unwrap_or(cores),
        buckets: args.buckets,
        memory: args.memory,
    };
    let started = std::time::Instant::now();
    let bars = Bars::new(args.quiet);
    let mut outcomes = Vec::new();
    let ended = night::run(&options, &bars, |outcome| outcomes.push(outcome));
    if args.stages {
        bars.stages.report();
    }
    drop(bars);
    // Nights before one that failed are published, and told.
    for outcome in &outcomes {
        match args.output {
            Page::Json => output::say(&json(outcome)?)?,
            Page::Table => output::say(&people(outcome))?,
        }
    }
    ended?;
    let seconds = started.elapsed().as_secs_f64();
    let noun = if outcomes.len() == 1 { "night" } else { "nights" };
    output::log(&format!("{} {noun} in {seconds:.1} s", outcomes.len()));
    Ok(ExitCode::SUCCESS)
}

/// One JSON object on one line.
fn json(outcome: &Outcome) -> Result<String> {
    let mut value = serde_json::to_value(&outcome.summary)
        .map_err(|e| Error::bug(format!("the summary is not JSON: {e}")))?;
    value["unchanged"] = outcome.unchanged.into();
    value["folder"] = outcome.folder.display().to_string().into();
    Ok(value.to_string())
}

/// A summary that a person can read.
fn people(outcome: &Outcome) -> String {
    let s = &outcome.summary;
    let mut text = format!("\n{} · {}  {}\n", s.title.zh, s.date, s.night);
    if outcome.unchanged {
        text.push_str("无变化：相同输入，已发布  nothing changed since it was published\n");
    }
    if s.demo_secret {
        text.push_str("⚠ 示例密钥，仅供演示  demo secret: never for real data\n");
    }
    let sum = |f: fn(&FeedLine) -> u64| s.feeds.iter().map(f).sum::<u64>();
    text.push_str(&format!(
        "接收 rows {} = 采用 used {} + 隔离 quarantined {} + 重复 duplicate {} + 被替代 superseded {}\n",
        sum(|f| f.rows), sum(|f| f.used), sum(|f| f.quarantined), sum(|f| f.duplicate),
        sum(|f| f.superseded),
    ));
    for feed in s.feeds.iter().filter(|f| f.freshness != Freshness::Fresh) {
        text.push_str(&format!(
            "  {} {}：{}（应到 due {}）\n",
            feed.title.zh,
            feed.feed,
            word(feed.freshness),
            feed.due
        ));
    }
    text.push_str(&files(s));
    let tier = |t: &str| s.identity.values().filter_map(|x| x.get(t)).sum::<u64>();
    text.push_str(&format!(
        "归并 linked by ID {} · 补链 repaired {} · 一证多人 clash {} · 未归并 unlinked {}\n",
        tier("id"),
        tier("prefix15") + tier("roster"),
        tier("clash"),
        tier("unlinked"),
    ));
    text.push_str(&format!(
        "异常 anomalies {}（新增 new {} · 持续 persisting {} · 反弹 relapsed {}），消除 cleared {}，豁免 waived {}\n",
        s.anomalies, s.new, s.persisting, s.relapsed, s.cleared, s.waived,
    ));
    let c = &s.cases;
    text.push_str(&format!(
        "督办 cases 在办 open {}（逾期 overdue {}），本夜立案 opened {} · 反弹 relapsed {} · 销号 closed {} · 系统消除 vanished {}\n",
        c.open, c.overdue, c.opened, c.relapsed, c.closed, c.vanished,
    ));
    if c.past {
        text.push_str("⚠ 台账已有更晚的记录，本夜未记入台账  the ledger knows later days: nothing was recorded\n");
    }
    text.push_str(&rules(s));
    text.push_str(&format!("\n报告 report: {}", outcome.folder.join("report.html").display()));
    text
}

fn word(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => "及时 fresh",
        Freshness::Late => "迟报 late",
        Freshness::Stale => "过期 stale",
        Freshness::Missing => "缺失 missing",
    }
}

/// Deliveries that were refused tonight, with the reason, and files that no feed knows.
fn files(s: &Summary) -> String {
    let mut text = String::new();
    for delivery in s.deliveries.iter().filter(|d| d.verdict == "refused") {
        let feed = s.feeds.iter().find(|f| f.feed == delivery.feed);
        let feed = feed.map_or(delivery.feed.as_str(), |f| f.title.zh.as_str());
        text.push_str(&format!("  退回 refused: {feed}（{}）\n", named(&delivery.names)));
        for reason in reasons(delivery) {
            text.push_str(&format!("    {reason}\n"));
        }
    }
    if !s.unknown_files.is_empty() {
        text.push_str(&format!("  未识别文件 unknown files: {}\n", named(&s.unknown_files)));
    }
    text
}

/// The first of some files, and how many more there are.
fn named(files: &[String]) -> String {
    let first = files.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("、");
    let more = files.len().saturating_sub(SHOWN);
    if more > 0 { format!("{first}，另有{more}个") } else { first }
}

/// Why a delivery was refused, in Chinese first; the name of its only file has been said.
fn reasons(delivery: &DeliveryLine) -> impl Iterator<Item = String> {
    let only = if let [name] = delivery.names.as_slice() { name.as_str() } else { "" };
    delivery.notes.iter().take(SHOWN).map(move |note| {
        let rest = note.strip_prefix(only).unwrap_or(note).trim_start_matches([':', ' ']);
        about(note).map_or_else(|| rest.to_owned(), |zh| format!("{zh} {rest}"))
    })
}

/// Rules that found something, worst first, and those that were not run.
fn rules(s: &Summary) -> String {
    let mut table = output::plain_table();
    table.set_header(["规则", "", "名称", "命中", "适用", "新增", "消除"]);
    let mut lines: Vec<_> = s.rules.iter().filter(|r| r.violated + r.cleared > 0).collect();
    lines.sort_by_key(|r| (r.severity, r.rule.clone()));
    for r in lines {
        let lamp = match r.severity.word() {
            "red" => "红",
            "orange" => "橙",
            "yellow" => "黄",
            _ => "蓝",
        };
        let counts = [r.violated, r.applicable, r.new, r.cleared].map(|n| n.to_string());
        let mut row = vec![r.rule.clone(), lamp.into(), r.title.zh.clone()];
        row.extend(counts);
        table.add_row(row);
    }
    let mut text = output::drawn(table);
    for (r, reason) in s.rules.iter().filter_map(|r| Some((r, r.blind()?))) {
        let zh = about(reason).map(|zh| format!("{zh} ")).unwrap_or_default();
        text.push_str(&format!("\n未运行 not run: {} {}（{zh}{reason}）", r.rule, r.title.zh));
    }
    let off = s.rules.iter().filter(|r| r.off().is_some()).count();
    if off > 0 {
        text.push_str(&format!("\n停用 switched off: {off} 条规则 rules"));
    }
    text
}

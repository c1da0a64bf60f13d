//! `bidui try`: would an extract be taken in, and which of its rows not?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use serde::Serialize;

use super::{Page, output};
use crate::citizen_id::Quality;
use crate::error::{Error, Kind, Result};
use crate::feed::inbox::Parcel;
use crate::feed::receipt::{PartAccount, Receipt, Verdict};
use crate::feed::{Receiver, Reject};
use crate::lake::Lake;
use crate::night::setup::{load, register};
use crate::pipeline::Pipeline;
use crate::pipeline::pattern::{FileName, Pattern};
use crate::pipeline::spec::Feed;
use crate::privacy::{PersonKeys, hide_ids};
use crate::report;

/// Lines that are named of each reason.
const LINES: usize = 3;

/// What `bidui try` can be told.
#[derive(clap::Args)]
pub struct Args {
    /// Extracts, each by itself.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Folder of the pipeline.
    #[arg(long, default_value = "pipelines/gansu")]
    pipeline: PathBuf,
    /// The feed whose contract they are held to [default: the one whose `files` has their names].
    #[arg(long)]
    feed: Option<String>,
    /// Form of the result: text, or one JSON object a file.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Page,
}

/// Rows that one reason quarantines.
#[derive(Debug, Default, Serialize)]
struct Quarantined {
    rows: u64,
    /// The first lines.
    lines: Vec<u64>,
}

/// Rows that would be quarantined, by sheet, the table's column and the reason.
type Quarantine = BTreeMap<[String; 3], Quarantined>;

/// The receipt that a file would have, or why it cannot be read.
type Tried = std::result::Result<Receipt, Vec<String>>;

/// Tries every file; 1 when one of them would be refused.
///
/// # Errors
/// The pipeline's faults; no such file, or no feed for it; the disk. A file that ends a night is no
/// error here: it would be refused.
pub fn try_out(args: &Args) -> Result<ExitCode> {
    let pipeline = load(&args.pipeline)?;
    let divisions = register(&pipeline)?;
    let home = tempfile::tempdir()
        .map_err(|e| Error::io("create a folder in", &std::env::temp_dir(), &e))?;
    let lake = Lake::at(home.path());
    // Nothing is kept, so whose rows they are needs no secret.
    let keys = PersonKeys::new(b"");
    let buckets = pipeline.settings.buckets;
    let receiver =
        Receiver { pipeline: &pipeline, lake: &lake, divisions: &divisions, keys: &keys, buckets };
    let mut refused = false;
    for file in &args.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let feed = match feed(&pipeline, &name, args.feed.as_deref()) {
            // Among many files there is always one that is no extract.
            Err(error) if args.feed.is_none() && args.files.len() > 1 => {
                output::log(&format!("passed over: {}", error.message));
                continue;
            }
            feed => feed?,
        };
        let mut quarantine = BTreeMap::new();
        let tried = receiver.try_out(&parcel(feed, file, &name)?, |sheet, reject| {
            note(sheet, reject, &mut quarantine);
        });
        let receipt = match tried {
            // A file that ends the night is one that cannot be taken in.
            Err(error) if error.kind == Kind::Gate => {
                Err(std::iter::once(error.message).chain(error.hints).collect::<Vec<String>>())
            }
            tried => Ok(tried?),
        };
        refused |= !receipt.as_ref().is_ok_and(|receipt| receipt.verdict == Verdict::Accepted);
        let said = match args.output {
            Page::Json => json(&name, feed, &receipt, &quarantine),
            Page::Table => page(&name, feed, &receipt, &quarantine),
        };
        // Files and headings may be called by somebody's number.
        output::say(&hide_ids(&said))?;
    }
    Ok(ExitCode::from(u8::from(refused)))
}

/// Counts a row that would be quarantined.
fn note(sheet: &str, reject: &Reject<'_>, all: &mut Quarantine) {
    let rows = all.entry([sheet, reject.column, reject.reason].map(str::to_owned)).or_default();
    rows.rows += 1;
    if rows.lines.len() < LINES {
        rows.lines.push(reject.line);
    }
}

/// The feed asked for, or the one that takes files of this name.
fn feed<'p>(pipeline: &'p Pipeline, name: &str, wanted: Option<&str>) -> Result<&'p Feed> {
    let known = || pipeline.feeds.keys().cloned().collect::<Vec<_>>().join(", ");
    match wanted {
        Some(id) => pipeline.feeds.get(id).ok_or_else(|| {
            Error::usage(format!("there is no feed {id}")).hint(format!("there are {}", known()))
        }),
        None => pipeline.feeds.values().find(|feed| told(feed, name).is_some()).ok_or_else(|| {
            let error = Error::usage(format!("no feed takes a file of the name {name}"));
            match begins_alike(pipeline, name) {
                Some(feed) => error
                    .hint(format!("`{}` takes {}; rename it, or use --feed", feed.id, feed.files)),
                None => error.hint(format!("say which with --feed; there are {}", known())),
            }
        }),
    }
}

/// The feed whose names of files begin as this one does, for as long as they are letters.
fn begins_alike<'p>(pipeline: &'p Pipeline, name: &str) -> Option<&'p Feed> {
    let head = |feed: &Feed| feed.files.find(['{', '*', '?', '[']).unwrap_or(feed.files.len());
    let alike = |feed: &&Feed| head(feed) > 0 && name.starts_with(&feed.files[..head(feed)]);
    pipeline.feeds.values().filter(alike).max_by_key(|feed| head(feed))
}

/// What a feed reads from the name of a file; nothing when it takes no such files.
fn told(feed: &Feed, name: &str) -> Option<FileName> {
    Pattern::new(&feed.files).ok()?.matches(name)
}

/// A file as a parcel of its feed.
fn parcel(feed: &Feed, file: &Path, name: &str) -> Result<Parcel> {
    if !file.exists() {
        return Err(Error::usage(format!("there is no file {}", file.display())));
    }
    let told = told(feed, name);
    let (period, part) = told.map_or((None, None), |told| (told.period, told.part));
    // Which period it is of does not decide how it is read.
    let period = period.unwrap_or_default();
    let received = NaiveDate::default();
    Ok(Parcel { feed: feed.id.clone(), period, part, received, files: vec![file.to_owned()] })
}

/// A try-out for programs.
fn json(name: &str, feed: &Feed, receipt: &Tried, quarantine: &Quarantine) -> String {
    let receipt = match receipt {
        Ok(receipt) => receipt,
        Err(reasons) => {
            let verdict = Verdict::Refused;
            return serde_json::json!({"file": name, "feed": feed.id, "verdict": verdict, "reasons": reasons})
                .to_string();
        }
    };
    let reason = |([sheet, column, reason], of): (&[String; 3], &Quarantined)| {
        let [sheet, column] = [sheet, column].map(|name| (!name.is_empty()).then_some(name));
        serde_json::json!({"sheet": sheet, "column": column, "reason": reason, "rows": of.rows, "lines": of.lines})
    };
    serde_json::json!({
        "file": name,
        "bytes": receipt.files[0].bytes,
        "feed": feed.id,
        "verdict": receipt.verdict,
        "reasons": receipt.reasons,
        "warnings": receipt.warnings,
        "rows": receipt.rows,
        "used": receipt.used,
        "quarantined": receipt.quarantined,
        "duplicate": receipt.duplicate,
        "amendments": receipt.amendments,
        "parts": receipt.parts,
        "control_totals": receipt.control_totals,
        "quarantine": quarantine.iter().map(reason).collect::<Vec<_>>(),
    })
    .to_string()
}

/// A try-out for people.
fn page(name: &str, feed: &Feed, receipt: &Tried, quarantine: &Quarantine) -> String {
    let mut text = format!("\n{name} → {} {}（{}）\n", feed.title.zh, feed.id, feed.title.en);
    let said = |zh: Option<&str>, text: &str| match zh {
        Some(zh) => format!("{zh} {text}"),
        None => text.to_owned(),
    };
    let refused = |reasons: &[String]| {
        let reasons: Vec<String> = reasons.iter().map(|r| said(report::about(r), r)).collect();
        format!("  将被拒收 would be refused:\n    {}", reasons.join("\n    "))
    };
    let receipt = match receipt {
        Ok(receipt) => receipt,
        Err(reasons) => return text + &refused(reasons),
    };
    for part in &receipt.parts {
        text.push_str(&part_line(part));
    }
    let Receipt { rows, used, quarantined, duplicate, .. } = receipt;
    text.push_str(&format!(
        "  数据 rows {rows} = 可用 usable {used} + 隔离 quarantined {quarantined} + 重复 duplicate {duplicate}\n"
    ));
    if !receipt.amendments.is_empty() {
        let known =
            |kind: &str| kind.strip_prefix("id:").and_then(Quality::from_word).map(Quality::zh);
        let all = receipt.amendments.iter();
        let all = all.map(|(kind, rows)| format!("{} {rows}", said(known(kind), kind)));
        let all = all.collect::<Vec<_>>().join("，");
        text.push_str(&format!("  修补或舍去 repaired or dropped: {all}\n"));
    }
    if !quarantine.is_empty() {
        let mut table = output::plain_table();
        table.set_header(["  隔离", "列 column", "原因 reason", "首见行 first lines"]);
        for ([sheet, column, reason], of) in quarantine {
            let lines: Vec<String> = of.lines.iter().map(u64::to_string).collect();
            let more = if of.rows as usize > of.lines.len() { "…" } else { "" };
            let sheet = if sheet.is_empty() { String::new() } else { format!("{sheet} ") };
            let lines = format!("{sheet}{}{more}", lines.join(", "));
            let reason = said(report::reason(reason), reason);
            table.add_row([format!("  {}", of.rows), column.clone(), reason, lines]);
        }
        text.push_str(&format!("{}\n", output::drawn(table)));
    }
    for warning in &receipt.warnings {
        text.push_str(&format!("  ⚠ {}\n", said(report::about(warning), warning)));
    }
    match receipt.verdict {
        Verdict::Accepted => text.push_str("  可以接收 would be accepted"),
        Verdict::Refused => text.push_str(&refused(&receipt.reasons)),
    }
    text
}

/// How a file, or a sheet of it, was read.
fn part_line(part: &PartAccount) -> String {
    let mut facts = Vec::new();
    facts.extend(part.sheet.as_ref().map(|sheet| format!("工作表 sheet {sheet}")));
    facts.extend(part.encoding.as_ref().map(|encoding| format!("编码 encoding {encoding}")));
    facts.extend(part.delimiter.map(|mark| format!("分隔符 delimiter {mark:?}")));
    if part.header_line > 0 {
        facts.push(format!("表头在第 {0} 行 heading on line {0}", part.header_line));
    }
    if part.layout > 0 {
        facts.push(format!("版面 {0} 行 layout {0} rows", part.layout));
    }
    if !part.new_columns.is_empty() {
        facts.push(format!("未用列 unknown columns: {}", part.new_columns.join(", ")));
    }
    if facts.is_empty() { String::new() } else { format!("  {}\n", facts.join(" · ")) }
}

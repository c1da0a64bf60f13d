//! `bidui explain`: one anomaly or case, back to the lines that it rests on.

use std::process::ExitCode;

use super::{Page, output};
use crate::anomaly::Anomaly;
use crate::error::{Error, Result};
use crate::identity::step_title;
use crate::night::Setup;
use crate::night::explain::{Explanation, SourceRow, explain as why, find};
use crate::pipeline::Pipeline;
use crate::pipeline::packs::Level;

/// What `bidui explain` can be told.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Number of the anomaly, 16 hexadecimal digits, or of its case.
    #[arg(required = true)]
    anomaly: Option<String>,
    #[command(flatten)]
    place: super::Place,
    /// Name of a published night [default: the newest that tells of the anomaly].
    #[arg(long)]
    night: Option<String>,
    /// Form of the result: a page of text, or JSON.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Page,
}

#[derive(clap::Subcommand)]
enum What {
    /// Why a row is of its person, field by field.
    Link(super::explain_link::Args),
}

/// Explains the anomaly, or the link of a row.
///
/// # Errors
/// The pipeline's faults; no such night, anomaly or case; a damaged lake.
pub fn explain(args: &Args) -> Result<ExitCode> {
    if let Some(What::Link(args)) = &args.what {
        return super::explain_link::explain(args);
    }
    let setup = args.place.setup()?;
    let id = number(&setup, args.anomaly.as_deref().unwrap_or_default())?;
    let (night, anomaly) = told(&setup, args.night.as_deref(), &id)?;
    let explanation = why(&setup, &setup.lake.night(&night), anomaly)?;
    match args.output {
        Page::Json => {
            let mut json = serde_json::to_value(&explanation)
                .map_err(|e| Error::bug(format!("the explanation is not JSON: {e}")))?;
            let pairs = explanation.anomaly.evidence.iter().cloned();
            json["evidence"] =
                pairs.map(|(k, v)| (k, v.into())).collect::<serde_json::Map<_, _>>().into();
            json["version"] = explanation.anomaly.rule_version.clone().into();
            json["night"] = night.into();
            output::say(&json.to_string())?;
        }
        Page::Table => output::say(&page(&setup, &night, &explanation))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The number of an anomaly: as it was said, or that of the case which was.
///
/// # Errors
/// There is no such case; what the ledger says.
fn number(setup: &Setup, name: &str) -> Result<String> {
    if name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(name.to_owned());
    }
    let case = setup.ledger()?.case(name)?;
    case.map(|case| case.anomaly).ok_or_else(|| {
        Error::usage(format!("there is no anomaly or case {name}"))
            .hint("list them with `bidui show anomalies`, `bidui case list`")
    })
}

/// The anomaly as the night asked for tells of it, else as the newest that does: what is over is in no
/// later table, and its case may still be open.
///
/// # Errors
/// There is no such night or anomaly; the lake is damaged.
fn told(setup: &Setup, wanted: Option<&str>, id: &str) -> Result<(String, Anomaly)> {
    let newest = super::show::night(setup, wanted)?;
    let before = setup.line().skip(1).take(if wanted.is_none() { usize::MAX } else { 0 });
    for night in std::iter::once(newest.clone()).chain(before) {
        if let Some(anomaly) = find(&setup.lake.night(&night), id)? {
            return Ok((night, anomaly));
        }
    }
    let text = match wanted {
        Some(_) => format!("there is no anomaly {id} in the night {newest}"),
        None => format!("no night that the lake still has tells of an anomaly {id}"),
    };
    Err(Error::usage(text).hint("list them with `bidui show anomalies`"))
}

/// The explanation as a page of text.
fn page(setup: &Setup, night: &str, e: &Explanation) -> String {
    let a = &e.anomaly;
    let place = setup.divisions.county_name(&a.division).unwrap_or_default();
    let mut text = format!(
        "{} {} · {}\n{} · {} {} · {} {}\n\n{}\n",
        a.anomaly,
        a.rule,
        a.title,
        a.state.zh(),
        a.county,
        place,
        a.subject_kind,
        a.subject,
        a.message
    );
    if let Some(who) = &a.who {
        text.push_str(&format!("对象 who: {who}\n"));
    }
    if let Some(reason) = &a.waived {
        text.push_str(&format!("豁免 waived: {reason}\n"));
    }
    text.push_str(&format!(
        "夜次 night {night} · 首次 first seen {} · 期限 due {}（下发后以督办件为准 a case that was issued has its own）· 责任 to {}\n\n依据数据 values\n",
        a.first_seen,
        a.due,
        setup.pipeline.office(&a.route)
    ));
    for (name, value) in &a.evidence {
        let zh = title(&setup.pipeline, name).map(|zh| format!("{zh} ")).unwrap_or_default();
        text.push_str(&format!("  {zh}{name} = {}\n", value.as_deref().unwrap_or("—")));
    }
    let changed = if e.rule_changed { "（此后已修改 changed since）" } else { "" };
    text.push_str(&format!("\n规则 rule {} 版本 version {}{changed}\n", a.rule, a.rule_version));
    for line in e.rule_text.lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!("\n来源 rows that it rests on: {}\n", e.rows.len()));
    for (table, count) in &e.counted {
        text.push_str(&format!("  {table} · 区域内共 {count} 行，列出前几行 rows in its area\n"));
    }
    for row in &e.rows {
        text.push_str(&format!("  {} · {}{}\n", row.table, place_of(row), whose(row)));
        let values: Vec<String> = row.values.iter().map(|(k, v)| format!("{k}={v}")).collect();
        text.push_str(&format!("    {}\n", values.join("  ")));
    }
    text.trim_end().to_owned()
}

/// What a piece of evidence is called in a county's pack.
fn title<'a>(pipeline: &'a Pipeline, name: &str) -> Option<&'a str> {
    let label = pipeline.pack(Level::County).and_then(|form| form.labels.get(name));
    let column = || pipeline.tables.values().find_map(|table| table.column(name));
    label.or_else(|| Some(&column()?.title)).map(String::as_str)
}

/// By what evidence a row is its person's; nothing for one that is about nobody.
fn whose(row: &SourceRow) -> String {
    match (row.link.as_deref(), row.row) {
        (None, _) | (_, None) => String::new(),
        (Some("id"), _) => " · 归并 link 证件号 id".to_owned(),
        (Some(step), Some(number)) => format!(
            " · 归并 link {} {step} · `bidui explain link {}:{}:{number}`",
            step_title(step),
            row.table,
            row.delivery
        ),
    }
}

/// Where a row stands: a case of the ledger, a delivery, or a line of a file.
fn place_of(row: &SourceRow) -> String {
    if let Some(case) = &row.case {
        return format!("督办件 case {case} · `bidui case show {case}`");
    }
    let delivery = format!("{} {}", row.feed, row.delivery);
    if row.line == 0 {
        return format!("批次 delivery {delivery} · {}", row.file);
    }
    let sheet = row.sheet.as_deref().map(|s| format!(" [{s}]")).unwrap_or_default();
    format!("{delivery} · {}{sheet} 行 line {}", row.file, row.line)
}

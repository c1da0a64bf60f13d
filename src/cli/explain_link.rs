//! `bidui explain link`: why a row is of its person, field by field.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::{Page, output};
use crate::error::{Error, Result};
use crate::feed::assemble::{assemble, of_persons};
use crate::identity::{Evidence, Linked, Wanted, evidence, linked, reviews, step_title};
use crate::night::explain::made_from;
use crate::night::{Setup, read_summary};

/// What `bidui explain link` can be told.
#[derive(clap::Args)]
pub struct Args {
    /// The row as TABLE:DELIVERY:ROW (table, beginning of the delivery's name, src_row), or the number
    /// of what it says, as `bidui show links` lists it.
    row: String,
    #[command(flatten)]
    place: super::Place,
    /// Name of a published night [default: the current one].
    #[arg(long)]
    night: Option<String>,
    /// Form of the result: a page of text, or JSON.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Page,
}

/// Explains the link of a row.
///
/// # Errors
/// The pipeline's faults; no such night, table or number; a text that names no row; a damaged
/// night.
pub fn explain(args: &Args) -> Result<ExitCode> {
    let setup = args.place.setup()?;
    let folder = setup.lake.night(&super::show::night(&setup, args.night.as_deref())?);
    let wanted = wanted(&args.row)?;
    let rows = linked(&folder, &wanted)?;
    let mention = match (&wanted, rows.first()) {
        (Wanted::Mention(number), _) => Some(*number),
        (_, Some(row)) => i64::from_str_radix(&row.mention, 16).ok(),
        (_, None) => asked(&folder, &wanted)?,
    };
    let (mut found, mut open) = (Vec::new(), Vec::new());
    if mention.is_some() {
        found = evidence(&folder, mention)?;
        open = reviews(&folder, mention)?;
    }
    if rows.is_empty() && found.is_empty() && open.is_empty() {
        let Wanted::Row { table, .. } = &wanted else {
            return Err(Error::usage(format!("no row of this night has the number {}", args.row))
                .hint("list those that are left to people with `bidui show links`"));
        };
        match setup.pipeline.tables.get(table) {
            None => return Err(Error::usage(format!("there is no table `{table}`"))),
            Some(own) if !of_persons(own) => {
                return Err(Error::usage(format!("the rows of `{table}` are about no persons")));
            }
            Some(_) => {}
        }
        if !is_there(&setup, &folder, &wanted)? {
            return Err(Error::usage(format!(
                "no delivery of that night has the row {}",
                args.row
            ))
            .hint(
                "`bidui show deliveries` lists deliveries, `bidui explain` the rows of an anomaly",
            ));
        }
        if args.output != Page::Json {
            output::say(
                "证件号直接归并，无需其他证据\nlinked by its plain ID; no other evidence was needed",
            )?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    match args.output {
        Page::Json => {
            let json = serde_json::json!({"rows": rows, "evidence": found, "review": open});
            output::say(&json.to_string())?;
        }
        Page::Table => output::say(&page(&rows, &found, &open))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The number of a row that people are asked about and that keeps the key of its ID meanwhile: the table of
/// links has no line of it.
fn asked(folder: &Path, wanted: &Wanted) -> Result<Option<i64>> {
    let Wanted::Row { table, delivery, src_row } = wanted else { return Ok(None) };
    let own = |open: &&Evidence| {
        let of_table = open.table == *table && open.delivery.starts_with(delivery.as_str());
        of_table && open.src_row == *src_row
    };
    let open = reviews(folder, None)?;
    Ok(open.iter().find(own).and_then(|open| i64::from_str_radix(&open.mention, 16).ok()))
}

/// Whether a night used a row: it lies in a delivery that was in force, and no newer one repeats its key.
fn is_there(setup: &Setup, folder: &Path, wanted: &Wanted) -> Result<bool> {
    let Wanted::Row { table, delivery, src_row } = wanted else { return Ok(false) };
    let receipts = made_from(setup, folder, read_summary(folder)?.date)?;
    let assembled = assemble(&setup.pipeline, &setup.lake, &receipts)?;
    let held = assembled.tables.get(table).into_iter().flat_map(|rows| &rows.held);
    for held in held.filter(|h| h.delivery.starts_with(delivery.as_str())) {
        if held.edits.drop.contains(*src_row) {
            continue;
        }
        for batch in held.file.pick(Arc::new(BTreeSet::from([*src_row])))? {
            if batch?.num_rows() > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A row, or the number of a mention.
fn wanted(text: &str) -> Result<Wanted> {
    let parts: Vec<&str> = text.split(':').collect();
    let parsed = match parts[..] {
        [number] if number.len() == 16 => i64::from_str_radix(number, 16).ok().map(Wanted::Mention),
        [table, delivery, row] => row.parse().ok().map(|src_row| Wanted::Row {
            table: table.to_owned(),
            delivery: delivery.to_owned(),
            src_row,
        }),
        _ => None,
    };
    parsed.ok_or_else(|| {
        Error::usage(format!("`{text}` is no row")).hint(
            "say TABLE:DELIVERY:ROW or a number of 16 digits, as `bidui show links` gives them",
        )
    })
}

fn page(rows: &[Linked], found: &[Evidence], open: &[Evidence]) -> String {
    let mut text = String::new();
    for row in rows.iter().take(20) {
        let owner = row.owner.as_ref().map(|o| format!(" · 证件号属 ID of {o}"));
        text.push_str(&format!(
            "{}:{}:{} · 证件 ID {} · {} {} {} → {}{}\n",
            row.table,
            row.delivery,
            row.src_row,
            row.quality,
            row.tier,
            row.step,
            step_title(&row.step),
            row.person,
            owner.unwrap_or_default()
        ));
    }
    if rows.len() > 20 {
        text.push_str(&format!("… 另有 {} 行 more rows\n", rows.len() - 20));
    }
    for one in found.iter().chain(open) {
        text.push_str(&format!(
            "\n{} 记录 mention {} · 人员 person {} · 第 {} 位 rank\n",
            step_title(&one.step),
            one.mention,
            one.person,
            one.rank
        ));
        text.push_str(&waterfall(one));
        if let Some(second) = &one.second {
            text.push_str(&format!("  次选 next best person {second}\n"));
        }
    }
    text.trim_end().to_owned()
}

/// One line for each field, with its bits as a bar, and their running sum.
fn waterfall(one: &Evidence) -> String {
    let mut text = String::new();
    let mut sum = 0.0;
    for part in &one.parts {
        sum += part.bits;
        let bar = "█".repeat((part.bits.abs() / 2.0).round().min(30.0) as usize);
        let sign = if part.bits < 0.0 { "−" } else { "+" };
        text.push_str(&format!(
            "  {sign}{:>5.1}  = {sum:>6.1}  {bar} {} {}\n",
            part.bits.abs(),
            part.zh,
            part.en
        ));
    }
    if let Some(bits) = one.bits {
        text.push_str(&format!("  对其余所有人 against all others: {bits:+.1} bits\n"));
    }
    text
}

//! `bidui pack status`: county by county, how far the packs of a month have come.

use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use chrono::NaiveDate;

use super::{Desk, Where};
use crate::calendar::month_word;
use crate::cli::case::places;
use crate::cli::output::{self, Form, Out};
use crate::cli::show::columns;
use crate::error::{Error, Result};
use crate::feedback::batch;
use crate::feedback::status::{self, PackLine};

/// What `bidui pack status` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    out: Out,
    /// The month, such as 2026-10 [default: the last one that was issued].
    #[arg(long)]
    month: Option<String>,
    /// Only this county: its code, or its name.
    #[arg(long)]
    county: Option<String>,
    /// The day that lateness is counted at [default: that of the current night].
    #[arg(long)]
    on: Option<NaiveDate>,
}

/// Shows the packs.
///
/// # Errors
/// No night or ledger, or a damaged one; a month that is none, or of which no pack was issued; no
/// such county; what cannot be written.
pub fn status(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let lines = lines(args, &desk)?;
    let text = |f: &dyn Fn(&PackLine) -> String| -> ArrayRef {
        Arc::new(lines.iter().map(|l| Some(f(l))).collect::<StringArray>())
    };
    let number = |f: fn(&PackLine) -> u64| -> ArrayRef {
        Arc::new(lines.iter().map(|l| Some(f(l))).collect::<UInt64Array>())
    };
    let chinese = args.out.output == Form::Table;
    // The pack's number says the year; a terminal has no room for it in each date.
    let form = if chinese { "%m-%d" } else { "%Y-%m-%d" };
    let date = |d: Option<NaiveDate>| d.map_or_else(String::new, |d| d.format(form).to_string());
    let name = |l: &PackLine| desk.setup.divisions.name(&l.county).unwrap_or("").to_owned();
    let letter = |l: &PackLine| match l.letter {
        0 => String::new(),
        step => desk.policy.letter(step).to_owned(),
    };
    let values = [
        text(&|l| l.county.clone()),
        text(&name),
        text(&|l| l.pack.clone()),
        text(&|l| date(l.issued)),
        number(|l| l.rows),
        text(&|l| date(l.signed)),
        number(|l| l.returns),
        number(|l| l.answered),
        number(|l| l.sent_back),
        number(|l| l.closed),
        number(|l| l.vanished),
        number(|l| l.waived),
        number(|l| l.handed_over),
        number(|l| l.open),
        number(|l| l.overdue),
        text(&letter),
    ];
    let heads = HEADS.map(|(zh, word)| if chinese { zh } else { word });
    // The pack's number says the county's code too; a terminal has no room for both.
    let pairs = heads.into_iter().zip(values).skip(usize::from(chinese));
    let all = columns(pairs.collect())?;
    let page = if chinese { output::fitting(&all, &SPARE)? } else { all };
    output::give(&page, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// The packs that are asked for. An empty list of a month would say that nothing of it is open.
fn lines(args: &Args, desk: &Desk) -> Result<Vec<PackLine>> {
    let events = desk.store.events()?;
    let last = batch::last_month(&events);
    let month = match &args.month {
        Some(month) => batch::month(month)?,
        None => last.ok_or_else(|| {
            Error::usage("no pack was issued yet").hint("issue some with `bidui pack issue`")
        })?,
    };
    let day = args.on.map_or_else(|| desk.day(), Ok)?;
    let mut lines = status::status(&events, month, day)?;
    let word = month_word(month);
    if lines.is_empty() {
        let error = Error::usage(format!("no pack of {word} was issued"));
        return Err(match last.map(month_word) {
            Some(last) => error.hint(format!("the last month of which there are packs is {last}")),
            None => error.hint("issue some with `bidui pack issue`"),
        });
    }
    if let Some(name) = &args.county {
        let counties = places(&desk.setup.divisions, name, 3)?;
        lines.retain(|l| counties.iter().any(|code| l.county.starts_with(code)));
        if lines.is_empty() {
            output::log(&format!("no pack of {word} is that of {name}"));
        }
    }
    Ok(lines)
}

/// What a narrow terminal leaves out first: none of the counts that add up.
const SPARE: [&str; 4] = ["收回", "督办", "下发", "签收"];

/// Headings for people, and for programs.
const HEADS: [(&str, &str); 16] = [
    ("代码", "county"),
    ("县", "name"),
    ("反馈包", "pack"),
    ("下发", "issued"),
    ("件数", "rows"),
    ("签收", "signed"),
    ("收回", "returns"),
    ("反馈", "answered"),
    ("退回", "sent_back"),
    ("销号", "closed"),
    ("消除", "vanished"),
    ("豁免", "waived"),
    ("转出", "handed_over"),
    ("未结", "open"),
    ("逾期", "overdue"),
    ("督办", "letter"),
];

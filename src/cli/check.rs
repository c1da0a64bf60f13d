//! `bidui check`: silent when all is well.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use chrono::NaiveDate;

use super::{Folder, output};
use crate::diagnostic::{self, Fault};
use crate::error::Result;
use crate::fake;
use crate::ledger::policy::Policy;
use crate::night::setup::{SOME_DAY, newest, prepared};
use crate::pipeline::{self, Pipeline};

/// What `bidui check` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    folder: Folder,
    /// Say which views are built bucket by bucket, and which rules each carries.
    #[arg(long, short)]
    verbose: bool,
}

/// Reads the folder, plans its SQL, and reports every fault.
///
/// # Errors
/// The table of views cannot be written. Faults are no error here: they are shown, and the exit
/// code is 2.
pub fn check(args: &Args) -> Result<ExitCode> {
    let (pipeline, mut faults) = pipeline::read_folder(args.folder.path());
    faults.extend(pipeline.iter().flat_map(fake::check));
    let night = pipeline.as_ref().and_then(|p| newest(p.settings.input.as_deref()));
    let mut plans = None;
    if let Some(pipeline) = pipeline.as_ref().filter(|_| faults.iter().all(leaves_the_sql)) {
        match prepared(pipeline, night.unwrap_or(SOME_DAY)) {
            Ok((planned, _)) => plans = Some(planned),
            Err(more) => faults.extend(more),
        }
    }
    let (Some(pipeline), Some(plans), true) = (pipeline, plans, faults.is_empty()) else {
        output::log(diagnostic::render(&faults, super::colour()).trim_end());
        let noun = if faults.len() == 1 { "fault" } else { "faults" };
        output::log(&format!("\n{} {noun} in {}", faults.len(), args.folder.path().display()));
        return Ok(ExitCode::from(2));
    };
    calendar(&pipeline, night, args.verbose);
    if args.verbose {
        let mut table = output::plain_table();
        table.set_header(["view", "built", "rules", "why not bucket by bucket"]);
        for view in &plans.views {
            let rules = pipeline.active_rules().filter(|r| r.over == view.id).count();
            let built = match &view.whole {
                None => "bucket by bucket".to_owned(),
                Some(_) if view.sliced.is_empty() => "whole".to_owned(),
                Some(_) => format!("some {} at a time", pipeline.views[&view.id].subject),
            };
            let why = view.whole.clone().unwrap_or_default();
            table.add_row([view.id.clone(), built, rules.to_string(), why]);
        }
        output::say(&output::drawn(table))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Can SQL be judged beside a fault? What it rests on is there: tables, views and lists are in order.
fn leaves_the_sql(fault: &Fault) -> bool {
    let section = fault.path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    matches!(section, Some("feeds" | "rules" | "packs" | "indicators"))
}

/// Says when terms of the newest extracts end after the list of working days.
fn calendar(pipeline: &Pipeline, newest: Option<NaiveDate>, verbose: bool) {
    let policy = Policy::of(pipeline);
    let list = format!("codes/{}.csv", policy.settings.workdays);
    if let Some(until) = newest.and_then(|day| policy.unlisted(day)) {
        output::log(&format!(
            "warning: {list} ends on {until}; working days after it count Monday to Friday, without \
             holidays\n  add the holidays and make-up days that the State Council has published \
             since"
        ));
    } else if verbose && let Some(until) = policy.workdays.until() {
        output::log(&format!("working days: {list} speaks of days until {until}"));
    }
}

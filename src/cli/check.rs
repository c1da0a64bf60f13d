//! `bidui check`: silent when all is well.

use std::path::PathBuf;
use std::process::ExitCode;

use super::output;
use crate::diagnostic;
use crate::error::Result;
use crate::night::setup::{check_sql, divisions};
use crate::pipeline;

#[derive(clap::Args)]
pub struct Args {
    /// Folder of the pipeline.
    #[arg(default_value = "pipelines/gansu")]
    pipeline: PathBuf,
    /// Say which views are built bucket by bucket, and which rules each carries.
    #[arg(long, short)]
    verbose: bool,
}

/// Reads the folder, plans its SQL, and reports every fault.
pub fn check(args: &Args) -> Result<ExitCode> {
    let checked = pipeline::load(&args.pipeline).and_then(|pipeline| {
        let plans = check_sql(&pipeline)?;
        divisions(&pipeline)?;
        Ok((pipeline, plans))
    });
    let (pipeline, plans) = match checked {
        Ok(both) => both,
        Err(faults) => {
            output::log(diagnostic::render(&faults, super::colour()).trim_end());
            let noun = if faults.len() == 1 { "fault" } else { "faults" };
            output::log(&format!("\n{} {noun} in {}", faults.len(), args.pipeline.display()));
            return Ok(ExitCode::from(2));
        }
    };
    if args.verbose {
        let mut table = output::plain_table();
        table.set_header(["view", "built", "rules", "why whole"]);
        for view in &plans.views {
            let rules = pipeline.active_rules().filter(|r| r.over == view.id).count();
            let built = if view.whole.is_none() { "bucket by bucket" } else { "whole" };
            let why = view.whole.clone().unwrap_or_default();
            table.add_row([view.id.clone(), built.into(), rules.to_string(), why]);
        }
        output::say(&table.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

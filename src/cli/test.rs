//! `bidui test`: the worked examples of rules and indicators.

use std::path::PathBuf;
use std::process::ExitCode;

use super::output;
use crate::error::Result;
use crate::night::setup::{checked, load};
use crate::trial;

#[derive(clap::Args)]
pub struct Args {
    /// Folder of the pipeline.
    #[arg(default_value = "pipelines/gansu")]
    pipeline: PathBuf,
    /// Only rules whose id contains this.
    #[arg(long, default_value = "")]
    rule: String,
}

/// Tries the rules and says what differs.
pub fn test(args: &Args) -> Result<ExitCode> {
    let pipeline = load(&args.pipeline)?;
    let plans = checked(&pipeline)?;
    let trials = trial::test(&pipeline, &plans, &args.rule)?;
    let mut failed = 0;
    for trial in &trials {
        failed += usize::from(!trial.failures.is_empty());
        for failure in &trial.failures {
            output::say(&format!("{}: {failure}", trial.rule))?;
        }
    }
    let indicators = trial::indicators::test(&pipeline, &plans, &args.rule)?;
    for trial in &indicators {
        failed += usize::from(!trial.failures.is_empty());
        for failure in &trial.failures {
            output::say(&format!("{}: {failure}", trial.indicator))?;
        }
    }
    let judged: usize = trials.iter().map(|t| t.judged).sum();
    output::say(&format!(
        "{} worked examples, {judged} rules tried on them: {} passed, {failed} failed",
        trials.len() + indicators.len(),
        trials.len() + indicators.len() - failed
    ))?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}

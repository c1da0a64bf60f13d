//! `bidui test`: the worked examples of rules and indicators.

use std::process::ExitCode;

use super::{Folder, output};
use crate::diagnostic;
use crate::error::{Error, Result};
use crate::night::setup::{checked, load};
use crate::pipeline::Pipeline;
use crate::trial;

/// What `bidui test` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    folder: Folder,
    /// Only rules and indicators whose id contains this.
    #[arg(long, default_value = "")]
    rule: String,
}

/// Tries the rules and says what differs.
///
/// # Errors
/// The pipeline's faults; no id has the part that was given; an example that cannot be built. One that
/// has a fault of its own is no error here: it is told, and the exit code is 2.
pub fn test(args: &Args) -> Result<ExitCode> {
    let pipeline = load(args.folder.path())?;
    known(&pipeline, &args.rule)?;
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
    // An example that cannot be tried is a fault of a file.
    let faulty = trials.iter().any(|t| t.faulty) || indicators.iter().any(|t| t.faulty);
    Ok(ExitCode::from(if faulty { 2 } else { u8::from(failed > 0) }))
}

/// Refuses a part of an id that nothing to try has: that nothing failed would look like success.
fn known(pipeline: &Pipeline, part: &str) -> Result<()> {
    let rules = pipeline.active_rules().map(|rule| rule.id.as_str());
    let ids: Vec<&str> = rules.chain(pipeline.indicators.keys().map(String::as_str)).collect();
    if part.is_empty() || ids.iter().any(|id| id.contains(part)) {
        return Ok(());
    }
    let error = Error::usage(format!("no rule or indicator has `{part}` in its id"));
    if let Some((id, why)) = pipeline.settings.off.iter().find(|(id, _)| id.contains(part)) {
        return Err(error.hint(format!("{id} is switched off: {why}")));
    }
    let same = || ids.iter().copied().find(|id| id.eq_ignore_ascii_case(part));
    Err(match diagnostic::nearest(part, ids.iter().copied()).or_else(same) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    })
}

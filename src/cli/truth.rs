//! `bidui truth`: found against planted, rule by rule.

use std::path::PathBuf;
use std::process::ExitCode;

use super::output;
use crate::error::{Error, Result};
use crate::fake::truth::score;
use crate::night;

/// What `bidui truth` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: super::Place,
    /// Folder `truth` beside the synthetic extracts.
    #[arg(long)]
    truth: PathBuf,
    /// List the subjects that differ.
    #[arg(long)]
    list: bool,
    /// Hold the person of every row against whose row it is, instead of the anomalies.
    #[arg(long)]
    links: bool,
    /// The scores of --links as one line of JSON.
    #[arg(long, requires = "links")]
    json: bool,
}

/// Prints the score of every rule; 1 when any differs.
///
/// # Errors
/// The pipeline's faults; no published night; the truth or a file of the lake cannot be read.
pub fn truth(args: &Args) -> Result<ExitCode> {
    let setup = args.place.setup()?;
    let night = setup.lake.current_night().ok_or_else(|| {
        Error::usage("the lake has no published night").hint("run one with `bidui run`")
    })?;
    let folder = setup.lake.night(&night);
    if args.links {
        return super::truth_links::links(&setup, &folder, &args.truth, (args.list, args.json));
    }
    let summary = night::read_summary(&folder)?;
    let anomalies = night::read_anomalies(&folder)?;
    let scores = score(&args.truth, &setup.pipeline, &setup.keys, summary.date, &anomalies)?;
    let mut table = output::plain_table();
    table.set_header(["rule", "planted", "found", "right", "precision", "recall", ""]);
    let mut wrong = 0;
    for (rule, score) in &scores {
        wrong += usize::from(!score.exact());
        table.add_row([
            rule.clone(),
            score.planted.len().to_string(),
            score.found.len().to_string(),
            score.right().to_string(),
            format!("{:.4}", score.precision()),
            format!("{:.4}", score.recall()),
            if score.exact() { "exact".into() } else { "differs".into() },
        ]);
    }
    output::say(&output::drawn(table))?;
    if args.list {
        for (rule, score) in &scores {
            for missed in score.planted.difference(&score.found) {
                output::say(&format!("{rule} missed {missed}"))?;
            }
            for extra in score.found.difference(&score.planted) {
                output::say(&format!("{rule} extra {extra}"))?;
            }
            for other in &score.waiver_differs {
                output::say(&format!("{rule} waiver differs {other}"))?;
            }
        }
    }
    output::say(&format!(
        "{} rules, {} exact, {wrong} differ",
        scores.len(),
        scores.len() - wrong
    ))?;
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

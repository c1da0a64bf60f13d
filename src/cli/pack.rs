//! `bidui pack`: workbooks for the counties out and back, how they stand, letters to those that are late.

mod issue;
mod letters;
mod status;
mod take_back;

use std::path::PathBuf;
use std::process::ExitCode;

use super::case::{Desk, Where, actor, now};
use crate::error::{Error, Result};
use crate::pipeline::packs::{Level, Pack};

/// What `bidui pack` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: PackVerb,
}

#[derive(clap::Subcommand)]
enum PackVerb {
    /// Write the workbooks of a month and record them in the ledger.
    Issue(issue::Args),
    /// Take filled-in workbooks back and write a receipt for each.
    TakeBack(take_back::Args),
    /// Show how the packs of a month stand.
    Status(status::Args),
    /// Write the letters to counties whose cases are late.
    Letters(letters::Args),
}

/// Does what is asked for.
///
/// # Errors
/// What the verb says.
pub fn pack(args: &Args) -> Result<ExitCode> {
    match &args.verb {
        PackVerb::Issue(args) => issue::issue(args),
        PackVerb::TakeBack(args) => take_back::take_back(args),
        PackVerb::Status(args) => status::status(args),
        PackVerb::Letters(args) => letters::letters(args),
    }
}

/// The pipeline's form for counties.
fn form(desk: &Desk) -> Result<&Pack> {
    desk.setup.pipeline.pack(Level::County).ok_or_else(|| {
        Error::pipeline(format!("the pipeline {} has no pack for counties", desk.setup.pipeline.id))
            .hint("write packs/county.yaml, such as in pipelines/basic-medical")
    })
}

/// Where packs go when nobody says.
fn home(desk: &Desk, out: Option<&PathBuf>) -> PathBuf {
    out.cloned().unwrap_or_else(|| desk.setup.lake.root().join("packs"))
}

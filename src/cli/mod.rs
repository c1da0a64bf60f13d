//! The command line: arguments in, a result on stdout, the log on stderr, an exit code.

mod bulletin;
mod case;
mod check;
mod explain;
mod explain_link;
mod fake;
mod figures;
mod ledger;
mod output;
mod pack;
mod progress;
mod read_apart;
mod run;
mod show;
mod show_links;
mod show_zh;
mod stages;
mod test;
mod truth;
mod truth_links;
mod try_out;
mod verify;
mod worklist;

use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::error::{Kind, Result};
use crate::night::{Options, Setup};

/// What stands below the commands.
const ENDS: &str = "\
Exit codes: 0 done; 1 a gate closed, or something differs; 2 a fault of the command line or of a \
pipeline file, or no secret; 3 the machine, or a fault of bidui.";

/// Nightly reconciliation of departmental extracts for basic-medical-care monitoring.
#[derive(Parser)]
#[command(name = "bidui", version, about, propagate_version = true, after_help = ENDS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the night: extracts in, anomaly tables out.
    Run(run::Args),
    /// Read a pipeline folder without data and report every fault at once.
    Check(check::Args),
    /// Try rules and indicators on their worked examples, and rules on those of others over their view.
    Test(test::Args),
    /// Hold extracts to the contract of their feed without taking them in.
    Try(try_out::Args),
    /// Show anomalies, rejects, deliveries, links, indicators or runs of a lake.
    Show(show::Args),
    /// Go from an anomaly back to its rule, its values and the lines that it rests on.
    Explain(explain::Args),
    /// List and show cases, and act on them.
    Case(case::Args),
    /// Print the ledger's events, look for faults in it, make its cases again.
    Ledger(ledger::Args),
    /// Issue the workbooks of a month to the counties, and follow them up.
    Pack(pack::Args),
    /// List for village doctors whom to visit, why and by when (入户核查清单).
    Worklist(worklist::Args),
    /// Write the bulletin of a month or a quarter.
    Bulletin(bulletin::Args),
    /// Hold deliveries, nights and packs against what was noted when they were written.
    Verify(verify::Args),
    /// Make synthetic extracts, as dirty as real ones.
    Fake(fake::Args),
    /// Hold a night's anomalies against the truth of synthetic extracts.
    Truth(truth::Args),
    /// Read a workbook or Parquet file for another process.
    #[command(hide = true)]
    ReadApart(read_apart::Args),
}

/// Which pipeline a command is about.
#[derive(clap::Args, Clone)]
struct Folder {
    /// Folder of the pipeline.
    #[arg(default_value = "pipelines/gansu")]
    pipeline: PathBuf,
    /// The same by name, as commands take it that have other words in its place.
    #[arg(id = "named", long = "pipeline", value_name = "PIPELINE", hide = true)]
    #[arg(conflicts_with = "pipeline")]
    named: Option<PathBuf>,
}

impl Folder {
    fn path(&self) -> &Path {
        self.named.as_ref().unwrap_or(&self.pipeline)
    }
}

/// Where a command finds its pipeline and lake.
#[derive(clap::Args, Clone)]
struct Place {
    #[command(flatten)]
    folder: Folder,
    /// Folder of the lake [default: as pipeline.yaml says].
    #[arg(long, env = "BIDUI_LAKE")]
    lake: Option<PathBuf>,
}

impl Place {
    /// The pipeline, checked, and its lake.
    ///
    /// # Errors
    /// The pipeline's faults; neither it nor the command line says where the lake is.
    fn setup(&self) -> Result<Setup> {
        Setup::new(&Options::of(self.folder.path().to_owned(), self.lake.clone()))
    }
}

/// The form of a result that is no table of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Page {
    /// Text for people.
    Table,
    /// JSON for programs.
    Json,
}

/// Every command with its arguments, for those who read a command line without running it.
pub fn commands() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    read_apart::prepare();
    // A panic is a fault of bidui, and told by now; its own exit code would be one that nobody knows.
    let done = catch_unwind(AssertUnwindSafe(|| finish(obey(cli.command))));
    done.unwrap_or(ExitCode::from(3))
}

/// Does what the command says.
fn obey(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Test(args) => test::test(&args),
        Command::Try(args) => try_out::try_out(&args),
        Command::Show(args) => show::show(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Case(args) => case::case(&args),
        Command::Ledger(args) => ledger::ledger(&args),
        Command::Pack(args) => pack::pack(&args),
        Command::Worklist(args) => worklist::worklist(&args),
        Command::Bulletin(args) => bulletin::bulletin(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Fake(args) => fake::fake(&args),
        Command::Truth(args) => truth::truth(&args),
        Command::ReadApart(args) => read_apart::read(&args),
    }
}

/// The exit code; an error goes to stderr with its hints.
fn finish(result: Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            // Faults of a pipeline come rendered, with their own places.
            if error.kind == Kind::Pipeline && error.message.contains('\n') {
                output::log(&error.message);
                return ExitCode::from(error.exit_code());
            }
            let (red, bold, plain) =
                if colour() { ("\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[0m") } else { ("", "", "") };
            output::log(&format!("{red}error:{plain} {bold}{error}{plain}"));
            for hint in &error.hints {
                output::log(&format!("  hint: {hint}"));
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// May stderr be coloured?
fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refused before anything is done: a night that was published must not end as a usage error.
    #[test]
    fn a_form_that_cannot_be_given_is_no_argument() {
        let told = [
            &["run"][..],
            &["try", "file"],
            &["explain", "0"],
            &["explain", "link", "0"],
            &["case", "show", "0"],
            &["verify"],
        ];
        for words in told {
            for form in ["table", "json", "csv", "parquet"] {
                let mut line = vec!["bidui"];
                line.extend_from_slice(words);
                line.extend_from_slice(&["--output", form]);
                let taken = commands().try_get_matches_from(&line).is_ok();
                assert_eq!(taken, matches!(form, "table" | "json"), "{line:?}");
            }
        }
    }
}

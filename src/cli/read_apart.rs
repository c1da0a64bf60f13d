//! `bidui read-apart`, which nobody types: the process that reads one workbook or Parquet file with
//! little memory and little time, and writes its rows to stdout.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::Result;
use crate::feed::read::{Request, read_apart, set_program};

/// What `bidui read-apart` is told.
#[derive(clap::Args)]
pub struct Args {
    file: PathBuf,
    /// xlsx, xls, ods or parquet.
    kind: String,
    /// Sheet, or * for all.
    #[arg(long, default_value = "*")]
    sheets: String,
    /// The sheet to begin with, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// The file's place in a zip, from 0.
    #[arg(long)]
    member: Option<usize>,
    /// The merged cells of each sheet instead of its rows.
    #[arg(long)]
    merged: bool,
}

/// Names this program as the one that reads such files. By way of /proc it is this very program,
/// also when another version was installed in its place meanwhile.
pub fn prepare() {
    let own = PathBuf::from("/proc/self/exe");
    let program = if own.exists() { Some(own) } else { std::env::current_exe().ok() };
    if let Some(program) = program {
        set_program(program);
    }
}

/// Reads the file.
///
/// # Errors
/// Never. What is wrong with the file stands in the stream; the exit code is 1 when nobody reads
/// it.
pub fn read(args: &Args) -> Result<ExitCode> {
    let request = Request {
        file: Path::new(&args.file),
        member: args.member,
        merged: args.merged,
        kind: &args.kind,
        sheets: &args.sheets,
        from: args.from,
    };
    let written = read_apart(&request, std::io::stdout().lock());
    Ok(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

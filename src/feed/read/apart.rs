//! Reads a file in a process of its own, which has little memory and little time.
//!
//! A workbook of 1 KiB can ask for 512 GiB: an allocation that fails aborts the process, and no
//! catching of panics helps. So the program calls itself ([`read_apart`]), the other process limits
//! itself before it opens the file, and its death is a refusal of this file. It gets no environment,
//! so no secret either, and its stderr is thrown away: a panic's text may hold a cell.

use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use nix::sys::resource::{Resource, setrlimit};

use crate::engine;
use crate::error::{Error, Result};

use super::container::{Source, members};
use super::kind::Content;
use super::limits::Allowance;
use super::produce::{Job, produce};
use super::stream::{self, Message, Tell};

/// The name of the hidden command that ends in [`read_apart`].
const COMMAND: &str = "read-apart";

const MIB: u64 = 1024 * 1024;
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// From now on workbooks and Parquet files are read by this program, called with `COMMAND` and
/// what [`read_apart`] takes. Without it they are read in this process: the limits that are checked
/// before and while reading hold, those of memory and time do not.
pub fn set_program(program: PathBuf) {
    // The first one stays: the program does not change while it runs.
    let _ = PROGRAM.set(program);
}

/// Does a job where it is safest; a panic of a library is a refusal.
///
/// # Errors
/// What is wrong with the file, its reader's death and panic among that; no process can be started.
pub(super) fn work(job: &Job, tell: &mut Tell<'_>) -> Result<()> {
    match PROGRAM.get() {
        Some(program) => relay(program, job, tell),
        None => engine::quietly(|| produce(job, tell)).unwrap_or_else(|| Err(gave_up(job))),
    }
}

/// A process that does not outlive its reader.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // Both fail only for a process that is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has the program read the file, and hands its messages on.
fn relay(program: &Path, job: &Job, tell: &mut Tell<'_>) -> Result<()> {
    let mut command = Command::new(program);
    command.arg0("bidui").arg(COMMAND).arg(job.source.path()).arg(job.content.word());
    command.arg(format!("--sheets={}", job.sheets)).arg(format!("--from={}", job.from));
    if let Some(member) = job.source.index() {
        command.arg(format!("--member={member}"));
    }
    if job.merged {
        command.arg("--merged");
    }
    // What the allocator reserves in one piece would be room beyond the limit.
    command.env_clear().env("MALLOC_ARENA_MAX", "1").env("MIMALLOC_ARENA_RESERVE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().map_err(|e| {
        Error::environment(format!("cannot start {} to read a file: {e}", program.display()))
            .hint("allow more processes, and run again")
    })?;
    let mut child = Kept(child);
    let Some(out) = child.0.stdout.take() else {
        return Err(Error::bug("a process without an output"));
    };
    let mut from = BufReader::with_capacity(256 * 1024, out);
    while let Some(message) = stream::read(&mut from) {
        match message {
            Message::Failed(error) => return Err(error),
            Message::FileEnd => {
                tell(Message::FileEnd);
                return Ok(());
            }
            message => {
                if !tell(message) {
                    return Ok(());
                }
            }
        }
    }
    drop(from);
    let status = child.0.wait().map_err(|e| Error::environment(format!("cannot wait: {e}")))?;
    Err(died(job, status)?)
}

/// Why a process ended in the middle of a file.
fn died(job: &Job, status: ExitStatus) -> Result<Error> {
    let (label, allowed) = (job.source.label(), Allowance::of(&job.source)?);
    let what = match status.signal() {
        Some(SIGABRT) => {
            let most = allowed.memory() / MIB;
            format!("asks for more memory than {most} MiB, which its size does not explain")
        }
        Some(SIGXCPU) => {
            let most = allowed.seconds();
            format!("takes more than {most} s to read, which its size does not explain")
        }
        // Its own limits send other signals.
        Some(SIGKILL) => {
            "lost its reader, which was killed: the machine has too little memory".into()
        }
        _ => return Ok(gave_up(job)),
    };
    let next = match job.content {
        Content::Parquet => "ask the sender for CSV, or for several smaller files",
        _ => "open it in Excel or WPS, save it as XLSX or CSV, or ask for several smaller files",
    };
    Ok(Error::gate(format!("{label} {what}")).hint(next))
}

/// A panic of a reader.
pub(super) fn gave_up(job: &Job) -> Error {
    let next = match job.content {
        Content::Parquet => "ask the sender to write it again, or for CSV",
        _ => "ask the sender to open it, save it again as XLSX or CSV, and deliver that",
    };
    let label = job.source.label();
    Error::gate(format!("{label} made the reader give up: it is damaged or hostile")).hint(next)
}

/// What the other process is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    pub file: &'a Path,
    /// Place of a workbook in a zip.
    pub member: Option<usize>,
    pub kind: &'a str,
    pub sheets: &'a str,
    pub from: usize,
    /// The merged cells instead of the rows.
    pub merged: bool,
}

/// The other process: limits itself, reads the file, and writes the stream of [`super::stream`].
///
/// # Errors
/// Nobody reads the stream. What is wrong with the file stands in the stream.
pub fn read_apart(request: &Request<'_>, out: impl Write) -> io::Result<()> {
    std::panic::set_hook(Box::new(|_| ()));
    let mut out = BufWriter::with_capacity(256 * 1024, out);
    let mut written = Ok(());
    let done = limited_job(request).and_then(|job| {
        let mut tell = |message| {
            // The reader of the first parts waits for them before anything else.
            written = stream::write(&mut out, &message);
            if matches!(message, Message::Parts(_)) && written.is_ok() {
                written = out.flush();
            }
            written.is_ok()
        };
        let produced = std::panic::catch_unwind(AssertUnwindSafe(|| produce(&job, &mut tell)));
        produced.unwrap_or_else(|_| Err(gave_up(&job)))
    });
    written?;
    if let Err(error) = done {
        stream::write(&mut out, &Message::Failed(error))?;
    }
    out.flush()
}

fn limited_job(request: &Request<'_>) -> Result<Job> {
    let source = Source::file(request.file);
    limit(Allowance::of(&source)?)?;
    let source = match request.member {
        None => source,
        Some(index) => {
            let found = members(request.file)?.into_iter().find(|m| m.index() == Some(index));
            found.ok_or_else(|| Error::bug("a zip lost a member"))?
        }
    };
    limit(Allowance::of(&source)?)?;
    let content = Content::of_word(request.kind)
        .ok_or_else(|| Error::bug(format!("no kind of file: {}", request.kind)))?;
    let sheets = request.sheets.to_owned();
    Ok(Job { source, content, sheets, from: request.from, merged: request.merged })
}

/// Limits this process: addresses beyond those that it has already, seconds of work, no core file,
/// which would hold cells.
fn limit(allowed: Allowance) -> Result<()> {
    let space = addresses() + allowed.memory();
    let seconds = allowed.seconds();
    let limits =
        [(Resource::RLIMIT_AS, space), (Resource::RLIMIT_CPU, seconds), (Resource::RLIMIT_CORE, 0)];
    for (resource, most) in limits {
        // The hard limit stays: a second, larger one may follow when the member of a zip is known.
        let (_, hard) = nix::sys::resource::getrlimit(resource).map_err(unlimited)?;
        setrlimit(resource, most.min(hard), hard).map_err(unlimited)?;
    }
    Ok(())
}

fn unlimited(error: nix::errno::Errno) -> Error {
    Error::environment(format!("cannot limit the process that reads a file: {error}"))
}

/// Bytes of addresses that this process has.
fn addresses() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let size = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    size.map_or(512 * MIB, |kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_reader_died_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let told = |content: Content, signal: i32| {
            let (source, sheets) = (Source::file(file.path()), "*".to_owned());
            let job = Job { source, content, sheets, from: 0, merged: false };
            let error = died(&job, ExitStatus::from_raw(signal)).unwrap();
            format!("{}; {}", error.message, error.hints.join("; "))
        };
        for (signal, says) in [
            (SIGABRT, "more memory than"),
            (SIGXCPU, "s to read"),
            (SIGKILL, "too little memory"),
            (11, "give up"),
        ] {
            let (book, columns) = (told(Content::Xlsx, signal), told(Content::Parquet, signal));
            assert!(book.contains(says) && book.contains("save it"), "{book}");
            assert!(columns.contains(says) && !columns.contains("save it"), "{columns}");
        }
    }
}

//! What stops a night, whose fault it is, and what to do next.
//!
//! Bad data is never an [`Error`]: it becomes a quarantined row or an anomaly.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

/// What the system says of a device that cannot be read or written.
const EIO: i32 = 5;

/// Whose fault an error is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A command line that cannot be obeyed.
    Usage,
    /// A fault in the files of a pipeline.
    Pipeline,
    /// A gate that closed: accounts that do not balance, a broken file whose contract says stop.
    Gate,
    /// The machine: disk, permissions, a lock that somebody else holds.
    Environment,
    /// A mistake in bidui itself.
    Bug,
}

/// An error with the next step. The text is a lower-case fragment without a full stop and never
/// holds a citizen ID or a name.
#[derive(Debug, Clone)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    pub hints: Vec<String>,
}

/// The result of everything that can stop a night.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind, without hints.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// A command line that cannot be obeyed; exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A fault in the files of a pipeline; exit code 2.
    pub fn pipeline(message: impl Into<String>) -> Self {
        Self::new(Kind::Pipeline, message)
    }

    /// A gate that closed; exit code 1.
    pub fn gate(message: impl Into<String>) -> Self {
        Self::new(Kind::Gate, message)
    }

    /// The machine fails or refuses; exit code 3.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, message)
    }

    /// A mistake in bidui itself; exit code 3.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
    }

    /// An I/O error with the path that it is about.
    pub fn io(action: &str, path: &Path, source: &std::io::Error) -> Self {
        let error = Self::environment(format!("cannot {action} {}: {source}", path.display()));
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                error.hint("free some space there and run again")
            }
            ErrorKind::PermissionDenied => error.hint("check who owns it"),
            ErrorKind::ReadOnlyFilesystem => error
                .hint("that disk is mounted read-only; the system's log may say why")
                .hint("mount it for writing and run again"),
            _ if source.raw_os_error() == Some(EIO) => error
                .hint("the disk or the share is failing: see the system's log")
                .hint("when it is well again, `bidui verify` names every file that it has lost"),
            _ => error,
        }
    }

    /// An error of the Parquet writer or reader with the file that it is about.
    pub fn parquet(action: &str, path: &Path, source: &parquet::errors::ParquetError) -> Self {
        match disk(source) {
            Some(cause) => Self::io(action, path, cause),
            None => Self::environment(format!("cannot {action} {}: {source}", path.display())),
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Process exit code: 1 a gate failed, 2 usage or pipeline fault, 3 environment fault or bug.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Gate => 1,
            Kind::Usage | Kind::Pipeline => 2,
            Kind::Environment | Kind::Bug => 3,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Bug => write!(f, "internal error: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// Marks between which an engine's text has words that are not its own.
const QUOTES: [char; 3] = ['\'', '"', '`'];
/// Digits in a row that may be a part of somebody's number.
const DIGITS: usize = 6;

/// What can be done in SQL about what the engine says of some row.
const REMEDIES: [(&str, &str); 4] = [
    ("Divide by zero", "write x / nullif(n, 0)"),
    ("Cast error", "TRY_CAST gives nothing where CAST fails"),
    ("Parser error", "TRY_CAST gives nothing where a text cannot be read"),
    ("returned more than one row", "take one of them, such as (SELECT max(x) FROM …)"),
];

/// What the engine says, and what to do about it.
fn engine_text(said: &str) -> String {
    let next = REMEDIES.iter().find(|(part, _)| said.contains(part));
    let next = next.map_or(String::new(), |(_, next)| format!("; {next}"));
    format!("engine: {}{next}", unquoted(said))
}

/// An engine's text without what may be a value of somebody's row: what stands between the first
/// quote and the last, for a value may hold quotes itself, and long numbers.
fn unquoted(text: &str) -> String {
    let (first, more) = text.split_once(['\n', '\r']).map_or((text, false), |(l, _)| (l, true));
    let mut out = String::new();
    match first.split_once(QUOTES) {
        None => out.push_str(first),
        Some((before, rest)) => {
            let quote = &first[before.len()..first.len() - rest.len()];
            out.extend([before, quote, "…"]);
            // A value that goes over several lines has its last quote below.
            if let Some(last) = rest.rfind(QUOTES).filter(|_| !more) {
                out.push_str(&rest[last..]);
            }
        }
    }
    numberless(&out)
}

/// A text whose long numbers are left out.
fn numberless(text: &str) -> String {
    let mut out = String::new();
    for run in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = run.bytes().take_while(u8::is_ascii_digit).count();
        if digits < DIGITS {
            out.push_str(run);
        } else {
            out.extend(["…", &run[digits..]]);
        }
    }
    out
}

/// The call of the disk that failed, when that is what lies below an error.
fn disk<'a>(mut error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    let mut found = error.downcast_ref::<std::io::Error>();
    while let Some(source) = error.source() {
        found = source.downcast_ref().or(found);
        error = source;
    }
    found
}

/// Where the engine keeps what memory does not hold, the disk failed.
fn spilling(source: &std::io::Error) -> Error {
    let text = unquoted(&source.to_string());
    Error::environment(format!("cannot keep intermediate results on disk: {text}"))
        .hint("a night keeps them in the lake, below staging: free some space there and run again")
        .hint("with more --memory fewer of them go to disk")
}

impl From<datafusion::error::DataFusionError> for Error {
    fn from(source: datafusion::error::DataFusionError) -> Self {
        if let Some(cause) = disk(&source) {
            return spilling(cause);
        }
        match source.find_root() {
            datafusion::error::DataFusionError::ResourcesExhausted(text) => Self::environment(
                format!("out of the memory that --memory allows: {}", unquoted(text)),
            )
            .hint("give --memory more, or the lake more buckets"),
            datafusion::error::DataFusionError::External(inner) => {
                match inner.downcast_ref::<Self>() {
                    Some(own) => own.clone(),
                    None => Self::bug("engine: an error from outside"),
                }
            }
            root => Self::bug(engine_text(&root.to_string())),
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(source: arrow::error::ArrowError) -> Self {
        match disk(&source) {
            Some(cause) => spilling(cause),
            None => Self::bug(format!("columns: {}", unquoted(&source.to_string()))),
        }
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(source: parquet::errors::ParquetError) -> Self {
        Self::environment(format!("cannot read or write a Parquet file: {source}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use arrow::error::ArrowError;
    use datafusion::error::DataFusionError;
    use parquet::errors::ParquetError;

    use super::*;

    #[test]
    fn a_full_disk_below_the_engine_is_the_machines() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        // A spill file wraps what its disk says, and so does the writer of its rows.
        let spilled = io::Error::other(DataFusionError::IoError(full()));
        for error in [
            DataFusionError::IoError(full()),
            ArrowError::from(spilled).into(),
            DataFusionError::External(Box::new(full())),
            DataFusionError::IoError(full()).context("while sorting"),
        ] {
            let error = Error::from(error);
            assert_eq!(error.kind, Kind::Environment, "{error}");
            assert!(error.hints.iter().any(|hint| hint.contains("free some space")), "{error:?}");
        }
        assert_eq!(Error::from(ArrowError::from(full())).kind, Kind::Environment);
        let value = || ArrowError::CastError("not a number".into());
        assert_eq!(Error::from(value()).kind, Kind::Bug);
        assert_eq!(Error::from(DataFusionError::from(value())).kind, Kind::Bug);
        let own = DataFusionError::External(Box::new(Error::gate("closed")));
        assert_eq!(Error::from(own).kind, Kind::Gate);
    }

    #[test]
    fn what_the_disk_says_is_told_with_what_to_do() {
        for (cause, next) in [
            (io::Error::from(ErrorKind::StorageFull), "free some space"),
            (io::Error::from(ErrorKind::QuotaExceeded), "free some space"),
            (io::Error::from(ErrorKind::PermissionDenied), "who owns it"),
            (io::Error::from(ErrorKind::ReadOnlyFilesystem), "mount it for writing"),
            (io::Error::from_raw_os_error(EIO), "bidui verify"),
        ] {
            let error = Error::io("open", Path::new("/data/lake/lock"), &cause);
            assert!(error.exit_code() == 3 && error.message.contains("/data/lake/lock"), "{error}");
            assert!(error.hints.iter().any(|hint| hint.contains(next)), "{error:?}");
        }
    }

    #[test]
    fn a_parquet_file_that_cannot_be_written_is_named() {
        let path = Path::new("lake/rows.parquet");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = Error::parquet("write", path, &ParquetError::from(full));
        assert!(error.message.contains("lake/rows.parquet") && !error.hints.is_empty(), "{error}");
        let error = Error::parquet("write", path, &ParquetError::General("no".into()));
        assert!(error.message.contains("lake/rows.parquet"), "{error}");
    }

    #[test]
    fn what_the_engine_says_of_a_row_comes_with_what_to_do() {
        for (error, next) in [
            (ArrowError::DivideByZero, "nullif(n, 0)"),
            (ArrowError::CastError("no number".into()), "TRY_CAST"),
        ] {
            let error = Error::from(DataFusionError::from(error));
            assert!(
                error.message.starts_with("engine: ") && error.message.contains(next),
                "{error}"
            );
        }
    }

    #[test]
    fn a_value_is_not_told_whatever_it_holds() {
        for (said, told) in [
            ("Cannot cast string '629101' to value", "Cannot cast string '…' to value"),
            ("Cannot cast string ''629101' to value", "Cannot cast string '…' to value"),
            ("Cannot cast string '62\"91'01' to value", "Cannot cast string '…' to value"),
            ("Cannot cast string '62\"\n9101' to value", "Cannot cast string '…"),
            ("No field named `a`. Is it `b`?", "No field named `…`?"),
            ("629101198001010014 is too large", "… is too large"),
            ("limit of 12345 rows", "limit of 12345 rows"),
            ("one\ntwo", "one"),
        ] {
            assert_eq!(unquoted(said), told);
        }
    }
}

//! What stops a night, whose fault it is, and what to do next.
//!
//! Bad data is never an [`Error`]: it becomes a quarantined row or an anomaly.

use std::fmt;
use std::path::Path;

/// Whose fault an error is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A command line that cannot be obeyed.
    Usage,
    /// A fault in the files of a pipeline.
    Pipeline,
    /// A gate that closed: accounts that do not balance, a limit that was passed.
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
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub fn pipeline(message: impl Into<String>) -> Self {
        Self::new(Kind::Pipeline, message)
    }

    pub fn gate(message: impl Into<String>) -> Self {
        Self::new(Kind::Gate, message)
    }

    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, message)
    }

    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
    }

    /// An I/O error with the path that it is about.
    pub fn io(action: &str, path: &Path, source: &std::io::Error) -> Self {
        let error = Self::environment(format!("cannot {action} {}: {source}", path.display()));
        match source.kind() {
            std::io::ErrorKind::StorageFull => error.hint("free some space there and run again"),
            std::io::ErrorKind::PermissionDenied => error.hint("check who owns it"),
            _ => error,
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

/// An engine's text without what stands in quotes: that may be a value of somebody's row.
fn unquoted(text: &str) -> String {
    let first = text.lines().next().unwrap_or(text);
    let mut out = String::new();
    let mut quote = None;
    for c in first.chars() {
        match quote {
            Some(open) if c == open => {
                out.push(c);
                quote = None;
            }
            Some(_) => {}
            None => {
                out.push(c);
                if matches!(c, '\'' | '"' | '`') {
                    out.push('…');
                    quote = Some(c);
                }
            }
        }
    }
    out
}

impl From<datafusion::error::DataFusionError> for Error {
    fn from(source: datafusion::error::DataFusionError) -> Self {
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
            root => Self::bug(format!("engine: {}", unquoted(&root.to_string()))),
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(source: arrow::error::ArrowError) -> Self {
        Self::bug(format!("columns: {}", unquoted(&source.to_string())))
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(source: parquet::errors::ParquetError) -> Self {
        Self::environment(format!("cannot read or write a Parquet file: {source}"))
    }
}

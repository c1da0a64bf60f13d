//! Streams of the parts of a workbook or Parquet file: a worker reads the file in order, the
//! readers of its parts take turns.
//!
//! The worker is a thread, which mostly only listens to a process of its own (see `apart`). It stays
//! a few batches ahead.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine;
use crate::error::{Error, Result};
use crate::pipeline::spec::Format;

use super::batch::{Taking, TakingRows};
use super::container::Source;
use super::kind::Content;
use super::produce::Job;
use super::stream::{Message, PartInfo};
use super::{Next, Part, RawRow, Rows, Shape, apart};

/// Opens a file: one stream for each sheet with cells, or one for the whole.
///
/// # Errors
/// What is wrong with the file before its first row; no thread or process can be started.
pub(super) fn open(
    source: &Source,
    content: Content,
    format: &Format,
) -> Result<Vec<Box<dyn Rows>>> {
    let sheets = format.sheets.clone();
    begin(Job { source: source.clone(), content, sheets, from: 0, merged: false })
}

/// Opens an XLSX for its merged cells: the rows of each stream are the regions of a sheet.
///
/// # Errors
/// As for [`open`].
pub(super) fn open_merged(source: &Source) -> Result<Vec<Box<dyn Rows>>> {
    let (source, content, sheets) = (source.clone(), Content::Xlsx, "*".to_owned());
    begin(Job { source, content, sheets, from: 0, merged: true })
}

fn begin(job: Job) -> Result<Vec<Box<dyn Rows>>> {
    let (source, content) = (job.source.clone(), job.content);
    let (worker, parts) = start(&job)?;
    // A workbook inside a zip stands in memory: many of them must not wait there.
    let idle = if source.is_member() { None } else { Some(worker) };
    let shared = Arc::new(Shared { job, idle: Mutex::new(idle) });
    let label = source.label();
    let rows = parts.into_iter().enumerate().map(|(index, info)| {
        let (file, encoding) = (label.clone(), Some(content.format().word().to_owned()));
        let (sheet, since_1904) = (info.sheet, info.since_1904);
        let part = Part { file, sheet, since_1904, encoding, ..Part::default() };
        let shared = Arc::clone(&shared);
        let (names, state) = (info.names, State::Before);
        Box::new(PartRows { part, names, shared, index, state, rows: Taking::nothing() })
            as Box<dyn Rows>
    });
    Ok(rows.collect())
}

/// A worker that tells the parts from `at` on.
struct Worker {
    messages: Receiver<Message>,
    at: usize,
}

/// Starts a worker and waits for what it finds.
fn start(job: &Job) -> Result<(Worker, Vec<PartInfo>)> {
    let (sender, messages) = sync_channel(4);
    let at = job.from;
    let (job, label) = (job.clone(), job.source.label());
    std::thread::Builder::new()
        .name("file".into())
        .spawn(move || {
            let mut tell = |message| sender.send(message).is_ok();
            let told = engine::quietly(|| apart::work(&job, &mut tell));
            if let Err(e) = told.unwrap_or_else(|| Err(apart::gave_up(&job))) {
                // Nobody listens any more: there is nobody to tell either.
                let _ = sender.send(Message::Failed(e));
            }
        })
        .map_err(|e| Error::environment(format!("cannot start a thread: {e}")))?;
    match messages.recv() {
        Ok(Message::Parts(parts)) => Ok((Worker { messages, at }, parts)),
        Ok(Message::Failed(error)) => Err(error),
        _ => Err(lost(&label)),
    }
}

fn lost(label: &str) -> Error {
    Error::bug(format!("the worker that reads {label} is silent"))
}

/// What the streams of one file have in common.
struct Shared {
    job: Job,
    /// A worker that stands before one of the later parts.
    idle: Mutex<Option<Worker>>,
}

impl Shared {
    /// A worker that will come to this part: the waiting one, or a new one.
    fn worker(&self, index: usize) -> Result<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = idle.take_if(|worker| worker.at <= index) {
            return Ok(worker);
        }
        let job = Job { from: index, ..self.job.clone() };
        Ok(start(&job)?.0)
    }
}

enum State {
    Before,
    Reading(Worker),
    Done,
}

struct PartRows {
    part: Part,
    names: Option<Vec<String>>,
    shared: Arc<Shared>,
    index: usize,
    state: State,
    rows: Taking,
}

impl Rows for PartRows {
    fn part(&self) -> &Part {
        &self.part
    }

    fn shape(&self) -> Shape<'_> {
        self.names.as_deref().map_or(Shape::Sheet, Shape::Named)
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        row.clear();
        loop {
            if let Some(wrong) = self.rows.next(row) {
                return Ok(match wrong {
                    None => Next::Row,
                    Some(reason) => row.broken(reason),
                });
            }
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Ok(Next::End),
                State::Before => self.state = State::Reading(self.shared.worker(self.index)?),
                State::Reading(worker) => self.receive(worker)?,
            }
        }
    }
}

impl PartRows {
    /// Takes the next message; the rows of parts before this one are passed over.
    fn receive(&mut self, mut worker: Worker) -> Result<()> {
        match worker.messages.recv() {
            Ok(Message::Failed(error)) => return Err(error),
            Ok(Message::Rows(_) | Message::Columns(_) | Message::Merged(_))
                if worker.at < self.index => {}
            Ok(Message::Rows(batch)) => self.rows = Taking::Rows(TakingRows::new(batch)),
            Ok(Message::Columns(columns)) => self.rows = Taking::Columns(Arc::new(columns), 0),
            Ok(Message::Merged(regions)) => self.part.merged = regions,
            Ok(Message::PartEnd) => {
                worker.at += 1;
                if worker.at > self.index {
                    let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
                    *idle = Some(worker);
                    return Ok(());
                }
            }
            _ => return Err(lost(&self.part.file)),
        }
        self.state = State::Reading(worker);
        Ok(())
    }
}

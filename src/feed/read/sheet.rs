//! Streams of sheets: a thread reads a workbook in order, the readers of its sheets take turns.
//!
//! The workbook library lends a cell reader from the workbook, so that the two cannot live in one
//! struct; a thread can hold both. It starts with the first row that is asked for.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::pipeline::spec::Format;

use super::container::Source;
use super::kind::Content;
use super::workbook::{Book, Item};
use super::{Next, Part, RawRow, Rows, Shape};

/// Rows that are handed over at once.
const BATCH_ROWS: usize = 256;

/// Opens a workbook: one stream for each sheet with cells.
pub(super) fn open(
    source: &Source,
    content: Content,
    format: &Format,
) -> Result<Vec<Box<dyn Rows>>> {
    let label = source.label();
    let (from, wanted) = (source.clone(), format.sheets.clone());
    let (book, sheets) = guarded(&label, move || {
        let mut book = Book::open(&from, content)?;
        let sheets = survey(&mut book, &from.label(), &wanted)?;
        Ok((book, sheets))
    })?;
    // A workbook inside a zip stands in memory: many of them must not wait there.
    let book = if source.is_member() { None } else { Some(book) };
    let shared = Arc::new(Shared {
        source: source.clone(),
        content,
        sheets,
        book: Mutex::new(book),
        idle: Mutex::new(None),
    });
    let rows = (0..shared.sheets.len()).map(|index| {
        let sheet = Some(shared.sheets[index].name.clone());
        let part = Part { file: label.clone(), sheet, ..Part::default() };
        let shared = Arc::clone(&shared);
        let state = State::Before;
        Box::new(SheetRows { part, shared, index, state, batch: Vec::new().into_iter() })
            as Box<dyn Rows>
    });
    Ok(rows.collect())
}

/// A sheet and its first row.
struct SheetInfo {
    name: String,
    first: RawRow,
}

/// The wanted sheets that hold cells.
fn survey(book: &mut Book, label: &str, wanted: &str) -> Result<Vec<SheetInfo>> {
    let names = book.sheets();
    if wanted != "*" && !names.iter().any(|n| n.trim() == wanted.trim()) {
        return Err(Error::gate(format!(
            "{label} has no sheet {wanted}, it has {}",
            names.join(", ")
        ))
        .hint("ask the sender what changed, or set format.sheets"));
    }
    let mut sheets = Vec::new();
    for name in names.into_iter().filter(|n| wanted == "*" || n.trim() == wanted.trim()) {
        let mut first = None;
        book.rows(label, &name, &mut |item| {
            let (Item::Row(row) | Item::Broken { row, .. }) = item;
            first = Some(row);
            false
        })?;
        if let Some(first) = first {
            sheets.push(SheetInfo { name, first });
        }
    }
    if sheets.is_empty() {
        return Err(Error::gate(format!("{label} has no cell in any sheet"))
            .hint("ask the sender to deliver it again"));
    }
    Ok(sheets)
}

/// Runs on a thread, where a panic of the workbook library is an error of this file only.
fn guarded<T: Send + 'static>(
    label: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let thread = std::thread::Builder::new().name("workbook".into()).spawn(work);
    let thread = thread.map_err(|e| Error::environment(format!("cannot start a thread: {e}")))?;
    thread.join().unwrap_or_else(|_| Err(gave_up(label)))
}

fn gave_up(label: &str) -> Error {
    Error::gate(format!("{label} made the workbook reader give up"))
        .hint("open it in Excel or WPS, save it as XLSX, and deliver that")
}

/// What the streams of one workbook have in common.
struct Shared {
    source: Source,
    content: Content,
    sheets: Vec<SheetInfo>,
    /// The workbook as it was opened, until a thread takes it.
    book: Mutex<Option<Book>>,
    /// A thread that stands before one of the later sheets.
    idle: Mutex<Option<Worker>>,
}

/// A thread that sends the sheets from `at` on.
struct Worker {
    messages: Receiver<Message>,
    at: usize,
}

enum Message {
    Rows(Vec<Item>),
    SheetEnd,
    Failed(Error),
}

impl Shared {
    /// A thread that will come to this sheet: the waiting one, or a new one.
    fn worker(self: &Arc<Self>, index: usize) -> Result<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = idle.take_if(|worker| worker.at <= index) {
            return Ok(worker);
        }
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (sender, messages) = sync_channel(4);
        let (source, content) = (self.source.clone(), self.content);
        let limit = row_limit(content);
        let sheets: Vec<(String, bool)> = (index..self.sheets.len())
            .map(|i| (self.sheets[i].name.clone(), self.continues(i)))
            .collect();
        std::thread::Builder::new()
            .name("workbook".into())
            .spawn(move || {
                let book = book.map_or_else(|| Book::open(&source, content), Ok);
                let sent = book.and_then(|b| send_all(b, &source.label(), &sheets, limit, &sender));
                if let Err(e) = sent {
                    // Nobody listens any more: there is nobody to tell either.
                    let _ = sender.send(Message::Failed(e));
                }
            })
            .map_err(|e| Error::environment(format!("cannot start a thread: {e}")))?;
        Ok(Worker { messages, at: index })
    }

    /// Whether the next sheet looks like the rest of this one, as when an exporter splits at the
    /// limit of a sheet.
    fn continues(&self, index: usize) -> bool {
        let (Some(this), Some(next)) = (self.sheets.get(index), self.sheets.get(index + 1)) else {
            return false;
        };
        let same = this.first.cells().eq(next.first.cells());
        same || (this.first.len() >= 3 && this.first.len() == next.first.len())
    }
}

/// Rows that a sheet of this kind can hold.
fn row_limit(content: Content) -> u64 {
    if content == Content::Xls { 65_536 } else { 1_048_576 }
}

fn send_all(
    mut book: Book,
    label: &str,
    sheets: &[(String, bool)],
    limit: u64,
    sender: &SyncSender<Message>,
) -> Result<()> {
    for (name, continues) in sheets {
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        let mut wanted = true;
        let mut last = 0;
        book.rows(label, name, &mut |item| {
            let (Item::Row(row) | Item::Broken { row, .. }) = &item;
            last = row.line;
            batch.push(item);
            if batch.len() == BATCH_ROWS {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
                wanted = sender.send(Message::Rows(full)).is_ok();
            }
            wanted
        })?;
        if !wanted || sender.send(Message::Rows(batch)).is_err() {
            return Ok(());
        }
        if last >= limit && !continues {
            let message = format!(
                "{label}, sheet {name} ends at row {last}: probably cut at the format's limit"
            );
            return Err(Error::gate(message).hint("ask the sender for CSV, or for several files"));
        }
        if sender.send(Message::SheetEnd).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

enum State {
    Before,
    Reading(Worker),
    Done,
}

struct SheetRows {
    part: Part,
    shared: Arc<Shared>,
    index: usize,
    state: State,
    batch: std::vec::IntoIter<Item>,
}

impl Rows for SheetRows {
    fn part(&self) -> &Part {
        &self.part
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Sheet
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        row.clear();
        loop {
            if let Some(item) = self.batch.next() {
                return Ok(hand_over(item, row));
            }
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Ok(Next::End),
                State::Before => self.state = State::Reading(self.shared.worker(self.index)?),
                State::Reading(worker) => self.receive(worker)?,
            }
        }
    }
}

impl SheetRows {
    /// Takes the next message; the rows of sheets before this one are passed over.
    fn receive(&mut self, mut worker: Worker) -> Result<()> {
        match worker.messages.recv() {
            Err(_) => return Err(gave_up(&self.part.file)),
            Ok(Message::Failed(e)) => return Err(e),
            Ok(Message::Rows(items)) if worker.at == self.index => self.batch = items.into_iter(),
            Ok(Message::Rows(_)) => {}
            Ok(Message::SheetEnd) => {
                worker.at += 1;
                if worker.at > self.index {
                    let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
                    *idle = Some(worker);
                    return Ok(());
                }
            }
        }
        self.state = State::Reading(worker);
        Ok(())
    }
}

fn hand_over(item: Item, row: &mut RawRow) -> Next {
    match item {
        Item::Row(read) => {
            *row = read;
            Next::Row
        }
        Item::Broken { row: read, reason } => {
            let next = Next::Broken { line: read.line, byte: 0, reason, raw: read.shown() };
            *row = read;
            next
        }
    }
}

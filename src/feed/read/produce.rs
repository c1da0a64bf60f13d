//! Reads a workbook or Parquet file from its beginning and tells what is in it, message by message.
//! The same code runs on a thread of this process and in a process of its own.

use crate::error::{Error, Result};

use super::RawRow;
use super::batch::Batch;
use super::columnar::{self, Columnar};
use super::container::Source;
use super::kind::Content;
use super::limits::Budget;
use super::stream::{Message, PartInfo, Tell};
use super::workbook::Book;

/// Rows that are handed over at once.
const BATCH_ROWS: usize = 256;

/// Text after which a batch is handed over, however few its rows are.
const BATCH_BYTES: usize = 1024 * 1024;

/// What is to be read.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub source: Source,
    pub content: Content,
    /// Sheet that the contract names, or `*`.
    pub sheets: String,
    /// The part to begin with; rows of those before it are not told.
    pub from: usize,
    /// Instead of its rows, the merged cells of each sheet: one row of four numbers for each.
    pub merged: bool,
}

/// Tells the parts, then the rows of each.
///
/// # Errors
/// What is wrong with the file; what stands before that is told.
pub(super) fn produce(job: &Job, tell: &mut Tell<'_>) -> Result<()> {
    let mut teller = Teller { tell, batch: Batch::default(), budget: Budget::new(&job.source)? };
    if job.content == Content::Parquet {
        columns(columnar::open(&job.source)?, &mut teller)?;
    } else {
        workbook(job, &mut teller)?;
    }
    teller.tell(Message::FileEnd);
    Ok(())
}

/// Gathers rows to messages.
struct Teller<'a, 't> {
    tell: &'a mut Tell<'t>,
    batch: Batch,
    budget: Budget,
}

impl Teller<'_, '_> {
    fn tell(&mut self, message: Message) -> bool {
        (self.tell)(message)
    }

    fn row(&mut self, row: &RawRow, wrong: Option<&'static str>) -> Result<bool> {
        self.budget.spend(1, row.len() as u64, row.bytes() as u64)?;
        self.batch.push(row, wrong);
        let full = self.batch.len() == BATCH_ROWS || self.batch.bytes() > BATCH_BYTES;
        Ok(!full || self.flush())
    }

    fn flush(&mut self) -> bool {
        let full = std::mem::take(&mut self.batch);
        full.len() == 0 || self.tell(Message::Rows(full))
    }
}

fn columns(mut file: Columnar, teller: &mut Teller<'_, '_>) -> Result<()> {
    let names = Some(file.headings.clone());
    let part = PartInfo { names, ..PartInfo::default() };
    let mut wanted = teller.tell(Message::Parts(vec![part]));
    while wanted {
        wanted = match file.next()? {
            Some((columns, bytes)) => {
                teller.budget.spend(columns.rows.into(), columns.width() as u64, bytes)?;
                teller.tell(Message::Columns(columns))
            }
            None => {
                teller.tell(Message::PartEnd);
                false
            }
        };
    }
    Ok(())
}

fn workbook(job: &Job, teller: &mut Teller<'_, '_>) -> Result<()> {
    let label = job.source.label();
    let mut book = Book::open(&job.source, job.content)?;
    let parts = survey(&mut book, &label, &job.sheets)?;
    let firsts: Vec<RawRow> = parts.iter().map(|part| part.first.clone()).collect();
    let sheets: Vec<String> = parts.iter().filter_map(|part| part.sheet.clone()).collect();
    if !teller.tell(Message::Parts(parts)) {
        return Ok(());
    }
    for (index, sheet) in sheets.iter().enumerate().skip(job.from) {
        if job.merged {
            if !merged(&mut book, &label, sheet, teller)? || !teller.tell(Message::PartEnd) {
                break;
            }
            continue;
        }
        let last = one_sheet(&mut book, job.content, &label, sheet, teller)?;
        if last >= row_limit(job.content) && !continues(&firsts, index) {
            let message = format!(
                "{label}, sheet {sheet} ends at row {last}: probably cut at the format's limit"
            );
            let next =
                "ask the sender for CSV, for several files, or for the headings on every sheet";
            return Err(Error::gate(message).hint(next));
        }
        if !teller.tell(Message::PartEnd) {
            break;
        }
    }
    Ok(())
}

/// Tells the merged cells of a sheet; false when nobody listens.
fn merged(book: &mut Book, label: &str, sheet: &str, teller: &mut Teller<'_, '_>) -> Result<bool> {
    for region in book.merged(label, sheet)? {
        let mut row = RawRow::at(u64::from(region[0]) + 1);
        region.iter().for_each(|number| row.push_fmt(format_args!("{number}")));
        if !teller.row(&row, None)? {
            return Ok(false);
        }
    }
    Ok(teller.flush())
}

/// Tells the rows of a sheet, and which of its cells are merged over rows; the line of its last one.
fn one_sheet(
    book: &mut Book,
    content: Content,
    label: &str,
    sheet: &str,
    teller: &mut Teller<'_, '_>,
) -> Result<u64> {
    let mut last = 0;
    let mut told = Ok(true);
    book.rows(label, sheet, &mut |row, wrong| {
        last = row.line;
        told = teller.row(row, wrong);
        matches!(told, Ok(true))
    })?;
    if !told? {
        // Nobody listens: where the sheet ends does not matter.
        return Ok(0);
    }
    teller.flush();
    // They stand behind the rows: to know them takes another pass.
    if content != Content::Merging {
        return Ok(last);
    }
    // What cannot be told of them costs no row.
    let merged = book.merged(label, sheet).unwrap_or_default();
    let tall: Vec<[u32; 4]> = merged.into_iter().filter(|[top, _, end, _]| top < end).collect();
    if !tall.is_empty() {
        teller.tell(Message::Merged(tall));
    }
    Ok(last)
}

/// The wanted sheets that hold cells.
fn survey(book: &mut Book, label: &str, wanted: &str) -> Result<Vec<PartInfo>> {
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
        book.rows(label, &name, &mut |row, _| {
            first = Some(row.clone());
            false
        })?;
        if let Some(first) = first {
            let since_1904 = book.since_1904();
            sheets.push(PartInfo { sheet: Some(name), names: None, since_1904, first });
        }
    }
    if sheets.is_empty() {
        return Err(Error::gate(format!("{label} has no cell in any sheet"))
            .hint("ask the sender to deliver it again"));
    }
    Ok(sheets)
}

/// Rows that a sheet of this kind can hold.
fn row_limit(content: Content) -> u64 {
    if content == Content::Xls { 65_536 } else { 1_048_576 }
}

/// Whether the next sheet begins as this one does, as when an exporter splits at the limit of a
/// sheet. One that goes on without the headings would be passed over as one that holds no data.
fn continues(firsts: &[RawRow], index: usize) -> bool {
    let (Some(this), Some(next)) = (firsts.get(index), firsts.get(index + 1)) else {
        return false;
    };
    this.cells().eq(next.cells())
}

//! Takes one delivery in: parse once, type, bucket, quarantine, and close the account.

mod arrivals;
mod odd;
mod repeats;
mod spared;
mod try_out;
mod verdict;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::control::Controls;
use super::inbox::Parcel;
use super::read::{self, Next, NoTable, RawRow, Table as Extract, reason};
use super::receipt::{self, FileAccount, PartAccount, Receipt, Verdict};
use super::rejects::{About, REJECTS, Reject, RejectWriter};
use super::typed::{BadCell, Outcome, Place, Typer};
use crate::division::Divisions;
use crate::error::{Error, Result};
use crate::lake::rows::Gather;
use crate::lake::{Lake, MANIFEST, durable, files_below_with, sound};
use crate::pipeline::Pipeline;
use crate::pipeline::schema::table_schema;
use crate::pipeline::spec::{Feed, Grain, Table};
use crate::privacy::{PersonKeys, hide_ids};
use arrivals::content;
use repeats::Unwritten;
use spared::{Begun, spared};

/// What became of a parcel.
#[derive(Debug)]
pub enum Received {
    New(Box<Receipt>),
    /// Its content was taken in before, under this delivery.
    Known(String),
}

/// Which delivery a parcel is.
#[derive(Debug, Clone)]
pub struct Named {
    /// Period and hash of content and contract.
    pub delivery: String,
    content: String,
    hashes: Vec<String>,
    /// See [`Receipt::arrival`].
    arrival: u32,
    /// See [`Receipt::turn`].
    turn: u32,
}

/// Takes parcels in for one pipeline and lake.
pub struct Receiver<'a> {
    pub pipeline: &'a Pipeline,
    pub lake: &'a Lake,
    pub divisions: &'a Divisions,
    pub keys: &'a PersonKeys,
    pub buckets: usize,
}

/// A delivery under way.
struct Open<'a> {
    feed: &'a Feed,
    table: &'a Table,
    typer: Typer<'a>,
    sink: Sink,
    rejects: RejectWriter,
    receipt: Receipt,
    controls: Controls<'a>,
    next_row: i64,
}

/// Why a row is broken of which the cells are known all the same.
const HOLDS_CELLS: [&str; 4] = [reason::MORE, reason::FEWER, reason::REPLACED, reason::NUL];

/// Where rows that can be used go.
enum Sink {
    /// Into the delivery's file.
    File(Box<Gather>),
    /// Nowhere.
    Nowhere(Unwritten),
}

impl Receiver<'_> {
    /// Takes a parcel in, unless the lake has its delivery.
    ///
    /// # Errors
    /// The disk; files that changed since they were named; an account that does not close; a broken file
    /// whose contract says stop.
    pub fn receive(&self, parcel: &Parcel, named: &Named) -> Result<Received> {
        let delivery = named.delivery.clone();
        if self.lake.deliveries(&parcel.feed).join(&delivery).is_dir() {
            return Ok(Received::Known(delivery));
        }
        self.take(parcel, named, Open::files)
    }

    /// Takes a parcel in that the lake does not have, as `read` reads it.
    fn take<'r>(
        &'r self,
        parcel: &Parcel,
        named: &Named,
        read: impl FnOnce(Open<'r>, &[PathBuf], &Cell<usize>) -> Result<Receipt>,
    ) -> Result<Received> {
        let delivery = &named.delivery;
        let feed = &self.pipeline.feeds[&parcel.feed];
        let table = &self.pipeline.tables[&feed.table];
        let begin = || -> Result<Begun<'r>> {
            let staged = self.lake.stage(&format!("delivery-{}-{delivery}", feed.id))?;
            let kept = self.archive(&staged, feed, parcel, named)?;
            let (path, schema) = (staged.join("rows.parquet"), table_schema(table));
            let rows = Gather::create(&path, schema, self.buckets, Some(delivery.as_str()))?;
            let receipt = self.receipt(&kept, feed, named);
            let open = self.open(&staged, Sink::File(Box::new(rows)), receipt)?;
            Ok((staged, kept.files, open))
        };
        let (staged, mut receipt) = spared(&begin, read)?;
        if parcel.is_ahead(feed.delivery.cadence) {
            receipt.verdict = Verdict::Refused;
            receipt.reasons.push(format!(
                "its period, which ends on {}, is too far ahead: is the date in the name mistyped? \
                 Rename the file",
                parcel.period
            ));
        }
        durable::write_json(&staged.join("receipt.json"), &receipt)?;
        let read = |path: &str| {
            let file = receipt.files.iter().find(|file| path == format!("raw/{}", file.name))?;
            Some(file.blake3.clone())
        };
        let files = sound::manifest(&files_below_with(&staged, read)?);
        durable::write_json(&staged.join(MANIFEST), &files)?;
        self.lake.keep_delivery(&staged, &feed.id, delivery)?;
        Ok(Received::New(Box::new(receipt)))
    }

    /// Begins a delivery of the receipt's feed.
    fn open(&self, staged: &Path, sink: Sink, receipt: Receipt) -> Result<Open<'_>> {
        let feed = &self.pipeline.feeds[&receipt.feed];
        let table = &self.pipeline.tables[&receipt.table];
        let said = staged.join("said");
        Ok(Open {
            feed,
            table,
            typer: Typer::new(&said, self.pipeline, feed, table, self.divisions, self.keys),
            sink,
            rejects: RejectWriter::create(&staged.join(REJECTS))?,
            receipt,
            controls: Controls::new(feed, table),
            next_row: 0,
        })
    }

    /// Period, then a hash of content, part and contract: the same extract under the same contract
    /// is the same delivery; a changed contract, or code list of its table, reads it anew.
    fn delivery_id(&self, parcel: &Parcel, content: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(content.as_bytes());
        hasher.update(self.contract(parcel).as_bytes());
        if let Some(part) = &parcel.part {
            hasher.update(part.as_bytes());
        }
        let hash = hasher.finalize().to_hex();
        format!("{}-{}", parcel.period.format("%Y%m%d"), &hash[..12])
    }

    fn contract(&self, parcel: &Parcel) -> String {
        receipt::contract(self.pipeline, &self.pipeline.feeds[&parcel.feed], self.keys)
    }

    fn receipt(&self, parcel: &Parcel, feed: &Feed, named: &Named) -> Receipt {
        let file = |(path, hash): (&PathBuf, &String)| FileAccount {
            name: name_of(path),
            bytes: path.metadata().map_or(0, |m| m.len()),
            blake3: hash.clone(),
            refused: None,
        };
        Receipt {
            delivery: named.delivery.clone(),
            feed: feed.id.clone(),
            table: feed.table.clone(),
            sender: feed.sender.clone(),
            kind: feed.delivery.kind,
            contract: self.contract(parcel),
            period: parcel.period,
            part: parcel.part.clone(),
            received: parcel.received,
            arrival: named.arrival,
            turn: named.turn,
            noted: true,
            content: named.content.clone(),
            verdict: Verdict::Accepted,
            reasons: Vec::new(),
            warnings: Vec::new(),
            files: parcel.files.iter().zip(&named.hashes).map(file).collect(),
            parts: Vec::new(),
            rows: 0,
            used: 0,
            quarantined: 0,
            duplicate: 0,
            pending: 0,
            amendments: Default::default(),
            reject_reasons: Default::default(),
            control_totals: Vec::new(),
        }
    }

    /// Keeps the files as they came, so that any row can be shown as it stood. Gives the parcel as it is
    /// kept: that is read, for files in the inbox may grow or be replaced meanwhile.
    fn archive(
        &self,
        staged: &Path,
        feed: &Feed,
        parcel: &Parcel,
        named: &Named,
    ) -> Result<Parcel> {
        let raw = staged.join("raw");
        durable::create_dir_all(&raw)?;
        let copy = |path: &Path| durable::copy(path, &raw.join(name_of(path)));
        let kept = content(feed, &parcel.files, &copy)?;
        durable::sync_dir(&raw)?;
        if kept != (named.content.clone(), named.hashes.clone()) {
            let text =
                format!("a file of {} {} changed while it was taken in", feed.id, parcel.period);
            return Err(Error::environment(text)
                .hint("is it still being written? run again when it is whole")
                .hint(
                    "let senders write under a name that begins with a dot, and rename at the end",
                ));
        }
        // What cannot be opened says why where it lies.
        let there = |path: &PathBuf| Some(raw.join(name_of(path))).filter(|copy| copy.is_file());
        let files = parcel.files.iter().map(|path| there(path).unwrap_or_else(|| path.clone()));
        let files = files.collect();
        Ok(Parcel { files, ..parcel.clone() })
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// May a part without headings be explanations, among all parts of a file? A sheet beside others of its
/// workbook may, and a note in a zip beside what is none. Without its headings any other is data that
/// would be lost.
fn explains(file: &str, files: &[String]) -> bool {
    let sheets = files.iter().filter(|other| other.as_str() == file).count();
    sheets > 1 || (is_note(file) && files.iter().any(|other| !is_note(other)))
}

/// Is a file a text for people, by its name? Extracts are called so too.
fn is_note(file: &str) -> bool {
    let extension = Path::new(file).extension().unwrap_or_default();
    ["txt", "md"].iter().any(|note| extension.eq_ignore_ascii_case(note))
}

impl Open<'_> {
    /// Reads all files, closes the account and gives the verdict. `at` is the one that is read.
    fn files(mut self, files: &[PathBuf], at: &Cell<usize>) -> Result<Receipt> {
        for (number, path) in files.iter().enumerate() {
            at.set(number);
            let before = self.receipt.parts.len();
            if let Err(error) = self.file(path) {
                // What was read of a file that broke half-way is no extract: nothing of the
                // delivery is used.
                if self.receipt.parts.len() > before {
                    self.receipt.verdict = Verdict::Refused;
                }
                self.broken_file(number, &error)?;
            }
        }
        self.finish()
    }

    /// Reads all parts of one file.
    fn file(&mut self, path: &Path) -> Result<()> {
        self.controls.begin_file();
        let parts = read::open_extract(path, &self.feed.format, &self.feed.columns)?;
        let files: Vec<String> = parts.iter().map(|rows| rows.part().file.clone()).collect();
        let mut taken = BTreeSet::new();
        for (rows, file) in parts.into_iter().zip(&files) {
            let extract = match Extract::new(rows, &self.feed.columns, &self.feed.format) {
                // One that is damaged may have held data.
                Err(NoTable::NoHeading(error)) if explains(file, &files) => {
                    self.receipt.warnings.push(format!("passed over, {}", error.message));
                    continue;
                }
                other => other?,
            };
            taken.insert(file);
            let (header, place) = (extract.header(), place_name(extract.part()));
            header.check(&place, &self.new_columns(&header.unmapped))?;
            self.part(extract)?;
        }
        if let Some(file) = files.iter().find(|file| !taken.contains(file) && !is_note(file)) {
            return Err(Error::gate(format!("{file}: no sheet holds the data"))
                .hint("open it and compare its headings with the feed's file"));
        }
        self.controls.end_file(path);
        Ok(())
    }

    /// Reads the rows of one part.
    fn part(&mut self, mut extract: Extract) -> Result<()> {
        let header = extract.header();
        let binding = &header.binding;
        let bound: Vec<Vec<Option<usize>>> = binding
            .source
            .iter()
            .zip(&binding.path)
            .map(|(one, path)| if path.is_empty() { vec![*one] } else { path.clone() })
            .collect();
        self.typer.bind(self.feed, &bound, extract.part().since_1904);
        let mut account = PartAccount {
            file: extract.part().file.clone(),
            sheet: extract.part().sheet.clone(),
            encoding: extract.part().encoding.clone(),
            delimiter: extract.part().delimiter,
            header_line: header.header_line,
            new_columns: self.new_columns(&header.unmapped),
            ..PartAccount::default()
        };
        self.controls.begin_part(header, &place_name(extract.part()));
        let part = self.receipt.parts.len() as i32;
        let read = self.rows(&mut extract, part, &mut account);
        account.layout = extract.layout_rows();
        self.controls.end_part(extract.total());
        self.receipt.warnings.extend(odd::warnings(&extract));
        self.receipt.parts.push(account);
        read
    }

    /// Headings that no column wants, but for those that the contract ignores; one may be a number.
    fn new_columns(&self, unmapped: &[String]) -> Vec<String> {
        let own = |heading: &String| heading.rsplit('|').next().unwrap_or(heading).to_owned();
        let ignored = |heading: &String| self.feed.format.ignore.contains(&own(heading));
        unmapped.iter().filter(|h| !ignored(h)).map(|h| hide_ids(h)).collect()
    }

    fn rows(&mut self, extract: &mut Extract, part: i32, account: &mut PartAccount) -> Result<()> {
        let mut row = RawRow::default();
        loop {
            match extract.next(&mut row)? {
                Next::End => return Ok(()),
                Next::Row => self.row(&row, part, account)?,
                Next::Broken { line, byte, reason, raw } => {
                    account.rows += 1;
                    self.controls.broken_row();
                    let read = HOLDS_CELLS.contains(&reason).then(|| self.typer.about(&row));
                    let about = read.unwrap_or_default();
                    let reject = Reject { line, byte, column: "", reason, raw: &raw, about };
                    self.reject(account, reject)?;
                }
            }
        }
    }

    fn row(&mut self, row: &RawRow, part: i32, account: &mut PartAccount) -> Result<()> {
        account.rows += 1;
        self.controls.row(row);
        let place = Place { row: self.next_row, part, line: row.line, byte: row.byte };
        match self.typer.row(row, place)? {
            Outcome::Used { key } => {
                account.used += 1;
                self.next_row += 1;
                let waits = self.table.grain == Grain::Person && key.is_none();
                self.receipt.pending += u64::from(waits);
                match &mut self.sink {
                    Sink::File(rows) => rows.row(key, self.typer.packed())?,
                    Sink::Nowhere(rows) => rows.row(place, waits),
                }
            }
            Outcome::Rejected(BadCell { column, reason, raw, about }) => {
                let (line, byte) = (row.line, row.byte);
                let reject = Reject { line, byte, column: &column, reason, raw: &raw, about };
                self.reject(account, reject)?;
            }
        }
        Ok(())
    }

    fn reject(&mut self, account: &mut PartAccount, mut reject: Reject<'_>) -> Result<()> {
        // Of what is not kept, no cell is written anywhere.
        if matches!(self.sink, Sink::Nowhere(_)) {
            reject = Reject { raw: "", about: About::default(), ..reject };
        }
        self.rejects.quarantine(account, &mut self.receipt.reject_reasons, &reject)
    }
}

fn place_name(part: &read::Part) -> String {
    match &part.sheet {
        Some(sheet) => format!("{} [{sheet}]", part.file),
        None => part.file.clone(),
    }
}

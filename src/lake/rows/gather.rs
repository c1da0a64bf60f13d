//! Writes a file whose rows come in any order: a range of keys lies in one place, however long it is.

use std::iter::Peekable;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};

use super::numbers::Numbers;
use super::packed::{Packed, PackedRow, rows};
use super::unpack::{Unpacker, Whole};
use super::writer::{GROUP_ROWS, RowsWriter};
use super::{PERSON_KEY, SRC_DELIVERY, SRC_ROW};
use crate::error::{Error, Result};
use crate::lake::aside::{Aside, Back};
use crate::lake::bucket::{MOST_JOBS, bucket_of, keys_of};
use crate::lake::piles::Piles;

/// Bytes of packed rows that wait in memory; what is more waits on disk.
const HEAP_BYTES: usize = 32 << 20;
/// A file of few rows has smaller groups than [`GROUP_ROWS`], though none below this, about.
const LEAST_GROUP_ROWS: usize = 1 << 11;
/// Groups of a file, about.
const GROUPS_WANTED: usize = 1 << 10;
/// Rows of a group in a file of no persons.
const PLAIN_ROWS: usize = 1 << 16;
/// Most bytes of packed rows in a group, unless one row alone has more. Ordinary rows never come to
/// so many, but those of long texts would: Arrow panics at a column of 2 GiB.
const GROUP_BYTES: usize = 256 << 20;
/// Rows that are left out and shown at once.
const SHOWN: usize = 1 << 12;

/// Gathers rows by bucket, then writes them as groups that each hold one range of keys. Rows of a
/// table of no persons keep their order.
pub struct Gather {
    writer: RowsWriter,
    path: PathBuf,
    schema: SchemaRef,
    key: Option<usize>,
    /// The delivery that all rows came with.
    same: Option<(usize, String)>,
    /// The column of rows' numbers.
    number: Option<usize>,
    buckets: usize,
    /// Packed rows of each bucket; of those without a key behind them.
    heaps: Piles,
    /// All rows of each bucket so far.
    counts: Vec<usize>,
    bytes: usize,
    limit: usize,
    group_bytes: usize,
    aside: Option<Aside>,
    packed: Packed,
}

impl Gather {
    /// Creates a file. All its rows came with `delivery`, unless there is none.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(
        path: &Path,
        schema: SchemaRef,
        buckets: usize,
        delivery: Option<&str>,
    ) -> Result<Self> {
        let key = schema.index_of(PERSON_KEY).ok();
        let column = schema.index_of(SRC_DELIVERY).ok();
        let same = column.zip(delivery).map(|(at, name)| (at, name.to_owned()));
        let number = schema.index_of(SRC_ROW).ok();
        let buckets = if key.is_some() { buckets } else { 0 };
        Ok(Self {
            writer: RowsWriter::plain(path, schema.clone())?,
            path: path.to_owned(),
            schema,
            key,
            same,
            number,
            buckets,
            heaps: Piles::new(buckets + 1),
            counts: vec![0; buckets + 1],
            bytes: 0,
            limit: HEAP_BYTES,
            group_bytes: GROUP_BYTES,
            aside: None,
            packed: Packed::default(),
        })
    }

    /// Adds a row: its key, and its other columns but for the delivery's.
    ///
    /// # Errors
    /// What the disk says.
    pub fn row(&mut self, key: Option<i64>, row: &Packed) -> Result<()> {
        let bucket = match key {
            Some(key) if self.buckets > 0 => bucket_of(key, self.buckets),
            _ => self.buckets,
        };
        let bytes = row.length();
        row.append_to(key, self.heaps.room(bucket, bytes));
        self.bytes += bytes;
        self.counts[bucket] += 1;
        if self.bytes < self.limit { Ok(()) } else { self.set_aside() }
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// What the disk says.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys = self.key.map(|at| batch.column(at).as_primitive::<Int64Type>());
        let same = self.same.as_ref().map(|s| s.0);
        let without: Vec<usize> = self.key.into_iter().chain(same).chain(self.number).collect();
        let numbers = self.number.map(|at| batch.column(at).as_primitive::<Int64Type>());
        let mut packed = std::mem::take(&mut self.packed);
        for row in 0..batch.num_rows() {
            packed.row(batch, row, &without)?;
            packed.number(numbers.map_or(0, |numbers| numbers.value(row)));
            let key = keys.and_then(|keys| keys.is_valid(row).then(|| keys.value(row)));
            self.row(key, &packed)?;
        }
        self.packed = packed;
        Ok(())
    }

    fn set_aside(&mut self) -> Result<()> {
        let aside = match &mut self.aside {
            Some(aside) => aside,
            None => self.aside.insert(Aside::create(&self.path, self.heaps.count())?),
        };
        aside.write_all(&mut self.heaps)?;
        self.bytes = 0;
        Ok(())
    }

    /// Writes everything; the number of rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(self) -> Result<u64> {
        self.finish_without(&Numbers::default(), |_| Ok(()))
    }

    /// Writes everything but for some rows, which are shown bucket by bucket; the number of rows
    /// that are written. The schema has to end with the columns that say where a row comes from.
    ///
    /// # Errors
    /// What the disk says; what `shown` says.
    pub fn finish_without(
        mut self,
        gone: &Numbers,
        mut shown: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<u64> {
        let all: usize = self.counts.iter().sum();
        let mut back = self.aside.take().map(Aside::back).transpose()?;
        let mut out = Vec::new();
        let (span, together) = self.spans(all);
        let (mut held, mut first, mut count) = (Vec::new(), 0, 0);
        for bucket in 0..self.buckets {
            let start = held.len();
            self.take(bucket, &mut back, &mut held)?;
            if !gone.is_empty() {
                self.counts[bucket] -= part_from(&mut held, start, gone, &mut out)?;
                self.show(&mut out, SHOWN, &mut shown)?;
            }
            count += self.counts[bucket];
            if (bucket + 1) % together == 0 {
                self.groups(&held, count, first..bucket + 1, span)?;
                held.clear();
                (first, count) = (bucket + 1, 0);
            }
        }
        self.rest(gone, &mut back, &mut out, &mut shown)?;
        self.show(&mut out, 1, &mut shown)?;
        if let Some(back) = back {
            back.remove()?;
        }
        self.writer.finish()
    }

    /// How many of the finest ranges of keys a group of a file of so many rows holds, and of how many
    /// buckets they are. It is a power of two, so that groups begin and end where jobs do: what two
    /// jobs share both have to decode.
    fn spans(&self, all: usize) -> (usize, usize) {
        let least = (all / GROUPS_WANTED).clamp(LEAST_GROUP_ROWS, GROUP_ROWS);
        let finest = MOST_JOBS.max(self.buckets);
        let span = (least * finest).div_ceil(all.max(1)).next_power_of_two().min(finest);
        (span, (span * self.buckets / finest).max(1))
    }

    /// Shows rows that are left out, when there are enough of them.
    fn show(
        &self,
        out: &mut Vec<u8>,
        enough: usize,
        shown: &mut impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        if rows(out).count() < enough {
            return Ok(());
        }
        let held = std::mem::take(out);
        let mut left = rows(&held).peekable();
        while left.peek().is_some() {
            shown(&self.columns(&mut left, SHOWN, SHOWN)?)?;
        }
        Ok(())
    }

    /// The rows of a bucket, in the order in which they came.
    fn take(&mut self, bucket: usize, back: &mut Option<Back>, held: &mut Vec<u8>) -> Result<()> {
        if let Some(back) = back {
            back.read(bucket, held)?;
        }
        self.heaps.take(bucket, held);
        Ok(())
    }

    /// Writes the rows of some buckets as groups of so many of the finest ranges of keys.
    fn groups(
        &mut self,
        held: &[u8],
        count: usize,
        buckets: Range<usize>,
        span: usize,
    ) -> Result<()> {
        // A bucket of many rows is split: whoever reads fewer persons than a bucket holds gains. For the
        // same reason the rows of the finest ranges stand together inside a group.
        let finer = MOST_JOBS.max(self.buckets) / self.buckets;
        let (start, of) = (buckets.start * finer, self.buckets * finer);
        let mut counts = vec![0; buckets.len() * finer];
        rows(held).for_each(|row| counts[bucket_of(row.key, of) - start] += 1);
        let mut places = Vec::with_capacity(counts.len());
        let mut place = 0;
        for count in &counts {
            places.push(place);
            place += count;
        }
        let mut sorted = vec![PackedRow::default(); count];
        for row in rows(held) {
            let place = &mut places[bucket_of(row.key, of) - start];
            sorted[*place] = row;
            *place += 1;
        }
        let mut done = 0;
        for begin in (0..counts.len()).step_by(span) {
            let end = (begin + span).min(counts.len());
            // Each place is now where the next range begins.
            let until = places[end - 1];
            let mut first = keys_of(start + begin, of).first;
            let last = keys_of(start + end - 1, of).last;
            let mut left = sorted[done..until].iter().copied().peekable();
            while left.peek().is_some() {
                let group = self.columns(&mut left, usize::MAX, until - done)?;
                // The rest may begin inside a finest range, which then stands in both groups.
                let next = left.peek().map(|row| keys_of(bucket_of(row.key, of), of));
                self.writer.group(&group, (first, next.map_or(last, |keys| keys.last)))?;
                first = next.map_or(first, |keys| keys.first);
            }
            done = until;
        }
        Ok(())
    }

    /// Writes rows without a key, and those of no persons, but for those that are left out. They may be
    /// all rows of a file, so they pass by piece by piece.
    fn rest(
        &mut self,
        gone: &Numbers,
        back: &mut Option<Back>,
        out: &mut Vec<u8>,
        shown: &mut impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let keys = if self.key.is_some() { (-1, -1) } else { (0, i64::MAX) };
        let about = self.counts[self.buckets].min(PLAIN_ROWS);
        let (mut held, mut group) = (Vec::new(), self.unpacker(about)?);
        let (mut count, mut bytes) = (0, 0);
        while self.piece(back, &mut held)? {
            if !gone.is_empty() {
                part_from(&mut held, 0, gone, out)?;
                self.show(out, SHOWN, shown)?;
            }
            for row in rows(&held) {
                let full = count == PLAIN_ROWS || bytes + row.length() > self.group_bytes;
                if count > 0 && full {
                    let whole = std::mem::replace(&mut group, self.unpacker(about)?);
                    self.writer.group(&whole.finish()?, keys)?;
                    (count, bytes) = (0, 0);
                }
                group.push(&row)?;
                (count, bytes) = (count + 1, bytes + row.length());
            }
            held.clear();
        }
        if count > 0 { self.writer.group(&group.finish()?, keys) } else { Ok(()) }
    }

    /// The next rows without a key; false when there are no more. What waits in memory comes last.
    fn piece(&mut self, back: &mut Option<Back>, held: &mut Vec<u8>) -> Result<bool> {
        if let Some(back) = back
            && back.next(self.buckets, held)?
        {
            return Ok(true);
        }
        self.heaps.take(self.buckets, held);
        Ok(!held.is_empty())
    }

    /// Makes columns of the next rows, about so many: up to `most`, or to the bytes of a group.
    fn columns<'r>(
        &self,
        left: &mut Peekable<impl Iterator<Item = PackedRow<'r>>>,
        most: usize,
        about: usize,
    ) -> Result<RecordBatch> {
        let mut group = self.unpacker(about)?;
        let (mut count, mut bytes) = (0, 0);
        loop {
            let fits = |row: &PackedRow<'_>| {
                count == 0 || count < most && bytes + row.length() <= self.group_bytes
            };
            let Some(row) = left.next_if(fits) else { return group.finish() };
            group.push(&row)?;
            count += 1;
            bytes += row.length();
        }
    }

    fn unpacker(&self, rows: usize) -> Result<Unpacker> {
        let whole = Whole { key: self.key, number: self.number, same: self.same.as_ref() };
        Unpacker::new(&self.schema, &whole, rows)
    }
}

/// Moves some of the packed rows from `start` on to others; how many.
fn part_from(held: &mut Vec<u8>, start: usize, gone: &Numbers, out: &mut Vec<u8>) -> Result<usize> {
    let (mut at, mut kept, mut moved) = (start, start, 0);
    while at < held.len() {
        let first = rows(&held[at..]).next();
        let first = first.ok_or_else(|| Error::bug("a packed row is not whole"))?;
        let (number, length) = (first.number, first.length());
        if gone.contains(number) {
            out.extend_from_slice(&held[at..at + length]);
            moved += 1;
        } else {
            if kept < at {
                held.copy_within(at..at + length, kept);
            }
            kept += length;
        }
        at += length;
    }
    held.truncate(kept);
    Ok(moved)
}

#[cfg(test)]
mod tests;

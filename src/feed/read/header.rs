//! Finds the headings of a part and which column of the feed each one is.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::pipeline::spec::{FeedColumn, Format};

use super::heading::{Found, Heading, Wanted, find, one_row, score, two_rows};
use super::layout::Layout;
use super::{Next, RawRow, Rows, Shape};

/// Rows within which headings are looked for.
const ROWS: usize = 20;

/// Unknown headings that a refusal names.
const SHOWN: usize = 12;

/// Where the columns of a feed stand in an extract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Binding {
    /// For each feed column its position in the extract; None for `path` columns.
    pub source: Vec<Option<usize>>,
    /// For each feed column the positions of its `path`, level by level; else empty.
    pub path: Vec<Vec<Option<usize>>>,
}

/// A column of the feed that is not bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbound {
    /// Position among the feed's columns.
    pub column: usize,
    /// Its canonical name.
    pub to: String,
    /// The heading that was looked for, or that stands more than once.
    pub heading: String,
}

/// What a part says about its columns.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Where the feed's columns stand.
    pub binding: Binding,
    /// Headings as they stand, by position; `parent|child` where they are merged.
    pub headings: Vec<String>,
    /// Columns that are not there, but for optional ones. Every missing level of a `path` counts.
    pub missing: Vec<Unbound>,
    /// Columns whose heading stands more than once: bound to none of them.
    pub ambiguous: Vec<Unbound>,
    /// Headings that no column of the feed wants.
    pub unmapped: Vec<String>,
    /// Recognises titles, repeated headings and totals.
    pub layout: Layout,
    /// Title and heading rows that were passed.
    pub layout_rows: u64,
    /// Line of the last heading row; 0 where headings are no rows.
    pub header_line: u64,
    /// Line of the first row after the headings; 0 when none follows.
    pub data_line: u64,
    /// Fields of the heading.
    pub width: usize,
    /// Rows that were read beyond the headings and must be read again, first of all.
    pub(super) pending: VecDeque<Held>,
}

impl Header {
    /// Holds that every column stands in the part, and once. One of the unknown headings may be the new name
    /// of a missing column.
    ///
    /// # Errors
    /// A gate: the columns for which the file of the part is refused.
    pub fn check(&self, place: &str, unknown: &[String]) -> Result<()> {
        let missing = self.missing.iter().map(|m| format!("no column {}", m.heading));
        let twice = self.ambiguous.iter().map(|m| format!("column {} stands twice", m.heading));
        let mut wrong: Vec<String> = missing.chain(twice).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        if !self.missing.is_empty() && !unknown.is_empty() {
            let new = &unknown[..unknown.len().min(SHOWN)];
            wrong.push(format!("unknown headings are {}", new.join(", ")));
        }
        Err(wrong_columns(place, wrong))
    }
}

/// The refusal of a part whose columns are not those of the contract.
pub(super) fn wrong_columns(place: &str, wrong: Vec<String>) -> Error {
    Error::gate(format!("{place}: {}", wrong.join(", ")))
        .hint("ask the sender, or add the new heading to `from` in the feed's file")
}

/// A row that was read while the heading was looked for.
#[derive(Debug, Clone)]
pub(super) enum Held {
    Row(RawRow),
    Broken(Next),
}

/// Why a part is no table.
#[derive(Debug)]
pub enum NoTable {
    /// It can be read and has no heading: on a sheet of explanations that is no fault.
    NoHeading(Error),
    /// It cannot be read.
    Unreadable(Error),
}

impl From<Error> for NoTable {
    fn from(error: Error) -> Self {
        Self::Unreadable(error)
    }
}

impl From<NoTable> for Error {
    fn from(why: NoTable) -> Self {
        match why {
            NoTable::NoHeading(error) | NoTable::Unreadable(error) => error,
        }
    }
}

/// Finds the headings and binds the feed's columns to them. What was read beyond them is kept.
///
/// # Errors
/// No heading, or none of whose columns is the feed's; else what is wrong with the contract or the
/// file.
pub fn find_header(
    rows: &mut dyn Rows,
    columns: &[FeedColumn],
    format: &Format,
) -> Result<Header, NoTable> {
    let wanted: Vec<Wanted> = columns.iter().map(Wanted::new).collect();
    match rows.shape() {
        Shape::Fixed => return Ok(fixed_header(columns, format)?),
        Shape::Named(names) => {
            let headings: Vec<Heading> = names.iter().map(|n| Heading::single(n)).collect();
            let header = bind(&headings, &wanted, columns);
            if header.binding.bound() == 0 {
                return Err(no_heading(rows, columns, "its columns"));
            }
            return Ok(header);
        }
        Shape::Text | Shape::Sheet => {}
    }
    let exact = exact_row(format)?;
    let held = read_ahead(rows, exact)?;
    let Some((at, count, headings)) = choose(&held, &wanted, exact) else {
        let where_ = exact.map_or(format!("its first {ROWS} rows"), |n| format!("row {n}"));
        return Err(no_heading(rows, columns, &where_));
    };
    let mut header = bind(&headings, &wanted, columns);
    let rows_of = |held: &[Held]| -> Vec<RawRow> {
        let rows =
            held.iter().filter_map(|h| if let Held::Row(r) = h { Some(r.clone()) } else { None });
        rows.collect()
    };
    let passed = rows_of(&held[..at + count]);
    let last = passed.last().map_or(0, |row| row.line);
    header.width = held[at..at + count].iter().map(Held::len).max().unwrap_or(0);
    header.layout = Layout::new(&format.skip_rows_like, &passed.iter().collect::<Vec<_>>(), last);
    header.layout_rows = passed.len() as u64;
    header.header_line = last;
    header.data_line = held.get(at + count).map_or(0, Held::line);
    // Broken rows among the titles are still accounted for.
    let after = at + count;
    let again = rows.rewind(after as u64);
    let broken = |(i, held): (usize, Held)| {
        (i >= after && !again || i < after && matches!(held, Held::Broken(_))).then_some(held)
    };
    header.pending = held.into_iter().enumerate().filter_map(broken).collect();
    rows.set_width(header.width);
    Ok(header)
}

impl Held {
    fn line(&self) -> u64 {
        match self {
            Self::Row(row) => row.line,
            Self::Broken(Next::Broken { line, .. }) => *line,
            Self::Broken(_) => 0,
        }
    }

    fn len(&self) -> usize {
        if let Self::Row(row) = self { row.len() } else { 0 }
    }
}

impl Binding {
    /// How many of the feed's columns stand in the extract, at least in part.
    pub fn bound(&self) -> usize {
        let path = self.path.iter().map(|levels| levels.iter().any(Option::is_some));
        self.source.iter().zip(path).filter(|(source, path)| source.is_some() || *path).count()
    }
}

/// The row that the contract names.
fn exact_row(format: &Format) -> Result<Option<u64>> {
    match format.header_row.trim() {
        "auto" | "" => Ok(None),
        n => match n.parse() {
            Ok(row) if row > 0 => Ok(Some(row)),
            _ => Err(Error::pipeline(format!("format.header_row: {n} is not a row number"))
                .hint("use auto, or the row counted from 1")),
        },
    }
}

fn read_ahead(rows: &mut dyn Rows, exact: Option<u64>) -> Result<Vec<Held>> {
    let mut held = Vec::new();
    let mut row = RawRow::default();
    // With a row named, two beyond it: it may be the first of two, and data follow.
    let enough = |held: &[Held]| match exact {
        None => held.len() >= ROWS,
        Some(n) => held.last().is_some_and(|h| h.line() > n + 1) || held.len() >= 1000 + ROWS,
    };
    while !enough(&held) {
        match rows.next(&mut row)? {
            Next::End => break,
            Next::Row => held.push(Held::Row(row.clone())),
            broken @ Next::Broken { .. } => held.push(Held::Broken(broken)),
        }
    }
    Ok(held)
}

/// The heading row or rows that bind most columns: position, number of rows, headings. Of equals
/// the earliest, and one row before two, because a data row below adds nothing.
fn choose(
    held: &[Held],
    wanted: &[Wanted],
    exact: Option<u64>,
) -> Option<(usize, usize, Vec<Heading>)> {
    let mut best: Option<(usize, usize, usize, Vec<Heading>)> = None;
    for (at, item) in held.iter().enumerate() {
        let Held::Row(row) = item else { continue };
        if exact.is_some_and(|n| row.line != n) {
            continue;
        }
        let mut candidates = vec![(1, one_row(row))];
        if let Some(Held::Row(below)) = held.get(at + 1) {
            candidates.extend(two_rows(row, below, wanted).map(|headings| (2, headings)));
        }
        for (count, headings) in candidates {
            let score = score(&headings, wanted);
            if best.as_ref().is_none_or(|b| score > b.0) {
                best = Some((score, at, count, headings));
            }
        }
    }
    let least = if exact.is_some() { 1 } else { wanted.len().min(2) };
    best.filter(|b| b.0 >= least).map(|(_, at, count, headings)| (at, count, headings))
}

fn bind(headings: &[Heading], wanted: &[Wanted], columns: &[FeedColumn]) -> Header {
    let mut header = Header { width: headings.len(), ..Header::default() };
    let mut used = vec![false; headings.len()];
    for (i, (want, column)) in wanted.iter().zip(columns).enumerate() {
        let mut place = |names: &[String], shown: &str| {
            let unbound = |heading: &str| Unbound {
                column: i,
                to: column.to.clone(),
                heading: heading.to_owned(),
            };
            match find(headings, names) {
                Found::At(at) => {
                    used[at] = true;
                    return Some(at);
                }
                Found::Often(at) => {
                    used[at] = true;
                    header.ambiguous.push(unbound(&headings[at].shown));
                }
                Found::Nowhere if column.optional => {}
                Found::Nowhere => header.missing.push(unbound(shown)),
            }
            None
        };
        let source = if want.from.is_empty() {
            None
        } else {
            place(&want.from, column.from.first().unwrap_or(&column.to))
        };
        let levels = want.path.iter().zip(&column.path);
        let path = levels.map(|(names, shown)| place(names, shown)).collect();
        header.binding.source.push(source);
        header.binding.path.push(path);
    }
    header.headings = headings.iter().map(|h| h.shown.clone()).collect();
    let unmapped = headings.iter().zip(used).filter(|(h, used)| !used && !h.shown.is_empty());
    header.unmapped = unmapped.map(|(h, _)| h.shown.clone()).collect();
    header
}

/// Fixed width has an order only.
fn fixed_header(columns: &[FeedColumn], format: &Format) -> Result<Header> {
    let (widths, count) = (format.widths.len(), columns.len());
    if widths != count {
        let message = format!("format.widths has {widths} numbers for {count} columns");
        return Err(Error::pipeline(message).hint("give the bytes of every column, in their order"));
    }
    Ok(Header {
        binding: Binding { source: (0..count).map(Some).collect(), path: vec![Vec::new(); count] },
        headings: columns.iter().map(|c| c.to.clone()).collect(),
        width: count,
        ..Header::default()
    })
}

fn no_heading(rows: &dyn Rows, columns: &[FeedColumn], place: &str) -> NoTable {
    let part = rows.part();
    let sheet = part.sheet.as_ref().map_or(String::new(), |s| format!(", sheet {s}"));
    let names = columns.iter().filter_map(|c| c.from.first().or(c.path.first()));
    let names: Vec<&str> = names.take(5).map(String::as_str).collect();
    let message = format!(
        "{}{sheet}: no heading row in {place}, expected headings such as {}",
        part.file,
        names.join(", ")
    );
    NoTable::NoHeading(Error::gate(message).hint(
        "set format.header_row or format.sheets, or add the new headings to the feed's `from`",
    ))
}

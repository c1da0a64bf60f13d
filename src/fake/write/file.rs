//! One open raw file: rows, their repeats and broken copies, and the rows around them.

use std::path::PathBuf;

use super::Divisions;
use super::cells::{Cells, Kind};
use super::delimited::{Delimited, Lines};
use super::dice::Dice;
use super::dirt::{Dirt, Planted};
use super::headings::{self, Head};
use super::naming;
use super::plan::{ColumnPlan, Plan};
use super::records::{Fixed, Ndjson, Parquet};
use super::render::{Renderer, Style};
use super::sink::{Quirk, Sink};
use super::target::Target;
use super::totals::{self, Totals};
use super::workbook::{Book, SHEET_ROWS};
use crate::error::{Error, Result};
use crate::fake::world::{Record, Value};
use crate::pipeline::spec::FileKind;

/// A repeated row comes at most this many rows after the first.
const REPEAT_WITHIN: usize = 30;

/// An open raw file.
pub(super) struct OpenFile<'a> {
    pub(super) path: PathBuf,
    pub(super) county: String,
    pub(super) sink: Box<dyn Sink>,
    pub(super) renderer: Renderer<'a>,
    styles: Vec<Style>,
    /// Where each column's field stood in the last record.
    fields: Vec<usize>,
    head: Head,
    pub(super) serial: bool,
    pub(super) cells: Cells,
    pub(super) scratch: Cells,
    /// A row that will come again, and after how many more rows.
    repeat: Cells,
    repeat_in: Option<usize>,
    page: Option<u64>,
    pub(super) totals: Totals,
    pub(super) section: Section,
    sheet_rows: u64,
}

/// The sheet, or the only section of a text file, that is being written.
#[derive(Debug, Default)]
pub(super) struct Section {
    title: String,
    /// Sheets of this title so far.
    sheets: usize,
    rows: u64,
    /// Rows of all kinds below the header in the present sheet.
    pub(super) lines: u64,
}

impl<'a> OpenFile<'a> {
    /// Opens a file of a plan for a county. How it looks is drawn from the seed, the feed, the
    /// night and the file's name; no row and no heading is written yet.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(super) fn open(
        plan: &Plan<'a>,
        path: PathBuf,
        county: &str,
        dirt: &'a Dirt,
        divisions: &'a Divisions<'a>,
        seed: u64,
    ) -> Result<Self> {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let night = plan.night.to_string();
        let mut dice = Dice::new(seed, &["write", &plan.feed.id, &night, &name]);
        let laid_out = matches!(plan.kind, FileKind::Csv | FileKind::Xlsx);
        let serial = laid_out && !headings::has_serial(plan) && dice.hit(dirt.serial_column);
        let head = Head {
            titles: Vec::new(),
            headings: headings::headings(plan, serial, dirt, &mut dice),
            parents: if plan.two_rows {
                headings::parents(plan, usize::from(serial))
            } else {
                Vec::new()
            },
            two_rows: plan.two_rows,
        };
        let styles = plan.columns.iter().map(|c| Style::draw(c, dirt, &mut dice)).collect();
        let page = dice.hit(dirt.page_header).then(|| 1000 + dice.below(4000) as u64);
        let target =
            Target::open(&path, plan.zip.then(|| naming::inner_name(&name, plan.kind)).as_deref())?;
        let sink = sink(plan, target, dirt, &mut dice)?;
        Ok(Self {
            path,
            county: county.to_owned(),
            sink,
            styles,
            fields: vec![0; plan.columns.len()],
            head,
            serial,
            cells: Cells::default(),
            scratch: Cells::default(),
            repeat: Cells::default(),
            repeat_in: None,
            page: page.filter(|_| plan.kind == FileKind::Csv),
            totals: Totals::of(plan.columns.len()),
            section: Section::default(),
            sheet_rows: SHEET_ROWS,
            renderer: Renderer::new(plan, dirt, dice, divisions)?,
        })
    }

    /// Sheets hold fewer rows, so that a test need not write a million.
    #[cfg(test)]
    pub(super) fn limit_sheets(&mut self, rows: u64) {
        self.sheet_rows = rows;
    }

    /// Ends the rows of the section before and begins those of this county.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn begin(&mut self, plan: &Plan<'a>, title: &str) -> Result<()> {
        self.end_section(plan)?;
        self.totals.clear();
        self.section = Section { title: title.to_owned(), ..Section::default() };
        self.begin_sheet(plan)
    }

    fn begin_sheet(&mut self, plan: &Plan<'a>) -> Result<()> {
        self.section.sheets += 1;
        self.section.lines = 0;
        let fixed_name = Some(plan.feed.format.sheets.as_str()).filter(|name| *name != "*");
        let name =
            naming::sheet_name(fixed_name.unwrap_or(&self.section.title), self.section.sheets);
        self.head.titles = if matches!(plan.kind, FileKind::Csv | FileKind::Xlsx) {
            headings::titles(plan, &self.section.title)
        } else {
            Vec::new()
        };
        self.renderer.planted.layout_rows += self.head.titles.len() as u64;
        self.sink.section(&name, &self.head)
    }

    /// Writes a record and whatever chance puts beside it.
    ///
    /// # Errors
    /// A value that does not fit the bytes of its column; what the disk says.
    pub(super) fn row(&mut self, plan: &Plan<'a>, record: &Record<'_>) -> Result<()> {
        if plan.kind == FileKind::Xlsx && self.section.lines + 4 > self.sheet_rows {
            self.flush_repeat()?;
            self.begin_sheet(plan)?;
        }
        self.render(plan, record)?;
        self.sink.row(&self.cells, Quirk::None)?;
        self.totals.add_row(None);
        self.renderer.planted.rows += 1;
        self.section.rows += 1;
        self.section.lines += 1;
        self.repeat_row()?;
        self.break_row(plan)?;
        let rate = self.renderer.dirt.blank;
        if self.renderer.dice.hit(rate) && self.sink.blank()? {
            self.renderer.planted.blank_rows += 1;
            self.section.lines += 1;
        }
        if self.page.is_some_and(|every| self.section.rows.is_multiple_of(every)) {
            self.scratch.clear();
            self.head.headings.iter().for_each(|h| self.scratch.push(h));
            self.renderer.planted.page_headers += u64::from(self.sink.layout(&self.scratch)?);
        }
        Ok(())
    }

    fn render(&mut self, plan: &Plan<'a>, record: &Record<'_>) -> Result<()> {
        self.cells.clear();
        if self.serial {
            let number = self.section.rows + 1;
            super::forms::push_int(&mut self.cells.text, i64::try_from(number).unwrap_or(i64::MAX));
            self.cells.end(Kind::Number(number as f64));
        }
        let mut lacks_required = false;
        for (i, column) in plan.columns.iter().enumerate() {
            let value = field(record, &column.source.to, &mut self.fields[i]);
            let missing =
                matches!(value, Value::Null) || matches!(value, Value::Text(t) if t.is_empty());
            lacks_required |= column.source.required && missing;
            self.totals.row[i] = totals::units(column, value);
            let (at, before) = (self.cells.len(), self.renderer.planted);
            self.renderer.cell(plan, column, self.styles[i], value, &mut self.cells);
            if plan.kind == FileKind::Fixed && self.too_wide(plan, at).is_some() {
                self.renderer.planted = before;
                self.squeeze(plan, column, at, value)?;
            }
        }
        self.renderer.planted.required_null += u64::from(lacks_required);
        Ok(())
    }

    /// Writes a cell again that does not fit its bytes: without dirt, then by its code.
    fn squeeze(
        &mut self,
        plan: &Plan<'a>,
        column: &ColumnPlan<'a>,
        at: usize,
        value: &Value<'_>,
    ) -> Result<()> {
        self.renderer.dice.calm = true;
        for style in [Style::default(), Style::narrow()] {
            self.cells.truncate(at);
            self.renderer.cell(plan, column, style, value, &mut self.cells);
            if self.too_wide(plan, at).is_none() {
                break;
            }
        }
        self.renderer.dice.calm = false;
        let Some((bytes, width)) = self.too_wide(plan, at) else { return Ok(()) };
        Err(Error::pipeline(format!(
            "feed {}: column {}: a value of {bytes} bytes does not fit a width of {width}",
            plan.feed.id, column.source.to
        ))
        .hint("widen the column in widths"))
    }

    /// Bytes and width of the first cell from `at` on that does not fit.
    fn too_wide(&self, plan: &Plan<'_>, at: usize) -> Option<(usize, usize)> {
        (at..self.cells.len()).find_map(|i| {
            let (bytes, width) = (plan.encoding.len(self.cells.get(i)), plan.feed.format.widths[i]);
            (bytes > width).then_some((bytes, width))
        })
    }

    fn repeat_row(&mut self) -> Result<()> {
        match self.repeat_in {
            Some(0) => self.flush_repeat(),
            Some(rows) => {
                self.repeat_in = Some(rows - 1);
                Ok(())
            }
            None => {
                if self.renderer.dice.hit(self.renderer.dirt.duplicate) {
                    self.repeat.copy(&self.cells);
                    self.totals.keep_row();
                    self.repeat_in = Some(self.renderer.dice.below(REPEAT_WITHIN));
                }
                Ok(())
            }
        }
    }

    fn flush_repeat(&mut self) -> Result<()> {
        if self.repeat_in.take().is_some() {
            self.sink.row(&self.repeat, Quirk::None)?;
            self.totals.add_kept();
            self.renderer.planted.duplicates += 1;
            self.section.lines += 1;
        }
        Ok(())
    }

    fn end_section(&mut self, plan: &Plan<'a>) -> Result<()> {
        if self.section.sheets == 0 {
            return Ok(());
        }
        self.flush_repeat()?;
        if !plan.feed.fake.total_row {
            return Ok(());
        }
        if let Some(word) = headings::total_word(plan) {
            self.totals.cells(plan, word, self.serial, &mut self.scratch);
            self.renderer.planted.layout_rows += u64::from(self.sink.layout(&self.scratch)?);
        }
        if let Some(text) = headings::signature(plan) {
            self.scratch.clear();
            self.scratch.push(text);
            (1..self.head.headings.len()).for_each(|_| self.scratch.end(Kind::Null));
            self.renderer.planted.layout_rows += u64::from(self.sink.layout(&self.scratch)?);
        }
        Ok(())
    }

    /// Ends the file and says what was planted.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn close(mut self, plan: &Plan<'a>) -> Result<Planted> {
        let rate = self.renderer.dirt.broken.unclosed_quote;
        let cells = self.cells.len();
        if plan.kind == FileKind::Csv
            && cells > 1
            && self.breakable(plan)
            && self.renderer.dice.hit(rate)
        {
            // It swallows all lines behind it, so nothing but the end of the file may stand there.
            self.flush_repeat()?;
            self.sink.row(&self.cells, Quirk::Unclosed)?;
            self.renderer.planted.unclosed_quotes += 1;
            self.renderer.planted.broken_rows += 1;
        } else {
            self.end_section(plan)?;
        }
        self.sink.close()?;
        Ok(self.renderer.planted)
    }
}

/// The record's field of this name; records of a table keep their order, so it is mostly where it
/// was.
fn field<'r, 'v>(record: &'r Record<'v>, name: &str, hint: &mut usize) -> &'r Value<'v> {
    if let Some((_, value)) = record.fields.get(*hint).filter(|(known, _)| *known == name) {
        return value;
    }
    match record.fields.iter().position(|(known, _)| *known == name) {
        Some(at) => {
            *hint = at;
            &record.fields[at].1
        }
        None => &Value::Null,
    }
}

fn sink(plan: &Plan<'_>, target: Target, dirt: &Dirt, dice: &mut Dice) -> Result<Box<dyn Sink>> {
    let windows = dice.hit(dirt.windows_lines);
    Ok(match plan.kind {
        FileKind::Xlsx => Box::new(Book::new(target, &plan.feed.sender, plan.night)?),
        FileKind::Ndjson => Box::new(Ndjson::new(target)),
        FileKind::Parquet => Box::new(Parquet::new(target)),
        FileKind::Fixed => Box::new(Fixed {
            target,
            encoding: plan.encoding,
            widths: plan.feed.format.widths.clone(),
            windows,
            bytes: Vec::new(),
        }),
        _ => Box::new(Delimited::new(
            target,
            Lines {
                encoding: plan.encoding,
                delimiter: plan.delimiter,
                quote_all: dice.hit(dirt.quote_all),
                windows,
            },
        )),
    })
}

//! The annexes as a workbook, for offices that edit them.

use std::path::Path;

use super::Material;
use super::annex::{self, Cell, Grid};
use super::facts::{Colour, Facts};
use super::page::whole;
use crate::error::Result;
use crate::feedback::book::{Book, Look, Page, Paper};

/// Widths in characters of the columns of words and of figures.
const WORDS: f64 = 18.0;
const FIGURES: f64 = 11.0;

/// The workbook. Its rows wait in `folder` while it is made; the same material gives the same bytes.
///
/// # Errors
/// There are no figures of the period; the disk.
pub fn workbook(material: &Material<'_>, folder: &Path) -> Result<Vec<u8>> {
    let facts = Facts::of(material)?;
    let title = whole(&material.filled(&material.bulletin.title));
    let mut book = Book::new(&title, &material.word("office"), facts.now.day, folder)?;
    let grids = [annex::cities(&facts), annex::counties(&facts), annex::details(&facts)];
    for grid in grids.into_iter().chain(annex::flows(&facts)) {
        write(&mut book.page(grid.name)?, &grid)?;
    }
    book.bytes()
}

fn write(page: &mut Page<'_>, grid: &Grid) -> Result<()> {
    let columns = u16::try_from(grid.head.len()).unwrap_or(u16::MAX);
    let widths: Vec<f64> =
        (0..grid.head.len()).map(|at| if at < grid.words { WORDS } else { FIGURES }).collect();
    page.widths(&widths)?;
    page.height(0, 30.0)?;
    page.span(0, (0, columns.saturating_sub(1)), &grid.title, Look::Title)?;
    page.height(1, 42.0)?;
    for (column, heading) in (0_u16..).zip(&grid.head) {
        page.text(1, column, heading, Look::HeadKey)?;
    }
    for (row, cells) in (2_u32..).zip(&grid.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            put(page, row, column, cell, usize::from(column) < grid.words)?;
        }
    }
    page.freeze(2, u16::try_from(grid.words).unwrap_or(0))?;
    if let Some(last) = u32::try_from(grid.rows.len()).ok().filter(|rows| *rows > 0) {
        page.filter(1, 1 + last, columns)?;
    }
    page.paper(Paper::Across);
    Ok(())
}

/// A number stays a number, so that people can go on with it. Words stand at the left.
fn put(page: &mut Page<'_>, row: u32, column: u16, cell: &Cell, word: bool) -> Result<()> {
    let rgb = cell.colour.map(|colour| match colour {
        Colour::Green => 0x00CF_E8D2,
        Colour::Yellow => 0x00FB_EEB2,
        Colour::Red => 0x00F4_C4BD,
    });
    match cell.number {
        Some((value, places)) => page.decimal(row, column, value, places, rgb),
        None if word => page.text(row, column, &cell.text, Look::Plain),
        None => page.text(row, column, &cell.text, Look::PlainCentre),
    }
}

//! Results on stdout as a table, CSV, JSON or Parquet; the log on stderr.

use std::io::Write;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use crate::error::{Error, Result};
use crate::lake::csv;
use crate::lake::rows::RowsWriter;
use crate::privacy::hide_ids;
use crate::rule::texts;

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    Table,
    Csv,
    Json,
    Parquet,
}

/// How a result is given out.
#[derive(clap::Args, Clone)]
pub struct Out {
    /// Form of the result.
    #[arg(long, short, value_enum, default_value = "table")]
    pub output: Form,
    /// File to write; needed for Parquet.
    #[arg(long)]
    pub to: Option<PathBuf>,
}

/// A line on stderr. A file that it names may be called by somebody's number.
pub fn log(text: &str) {
    // Nobody is left to tell when stderr is gone.
    _ = writeln!(std::io::stderr(), "{}", hide_ids(text));
}

/// Says how many rows a limit left out: the foot of the table counts the others only.
pub fn left_out(rows: usize) {
    if rows > 0 {
        log(&format!("另有 {rows} 行未列  --limit left {rows} more rows out"));
    }
}

/// Text on stdout; a reader that has gone away is fine.
///
/// # Errors
/// Stdout cannot be written for another reason.
pub fn say(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::environment(format!("cannot write to stdout: {e}")))
        }
        _ => Ok(()),
    }
}

/// Gives a batch out in the form asked for.
///
/// # Errors
/// Parquet without a file to write it to; a column that has no text; the disk, stdout.
pub fn give(batch: &RecordBatch, out: &Out) -> Result<()> {
    if out.output == Form::Parquet {
        let path = out.to.as_ref().ok_or_else(|| {
            Error::usage("Parquet needs a file").hint("say which with --to FILE.parquet")
        })?;
        return RowsWriter::one(path, batch);
    }
    let text = match out.output {
        Form::Csv => csv(batch)?,
        Form::Json => json(batch)?,
        _ => table(batch)?,
    };
    match &out.to {
        Some(path) => crate::lake::durable::write(path, text.as_bytes()),
        None => say(text.trim_end_matches('\n')),
    }
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|f| f.name().clone()).collect()
}

fn cells(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>> {
    batch.columns().iter().map(texts).collect()
}

fn csv(batch: &RecordBatch) -> Result<String> {
    let columns = cells(batch)?;
    // A number is no formula: one below zero stays a number.
    let numbers: Vec<bool> =
        batch.schema().fields().iter().map(|f| f.data_type().is_numeric()).collect();
    let mut text = format!("{}\r\n", names(batch).join(","));
    for row in 0..batch.num_rows() {
        let cell = |(column, number): (&Vec<Option<String>>, &bool)| {
            let value = column[row].as_deref().unwrap_or_default();
            if *number { value.to_owned() } else { csv::cell(value) }
        };
        let line: Vec<String> = columns.iter().zip(&numbers).map(cell).collect();
        text.push_str(&line.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// A JSON array of objects.
fn json(batch: &RecordBatch) -> Result<String> {
    let mut writer = arrow::json::ArrayWriter::new(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    let bytes = writer.into_inner();
    Ok(if bytes.is_empty() { "[]".into() } else { String::from_utf8_lossy(&bytes).into_owned() })
}

fn table(batch: &RecordBatch) -> Result<String> {
    Ok(format!("{}\n共 {} 行 rows", drawn(filled_in(batch)?), batch.num_rows()))
}

fn filled_in(batch: &RecordBatch) -> Result<Table> {
    let columns = cells(batch)?;
    let mut table = plain_table();
    table.set_header(names(batch));
    for row in 0..batch.num_rows() {
        table.add_row(columns.iter().map(|c| c[row].clone().unwrap_or_default()));
    }
    Ok(table)
}

/// The columns that a terminal has room for: of those that can be spared one after the other goes,
/// until days, counts and single words, as the number of a case, stay whole and each longer text
/// has a place.
///
/// # Errors
/// A column that has no text.
pub fn fitting(batch: &RecordBatch, spare: &[&str]) -> Result<RecordBatch> {
    fit(batch, spare, width())
}

fn fit(batch: &RecordBatch, spare: &[&str], room: u16) -> Result<RecordBatch> {
    let table = filled_in(batch)?;
    let widths = table.column_max_content_widths();
    let least = |at: usize| match widths[at] {
        word if all_words(&table, at) => usize::from(word),
        text => usize::from(text.min(SHORT)),
    };
    let names = names(batch);
    let mut kept: Vec<usize> = (0..names.len()).collect();
    for name in spare {
        if kept.iter().map(|at| least(*at) + 1).sum::<usize>() <= usize::from(room) {
            break;
        }
        kept.retain(|at| names[*at] != *name);
    }
    Ok(batch.project(&kept)?)
}

/// A table as all commands fill it; [`drawn`] is its text.
pub fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width());
    table
}

/// As wide as COLUMNS says, which few shells tell their children, else as the terminal.
pub fn width() -> u16 {
    let said = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let terminal = || Some(terminal_size::terminal_size_of(std::io::stdout())?.0.0);
    said.or_else(terminal).unwrap_or(120)
}

/// Columns up to this width stay whole; longer texts get as much at least where there is room.
const SHORT: u16 = 12;

/// A table as text, its numbers to the right. In one that is too wide days, counts and short words stay
/// whole, and longer texts break their lines, as long as there is room for both. Where there is more
/// room, so do longer ones: first single words, as the number of a case that is to be copied, then the
/// shortest.
pub fn drawn(mut table: Table) -> String {
    let numbers: Vec<bool> = (0..table.column_count()).map(|at| all_numbers(&table, at)).collect();
    for (column, _) in table.column_iter_mut().zip(numbers).filter(|(_, numbers)| *numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let room = usize::from(table.width().unwrap_or(120));
    let widths = table.column_max_content_widths();
    let space = 2 * widths.len();
    let short: Vec<bool> = widths.iter().map(|width| *width <= SHORT).collect();
    let sum = |kept: &[bool], long: u16| -> usize {
        let width = |(width, kept): (&u16, &bool)| usize::from(if *kept { *width } else { long });
        widths.iter().zip(kept).map(width).sum()
    };
    if widths.iter().map(|width| usize::from(*width)).sum::<usize>() + space > room {
        let mut longer: Vec<usize> = (0..widths.len()).filter(|at| !short[*at]).collect();
        longer.sort_by_key(|at| (!all_words(&table, *at), widths[*at]));
        let keep = |gaps: usize| {
            let mut kept = short.clone();
            for at in &longer {
                kept[*at] = true;
                kept[*at] = sum(&kept, SHORT) + gaps <= room;
            }
            kept
        };
        // Narrow gaps where texts are crowded, or where they leave room for one more whole column.
        let narrow = keep(space / 2);
        let dense = sum(&short, 2 * SHORT) + space > room || narrow != keep(space);
        let kept = if dense { narrow } else { keep(space) };
        let whole = sum(&short, SHORT / 2) + space / 2 <= room;
        for (column, kept) in table.column_iter_mut().zip(kept) {
            if dense {
                column.set_padding((0, 1));
            }
            if whole && kept {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table.to_string()
}

/// The cells of a column that hold something.
fn filled(table: &Table, column: usize) -> Vec<String> {
    let cells = table.column_cells_iter(column).flatten().map(comfy_table::Cell::content);
    cells.filter(|cell| !cell.is_empty()).collect()
}

/// Does a column hold single words of plain letters and nothing else?
fn all_words(table: &Table, column: usize) -> bool {
    let filled = filled(table, column);
    !filled.is_empty() && filled.iter().all(|cell| cell.bytes().all(|b| b.is_ascii_graphic()))
}

/// Does a column hold numbers and nothing else?
fn all_numbers(table: &Table, column: usize) -> bool {
    let filled = filled(table, column);
    let digit = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let number = |cell: &String| cell.trim_start_matches(['+', '-']).chars().all(digit);
    !filled.is_empty() && filled.iter().all(number)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn days_and_numbers_stay_whole_where_a_table_is_too_wide() {
        let message = "监测对象".repeat(20);
        let mut table = plain_table();
        table.set_width(30);
        table.set_header(["anomaly", "message", "due"]);
        table.add_row(["56b49728193a8e9d", message.as_str(), "2026-12-10"]);
        let text = drawn(table);
        assert!(text.contains("2026-12-10"), "{text}");
        let wide = |line: &str| line.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum::<usize>();
        assert!(text.lines().all(|line| wide(line) <= 30), "{text}");
        // What is to be copied stays whole where that leaves room for the rest.
        let mut table = plain_table();
        table.set_width(44).set_header(["anomaly", "message", "due"]);
        table.add_row(["56b49728193a8e9d", message.as_str(), "2026-12-10"]);
        let text = drawn(table);
        assert!(text.contains("56b49728193a8e9d 监测对象"), "{text}");
        // Where there is room for everything nothing changes; numbers stand to the right.
        let mut table = plain_table();
        table.set_width(30).set_header(["due", "rows"]).add_row(["2026-12-10", "5"]);
        assert_eq!(drawn(table), " due         rows \n 2026-12-10     5 ");
    }

    #[test]
    fn the_foot_of_a_table_counts_its_rows() {
        let rows = Arc::new(Int64Array::from(vec![7, 8])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("line", rows)]).expect("a batch");
        assert_eq!(table(&batch).expect("text").lines().last(), Some("共 2 行 rows"));
    }

    #[test]
    fn the_number_of_a_case_stays_whole_where_there_is_room_for_it() {
        let number = "GS-202611-620423-FEE01-000001";
        let text = |width: u16| {
            let mut table = plain_table();
            table.set_width(width);
            table.set_header(["督办编号", "状态", "期限", "责任", "名称", "说明"]);
            let message = "低保边缘，近三月自付上升".repeat(6);
            let name = "高额费用预警（低收入人口）";
            table.add_row([number, "已下发", "2026-11-17", "县农业农村局", name, message.as_str()]);
            drawn(table)
        };
        let wide = |line: &str| line.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum::<usize>();
        for width in [90, 120] {
            let text = text(width);
            assert!(text.contains(number) && text.contains("2026-11-17"), "{text}");
            assert!(text.lines().all(|line| wide(line) <= usize::from(width)), "{text}");
        }
        // Where there is not, days come first.
        let text = text(60);
        assert!(!text.contains(number) && text.contains("2026-11-17"), "{text}");
    }

    /// Whoever is to copy the number gets it whole; what a page of the case says too is left out.
    #[test]
    fn columns_that_can_be_spared_go_before_a_number_breaks() {
        let number = "GS-202611-620423-FEE01-000001";
        let message = "低保边缘，近三月自付上升".repeat(6);
        let cells = [
            ("督办编号", number),
            ("状态", "已下发"),
            ("期限", "2026-11-17"),
            ("责任", "县农业农村局"),
            ("名称", "高额费用预警（低收入人口）"),
            ("说明", message.as_str()),
        ];
        let array = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let batch = RecordBatch::try_from_iter(cells.map(|(name, text)| (name, array(text))));
        let batch = batch.expect("a batch");
        let shown = |room: u16| names(&fit(&batch, &["说明", "责任"], room).expect("columns"));
        assert_eq!(shown(87), names(&batch), "29 + 6 + 10 + 12 + 12 + 12 and a gap behind each");
        assert_eq!(shown(86), ["督办编号", "状态", "期限", "责任", "名称"]);
        assert_eq!(shown(70), ["督办编号", "状态", "期限", "名称"]);
        assert_eq!(shown(20), ["督办编号", "状态", "期限", "名称"], "nothing else can be spared");
        for room in [74, 80, 86] {
            let batch = fit(&batch, &["说明", "责任"], room).expect("columns");
            let mut table = filled_in(&batch).expect("a table");
            table.set_width(room);
            let text = drawn(table);
            assert!(text.contains(number) && text.contains("2026-11-17"), "{text}");
        }
    }

    #[test]
    fn gaps_are_narrow_where_that_keeps_one_more_column_whole() {
        let mut table = plain_table();
        table.set_width(30).set_header(["县", "文件"]);
        table.add_row(["靖远县", "GS-2026-12-01-620421-1"]);
        // 6 + 22 and four gaps are 32, two are 30.
        assert!(drawn(table).contains("靖远县 GS-2026-12-01-620421-1"));
    }

    #[test]
    fn numbers_below_zero_stay_numbers_in_csv() {
        let columns = [
            ("days_left", Arc::new(Int64Array::from(vec![Some(-3), None])) as ArrayRef),
            ("share", Arc::new(Float64Array::from(vec![-0.5, 1.5])) as ArrayRef),
            ("said", Arc::new(StringArray::from(vec!["-3", "a,b"])) as ArrayRef),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        );
        let text = csv(&batch.expect("a batch")).expect("text");
        assert_eq!(text, "days_left,share,said\r\n-3,-0.5,\"'-3\"\r\n,1.5,\"a,b\"\r\n");
    }
}

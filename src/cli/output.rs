//! Results on stdout as a table, CSV, JSON or Parquet; the log on stderr.

use std::io::Write;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use comfy_table::{ContentArrangement, Table, presets};

use crate::anomaly::table::csv_cell;
use crate::error::{Error, Result};
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
        let mut writer = RowsWriter::plain(path, batch.schema())?;
        writer.push(batch)?;
        return writer.finish().map(drop);
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
            if *number { value.to_owned() } else { csv_cell(value) }
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
    let columns = cells(batch)?;
    let mut table = plain_table();
    table.set_header(names(batch));
    for row in 0..batch.num_rows() {
        table.add_row(columns.iter().map(|c| c[row].clone().unwrap_or_default()));
    }
    Ok(format!("{table}\n{} rows", batch.num_rows()))
}

/// A table as all commands draw it, as wide as the terminal.
pub fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    table.set_width(width.unwrap_or(120));
    table
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;

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

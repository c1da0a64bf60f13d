//! The total row of a section: the true sums of its numbers, as a reader meets them.

use super::cells::{Cells, Kind};
use super::forms::Decimal;
use super::plan::{ColumnPlan, Plan};
use crate::fake::world::Value;
use crate::pipeline::spec::{ColumnType, Unit};

/// Decimal places in which sums are held.
const PLACES: u32 = 6;

/// Sums of the columns, over every line that was written: good rows, their repeats, and broken
/// copies whose cell can still be read.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// The row just rendered.
    pub(super) row: Vec<i64>,
    /// The row that will come again.
    kept: Vec<i64>,
    sums: Vec<i64>,
}

/// What a value adds to its column.
pub(super) fn units(column: &ColumnPlan<'_>, value: &Value<'_>) -> i64 {
    let number = match (&column.column.kind, value) {
        (ColumnType::Decimal { .. }, Value::Cents(cents)) => {
            Some(Decimal { units: *cents, scale: 2 })
        }
        (ColumnType::Decimal { .. } | ColumnType::Int, Value::Int(whole)) => {
            Some(Decimal { units: *whole, scale: 0 })
        }
        (ColumnType::Decimal { .. }, Value::Text(text)) => Decimal::parse(text),
        _ => None,
    };
    number.filter(|n| n.scale <= PLACES).map_or(0, |n| n.units * 10i64.pow(PLACES - n.scale))
}

impl Totals {
    /// Sums of so many columns, all 0.
    pub(super) fn of(columns: usize) -> Self {
        let none = || vec![0; columns];
        Self { row: none(), kept: none(), sums: none() }
    }

    /// Begins the sums at 0 again. The rows that were rendered and kept stay.
    pub(super) fn clear(&mut self) {
        self.sums.fill(0);
    }

    /// The row just rendered was written, without the cell of one column.
    pub(super) fn add_row(&mut self, without: Option<usize>) {
        let own = self.sums.iter_mut().zip(&self.row).enumerate();
        own.filter(|(i, _)| Some(*i) != without).for_each(|(_, (sum, one))| *sum += one);
    }

    /// Keeps the row just rendered: it will come again.
    pub(super) fn keep_row(&mut self) {
        self.kept.clone_from(&self.row);
    }

    /// The row that was kept was written.
    pub(super) fn add_kept(&mut self) {
        self.sums.iter_mut().zip(&self.kept).for_each(|(sum, one)| *sum += one);
    }

    /// The word, then the sum of each column of numbers.
    pub(super) fn cells(&self, plan: &Plan<'_>, word: &str, serial: bool, out: &mut Cells) {
        out.clear();
        if serial {
            out.push(word);
        }
        for (column, total) in plan.columns.iter().zip(&self.sums) {
            for _ in 0..column.width() {
                if out.len() == 0 {
                    out.push(word);
                    continue;
                }
                let sum = shortest(Decimal { units: *total, scale: PLACES });
                let (sum, places) = match (&column.column.kind, column.unit()) {
                    (ColumnType::Int, _) => (sum, 0),
                    (ColumnType::Decimal { .. }, Unit::Yuan) => (sum, 2),
                    (ColumnType::Decimal { .. }, Unit::WanYuan) => (sum.coarser(4), 0),
                    (ColumnType::Decimal { .. }, Unit::Fen) => (sum.finer(2), 0),
                    _ => {
                        out.end(Kind::Null);
                        continue;
                    }
                };
                sum.push(&mut out.text, places, false);
                out.end(Kind::Number(sum.float()));
            }
        }
    }
}

/// Without the zeros behind the second place: a float then holds more of it.
fn shortest(mut sum: Decimal) -> Decimal {
    while sum.scale > 2 && sum.units % 10 == 0 {
        sum = Decimal { units: sum.units / 10, scale: sum.scale - 1 };
    }
    sum
}

//! Broken copies of good rows, which a reader must quarantine.

use super::file::OpenFile;
use super::plan::{ColumnPlan, Plan};
use super::sink::Quirk;
use crate::error::Result;
use crate::pipeline::spec::{ColumnType, FileKind};

impl<'a> OpenFile<'a> {
    /// Whether one more broken row keeps the file well inside the contract's limit.
    pub(super) fn breakable(&self, plan: &Plan<'a>) -> bool {
        let planted = &self.renderer.planted;
        let percent = plan.feed.limits.quarantine_percent.unwrap_or(1.0) * 0.5;
        self.renderer.dirt.may_break(&plan.table.id)
            && (planted.broken_rows + 1) as f64 * 100.0 <= percent * planted.rows as f64
    }

    /// Puts a broken copy behind the row just written, now and then.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn break_row(&mut self, plan: &Plan<'a>) -> Result<()> {
        let rates = &self.renderer.dirt.broken;
        let chances = [
            (rates.bad_date, Fault::Date),
            (rates.bad_amount, Fault::Amount),
            (rates.missing_required, Fault::Required),
            (rates.extra_field, Fault::Extra),
            (rates.missing_field, Fault::Fewer),
            (rates.stray_quote, Fault::Quote),
        ];
        for (rate, fault) in chances {
            if !self.renderer.dice.hit(rate) || !self.breakable(plan) {
                continue;
            }
            let Some((quirk, spoilt)) = self.break_copy(plan, fault) else { continue };
            self.sink.row(&self.scratch, quirk)?;
            if spoilt.is_some() {
                self.totals.add_row(spoilt);
            }
            self.section.lines += 1;
            let planted = &mut self.renderer.planted;
            planted.broken_rows += 1;
            *match fault {
                Fault::Date => &mut planted.bad_dates,
                Fault::Amount => &mut planted.bad_amounts,
                Fault::Required => &mut planted.missing_required,
                Fault::Extra => &mut planted.extra_fields,
                Fault::Fewer => &mut planted.missing_fields,
                Fault::Quote => &mut planted.stray_quotes,
            } += 1;
        }
        Ok(())
    }

    /// Makes the broken copy; none when no column can carry the fault. Also says which column was
    /// spoilt when the rest of the row can still be read.
    fn break_copy(&mut self, plan: &Plan<'a>, fault: Fault) -> Option<(Quirk, Option<usize>)> {
        let offset = usize::from(self.serial);
        let is_date = |k: &ColumnType| matches!(k, ColumnType::Date | ColumnType::Month);
        let is_number = |k: &ColumnType| matches!(k, ColumnType::Decimal { .. } | ColumnType::Int);
        let wanted = |c: &&ColumnPlan<'a>| match fault {
            Fault::Date => is_date(&c.column.kind) && c.rejects(),
            Fault::Amount => is_number(&c.column.kind) && c.rejects(),
            Fault::Quote => (is_date(&c.column.kind) || is_number(&c.column.kind)) && c.rejects(),
            Fault::Required => c.source.required && c.levels.is_empty(),
            Fault::Extra | Fault::Fewer => true,
        };
        let text_only = matches!(fault, Fault::Extra | Fault::Fewer | Fault::Quote);
        if (text_only && plan.kind != FileKind::Csv) || self.cells.len() < 3 {
            return None;
        }
        let columns: Vec<_> = plan.columns.iter().enumerate().filter(|(_, c)| wanted(c)).collect();
        if columns.is_empty() {
            return None;
        }
        let dice = &mut self.renderer.dice;
        let (number, column) = *dice.pick(&columns);
        let at = column.first + offset;
        let bad = match (fault, &column.column.kind) {
            (Fault::Date, ColumnType::Month) => *dice.pick(&["202313", "待核实"]),
            (Fault::Date, _) => *dice.pick(&["20231332", "2023-02-30", "2023年13月1日", "待核实"]),
            (Fault::Amount, _) => *dice.pick(&["12.3.4", "#REF!", "待结算"]),
            _ => "",
        };
        match fault {
            Fault::Extra => self.scratch.copy_inserting(&self.cells, at, "另"),
            Fault::Fewer => self.scratch.copy_without(&self.cells, at),
            Fault::Quote => {
                self.scratch.copy(&self.cells);
                return Some((Quirk::StrayQuote(at), None));
            }
            _ => self.scratch.copy_with(&self.cells, at, bad),
        }
        let fits =
            plan.kind != FileKind::Fixed || plan.encoding.len(bad) <= plan.feed.format.widths[at];
        let whole = !matches!(fault, Fault::Extra | Fault::Fewer);
        fits.then_some((Quirk::None, whole.then_some(number)))
    }
}

/// What is wrong with a broken copy.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Date,
    Amount,
    Required,
    Extra,
    Fewer,
    Quote,
}

//! Spells dates, months and numbers.

use chrono::{Datelike, NaiveDate};

use super::cells::{Cells, Kind};
use super::forms::{self, Decimal};
use super::plan::{ColumnPlan, Plan};
use super::render::{Renderer, Style};
use crate::fake::world::Value;
use crate::pipeline::spec::{ColumnType, Unit};

/// 长期 is the usual word for a date without an end, so it comes more often than other forms.
const OPEN_END: f64 = 20.0;
/// Excel day numbers that are believed when they stand as text: 1954 to 2119.
const SERIALS: std::ops::RangeInclusive<i64> = 20_000..=80_000;

impl Renderer<'_> {
    /// Pushes a day as one cell: in the plan's form, now and then in another or as Excel's number
    /// of it, and a day without an end as 长期.
    pub(super) fn date(&mut self, plan: &Plan<'_>, style: Style, day: NaiveDate, out: &mut Cells) {
        if day.year() == 9999 && self.dice.hit(self.dirt.date_form * OPEN_END) {
            self.planted.dates += 1;
            return out.push("长期");
        }
        let serial = excel_day(day);
        if self.dice.hit(self.dirt.date_form) {
            self.planted.dates += 1;
            let form = self.dice.below(self.forms.len() + 1);
            match (self.forms.get(form), serial) {
                (Some(form), _) => form.push(&mut out.text, day),
                // Five digits that cannot be taken for anything else.
                (None, Some(days)) if SERIALS.contains(&days) => {
                    forms::push_int(&mut out.text, days)
                }
                (None, _) => plan.dates.push(&mut out.text, day),
            }
            return out.end(Kind::Text);
        }
        plan.dates.push(&mut out.text, day);
        match serial {
            Some(days) if self.workbook && style.day_cells => out.end(Kind::Day(days as f64)),
            _ => out.end(Kind::Text),
        }
    }

    /// Pushes a month as one cell: in the plan's form, now and then in another.
    pub(super) fn month(&mut self, plan: &Plan<'_>, day: NaiveDate, out: &mut Cells) {
        if self.dice.hit(self.dirt.date_form) {
            self.planted.dates += 1;
            self.dice.pick(&self.months).push(&mut out.text, day);
        } else {
            plan.months.push(&mut out.text, day);
        }
        out.end(Kind::Text);
    }

    /// Pushes an amount as one cell, in the column's unit. A text that is no number stays what it
    /// is; what is neither text nor number is nothing.
    pub(super) fn decimal(
        &mut self,
        column: &ColumnPlan<'_>,
        style: Style,
        value: &Value<'_>,
        out: &mut Cells,
    ) {
        let (number, places) = match value {
            Value::Cents(cents) => (Some(Decimal { units: *cents, scale: 2 }), 2),
            Value::Int(whole) => (Some(Decimal { units: *whole, scale: 0 }), 0),
            Value::Text(text) => {
                let number = Decimal::parse(text);
                (number, number.map_or(0, |n| n.scale))
            }
            _ => (None, 0),
        };
        match (number, value) {
            (Some(number), _) => self.number(column, style, number, column.unit(), places, out),
            (None, Value::Text(text)) => out.push(text),
            (None, _) => out.end(Kind::Null),
        }
    }

    /// Pushes a number, in yuan or a count, as one cell in `unit`. It has at least `places` digits
    /// behind the point, unless the column trims zeros or the unit is not yuan. Money is dirty now
    /// and then, such as 1,234.50, (12.50), ￥12.50 or 1.2万; any number may be of full width.
    pub(super) fn number(
        &mut self,
        column: &ColumnPlan<'_>,
        style: Style,
        number: Decimal,
        unit: Unit,
        places: u32,
        out: &mut Cells,
    ) {
        let money = matches!(column.column.kind, ColumnType::Decimal { .. });
        let (raw, places) = match unit {
            Unit::Yuan => (number, places),
            Unit::WanYuan => (number.coarser(4), 0),
            Unit::Fen => (number.finer(2), 0),
        };
        let (dirt, start) = (self.dirt, out.text.len());
        let whole = raw.units.unsigned_abs() / 10u64.pow(raw.scale);
        let places = if style.trimmed { 0 } else { places };
        if money && whole >= 1000 && self.dice.hit(dirt.amount_thousands) {
            raw.push(&mut out.text, places, true);
        } else if money && raw.units < 0 && self.dice.hit(dirt.amount_brackets) {
            out.text.push('(');
            Decimal { units: -raw.units, ..raw }.push(&mut out.text, places, false);
            out.text.push(')');
        } else if money && raw.units > 0 && self.dice.hit(dirt.amount_currency) {
            out.text.push(*self.dice.pick(&['￥', '¥']));
            raw.push(&mut out.text, places, false);
        } else if money
            && unit == Unit::Yuan
            && raw.scale <= 4
            && whole >= 10_000
            && self.dice.hit(dirt.amount_wan)
        {
            raw.coarser(4).push(&mut out.text, 0, false);
            out.text.push('万');
        } else if raw.units >= 0 && self.dice.hit(dirt.amount_full_width) {
            raw.push(&mut out.text, places, false);
            forms::widen(&mut out.text, start);
        } else {
            raw.push(&mut out.text, places, false);
            return out.end(if style.number_text { Kind::Text } else { Kind::Number(raw.float()) });
        }
        self.planted.amounts += 1;
        out.end(Kind::Text);
    }
}

/// Excel's number of a day; none before its imaginary 29 February 1900.
fn excel_day(day: NaiveDate) -> Option<i64> {
    let days = i64::from(day.num_days_from_ce()) - 693_594;
    (days > 60).then_some(days)
}

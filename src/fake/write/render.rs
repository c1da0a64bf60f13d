//! Spells a canonical value as a raw cell, clean or dirty, never with another meaning.

use super::Divisions;
use super::cells::{Cells, Kind};
use super::dice::Dice;
use super::dirt::{Dirt, Planted};
use super::forms::{self, DateForm, Decimal};
use super::plan::{ColumnPlan, Plan};
use crate::error::Result;
use crate::fake::world::Value;
use crate::pipeline::spec::{ColumnType, FileKind, Unit};

/// In front of an ID that the world wants stored as an Excel number.
pub(super) const NUMBER_MARK: &str = "#num:";

/// How one column of one file is spelt as a rule.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    pub(super) day_cells: bool,
    pub(super) number_text: bool,
    pub(super) trimmed: bool,
    code: CodeStyle,
    bools: usize,
    joiner: usize,
    short_division: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum CodeStyle {
    #[default]
    Label,
    Code,
    Both,
}

const JOINERS: [&str; 6] = [",", "、", "，", ";", "；", "|"];
const SPACES: [&str; 4] = [" ", "\u{A0}", "\t", "\u{3000}"];
const DOTS: [&str; 4] = ["•", "・", ".", "‧"];
const NOTES: [&str; 3] = ["(户主)", "（户主）", "（已故）"];

impl Style {
    /// The shortest spelling.
    pub(super) fn narrow() -> Self {
        Self { code: CodeStyle::Code, trimmed: true, ..Self::default() }
    }

    /// Draws the style of a column.
    pub(super) fn draw(column: &ColumnPlan<'_>, dirt: &Dirt, dice: &mut Dice) -> Self {
        let unusual = dice.hit(dirt.code_column);
        Self {
            day_cells: dice.hit(dirt.date_cells),
            number_text: dice.hit(dirt.number_as_text),
            trimmed: dice.hit(dirt.amount_trim),
            code: match unusual {
                true if dice.below(4) == 0 => CodeStyle::Both,
                true => CodeStyle::Code,
                false => CodeStyle::Label,
            },
            bools: if unusual { dice.below(column.bools.len().max(1)) } else { 0 },
            joiner: usize::from(unusual),
            short_division: dice.hit(dirt.division_short),
        }
    }
}

/// Spells cells; lives as long as a file.
pub(super) struct Renderer<'a> {
    pub(super) dirt: &'a Dirt,
    pub(super) dice: Dice,
    pub(super) planted: Planted,
    divisions: &'a Divisions<'a>,
    /// The village whose names are known.
    village: String,
    names: [String; 4],
    province: String,
    pub(super) forms: Vec<DateForm>,
    pub(super) months: Vec<DateForm>,
    pub(super) workbook: bool,
}

impl<'a> Renderer<'a> {
    /// A renderer for one file of a plan; nothing is planted yet.
    ///
    /// # Errors
    /// Never: it compiles date forms of its own.
    pub(super) fn new(
        plan: &Plan<'a>,
        dirt: &'a Dirt,
        dice: Dice,
        divisions: &'a Divisions<'a>,
    ) -> Result<Self> {
        let compile =
            |forms: &[&str]| forms.iter().map(|f| DateForm::compile(f)).collect::<Result<Vec<_>>>();
        Ok(Self {
            dirt,
            dice,
            planted: Planted::default(),
            divisions,
            village: String::new(),
            names: Default::default(),
            province: String::new(),
            forms: compile(&[
                "%Y%m%d",
                "%Y-%m-%d",
                "%Y-%-m-%-d",
                "%Y/%m/%d",
                "%Y/%-m/%-d",
                "%Y.%-m.%-d",
                "%Y.%m.%d",
                "%Y年%-m月%-d日",
                "%Y年%m月%d日",
                "%Y-%m-%d 00:00:00",
                "%Y-%m-%d 00:00:00.0",
            ])?,
            months: compile(&["%Y%m", "%Y-%m", "%Y年%-m月", "%Y年%m月"])?,
            workbook: plan.kind == FileKind::Xlsx,
        })
    }

    /// Writes the cell of a value, or several for a division path.
    pub(super) fn cell(
        &mut self,
        plan: &Plan<'_>,
        column: &ColumnPlan<'_>,
        style: Style,
        value: &Value<'_>,
        out: &mut Cells,
    ) {
        match (&column.column.kind, value) {
            (_, Value::Null) => self.null(column, out),
            (_, Value::Text(text)) if text.is_empty() => self.null(column, out),
            (ColumnType::Division, Value::Text(code)) => self.division(column, style, code, out),
            (ColumnType::CitizenId, Value::Text(id)) => self.id(id, out),
            (ColumnType::Name, Value::Text(name)) => self.name(name, out),
            (ColumnType::Set, Value::Text(set)) => self.set(style, set, out),
            (ColumnType::Code, Value::Text(code)) => self.code(column, style, code, out),
            (ColumnType::Date, Value::Date(day)) => self.date(plan, style, *day, out),
            (ColumnType::Month, Value::Date(day)) => self.month(plan, *day, out),
            (ColumnType::Bool, Value::Bool(flag)) => self.truth(column, style, *flag, out),
            (ColumnType::Decimal { .. }, value) => self.decimal(column, style, value, out),
            (ColumnType::Int, Value::Int(number)) => {
                self.number(
                    column,
                    style,
                    Decimal { units: *number, scale: 0 },
                    Unit::Yuan,
                    0,
                    out,
                );
            }
            (_, Value::Text(text)) => self.text(text, out),
            (_, other) => self.other(plan, column, style, other, out),
        }
    }

    /// A value whose type is not the column's: the plain form, as the world means it.
    fn other(
        &mut self,
        plan: &Plan<'_>,
        column: &ColumnPlan<'_>,
        style: Style,
        value: &Value<'_>,
        out: &mut Cells,
    ) {
        let mut text = String::new();
        match value {
            Value::Int(number) => forms::push_int(&mut text, *number),
            Value::Cents(cents) => Decimal { units: *cents, scale: 2 }.push(&mut text, 0, false),
            Value::Date(day) => plan.dates.push(&mut text, *day),
            Value::Bool(flag) => return self.truth(column, style, *flag, out),
            Value::Text(_) | Value::Null => {}
        }
        match column.column.kind {
            ColumnType::Code => self.code(column, style, &text, out),
            _ => out.push(&text),
        }
    }

    fn null(&mut self, column: &ColumnPlan<'_>, out: &mut Cells) {
        for _ in 1..column.width() {
            out.end(Kind::Null);
        }
        if column.levels.is_empty()
            && !column.nulls.is_empty()
            && self.dice.hit(self.dirt.null_spelling)
        {
            self.planted.nulls += 1;
            let null = *self.dice.pick(&column.nulls);
            return out.push(null);
        }
        out.end(Kind::Null);
    }

    fn text(&mut self, text: &str, out: &mut Cells) {
        if self.dice.hit(self.dirt.text_padding) {
            self.planted.texts += 1;
            let space = *self.dice.pick(&SPACES);
            let parts = if self.dice.below(3) == 0 { [space, text] } else { [text, space] };
            out.text.extend(parts);
        } else {
            out.text.push_str(text);
        }
        out.end(Kind::Text);
    }

    fn id(&mut self, id: &str, out: &mut Cells) {
        if let Some(digits) = id.strip_prefix(NUMBER_MARK) {
            self.planted.excel_numbers += 1;
            return excel_number(digits, self.workbook, out);
        }
        if !forms::is_citizen_id(id) {
            // The world spoilt it already; more dirt on top would be another fault.
            return out.push(id);
        }
        let (dirt, start) = (self.dirt, out.text.len());
        let ends_in_x = id.ends_with('X');
        if ends_in_x && self.dice.hit(dirt.id_lower_x) {
            out.text.push_str(&id[..17]);
            out.text.push('x');
        } else if ends_in_x && self.dice.hit(dirt.id_cyrillic_x) {
            out.text.push_str(&id[..17]);
            out.text.push('Х');
        } else if forms::has_old_form(id) && self.dice.hit(dirt.id_15) {
            out.text.push_str(&id[..6]);
            out.text.push_str(&id[8..17]);
        } else if self.dice.hit(dirt.id_full_width) {
            out.text.push_str(id);
            forms::widen(&mut out.text, start);
        } else if self.dice.hit(dirt.id_spaces) {
            let space = *self.dice.pick(&SPACES);
            match self.dice.below(4) {
                0 => out.text.extend([space, id]),
                1 => out.text.extend([&id[..6], space, &id[6..14], space, &id[14..]]),
                _ => out.text.extend([id, space]),
            }
        } else if self.dice.hit(dirt.id_apostrophe) {
            out.text.extend(["'", id]);
        } else {
            out.text.push_str(id);
            return out.end(Kind::Text);
        }
        self.planted.ids += 1;
        out.end(Kind::Text);
    }

    fn name(&mut self, name: &str, out: &mut Cells) {
        let dirt = self.dirt;
        let short = name.len() == 6 && name.chars().count() == 2;
        if name.contains('·') && self.dice.hit(dirt.name_dot) {
            let dot = *self.dice.pick(&DOTS);
            for (i, part) in name.split('·').enumerate() {
                out.text.push_str(if i == 0 { "" } else { dot });
                out.text.push_str(part);
            }
        } else if short && self.dice.hit(dirt.name_space) {
            let space = *self.dice.pick(&[" ", "\u{3000}", "  "]);
            out.text.extend([&name[..3], space, &name[3..]]);
        } else if self.dice.hit(dirt.name_note) {
            let note = *self.dice.pick(&NOTES);
            out.text.extend([name, note]);
        } else if self.dice.hit(dirt.name_padding) {
            let space = *self.dice.pick(&SPACES);
            let parts = if self.dice.below(3) == 0 { [space, name] } else { [name, space] };
            out.text.extend(parts);
        } else {
            out.text.push_str(name);
            return out.end(Kind::Text);
        }
        self.planted.names += 1;
        out.end(Kind::Text);
    }

    fn code(&mut self, column: &ColumnPlan<'_>, style: Style, code: &str, out: &mut Cells) {
        let Some(spelling) = column.spellings.by_code.get(code) else {
            return out.push(code);
        };
        if spelling.all.len() > 1 && self.dice.hit(self.dirt.code_form) {
            self.planted.codes += 1;
            let other = self.dice.pick(&spelling.all).as_str();
            return out.push(other);
        }
        let text = match (style.code, &spelling.both) {
            (CodeStyle::Code, _) if spelling.code => code,
            (CodeStyle::Both, Some(both)) => both,
            _ => &spelling.base,
        };
        out.push(text);
    }

    fn truth(&mut self, column: &ColumnPlan<'_>, style: Style, flag: bool, out: &mut Cells) {
        let mut pair = column.bools.get(style.bools);
        if !column.bools.is_empty() && self.dice.hit(self.dirt.code_form) {
            self.planted.codes += 1;
            pair = Some(self.dice.pick(&column.bools));
        }
        out.push(pair.unwrap_or(&["true", "false"])[usize::from(!flag)]);
    }

    fn set(&mut self, style: Style, set: &str, out: &mut Cells) {
        let mut joiner = JOINERS[style.joiner];
        if set.contains(['、', ',', '，', ';', '；']) {
            // A value holds a joiner itself: only the canonical one is left.
            joiner = "|";
        } else if set.contains('|') && self.dice.hit(self.dirt.set_joiner) {
            self.planted.codes += 1;
            joiner = *self.dice.pick(&JOINERS);
        }
        for (i, value) in set.split('|').enumerate() {
            out.text.push_str(if i == 0 { "" } else { joiner });
            out.text.push_str(value);
        }
        out.end(Kind::Text);
    }

    fn division(&mut self, column: &ColumnPlan<'_>, style: Style, code: &str, out: &mut Cells) {
        if column.levels.is_empty() {
            let digits = match code.len() {
                12 if style.short_division && code.ends_with("000000") => 6,
                12 if style.short_division && code.ends_with("000") => 9,
                all => all,
            };
            if digits < code.len() {
                self.planted.codes += 1;
            }
            return out.push(code.get(..digits).unwrap_or(code));
        }
        if self.village != code {
            self.names = (self.divisions)(code);
            if column.levels.contains(&None) {
                let province = format!("{}0000000000", code.get(..2).unwrap_or_default());
                [self.province, ..] = (self.divisions)(&province);
            }
            code.clone_into(&mut self.village);
        }
        for level in &column.levels {
            out.push(level.map_or(&self.province, |at| &self.names[at]));
        }
    }
}

/// An ID as Excel keeps it: 15 digits and zeros; as text `6.29001E+17`.
fn excel_number(digits: &str, workbook: bool, out: &mut Cells) {
    let plain = digits.len() >= 6 && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain {
        return out.push(digits);
    }
    let mut kept: String = digits.chars().take(15).collect();
    kept.extend(std::iter::repeat_n('0', digits.len().saturating_sub(15)));
    let number: f64 = kept.parse().unwrap_or_default();
    // Text of a number cell only matters to text formats.
    let scientific = format!("{number:.5e}").replace('e', "E+");
    out.text.push_str(&scientific);
    out.end(if workbook { Kind::Number(number) } else { Kind::Text });
}

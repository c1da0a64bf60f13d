//! How dirty a written extract is, and the count of everything that was planted.

use serde::{Deserialize, Serialize};

/// Rates of every kind of dirt, each between 0 and 1.
///
/// Dirt of a cell, a row or a file never changes what a right reader understands. [`Broken`] rows
/// are the exception: a reader must quarantine them, so they stand beside the good row and never
/// instead of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dirt {
    /// Lower-case `x`, of IDs that end in X.
    pub id_lower_x: f64,
    /// Cyrillic `Х`, of IDs that end in X.
    pub id_cyrillic_x: f64,
    /// The 15-digit form, of IDs of the years 1900 to 1999.
    pub id_15: f64,
    /// Full-width digits in an ID.
    pub id_full_width: f64,
    /// Spaces, no-break spaces and tabs in and around an ID.
    pub id_spaces: f64,
    /// An apostrophe in front of an ID.
    pub id_apostrophe: f64,
    /// A space between the two characters of a short name.
    pub name_space: f64,
    /// A note such as (户主) behind a name.
    pub name_note: f64,
    /// Ordinary or full-width spaces around a name.
    pub name_padding: f64,
    /// Another dot, of names with a `·`.
    pub name_dot: f64,
    /// Spaces around a text.
    pub text_padding: f64,
    /// A date or month in another form than the rest of its column.
    pub date_form: f64,
    /// Workbooks only: a column whose dates are real date cells.
    pub date_cells: f64,
    /// Thousands separators in an amount.
    pub amount_thousands: f64,
    /// ￥ in front of an amount.
    pub amount_currency: f64,
    /// Full-width digits in an amount or a whole number.
    pub amount_full_width: f64,
    /// `1.2万`, of amounts in 元 from ten thousand.
    pub amount_wan: f64,
    /// `(12.30)`, of negative amounts.
    pub amount_brackets: f64,
    /// A column whose amounts lose their trailing zeros.
    pub amount_trim: f64,
    /// Workbooks and NDJSON: a column of numbers written as text.
    pub number_as_text: f64,
    /// A column of codes that is not written by labels but by codes or as `1-男`; also of truth
    /// values without 是/否.
    pub code_column: f64,
    /// A code or truth value in another spelling than the rest of its column.
    pub code_form: f64,
    /// Another joiner between the values of a set.
    pub set_joiner: f64,
    /// A division code without its trailing zeros.
    pub division_short: f64,
    /// A missing value written as one of the contract's null spellings.
    pub null_spelling: f64,
    /// An exact repeat of a row.
    pub duplicate: f64,
    /// A blank row behind a row.
    pub blank: f64,
    /// Files that take a random synonym for each heading.
    pub file_synonyms: f64,
    /// Headings with full-width brackets, spaces or line breaks.
    pub heading_layout: f64,
    /// Files with a 序号 column in front.
    pub serial_column: f64,
    /// CSV files whose header comes again every few thousand rows.
    pub page_header: f64,
    /// CSV files in which every field is quoted.
    pub quote_all: f64,
    /// Text files with Windows line ends.
    pub windows_lines: f64,
    /// Rows that a reader must quarantine.
    pub broken: Broken,
    /// Tables that get no broken rows.
    pub protect: Vec<String>,
}

/// Rates of destructive dirt, per row: a broken copy of the row is put next to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Broken {
    /// A date that no reader can understand.
    pub bad_date: f64,
    /// An amount or a whole number that no reader can understand.
    pub bad_amount: f64,
    /// A required cell left empty.
    pub missing_required: f64,
    /// CSV only: one field too many.
    pub extra_field: f64,
    /// CSV only: one field too few.
    pub missing_field: f64,
    /// CSV only: a quote behind a number or a date.
    pub stray_quote: f64,
    /// CSV only, per file: a quote that opens the last row and never closes.
    pub unclosed_quote: f64,
}

impl Default for Dirt {
    fn default() -> Self {
        Self {
            id_lower_x: 0.03,
            id_cyrillic_x: 0.01,
            id_15: 0.002,
            id_full_width: 0.001,
            id_spaces: 0.004,
            id_apostrophe: 0.002,
            name_space: 0.01,
            name_note: 0.001,
            name_padding: 0.004,
            name_dot: 0.3,
            text_padding: 0.002,
            date_form: 0.01,
            date_cells: 0.4,
            amount_thousands: 0.01,
            amount_currency: 0.002,
            amount_full_width: 0.001,
            amount_wan: 0.001,
            amount_brackets: 0.2,
            amount_trim: 0.4,
            number_as_text: 0.2,
            code_column: 0.4,
            code_form: 0.01,
            set_joiner: 0.05,
            division_short: 0.2,
            null_spelling: 0.03,
            duplicate: 0.001,
            blank: 0.0003,
            file_synonyms: 0.2,
            heading_layout: 0.1,
            serial_column: 0.3,
            page_header: 0.1,
            quote_all: 0.15,
            windows_lines: 0.5,
            broken: Broken::default(),
            protect: Vec::new(),
        }
    }
}

impl Default for Broken {
    fn default() -> Self {
        Self {
            bad_date: 0.0001,
            bad_amount: 0.0001,
            missing_required: 0.0001,
            extra_field: 0.00005,
            missing_field: 0.00005,
            stray_quote: 0.00005,
            unclosed_quote: 0.02,
        }
    }
}

impl Dirt {
    /// No dirt at all: canonical spellings, first headings.
    pub fn none() -> Self {
        Self::default().scale(0.0)
    }

    /// Every rate times `factor`, held between 0 and 1.
    #[must_use]
    pub fn scale(mut self, factor: f64) -> Self {
        for rate in self.rates() {
            *rate = (*rate * factor).clamp(0.0, 1.0);
        }
        self
    }

    /// Whether rows of this table may get broken copies.
    pub fn may_break(&self, table: &str) -> bool {
        !self.protect.iter().any(|name| name == table)
    }

    fn rates(&mut self) -> [&mut f64; 40] {
        let broken = &mut self.broken;
        [
            &mut self.id_lower_x,
            &mut self.id_cyrillic_x,
            &mut self.id_15,
            &mut self.id_full_width,
            &mut self.id_spaces,
            &mut self.id_apostrophe,
            &mut self.name_space,
            &mut self.name_note,
            &mut self.name_padding,
            &mut self.name_dot,
            &mut self.text_padding,
            &mut self.date_form,
            &mut self.date_cells,
            &mut self.amount_thousands,
            &mut self.amount_currency,
            &mut self.amount_full_width,
            &mut self.amount_wan,
            &mut self.amount_brackets,
            &mut self.amount_trim,
            &mut self.number_as_text,
            &mut self.code_column,
            &mut self.code_form,
            &mut self.set_joiner,
            &mut self.division_short,
            &mut self.null_spelling,
            &mut self.duplicate,
            &mut self.blank,
            &mut self.file_synonyms,
            &mut self.heading_layout,
            &mut self.serial_column,
            &mut self.page_header,
            &mut self.quote_all,
            &mut self.windows_lines,
            &mut broken.bad_date,
            &mut broken.bad_amount,
            &mut broken.missing_required,
            &mut broken.extra_field,
            &mut broken.missing_field,
            &mut broken.stray_quote,
            &mut broken.unclosed_quote,
        ]
    }
}

/// What one file holds and what was planted in it, so that a test can compare it with a receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// Good rows, each written once; repeats and broken copies not among them.
    pub rows: u64,
    /// Exact repeats.
    pub duplicates: u64,
    /// Broken copies of good rows; the sum of the kinds below.
    pub broken_rows: u64,
    /// Broken rows with an impossible date.
    pub bad_dates: u64,
    /// Broken rows with an impossible number.
    pub bad_amounts: u64,
    /// Broken rows without a required cell.
    pub missing_required: u64,
    /// Broken rows with one field too many.
    pub extra_fields: u64,
    /// Broken rows with one field too few.
    pub missing_fields: u64,
    /// Broken rows with a stray quote.
    pub stray_quotes: u64,
    /// Broken rows behind an opening quote that never closes.
    pub unclosed_quotes: u64,
    /// Good rows whose required cell the world itself left empty: a reader quarantines them too.
    pub required_null: u64,
    /// Blank rows between the data.
    pub blank_rows: u64,
    /// Repeats of the header between the data.
    pub page_headers: u64,
    /// Title, total and signature rows.
    pub layout_rows: u64,
    /// IDs in another spelling.
    pub ids: u64,
    /// IDs that the world marked as spoilt by Excel.
    pub excel_numbers: u64,
    /// Names in another spelling.
    pub names: u64,
    /// Padded texts.
    pub texts: u64,
    /// Dates and months in another form.
    pub dates: u64,
    /// Numbers in another form.
    pub amounts: u64,
    /// Codes, truth values, sets and divisions in another form.
    pub codes: u64,
    /// Missing values with a null spelling.
    pub nulls: u64,
}

impl Planted {
    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Self) {
        let mut other = *other;
        for (sum, part) in self.fields().into_iter().zip(other.fields()) {
            *sum += *part;
        }
    }

    /// Rows that a reader meets as data: good ones, repeats and broken copies.
    pub fn data_rows(&self) -> u64 {
        self.rows + self.duplicates + self.broken_rows
    }

    fn fields(&mut self) -> [&mut u64; 22] {
        [
            &mut self.rows,
            &mut self.duplicates,
            &mut self.broken_rows,
            &mut self.bad_dates,
            &mut self.bad_amounts,
            &mut self.missing_required,
            &mut self.extra_fields,
            &mut self.missing_fields,
            &mut self.stray_quotes,
            &mut self.unclosed_quotes,
            &mut self.required_null,
            &mut self.blank_rows,
            &mut self.page_headers,
            &mut self.layout_rows,
            &mut self.ids,
            &mut self.excel_numbers,
            &mut self.names,
            &mut self.texts,
            &mut self.dates,
            &mut self.amounts,
            &mut self.codes,
            &mut self.nulls,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_reaches_every_rate() {
        let value = serde_json::to_value(Dirt::none()).unwrap();
        for (name, rate) in value.as_object().unwrap() {
            match rate {
                serde_json::Value::Object(inner) => {
                    assert!(inner.values().all(|r| r == 0.0), "{inner:?}")
                }
                serde_json::Value::Number(_) => assert_eq!(*rate, 0.0, "{name}"),
                _ => {}
            }
        }
        assert!(Dirt::default().scale(1000.0).id_15 <= 1.0);
    }

    #[test]
    fn planted_adds_every_field() {
        let mut one = Planted::default();
        for (i, field) in (1..).zip(one.fields()) {
            *field = i;
        }
        let mut sum = one;
        sum.add(&one);
        let text = serde_json::to_value(sum).unwrap();
        assert_eq!(text.as_object().unwrap().len(), 22);
        assert!(text.as_object().unwrap().values().all(|v| v.as_u64().unwrap() % 2 == 0 && v != 0));
    }
}

//! `bidui show indicators`: figures of counties, cities and the province, with place and change.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use crate::calendar::{month_word, previous_month};
use crate::error::Result;
use crate::feedback::bulletin::unit_zh;
use crate::indicator::area::Figures;
use crate::indicator::figure::{Change, Reader, change, decimal, places, plain};
use crate::indicator::rank::ranks;
use crate::indicator::table::{read, read_history, read_notes};
use crate::night::{Setup, setup::date_of};

/// Columns, in their order.
const COLUMNS: [&str; 12] = [
    "indicator",
    "title",
    "part",
    "area",
    "name",
    "numerator",
    "denominator",
    "value",
    "unit",
    "rank",
    "change",
    "note",
];

/// The figures of a night, of indicators and areas whose codes begin as said.
///
/// # Errors
/// The night's files are damaged.
pub(super) fn batch(
    setup: &Setup,
    folder: &Path,
    indicator: Option<&str>,
    area: Option<&str>,
) -> Result<RecordBatch> {
    let night = folder.file_name().and_then(|n| date_of(&n.to_string_lossy()));
    let figures = Figures::of(&setup.pipeline, &read(folder)?);
    let before = match night {
        Some(day) => {
            let history = read_history(folder)?;
            Figures::of(&setup.pipeline, history.rows(&month_word(previous_month(day))))
        }
        None => Figures::default(),
    };
    let begins = |filter: Option<&str>, value: &str| filter.is_none_or(|f| value.starts_with(f));
    let mut rows: Vec<[Option<String>; 12]> = Vec::new();
    for own in setup.pipeline.indicators.values().filter(|i| begins(indicator, &i.id)) {
        let from = setup.pipeline.settings.publish.rank_from;
        let levels = [4, 6].map(|digits| figures.level(&own.id, "", digits));
        let ranked = levels.each_ref().map(|level| ranks(own, level, from));
        for (_, part, code, figure) in figures.iter().filter(|(id, ..)| *id == own.id) {
            if !begins(area, code) {
                continue;
            }
            let rank = ranked.iter().find_map(|r| r.get(code)).filter(|_| part.is_empty());
            let then = before.get(&own.id, part, code).and_then(|f| f.value(own.unit));
            let moved = figure.value(own.unit).zip(then).map(|(now, then)| change(now, then));
            let step = |by| plain(by, places(own.unit));
            rows.push([
                Some(own.id.clone()),
                Some(own.title.zh.clone()),
                Some(own.part_zh(part).to_owned()),
                Some(code.to_owned()),
                setup.divisions.name(code).map(str::to_owned),
                Some(decimal(figure.numerator)),
                figure.denominator.map(decimal),
                Reader::Internal.value(figure, own.unit),
                Some(unit_zh(own).to_owned()),
                rank.map(|r| format!("{}/{}", r.place, r.of)),
                moved.map(|m| match m {
                    Change::Same => "=".to_owned(),
                    Change::Up(by) => format!("+{}", step(by)),
                    Change::Down(by) => format!("-{}", step(by)),
                }),
                None,
            ]);
        }
    }
    for note in read_notes(folder)?.into_iter().filter(|n| begins(indicator, &n.indicator)) {
        let Some(reason) = note.not_run else { continue };
        let mut row: [Option<String>; 12] = Default::default();
        (row[0], row[1]) = (Some(note.indicator), Some(note.title));
        row[11] = Some(format!("not run: {reason}"));
        rows.push(row);
    }
    let fields: Vec<Field> = COLUMNS.iter().map(|c| Field::new(*c, DataType::Utf8, true)).collect();
    let column = |at: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|r| r[at].as_deref()).collect::<StringArray>())
    };
    let columns = (0..COLUMNS.len()).map(column).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

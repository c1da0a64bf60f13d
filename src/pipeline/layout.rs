//! What can be wrong with how a feed says that its files are laid out, and when they are due. A
//! night would find it only when the first file comes.

use encoding_rs::Encoding;

use super::spec::{Cadence, Delivery, Feed, FileKind};
use crate::diagnostic::{Fault, Source};

/// Adds every fault of `format`, `limits` and `delivery`.
pub(super) fn check(feed: &Feed, source: &Source, faults: &mut Vec<Fault>) {
    let mut wrong = |key: &str, value: &str, message: String, hint: &str| {
        faults.push(Fault::at(source, source.find_value(key, value), message).hint(hint));
    };
    let format = &feed.format;
    let label = format.encoding.trim();
    if !matches!(label, "auto" | "") && Encoding::for_label(label.as_bytes()).is_none() {
        let hint = "auto, utf-8, gb18030, big5, utf-16le and utf-16be are read";
        wrong("encoding:", label, format!("`{label}` is not an encoding"), hint);
    }
    let row = format.header_row.trim();
    if !matches!(row, "auto" | "") && !row.parse().is_ok_and(|row: u64| row > 0) {
        let hint = "use auto, or the row counted from 1";
        wrong("header_row:", row, format!("`{row}` is not a row number"), hint);
    }
    let mark = format.delimiter.as_str();
    let one = matches!(mark.as_bytes(), [b] if b.is_ascii() && !matches!(b, b'"' | b'\n' | b'\r'));
    if !matches!(mark, "auto" | "" | "\\t" | "tab") && !one {
        let hint = "use auto, a comma, \\t, ; or |";
        wrong("delimiter:", mark, format!("`{mark}` is not one character"), hint);
    }
    let fixed = match format.kind {
        FileKind::Fixed => true,
        FileKind::Auto => !format.widths.is_empty(),
        _ => false,
    };
    let (widths, columns) = (format.widths.len(), feed.columns.len());
    if fixed && (widths != columns || format.widths.contains(&0)) {
        let text = format!("`widths` has {widths} numbers for {columns} columns");
        let hint = "give the bytes of every column, in their order; none is 0";
        wrong("widths:", "", text, hint);
    }
    if !fixed && widths > 0 {
        let text = "bytes of columns are those of files of fixed width".to_owned();
        wrong("widths:", "", text, "write `kind: fixed`, or take `widths` away");
    }
    if feed.limits.quarantine_percent.is_some_and(|limit| !(0.0..=100.0).contains(&limit)) {
        let text = "a limit of quarantined rows is from 0 to 100".to_owned();
        wrong("quarantine_percent:", "", text, "such as 1.0");
    }
    if feed.limits.row_count_change_percent.is_some_and(|limit| limit.is_nan() || limit < 0.0) {
        let text = "a change of rows is counted from 0, up and down alike".to_owned();
        wrong("row_count_change_percent:", "", text, "such as 40");
    }
    delivery(&feed.delivery, &mut wrong);
}

/// What a delivery could not keep to.
fn delivery(delivery: &Delivery, wrong: &mut impl FnMut(&str, &str, String, &str)) {
    if delivery.stale_after_days.is_some_and(|days| days < 0) {
        let text = "every delivery would be stale, and no rule over its table be run".to_owned();
        wrong("stale_after_days:", "", text, "older ones are too old, such as 62");
    }
    // The age of the newest extract on the day before the next one is due.
    let age = match delivery.cadence {
        Cadence::Daily => 1,
        Cadence::Weekly => 7,
        Cadence::Monthly => 27 + i64::from(delivery.due_day.unwrap_or(1).min(31)),
        Cadence::Quarterly => 90,
        Cadence::Yearly => 365,
        Cadence::Once => 0,
    };
    if let Some(days) = delivery.stale_after_days.filter(|days| (0..age).contains(days)) {
        let text = "what comes in time would be stale before the next one is due".to_owned();
        let hint = format!("at least {age}: no rule over its table is run when it is stale");
        wrong("stale_after_days:", &days.to_string(), text, &hint);
    }
    if delivery.due_day.is_some_and(|day| !(1..=31).contains(&day)) {
        let text = "a day of a month is from 1 to 31".to_owned();
        wrong("due_day:", "", text, "the day of the month after the period");
    }
}

//! The night report: what one night did, as one HTML page that needs nothing beside itself.
//!
//! The page is a function of the [`Summary`] alone: no clock, no machine, no script, nothing
//! fetched. It is meant for a screen, a phone and A4 paper, and follows the reader's light or dark
//! setting. All text passes through maud, which escapes it.

mod cases;
mod charts;
mod counties;
mod feeds;
mod head;
mod identity;
mod numbers;
mod page;
mod rejects;
mod rules;
pub mod summary;
mod views;
mod words;

#[cfg(test)]
mod tests;

use summary::Summary;

/// What a reason or a note is about, in Chinese, where that is known.
pub fn about(text: &str) -> Option<&'static str> {
    words::about(text)
}

/// The reason of a quarantined row, in Chinese, where that is known.
pub fn reason(english: &str) -> Option<&'static str> {
    words::reason_zh(english)
}

/// The night report as one self-contained HTML page.
pub fn html(summary: &Summary) -> String {
    page::page(summary).into_string()
}

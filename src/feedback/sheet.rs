//! One theme's sheet: locked columns, columns to fill in, columns for the province.

use chrono::{Months, NaiveDate};

use super::book::{Look, Page};
use super::select::Row;
use super::show::Shower;
use crate::error::Result;
use crate::ledger::state::State;
use crate::pipeline::packs::{Fill, FillKind, Pack, Shown};
use crate::pipeline::spec::Severity;

/// Columns that are no text: they are not sealed.
pub const UNSEALED: [&str; 2] = ["serial", "overdue"];

/// First row of the list; above it stand the title, the pack, the bands and the headings.
const FIRST: u32 = 4;

/// What stands above the locked columns. No program sorts locked cells of a protected sheet.
const LOCKED: &str = "系统填写（灰色，已锁定）；可直接筛选，如需排序请先撤销工作表保护（无密码）";

/// What the head of a sheet says.
pub struct Head<'a> {
    pub title: &'a str,
    pub about: &'a str,
    pub day: NaiveDate,
}

/// Writes a sheet. What `sealed` gets are a row's number and the texts of its sealed columns.
///
/// # Errors
/// The disk.
pub fn write(
    page: &mut Page<'_>,
    form: &Pack,
    shower: &Shower<'_>,
    head: &Head<'_>,
    rows: &[&Row],
    mut sealed: impl FnMut(&str, &[&str]),
) -> Result<()> {
    let shown = column(form.columns.len());
    let filled = column(form.fill.len());
    let last = column(form.columns.len() + form.fill.len() + form.review.len());
    let mut widths: Vec<f64> = form.columns.iter().map(|c| c.width).collect();
    widths.extend(form.fill.iter().map(|c| c.width));
    widths.extend(form.review.iter().map(|_| 11.0));
    page.widths(&widths)?;
    page.height(0, 30.0)?;
    page.span(0, (0, shown - 1), head.title, Look::Title)?;
    page.height(1, 18.0)?;
    page.span(1, (0, shown - 1), head.about, Look::Subtitle)?;
    page.height(2, 18.0)?;
    page.span(2, (0, shown - 1), LOCKED, Look::BandKey)?;
    if filled > 0 {
        let text = "县级填写（白色）";
        page.span(2, (shown, shown + filled - 1), text, Look::BandFill)?;
    }
    if last > shown + filled {
        page.span(2, (shown + filled, last - 1), "省级复核后填写", Look::BandReview)?;
    }
    headings(page, form)?;
    let end = FIRST + u32::try_from(rows.len()).unwrap_or(u32::MAX).saturating_sub(1);
    for (at, row) in (FIRST..).zip(rows) {
        let texts: Vec<String> = form.columns.iter().map(|c| shower.text(row, &c.id)).collect();
        page.fit(at, texts.iter().map(String::as_str).zip(widths.iter().copied()))?;
        for ((place, shown), text) in (0_u16..).zip(&form.columns).zip(&texts) {
            key(page, (at, place), shown, text, row)?;
        }
        for (place, fill) in (shown..).zip(&form.fill) {
            page.text(at, place, "", open_look(fill))?;
        }
        for place in shown + filled..last {
            page.text(at, place, "", Look::Review)?;
        }
        let kept = form.columns.iter().zip(&texts);
        let kept: Vec<&str> = kept
            .filter(|(c, _)| !UNSEALED.contains(&c.id.as_str()))
            .map(|(_, t)| t.as_str())
            .collect();
        sealed(&row.case.number, &kept);
    }
    if rows.is_empty() {
        page.span(FIRST, (0, last - 1), "本类没有需要反馈的督办件。", Look::Subtitle)?;
    } else {
        validate(page, (form, shower), rows, head.day, (FIRST, end))?;
        page.filter(FIRST - 1, end, last)?;
    }
    let fixed = form.columns.iter().position(|c| c.id == "number").map_or(1, |p| p + 1);
    page.freeze(FIRST, column(fixed))?;
    page.spread(&widths, form.columns.len(), column(fixed), (FIRST - 2, FIRST - 1))?;
    page.protect();
    page.tab(tab(rows));
    Ok(())
}

/// A pack has far fewer columns than a sheet can hold: the loader knows them all.
fn column(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Headings with their notes: what must be filled in is said there.
fn headings(page: &mut Page<'_>, form: &Pack) -> Result<()> {
    let row = FIRST - 1;
    page.height(row, 32.0)?;
    let mut place = 0;
    for shown in &form.columns {
        page.text(row, place, &shown.zh, Look::HeadKey)?;
        if !shown.about.is_empty() {
            page.note(row, place, &shown.about)?;
        }
        place += 1;
    }
    for fill in &form.fill {
        page.text(row, place, &fill.zh, Look::HeadFill)?;
        let mut about = fill.about.clone();
        if fill.required("any") {
            about.push_str("（每件必填）");
        } else if !fill.required_if.is_empty() {
            about.push_str("（部分结果必填，见封面）");
        }
        if !about.is_empty() {
            page.note(row, place, &about)?;
        }
        place += 1;
    }
    for review in &form.review {
        page.text(row, place, review, Look::HeadReview)?;
        place += 1;
    }
    Ok(())
}

/// A locked cell.
fn key(
    page: &mut Page<'_>,
    (at, place): (u32, u16),
    shown: &Shown,
    text: &str,
    row: &Row,
) -> Result<()> {
    let late = row.overdue > 0;
    match shown.id.as_str() {
        "serial" => page.number(at, place, u64::from(at - FIRST) + 1, Look::KeyCentre),
        "overdue" if late => page.number(at, place, row.overdue, Look::KeyOverdue),
        "due" | "letter" | "number" if late => page.text(at, place, text, Look::KeyOverdue),
        "severity" => page.text(at, place, text, severity(row.case.severity)),
        "mark" | "state" => page.text(at, place, text, mark(row, &shown.id)),
        "title" | "message" | "evidence" | "last" => page.text(at, place, text, Look::Key),
        _ => page.text(at, place, text, Look::KeyCentre),
    }
}

fn severity(severity: Severity) -> Look {
    match severity {
        Severity::Red => Look::Red,
        Severity::Orange => Look::Orange,
        Severity::Yellow => Look::Yellow,
        Severity::Blue => Look::Blue,
    }
}

/// What came back is seen at once.
fn mark(row: &Row, id: &str) -> Look {
    use super::select::Mark;
    match (id, row.mark, row.case.state) {
        ("mark", Mark::SentBack | Mark::Relapsed, _) => Look::Orange,
        ("mark", Mark::HandedOver, _) => Look::Blue,
        ("state", _, State::Answered | State::Reviewing) => Look::Blue,
        _ => Look::KeyCentre,
    }
}

fn open_look(fill: &Fill) -> Look {
    match fill.kind {
        FillKind::Text => Look::Fill,
        FillKind::Date => Look::FillDate,
        FillKind::List => Look::FillCentre,
    }
}

/// Drop-downs, and days until a year after this issue; of checks, from the day on that the first case of the sheet
/// was issued or came back.
fn validate(
    page: &mut Page<'_>,
    (form, shower): (&Pack, &Shower<'_>),
    rows: &[&Row],
    day: NaiveDate,
    range: (u32, u32),
) -> Result<()> {
    let asked = rows.iter().filter_map(|r| r.case.reopened.or(r.case.issued));
    let from = asked.min().unwrap_or(day).min(day);
    let to = day.checked_add_months(Months::new(12)).unwrap_or(day);
    for (place, fill) in (column(form.columns.len())..).zip(&form.fill) {
        match (fill.kind, &fill.list) {
            (FillKind::List, Some(list)) => {
                let words = shower.pipeline.labels(list);
                let words: Vec<&str> = words.iter().map(|(_, label)| *label).collect();
                page.choices(range, place, &words)?;
            }
            (FillKind::Date, _) => {
                // What was put right may have been so before anybody asked; it was checked since.
                let from = (fill.id == "checked_on").then_some(from);
                page.days(range, place, from, to)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Red where something is overdue, orange where there is work, else grey.
fn tab(rows: &[&Row]) -> u32 {
    match rows {
        [] => 0x00BF_BFBF,
        _ if rows.iter().any(|r| r.overdue > 0) => 0x00C0_0000,
        _ => 0x00ED_7D31,
    }
}

//! A city's workbook: how its counties stand, their rank, and their cases as a list to read.

use std::path::Path;

use super::book::{Book, Look, Page, Paper};
use super::county::Setting;
use super::cover::{
    FLOW, NAME, WIDE, flow_counts, lamp, legend, section, top, totals_head, totals_row,
};
use super::select::{Row, Totals, rate};
use super::sheet::{self, Head};
use crate::error::Result;
use crate::ledger::flow::Flow;
use crate::pipeline::packs::Pack;

/// How a county stands in a batch.
#[derive(Debug, Clone)]
pub struct CountyLine {
    pub code: String,
    pub name: String,
    pub totals: Totals,
    pub flow: Flow,
}

/// Counties in the order of their rank; those with too few cases, then those with none, come last
/// and have no rank. Equal figures share a rank.
pub fn ranked(lines: &[CountyLine], least: u64) -> Vec<(Option<usize>, &CountyLine)> {
    let mut counted: Vec<&CountyLine> =
        lines.iter().filter(|l| l.totals.rows >= least.max(1)).collect();
    // Shares are compared as products, without rounding.
    counted.sort_by(|a, b| {
        let (x, y) = (&a.totals, &b.totals);
        let share = (x.overdue * y.rows).cmp(&(y.overdue * x.rows));
        let rest = (x.severity[0], x.rows, &a.code).cmp(&(y.severity[0], y.rows, &b.code));
        share.then(rest)
    });
    let same = |a: &Totals, b: &Totals| {
        a.overdue * b.rows == b.overdue * a.rows
            && (a.severity[0], a.rows) == (b.severity[0], b.rows)
    };
    let mut out: Vec<(Option<usize>, &CountyLine)> = Vec::with_capacity(lines.len());
    for (at, line) in counted.into_iter().enumerate() {
        let shared = out.last().filter(|(_, l)| same(&l.totals, &line.totals)).and_then(|l| l.0);
        out.push((shared.or(Some(at + 1)), line));
    }
    let mut few: Vec<&CountyLine> = lines.iter().filter(|l| l.totals.rows < least.max(1)).collect();
    few.sort_by_key(|l| l.totals.rows == 0);
    out.extend(few.into_iter().map(|l| (None, l)));
    out
}

/// The workbook of a city.
///
/// # Errors
/// The disk.
pub fn workbook(
    setting: &Setting<'_>,
    form: &Pack,
    city: &str,
    lines: &[CountyLine],
    rows: &[&Row],
    folder: &Path,
) -> Result<Vec<u8>> {
    let batch = setting.batch;
    let title = format!("{city}{}", form.title.zh);
    let author = &setting.shower.pipeline.settings.title.zh;
    let mut book = Book::new(&title, author, batch.day, folder)?;
    let about = format!("{}　第{}批 · {}下发", batch.month_zh(), batch.number, batch.day);
    summary(&mut book.page("汇总")?, setting, form, (&title, &about), lines)?;
    rank_page(&mut book.page("排名")?, form, (&title, &about), lines)?;
    let title = format!("{title}·督办台账（只读）");
    let head = Head { title: &title, about: &about, day: batch.day };
    sheet::write(&mut book.page("督办台账")?, form, setting.shower, &head, rows, |_, _| {})?;
    book.bytes()
}

/// Counts and flows of the counties.
///
/// # Errors
/// The disk.
pub fn summary(
    page: &mut Page<'_>,
    setting: &Setting<'_>,
    form: &Pack,
    head: (&str, &str),
    lines: &[CountyLine],
) -> Result<()> {
    page.widths(&[NAME, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 9.0])?;
    top(page, setting.secrecy(), head, WIDE)?;
    let mut at = section(page, 4, "一、各县（市、区）本批督办件")?;
    at = totals_head(page, at, "县（市、区）")?;
    let mut all = Totals::default();
    for line in lines {
        totals_row(page, at, &line.name, &line.totals, &form.lights, false)?;
        all = all.plus(&line.totals);
        at += 1;
    }
    totals_row(page, at, "合计", &all, &form.lights, true)?;
    page.height(at + 1, 26.0)?;
    page.span(at + 1, (0, WIDE - 1), &legend(&form.lights), Look::Small)?;
    at += 3;
    let days = format!("{} 至 {}", setting.batch.month, setting.batch.day);
    at = section(page, at, &format!("二、督办件增减情况（{days}）"))?;
    at = flows(page, at, lines)? + 1;
    at = section(page, at, "三、说明")?;
    for (at, (number, line)) in (at..).zip((1..).zip(&form.instructions)) {
        page.height(at, 18.0)?;
        page.span(at, (0, WIDE - 1), &format!("{number}. {line}"), Look::Text)?;
    }
    page.paper(Paper::A4);
    page.protect();
    page.tab(0x001F_3864);
    Ok(())
}

/// The flow of each county; the row after the last one.
fn flows(page: &mut Page<'_>, mut at: u32, lines: &[CountyLine]) -> Result<u32> {
    page.height(at, 20.0)?;
    page.text(at, 0, "县（市、区）", Look::HeadKey)?;
    page.heads(at, 1, &FLOW)?;
    page.span(at, (10, 11), "销号率", Look::HeadKey)?;
    let mut all = Flow::default();
    let named = lines.iter().map(|l| (l.name.as_str(), l.flow));
    for (name, flow) in named {
        at += 1;
        all = all.plus(&flow);
        flow_row(page, at, name, &flow, (Look::PlainCentre, Look::Number))?;
    }
    at += 1;
    flow_row(page, at, "合计", &all, (Look::PlainBold, Look::NumberBold))?;
    Ok(at + 1)
}

fn flow_row(
    page: &mut Page<'_>,
    at: u32,
    name: &str,
    flow: &Flow,
    (text, number): (Look, Look),
) -> Result<()> {
    page.fit(at, [(name, NAME)])?;
    page.text(at, 0, name, text)?;
    for (place, count) in (1..).zip(flow_counts(flow)) {
        page.number(at, place, count, number)?;
    }
    page.span(at, (10, 11), &rate(flow.closed, flow.closed + flow.stock), text)
}

/// Counties by rank.
///
/// # Errors
/// The disk.
pub fn rank_page(
    page: &mut Page<'_>,
    form: &Pack,
    head: (&str, &str),
    lines: &[CountyLine],
) -> Result<()> {
    page.widths(&[8.0, NAME, 10.0, 10.0, 10.0, 10.0, 10.0, 12.0])?;
    top(page, "", head, 8)?;
    let heads = ["名次", "县（市、区）", "件数", "逾期", "逾期率", "红色件", "销号率", "信号灯"];
    page.heads(4, 0, &heads)?;
    for (at, (rank, line)) in (5_u32..).zip(ranked(lines, form.rank_min)) {
        let (totals, flow) = (&line.totals, &line.flow);
        let rank = match (rank, totals.rows) {
            (Some(rank), _) => rank.to_string(),
            (None, 0) => "—".into(),
            (None, _) => "基数过小".into(),
        };
        page.fit(at, [(line.name.as_str(), NAME)])?;
        page.text(at, 0, &rank, Look::PlainBold)?;
        page.text(at, 1, &line.name, Look::PlainCentre)?;
        page.number(at, 2, totals.rows, Look::Number)?;
        page.number(at, 3, totals.overdue, Look::Number)?;
        page.text(at, 4, &totals.overdue_rate(), Look::PlainCentre)?;
        page.number(at, 5, totals.severity[0], Look::Number)?;
        page.text(at, 6, &rate(flow.closed, flow.closed + flow.stock), Look::PlainCentre)?;
        lamp(page, (at, 7), totals, &form.lights)?;
    }
    page.freeze(5, 2)?;
    page.paper(Paper::A4);
    page.protect();
    Ok(())
}

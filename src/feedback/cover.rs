//! The first sheet of a county's workbook: what it is, how it stands, what to do.

use super::book::{Look, Page, Paper};
use super::select::{Lamp, Row, Totals, rate};
use super::show::Shower;
use crate::error::Result;
use crate::ledger::flow::Flow;
use crate::pipeline::packs::{Lights, Pack};

/// Columns of the cover, and characters in all of them.
pub const WIDE: u16 = 12;
const LINE: f64 = 100.0;
/// Width of the column of names: 积石山保安族东乡族撒拉族自治县 takes two lines in it.
pub const NAME: f64 = 18.0;

/// What the cover says.
pub struct Cover<'a> {
    pub title: &'a str,
    pub subtitle: &'a str,
    /// Pairs of a word and what it is, two in a row.
    pub facts: &'a [(&'a str, String)],
    /// Why no county can be named here, or that people can be.
    pub secrecy: &'a str,
    pub flow: Flow,
    pub flow_days: &'a str,
    pub rows: &'a [Row],
}

/// Writes the page.
///
/// # Errors
/// The disk.
pub fn write(
    page: &mut Page<'_>,
    form: &Pack,
    shower: &Shower<'_>,
    cover: &Cover<'_>,
) -> Result<()> {
    page.widths(&[NAME, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 9.0])?;
    top(page, cover.secrecy, (cover.title, cover.subtitle), WIDE)?;
    let mut at = 4;
    for pair in cover.facts.chunks(2) {
        page.height(at, 20.0)?;
        for (place, (word, what)) in [0, 6].into_iter().zip(pair) {
            page.span(at, (place, place + 1), word, Look::PlainBold)?;
            page.span(at, (place + 2, place + 5), what, Look::PlainCentre)?;
        }
        at += 1;
    }
    at = themes(page, form, cover, at + 1)?;
    at = flow(page, cover, at + 1)?;
    at = lines(page, at + 1, "三、填报要求", &form.instructions)?;
    at = results(page, form, shower, at + 1)?;
    at = lines(page, at + 1, "五、反馈截止与督办", std::slice::from_ref(&form.deadline))?;
    signatures(page, at + 1)?;
    page.paper(Paper::A4);
    page.protect();
    page.tab(0x001F_3864);
    Ok(())
}

/// The rows of a title: how to keep it, what it is, of when.
///
/// # Errors
/// The disk.
pub fn top(page: &mut Page<'_>, secrecy: &str, head: (&str, &str), wide: u16) -> Result<()> {
    page.span(0, (0, wide - 1), secrecy, Look::Small)?;
    page.height(1, 34.0)?;
    page.span(1, (0, wide - 1), head.0, Look::Title)?;
    page.height(2, 18.0)?;
    page.span(2, (0, wide - 1), head.1, Look::Subtitle)
}

/// A heading over all columns; the row after it.
///
/// # Errors
/// The disk.
pub fn section(page: &mut Page<'_>, at: u32, text: &str) -> Result<u32> {
    page.height(at, 22.0)?;
    page.span(at, (0, WIDE - 1), text, Look::Section)?;
    Ok(at + 1)
}

/// Counts by theme with their lights.
fn themes(page: &mut Page<'_>, form: &Pack, cover: &Cover<'_>, at: u32) -> Result<u32> {
    let mut at = section(page, at, "一、本批督办件分类汇总")?;
    at = totals_head(page, at, "类别")?;
    for (number, theme) in form.themes.iter().enumerate() {
        let totals = Totals::of(cover.rows.iter().filter(|r| r.theme == number));
        if totals.rows > 0 {
            totals_row(page, at, &theme.sheet, &totals, &form.lights, false)?;
            at += 1;
        }
    }
    totals_row(page, at, "合计", &Totals::of(cover.rows), &form.lights, true)?;
    page.span(at + 1, (0, WIDE - 1), &legend(&form.lights), Look::Small)?;
    page.height(at + 1, 26.0)?;
    Ok(at + 2)
}

/// What the lights mean.
pub fn legend(lights: &Lights) -> String {
    let (red, yellow) = (lights.red, lights.yellow);
    format!(
        "红灯：逾期率达到{}%，或红色件占比达到{}%；黄灯：逾期率达到{}%，或红色件占比达到{}%；\
         绿灯：均未达到；“—”：没有督办件。“重办”为退回、转办和反弹的件。",
        red.overdue, red.severe, yellow.overdue, yellow.severe
    )
}

/// The headings of [`totals_row`]; the row after them.
///
/// # Errors
/// The disk.
pub fn totals_head(page: &mut Page<'_>, at: u32, first: &str) -> Result<u32> {
    const COUNTS: [&str; 11] =
        ["件数", "新增", "结转", "重办", "逾期", "逾期率", "红", "橙", "黄", "蓝", "信号灯"];
    page.height(at, 20.0)?;
    page.text(at, 0, first, Look::HeadKey)?;
    page.heads(at, 1, &COUNTS)?;
    Ok(at + 1)
}

/// One row of counts: twelve cells from the first column on.
///
/// # Errors
/// The disk.
pub fn totals_row(
    page: &mut Page<'_>,
    at: u32,
    name: &str,
    totals: &Totals,
    lights: &Lights,
    sum: bool,
) -> Result<()> {
    let (text, number) =
        if sum { (Look::PlainBold, Look::NumberBold) } else { (Look::PlainCentre, Look::Number) };
    page.fit(at, [(name, NAME)])?;
    page.text(at, 0, name, text)?;
    let counts = [totals.rows, totals.new, totals.carried, totals.again, totals.overdue];
    for (place, count) in (1..).zip(counts) {
        page.number(at, place, count, number)?;
    }
    page.text(at, 6, &totals.overdue_rate(), text)?;
    for (place, count) in (7..).zip(totals.severity) {
        page.number(at, place, count, number)?;
    }
    lamp(page, (at, 11), totals, lights)
}

/// A cell with a light; where there are no cases nothing shines.
///
/// # Errors
/// The disk.
pub fn lamp(
    page: &mut Page<'_>,
    (at, place): (u32, u16),
    totals: &Totals,
    lights: &Lights,
) -> Result<()> {
    if totals.rows == 0 {
        return page.text(at, place, "—", Look::PlainCentre);
    }
    let lamp = totals.lamp(lights);
    let look = match lamp {
        Lamp::Red => Look::LampRed,
        Lamp::Yellow => Look::LampYellow,
        Lamp::Green => Look::LampGreen,
    };
    page.text(at, place, lamp.zh(), look)
}

/// Headings of a flow, in the order of [`flow_counts`].
pub const FLOW: [&str; 9] =
    ["上期结转", "本期新增", "重新立案", "转入", "销号", "系统消除", "豁免", "转出", "期末存量"];

/// The counts of a flow.
pub fn flow_counts(flow: &Flow) -> [u64; 9] {
    [
        flow.carried,
        flow.opened,
        flow.reopened,
        flow.handed_in,
        flow.closed,
        flow.vanished,
        flow.waived,
        flow.handed_out,
        flow.stock,
    ]
}

/// 结转 + 新增 − 销号 − … = 存量, as a table and as a sum.
fn flow(page: &mut Page<'_>, cover: &Cover<'_>, at: u32) -> Result<u32> {
    let text = format!("二、督办件增减情况（{}）", cover.flow_days);
    let at = section(page, at, &text)?;
    let counts = flow_counts(&cover.flow);
    // Nine words over twelve columns: some are wider.
    let places = [(0, 0), (1, 1), (2, 2), (3, 4), (5, 5), (6, 7), (8, 8), (9, 10), (11, 11)];
    page.height(at, 20.0)?;
    for (place, word) in places.into_iter().zip(FLOW) {
        page.span(at, place, word, Look::HeadKey)?;
    }
    page.height(at + 1, 20.0)?;
    for (place, count) in places.into_iter().zip(counts) {
        page.span(at + 1, place, &count.to_string(), Look::PlainCentre)?;
    }
    let [carried, opened, reopened, came, closed, vanished, waived, left, stock] = counts;
    let sum = format!(
        "结转{carried} + 新增{opened} + 重新立案{reopened} + 转入{came} − 销号{closed} − \
         系统消除{vanished} − 豁免{waived} − 转出{left} = 存量{stock}；销号率{}。",
        rate(closed, closed + stock)
    );
    page.span(at + 2, (0, WIDE - 1), &sum, Look::Small)?;
    page.height(at + 2, 18.0)?;
    Ok(at + 3)
}

/// Numbered lines under a heading.
fn lines(page: &mut Page<'_>, at: u32, title: &str, lines: &[String]) -> Result<u32> {
    let mut at = section(page, at, title)?;
    for (number, line) in (1..).zip(lines) {
        let text = if lines.len() > 1 { format!("{number}. {line}") } else { line.clone() };
        // A merged cell does not grow by itself.
        page.fit(at, [(text.as_str(), LINE)])?;
        page.span(at, (0, WIDE - 1), &text, Look::Text)?;
        at += 1;
    }
    Ok(at)
}

/// The results that a county can choose, and what must be filled in with each.
fn results(page: &mut Page<'_>, form: &Pack, shower: &Shower<'_>, at: u32) -> Result<u32> {
    let mut at = section(page, at, "四、核查结果怎么选")?;
    page.text(at, 0, "核查结果", Look::HeadKey)?;
    page.span(at, (1, 6), "什么时候选", Look::HeadKey)?;
    page.span(at, (7, WIDE - 1), "必填的列", Look::HeadKey)?;
    at += 1;
    let list = shower.pipeline.codes.get(&form.results);
    let about = |label: &str| -> String {
        let found = list.and_then(|l| {
            let (at, own) = (l.position("about")?, l.position("label")?);
            Some(l.rows.iter().find(|r| r[own] == label)?[at].clone())
        });
        found.unwrap_or_default()
    };
    for (code, label) in shower.pipeline.labels(&form.results) {
        let needed: Vec<&str> =
            form.fill.iter().filter(|f| f.required(code)).map(|f| f.zh.as_str()).collect();
        let (about, needed) = (about(label), needed.join("、"));
        page.fit(at, [(about.as_str(), 46.0), (needed.as_str(), 38.0)])?;
        page.text(at, 0, label, Look::PlainBold)?;
        page.span(at, (1, 6), &about, Look::Plain)?;
        page.span(at, (7, WIDE - 1), &needed, Look::Plain)?;
        at += 1;
    }
    Ok(at)
}

/// Open cells for who answers and who is asked.
fn signatures(page: &mut Page<'_>, at: u32) -> Result<()> {
    let at = section(page, at, "六、填报与联系")?;
    let words = [
        ["填报单位（盖章）", "填报日期"],
        ["填报人及电话", "审核人（签字）"],
        ["省级联系人", "省级联系电话"],
    ];
    for (at, pair) in (at..).zip(words) {
        page.height(at, 24.0)?;
        for (place, word) in [0, 6].into_iter().zip(pair) {
            page.span(at, (place, place + 1), word, Look::PlainBold)?;
            page.span(at, (place + 2, place + 5), "", Look::Fill)?;
        }
    }
    Ok(())
}

//! The receipt for a returned file: what became of every row, and why.

use std::path::Path;

use chrono::NaiveDate;

use super::{Line, Taken, Verdict};
use crate::error::Result;
use crate::feedback::book::{Book, Look, Page, Paper};
use crate::privacy::hide_ids;

/// Widths and headings of the list.
const COLUMNS: [(&str, f64); 5] =
    [("工作表", 14.0), ("行", 7.0), ("督办编号", 32.0), ("处理结果", 20.0), ("说明", 60.0)];

/// The receipt as a workbook. `title` names county and form, `file` the returned file.
///
/// # Errors
/// The disk.
pub fn reply(
    taken: &Taken,
    title: &str,
    file: &str,
    day: NaiveDate,
    folder: &Path,
) -> Result<Vec<u8>> {
    let mut book = Book::new(title, "bidui", day, folder)?;
    cover(&mut book.page("回执")?, taken, title, file, day)?;
    for (name, verdict) in
        [("无效", Verdict::Invalid), ("未采纳", Verdict::Ignored), ("采纳", Verdict::Accepted)]
    {
        let own: Vec<&Line> = taken.lines.iter().filter(|l| l.verdict == verdict).collect();
        if !own.is_empty() {
            list(&mut book.page(name)?, verdict, &own)?;
        }
    }
    book.bytes()
}

fn cover(
    page: &mut Page<'_>,
    taken: &Taken,
    title: &str,
    file: &str,
    day: NaiveDate,
) -> Result<()> {
    page.widths(&[20.0, 22.0, 22.0, 22.0])?;
    page.height(0, 34.0)?;
    page.span(0, (0, 3), title, Look::Title)?;
    page.span(1, (0, 3), "反馈整改表收件回执", Look::Subtitle)?;
    let pack = if taken.pack.is_empty() { "（未能确认）" } else { taken.pack.as_str() };
    let day = day.to_string();
    let facts = [("收到的文件", file), ("反馈包编号", pack), ("收件日期", day.as_str())];
    let mut at = 3;
    for (name, value) in facts {
        page.text(at, 0, name, Look::PlainBold)?;
        page.span(at, (1, 3), value, Look::Plain)?;
        at += 1;
    }
    at += 1;
    for (column, name) in (0..).zip(["处理结果", "采纳", "未采纳", "无效"]) {
        page.text(at, column, name, Look::PlainBold)?;
    }
    page.text(at + 1, 0, "件数", Look::PlainBold)?;
    let all = [Verdict::Accepted, Verdict::Ignored, Verdict::Invalid];
    for (column, verdict) in (1_u16..).zip(all) {
        page.number(at + 1, column, taken.count(verdict), Look::Number)?;
    }
    at += 3;
    let mut notes: Vec<String> = Vec::new();
    match &taken.refused {
        Some(reason) => notes.push(format!("整份文件未处理：{reason}。")),
        None => {
            notes.push(
                "采纳：已记入台账。属实已整改和不属实的，由下一轮数据比对复核后销号或退回；申请豁免和转其他部门的，由人工审核。"
                    .into(),
            );
            notes.push(
                "未采纳：空白、重复、已办结或暂不收取的行。空白行视为未反馈，仍须在反馈截止日前填报。"
                    .into(),
            );
            notes.push("无效：请按说明更正后，用原表重新报送。".into());
        }
    }
    notes.extend(taken.notes.iter().map(|n| format!("{n}。")));
    for note in notes {
        page.height(at, 30.0)?;
        // Whoever names a file or a sheet after a person puts the ID behind it.
        page.span(at, (0, 3), &hide_ids(&note), Look::Text)?;
        at += 1;
    }
    page.paper(Paper::A4);
    Ok(())
}

fn list(page: &mut Page<'_>, verdict: Verdict, lines: &[&Line]) -> Result<()> {
    let widths: Vec<f64> = COLUMNS.iter().map(|(_, w)| *w).collect();
    page.widths(&widths)?;
    page.height(0, 24.0)?;
    page.heads(0, 0, &COLUMNS.map(|(name, _)| name))?;
    let look = match verdict {
        Verdict::Accepted => Look::LampGreen,
        Verdict::Ignored => Look::LampYellow,
        Verdict::Invalid => Look::LampRed,
    };
    for (at, line) in (1_u32..).zip(lines) {
        page.text(at, 0, &hide_ids(&line.sheet), Look::Plain)?;
        let row = if line.row == 0 { "缺行".to_owned() } else { line.row.to_string() };
        page.text(at, 1, &row, Look::PlainCentre)?;
        page.text(at, 2, &hide_ids(&line.number), Look::Plain)?;
        page.text(at, 3, line.verdict.zh(), look)?;
        page.text(at, 4, &line.reason, Look::Plain)?;
    }
    page.freeze(1, 0)?;
    page.filter(0, lines.len() as u32, COLUMNS.len() as u16)?;
    page.paper(Paper::Across);
    Ok(())
}

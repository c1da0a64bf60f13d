//! What is said of rows that were sent out and not read: they are broken, their sheet has lost its
//! heading, or the file has them no more; and of lines that are no cases.

use std::collections::BTreeSet;

use super::book::{Hidden, Returned};
use super::{Line, Taken, Verdict};
use crate::ledger::case::{Case, Cases};

/// Adds their lines. A row whose number is read elsewhere in the file is no loss.
pub(super) fn told(hidden: Option<&Hidden>, cases: &Cases, returned: &Returned, taken: &mut Taken) {
    let mut seen: BTreeSet<&str> = returned.rows.iter().map(|r| r.number.as_str()).collect();
    let county = taken.county.clone();
    let own = |number: &str| cases.by_number.get(number).filter(|c| c.county == county);
    for row in &returned.unread {
        let reason = match row.number.as_str() {
            "" => "本行无法读取（单元格过长或有乱码），请更正后重报",
            number => {
                let lost = own(number).is_some_and(|c| c.state.is_open()) && seen.insert(number);
                if !lost {
                    continue;
                }
                "本行上方没有同时带“督办编号”“核查结果”的表头，整行未读取，请按原表恢复表头后重报"
            }
        };
        taken.lines.push(Line {
            sheet: row.sheet.clone(),
            row: row.line,
            number: row.number.clone(),
            verdict: Verdict::Invalid,
            reason: reason.into(),
        });
    }
    for (sheet, row) in &returned.beside {
        taken.lines.push(Line {
            sheet: sheet.clone(),
            row: *row,
            number: String::new(),
            verdict: Verdict::Ignored,
            reason: "没有督办编号和核查内容（如合计、签名），不是督办件".into(),
        });
    }
    let asked = |case: &&Case| case.state.is_waiting();
    for (number, (_, sheet)) in hidden.into_iter().flat_map(|h| &h.seals) {
        if !seen.contains(number.as_str()) && own(number).filter(asked).is_some() {
            taken.lines.push(Line {
                sheet: sheet.clone(),
                row: 0,
                number: number.clone(),
                verdict: Verdict::Ignored,
                reason: "表中缺少此行，视为未反馈".into(),
            });
        }
    }
}

//! Section: what the night did to the cases, and how they stand.

use maud::{Markup, html};

use super::charts::bar;
use super::numbers::{count, percent};
use super::summary::{CaseSummary, Summary};
use crate::ledger::state::State;

/// Counties that are shown before the rest is only counted.
const SHOWN: usize = 12;

/// Moves of the night, cases by state, counties with the most overdue.
pub(super) fn cases(summary: &Summary) -> Markup {
    let cases = &summary.cases;
    let carried = carried(cases);
    html! {
        @if cases.past {
            p.note { b { "台账已有更晚的记录，本夜只列当时的督办件，不立案、不销号。" } }
        }
        p.lead {
            "上夜结转" (count(carried)) "件，本夜立案" b { (count(cases.opened)) "件" }
            "、反弹重开" (count(cases.relapsed)) "件、豁免到期重开" (count(cases.lapsed)) "件；"
            "销号" b { (count(cases.closed)) "件" } "、系统消除" (count(cases.vanished))
            "件、转入豁免" (count(cases.waived_open)) "件。现有在办" b { (count(cases.open)) "件" }
            "，其中逾期" b { (count(cases.overdue)) "件" }
            @if cases.open > 0 { "（" (percent(cases.overdue, cases.open)) "）" }
            "；退回" (count(cases.sent_back)) "件，应发督办文书" (count(cases.letters)) "件次。"
        }
        div.chips {
            @for state in State::ALL {
                @let own = cases.states.get(state.word()).copied().unwrap_or(0);
                span.chip.plain { (state.zh()) " " b { (count(own)) } }
            }
        }
        @if !cases.counties.is_empty() { (counties(summary)) }
        p.note {
            "口径：结转＋立案＋反弹＋豁免到期－销号－系统消除－豁免＝在办；转办只改变承办县，不改变总数。"
            "逾期：已下发、已签收、核实中或退回，且已过反馈截止日。"
        }
    }
}

/// Open before the night, from how it stands after it.
fn carried(cases: &CaseSummary) -> u64 {
    let gone = cases.open + cases.closed + cases.vanished + cases.waived_open;
    gone.saturating_sub(cases.opened + cases.relapsed + cases.lapsed)
}

fn counties(summary: &Summary) -> Markup {
    let mut lines: Vec<_> = summary.cases.counties.iter().collect();
    lines.sort_by(|(a, x), (b, y)| (y.overdue, y.open).cmp(&(x.overdue, x.open)).then(a.cmp(b)));
    let most = lines.iter().map(|(_, c)| c.open).max().unwrap_or(0);
    let name = |code: &str| {
        let line = summary.counties.iter().find(|c| c.county == code);
        line.map_or_else(|| "归属不明".to_owned(), |c| format!("{}{}", c.city, c.name))
    };
    html! {
        table.cards {
            thead { tr {
                th { "县（市、区）" } th.n { "在办" } th.n { "逾期" } th.graph { "在办（深色为逾期）" }
            } }
            tbody {
                @for (code, line) in lines.iter().take(SHOWN) {
                    tr {
                        td.full { b { (name(code)) } " " code { (code) } }
                        td.n data-l="在办" { (count(line.open)) }
                        td.n data-l="逾期" { (count(line.overdue)) }
                        td.full.graph {
                            (bar(most, &[
                                ("new", "逾期", line.overdue),
                                ("persisting", "未逾期", line.open - line.overdue),
                            ]))
                        }
                    }
                }
            }
        }
        @if lines.len() > SHOWN { p.note { "另有 " (lines.len() - SHOWN) " 个县（市、区）。" } }
    }
}

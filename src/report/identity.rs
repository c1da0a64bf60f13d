//! Section: by what evidence the rows of each table were given to persons.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::charts::{bar, legend};
use super::feeds::zero;
use super::numbers::{count, percent};
use super::summary::Summary;
use crate::identity;

/// Class and name of each tier, the best evidence first.
const TIERS: [(&str, &str); 6] = [
    ("tier-id", "证件号"),
    ("tier-variant", "证件号（姓名异写）"),
    ("tier-prefix", "前15位＋姓名"),
    ("tier-roster", "其他依据"),
    ("tier-clash", "一证多人（已分开）"),
    ("tier-unlinked", "未归并"),
];

/// The funnel of every table and of all.
pub(super) fn identity(summary: &Summary) -> Markup {
    let tables = ordered(summary);
    let all = tables
        .iter()
        .map(|(_, t)| *t)
        .fold([0; 6], |sum: [u64; 6], one| std::array::from_fn(|i| sum[i] + one[i]));
    html! {
        @if tables.is_empty() { p.note { "今夜没有人员表。" } }
        @else {
            (legend(&TIERS))
            table.cards {
                thead { tr {
                    th { "标准表" } th.n { "行数" } th.n { "证件号" } th.n { "姓名异写" } th.n { "前15位" }
                    th.n { "其他依据" } th.n { "一证多人" } th.n { "未归并" } th.n { "未归并率" }
                    th.graph { "构成" }
                } }
                tbody { @for (name, tiers) in &tables { tr { (cells(name, tiers)) } } }
                tfoot { tr { (cells("合计", &all)) } }
            }
            (steps(summary))
            (events(summary))
            (decisions(summary))
        }
    }
}

/// What people decided that is passed over, if anything is.
fn decisions(summary: &Summary) -> Markup {
    let of = |fate: &str| summary.identity_decisions.get(fate).copied().unwrap_or(0);
    let (rows, persons) = (of(identity::NO_ROW), of(identity::NO_PERSON));
    html! {
        @if rows + persons > 0 {
            h3.part { "人工确认" span.en lang="en" { "Decisions on links" } }
            p.note {
                "有效 " b { (count(of(identity::IN_FORCE))) }
                "；未采用 " b { (count(rows + persons)) }
                "：所指的行已不存在或已按证件号归并 " b { (count(rows)) }
                "，所指的人已无任何行 " b { (count(persons)) } "。"
            }
        }
    }
}

/// What changed since the night before, if anything did.
fn events(summary: &Summary) -> Markup {
    let of = |kind: identity::EventKind| summary.identity_events.get(kind.word()).copied();
    let told = identity::EventKind::ALL.map(|(kind, zh)| (zh, of(kind).unwrap_or(0)));
    html! {
        @if told.iter().any(|(_, events)| *events > 0) {
            h3.part { "身份变动" span.en lang="en" { "Persons merged and split" } }
            p.note {
                "较上一夜："
                @for (at, (zh, events)) in told.iter().enumerate() {
                    @if at > 0 { "，" }
                    (zh) " " b { (count(*events)) }
                }
                "。明细用 " code { "bidui show links --events" } " 查看。"
            }
        }
    }
}

/// By which step the rows were decided that no plain ID links, the strictest step first.
fn steps(summary: &Summary) -> Markup {
    let rows = |word: &str| -> u64 {
        summary.identity_steps.values().filter_map(|steps| steps.get(word)).sum()
    };
    let others = identity::steps().into_iter().filter(|(word, _)| *word != "id");
    let found: Vec<(&str, u64)> =
        others.map(|(word, zh)| (zh, rows(word))).filter(|(_, rows)| *rows > 0).collect();
    let all = found.iter().map(|(_, rows)| rows).sum();
    html! {
        @if !found.is_empty() {
            h3.part { "凭什么归并" span.en lang="en" { "Evidence beyond the ID" } }
            table.cards {
                thead { tr { th { "依据" } th.n { "行数" } th.n { "占比" } } }
                tbody { @for (zh, rows) in &found {
                    tr {
                        td.full { b { (zh) } }
                        td.n data-l="行数" { (count(*rows)) }
                        td.n data-l="占比" { (percent(*rows, all)) }
                    }
                } }
            }
        }
    }
}

/// The tables in the order of the feeds, with their rows by tier; none that this pipeline has no feed for.
fn ordered(summary: &Summary) -> Vec<(&str, [u64; 6])> {
    let place = |table: &str| summary.feeds.iter().position(|f| f.table == table);
    let has_rows = |table: &str| summary.identity[table].values().any(|rows| *rows > 0);
    let mut tables: Vec<&String> = summary.identity.keys().collect();
    tables.retain(|table| place(table).is_some() || has_rows(table));
    tables.sort_by_key(|table| place(table).unwrap_or(usize::MAX));
    tables
        .into_iter()
        .map(|table| {
            let feed = || place(table).map(|i| &summary.feeds[i].title);
            let title = summary.tables.get(table).or_else(feed).map_or(table, |t| &t.zh);
            (title.as_str(), tiers(&summary.identity[table]))
        })
        .collect()
}

/// Rows by tier. Rows of `variant` are counted under `id` too; here they stand apart.
fn tiers(counts: &BTreeMap<String, u64>) -> [u64; 6] {
    let of = |tier: &str| counts.get(tier).copied().unwrap_or(0);
    let plain = of("id").saturating_sub(of("variant"));
    [plain, of("variant"), of("prefix15"), of("roster"), of("clash"), of("unlinked")]
}

fn cells(name: &str, tiers: &[u64; 6]) -> Markup {
    let rows: u64 = tiers.iter().sum();
    let parts: Vec<_> = TIERS.iter().zip(tiers).map(|((class, zh), v)| (*class, *zh, *v)).collect();
    html! {
        td.full { b { (name) } }
        td.n data-l="行数" { b { (count(rows)) } }
        td.n data-l="证件号" { (zero(tiers[0])) }
        td.n data-l="姓名异写" { (zero(tiers[1])) }
        td.n data-l="前15位" { (zero(tiers[2])) }
        td.n data-l="其他依据" { (zero(tiers[3])) }
        td.n data-l="一证多人" { (zero(tiers[4])) }
        td.n.alert[tiers[5] > 0] data-l="未归并" { (zero(tiers[5])) }
        td.n data-l="未归并率" { (percent(tiers[5], rows)) }
        td.graph.full { (bar(rows, &parts)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_persons_are_told_where_there_are_any() {
        let mut summary = crate::report::tests::summary();
        summary.identity_events = [("merge", 0), ("move", 0)].map(|(k, n)| (k.into(), n)).into();
        assert_eq!(events(&summary).into_string(), "");
        summary.identity_events.insert("merge".into(), 1234);
        let page = events(&summary).into_string();
        assert!(page.contains("合并 <b>1,234</b>，改归他人 <b>0</b>"), "{page}");
    }

    #[test]
    fn decisions_that_are_passed_over_are_told_where_there_are_any() {
        let mut summary = crate::report::tests::summary();
        let fates = [(identity::IN_FORCE, 3), (identity::NO_ROW, 0)];
        summary.identity_decisions = fates.map(|(fate, lines)| (fate.into(), lines)).into();
        assert_eq!(decisions(&summary).into_string(), "");
        summary.identity_decisions.insert(identity::NO_PERSON.into(), 2);
        let page = decisions(&summary).into_string();
        assert!(page.contains("有效 <b>3</b>；未采用 <b>2</b>"), "{page}");
    }

    #[test]
    fn variants_are_counted_once() {
        let counts = [("id", 100), ("variant", 7), ("roster", 2)];
        let counts = counts.into_iter().map(|(tier, rows)| (tier.to_owned(), rows)).collect();
        assert_eq!(tiers(&counts), [93, 7, 0, 2, 0, 0]);
    }
}

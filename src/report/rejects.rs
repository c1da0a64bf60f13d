//! Section: why rows were quarantined, and what was wrong with ID numbers and cells.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::charts::bar;
use super::numbers::{count, percent};
use super::summary::{FeedLine, Summary};
use super::words;

/// Feeds that are named beside a reason.
const NAMED: usize = 3;

/// Reasons over all feeds, then ID quality and dropped cells.
pub(super) fn rejects(summary: &Summary) -> Markup {
    let reasons = gather(summary, |f| &f.reject_reasons);
    let amendments = gather(summary, |f| &f.amendments);
    let (ids, others): (Vec<_>, Vec<_>) =
        amendments.into_iter().partition(|k| k.name.starts_with("id:"));
    html! {
        @if reasons.is_empty() { p.note { "没有隔离行。" } }
        @else { (reason_chart(&reasons)) }
        div.columns {
            div {
                h3.part { "证件号码质量" span.en lang="en" { "ID numbers that are not plainly valid" } }
                @if ids.is_empty() { p.note { "全部有效。" } }
                @else {
                    p.note { "蓝灰条仍可用于归并，橙条不可用，两者均保留原值。" }
                    (kind_chart(summary, &ids))
                }
            }
            div {
                h3.part { "弃用单元格与其他修正" span.en lang="en" { "Dropped cells and other repairs" } }
                @if others.is_empty() { p.note { "没有。" } }
                @else {
                    p.note { "单元格无法识别而该列非必填：弃用该值，保留该行。" }
                    (kind_chart(summary, &others))
                }
            }
        }
    }
}

/// A reason or kind, its rows, and the feeds with most of them.
struct Kind<'a> {
    name: &'a str,
    rows: u64,
    feeds: Vec<(u64, &'a str)>,
}

type Counts = BTreeMap<String, u64>;

/// Adds up over the feeds: most first, then by name.
fn gather(summary: &Summary, of: fn(&FeedLine) -> &Counts) -> Vec<Kind<'_>> {
    let mut kinds: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for feed in &summary.feeds {
        for (name, rows) in of(feed).iter().filter(|(_, rows)| **rows > 0) {
            kinds.entry(name).or_default().push((*rows, &feed.title.zh));
        }
    }
    let mut kinds: Vec<Kind> = kinds
        .into_iter()
        .map(|(name, mut feeds)| {
            feeds.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
            Kind { name, rows: feeds.iter().map(|f| f.0).sum(), feeds }
        })
        .collect();
    kinds.sort_by(|a, b| b.rows.cmp(&a.rows).then(a.name.cmp(b.name)));
    kinds
}

fn sources(kind: &Kind) -> String {
    let named: Vec<String> = kind
        .feeds
        .iter()
        .take(NAMED)
        .map(|(rows, feed)| format!("{feed} {}", count(*rows)))
        .collect();
    let more = if kind.feeds.len() > NAMED { " 等" } else { "" };
    format!("{}{more}", named.join("，"))
}

fn reason_chart(reasons: &[Kind]) -> Markup {
    let all: u64 = reasons.iter().map(|r| r.rows).sum();
    let most = reasons.iter().map(|r| r.rows).max().unwrap_or(0);
    html! {
        table.cards.chart {
            thead { tr {
                th { "隔离原因" } th.graph { "" } th.n { "行数" } th.n { "占比" } th { "主要来源" }
            } }
            tbody {
                @for reason in reasons {
                    tr {
                        td.full { (words::reason(reason.name)) }
                        td.graph.full { (bar(most, &[("quarantined", "隔离", reason.rows)])) }
                        td.n data-l="行数" { b { (count(reason.rows)) } }
                        td.n data-l="占比" { (percent(reason.rows, all)) }
                        td.soft.full { (sources(reason)) }
                    }
                }
            }
            tfoot { tr {
                td.full { b { "合计" } } td {} td.n data-l="行数" { b { (count(all)) } } td {} td {}
            } }
        }
    }
}

/// Class, Chinese and English of a kind of amendment.
fn amendment(summary: &Summary, kind: &str) -> (&'static str, String, String) {
    if let Some(word) = kind.strip_prefix("id:") {
        let (zh, usable) = words::quality(word);
        return (
            if usable { "used" } else { "quarantined" },
            zh.to_owned(),
            word.replace('_', " "),
        );
    }
    match kind.strip_prefix("dropped:") {
        Some(column) => match summary.columns.get(column) {
            Some(title) => ("duplicate", format!("弃用“{title}”"), column.to_owned()),
            None => ("duplicate", format!("弃用“{column}”"), String::new()),
        },
        None => ("duplicate", kind.to_owned(), String::new()),
    }
}

fn kind_chart(summary: &Summary, kinds: &[Kind]) -> Markup {
    let most = kinds.iter().map(|k| k.rows).max().unwrap_or(0);
    html! {
        table.chart.slim { tbody {
            @for kind in kinds {
                @let (class, zh, en) = amendment(summary, kind.name);
                tr title=(sources(kind)) {
                    td { (zh) " " span.en lang="en" { (en) } }
                    td.graph { (bar(most, &[(class, zh.as_str(), kind.rows)])) }
                    td.n { (count(kind.rows)) }
                }
            }
        } }
    }
}

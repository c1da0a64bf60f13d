//! Section: which extracts came, what became of their rows, and that the accounts close.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::charts::{Part, bar, legend};
use super::numbers::count;
use super::summary::{DeliveryLine, FeedLine, Freshness, Summary};
use super::words;

/// Notes of a delivery and unknown files that are shown before the rest is only counted.
const SHOWN: usize = 5;

/// Parts of a feed that are named when they are behind.
const PARTS_SHOWN: usize = 12;

/// What becomes of a row: class and name.
const PARTS: [(&str, &str); 4] =
    [("used", "采用"), ("quarantined", "隔离"), ("duplicate", "重复"), ("superseded", "被替代")];

/// Feeds, tonight's deliveries, files that no feed knows.
pub(super) fn feeds(summary: &Summary) -> Markup {
    let total = total(&summary.feeds);
    html! {
        (attention(summary))
        (legend(&PARTS))
        table.cards.accounts {
            thead { tr {
                th { "数据源" } th { "报送单位" } th { "时效" } th { "最新期" span.en { "应到" } }
                th.n { "接收行数" } th.n { "＝采用" } th.n { "＋隔离" } th.n { "＋重复" }
                th.n { "＋被替代" } th {} th.graph { "构成" }
            } }
            tbody { @for feed in &summary.feeds { tr { (feed_cells(feed)) } } }
            tfoot { tr {
                td.full { b { "合计" } span.en lang="en" { "All feeds" } } td {} td {} td {}
                (account_cells(&total))
            } }
        }
        (deliveries(summary))
        @if !summary.unknown_files.is_empty() {
            div.box {
                h3 { "未识别文件 " (summary.unknown_files.len()) " 个" span.en lang="en" { "Unknown files" } }
                p.note { "文件名不符合任何数据源的约定，未读取，请核对命名或补充约定。" }
                ul.files {
                    @for file in summary.unknown_files.iter().take(4 * SHOWN) {
                        li { code { (file) } }
                    }
                }
                (rest(summary.unknown_files.len(), 4 * SHOWN, "个"))
            }
        }
    }
}

fn rest(all: usize, shown: usize, unit: &str) -> Markup {
    html! { @if all > shown { p.note { "另有 " (all - shown) " " (unit) "。" } } }
}

/// The sum of all accounts.
fn total(feeds: &[FeedLine]) -> [u64; 5] {
    feeds.iter().map(account).fold([0; 5], |sum, one| std::array::from_fn(|i| sum[i] + one[i]))
}

/// Rows, used, quarantined, duplicate, superseded.
fn account(feed: &FeedLine) -> [u64; 5] {
    [feed.rows, feed.used, feed.quarantined, feed.duplicate, feed.superseded]
}

/// Names the feeds that are not as they should be.
fn attention(summary: &Summary) -> Markup {
    let of = |f: Freshness| -> Vec<&str> {
        let own = summary.feeds.iter().filter(|l| l.freshness == f);
        own.map(|l| l.title.zh.as_str()).collect()
    };
    let bad = [Freshness::Missing, Freshness::Stale, Freshness::Late];
    let refused = |f: &&FeedLine| {
        summary.deliveries.iter().any(|d| d.verdict == "refused" && d.feed == f.feed)
    };
    let refused: Vec<&str> =
        summary.feeds.iter().filter(refused).map(|f| f.title.zh.as_str()).collect();
    html! {
        @if refused.is_empty() && bad.iter().all(|f| of(*f).is_empty()) { p.note { "全部数据源按期到达。" } }
        @else {
            ul.attention {
                @if !refused.is_empty() {
                    li { (words::lamp("red", "退回")) " " (refused.join("、")) }
                }
                @for freshness in bad {
                    @if !of(freshness).is_empty() {
                        @let (class, zh, _) = words::freshness(freshness);
                        li { (words::lamp(class, zh)) " " (of(freshness).join("、")) }
                    }
                }
            }
        }
    }
}

fn feed_cells(feed: &FeedLine) -> Markup {
    let (class, zh, en) = words::freshness(feed.freshness);
    html! {
        td.full { b { (feed.title.zh) } " " span.en lang="en" { (feed.title.en) } }
        td.wide.soft data-l="报送单位" { (feed.sender) }
        td data-l="时效" title=(en) { (words::lamp(class, zh)) }
        td.days data-l="最新期" {
            (feed.newest.as_deref().unwrap_or("—"))
            @if feed.freshness != Freshness::Fresh { span.en { "应 " (feed.due) } }
            (notes(&feed.notes))
        }
        (account_cells(&account(feed)))
    }
}

/// Parts that are behind once with their names, other notes one by one.
fn notes(notes: &[String]) -> Markup {
    const BEHIND: [(&str, &str); 2] = [("stale: ", "部分单位过期"), ("late: ", "部分单位迟报")];
    let others: Vec<&String> =
        notes.iter().filter(|n| BEHIND.iter().all(|(word, _)| !n.starts_with(word))).collect();
    html! {
        @for (word, zh) in BEHIND {
            @let own: Vec<&str> = notes.iter().filter_map(|n| n.strip_prefix(word)).collect();
            @if !own.is_empty() {
                div.soft { b { (zh) } " " (own.len()) " 个：" (behind(&own)) }
            }
        }
        @for note in others.iter().take(SHOWN) { div.soft { (words::note(note)) } }
        (rest(others.len(), SHOWN, "条"))
    }
}

/// `皋兰县 (newest 2026-09-30)` … by their newest day: `皋兰县、榆中县（最新 2026-09-30）`.
fn behind(parts: &[&str]) -> String {
    let mut days: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for part in parts.iter().take(PARTS_SHOWN) {
        let (name, newest) = part.split_once(" (newest ").unwrap_or((part, ""));
        days.entry(newest.trim_end_matches(')')).or_default().push(name);
    }
    let said: Vec<String> = days
        .iter()
        .map(|(day, names)| match *day {
            "" => names.join("、"),
            day => format!("{}（最新 {day}）", names.join("、")),
        })
        .collect();
    let more = if parts.len() > PARTS_SHOWN { "，等" } else { "" };
    format!("{}{more}", said.join("；"))
}

/// The account as an equation that closes, or how far it is from it, and as a bar.
fn account_cells(account: &[u64; 5]) -> Markup {
    let [rows, used, quarantined, duplicate, superseded] = *account;
    let parts: [Part; 4] = std::array::from_fn(|i| (PARTS[i].0, PARTS[i].1, account[i + 1]));
    let sum: u64 = account[1..].iter().sum();
    html! {
        td.n data-l="接收行数" { b { (count(rows)) } }
        td.n data-l="＝采用" { (count(used)) }
        td.n.alert[quarantined > 0] data-l="＋隔离" { (zero(quarantined)) }
        td.n data-l="＋重复" { (zero(duplicate)) }
        td.n data-l="＋被替代" { (zero(superseded)) }
        td.check data-l="账目" {
            @if sum == rows { span.ok title="账目相符" { "✓" } }
            @else { span.bad { "账目不符，差 " (count(rows.abs_diff(sum))) } }
        }
        td.full.graph { (bar(rows, &parts)) }
    }
}

/// A count in which zero steps back.
pub(super) fn zero(value: u64) -> Markup {
    html! { @if value == 0 { span.zero { "0" } } @else { (count(value)) } }
}

fn deliveries(summary: &Summary) -> Markup {
    let quiet = |d: &&DeliveryLine| d.verdict == "known" && d.notes.is_empty();
    let known = summary.deliveries.iter().filter(quiet).count();
    let mut shown: Vec<&DeliveryLine> = summary.deliveries.iter().filter(|d| !quiet(d)).collect();
    shown.sort_by_key(|d| d.verdict != "refused");
    let plain =
        |d: &&DeliveryLine| d.verdict == "accepted" && d.quarantined == 0 && d.notes.is_empty();
    let (plain, odd): (Vec<&DeliveryLine>, Vec<&DeliveryLine>) = shown.into_iter().partition(plain);
    html! {
        h3.part { "今夜批次" span.en lang="en" { "Tonight's deliveries" } }
        @if plain.is_empty() && odd.is_empty() { p.note { "今夜没有新批次。" } }
        @if !odd.is_empty() { (delivery_table(summary, &odd)) }
        @if !plain.is_empty() {
            details {
                summary {
                    @if !odd.is_empty() { "其余 " }
                    (plain.len()) " 个批次全部接收，无隔离行，共 "
                    (count(plain.iter().map(|d| d.rows).sum())) " 行"
                }
                (delivery_table(summary, &plain))
            }
        }
        @if known > 0 { p.note { "另有 " (known) " 个批次的内容此前已接收，未重复计入。" } }
    }
}

fn delivery_table(summary: &Summary, deliveries: &[&DeliveryLine]) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th { "数据源" } th { "批次" } th { "期别" } th { "结论" } th.n { "文件" }
                th { "编码" } th.n { "行数" } th.n { "采用" } th.n { "隔离" } th.n { "重复" }
            } }
            @for delivery in deliveries { tbody { (delivery_rows(summary, delivery)) } }
        }
    }
}

fn delivery_rows(summary: &Summary, delivery: &DeliveryLine) -> Markup {
    let (class, zh) = words::verdict(delivery);
    let title = summary.feeds.iter().find(|f| f.feed == delivery.feed).map(|f| &f.title.zh);
    html! {
        tr.noted[!delivery.notes.is_empty()] {
            td.full { b { (title.unwrap_or(&delivery.feed)) } }
            td.wide data-l="批次" { code { (delivery.delivery) } }
            td.days.wide data-l="期别" {
                (delivery.period) @if let Some(part) = &delivery.part { " " (part) }
            }
            td data-l="结论" { (words::lamp(class, zh)) }
            td.n data-l="文件" { (delivery.files) }
            td.wide data-l="编码" { (delivery.encodings.join("、")) }
            td.n data-l="行数" { (count(delivery.rows)) }
            td.n data-l="采用" { (count(delivery.used)) }
            td.n.alert[delivery.quarantined > 0] data-l="隔离" { (zero(delivery.quarantined)) }
            td.n data-l="重复" { (zero(delivery.duplicate)) }
        }
        @if !delivery.notes.is_empty() {
            tr.notes { td.full colspan="10" {
                ul { @for note in delivery.notes.iter().take(SHOWN) { li { (words::note(note)) } } }
                (rest(delivery.notes.len(), SHOWN, "条"))
            } }
        }
    }
}

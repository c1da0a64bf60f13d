//! Head of the page: which night it is, one paragraph that says it all, and the tiles.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};

use super::charts::bar;
use super::numbers::{count, percent};
use super::summary::{Freshness, Summary};
use super::words;
use crate::calendar::zh_date;
use crate::pipeline::spec::Severity;

/// Title, night, version, the paragraph and the tiles.
pub(super) fn head(summary: &Summary) -> Markup {
    html! {
        header {
            @if summary.demo_secret {
                p.banner role="alert" {
                    b { "示例密钥，仅供演示" }
                    "：人员键由公开的示例密钥生成，不得用于真实数据。 "
                    span.en lang="en" { "Sample secret: for demonstration only, never for real data." }
                }
            }
            p.kind { "夜间比对报告" span.en lang="en" { "Night report" } }
            h1 { (summary.title.zh) }
            p.subtitle lang="en" { (summary.title.en) }
            dl.facts {
                div { dt { "比对日期" } dd { (zh_date(summary.date)) " " (weekday(summary.date)) } }
                div { dt { "夜次" } dd { code { (summary.night) } } }
                div { dt { "上一夜次" } dd {
                    @match &summary.last_night {
                        Some(night) => code { (night) },
                        None => "无（首夜）",
                    }
                } }
                div { dt { "流程" } dd { code { (summary.pipeline) } } }
                div { dt { "流程版本" } dd { code { (summary.version) } } }
            }
        }
        (lead(summary))
        (tiles(summary))
    }
}

fn weekday(date: NaiveDate) -> &'static str {
    let days = ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"];
    days[date.weekday().num_days_from_monday() as usize]
}

/// The night in one paragraph.
fn lead(summary: &Summary) -> Markup {
    let fresh = |f: Freshness| summary.feeds.iter().filter(|l| l.freshness == f).count();
    let others: Vec<String> = [Freshness::Late, Freshness::Stale, Freshness::Missing]
        .into_iter()
        .filter(|f| fresh(*f) > 0)
        .map(|f| format!("{}{}个", words::freshness(f).1, fresh(f)))
        .collect();
    let rows: u64 = summary.feeds.iter().map(|f| f.rows).sum();
    let used: u64 = summary.feeds.iter().map(|f| f.used).sum();
    let not_run = summary.rules.iter().filter(|r| r.blind().is_some()).count();
    let off = summary.rules.iter().filter(|r| r.off().is_some()).count();
    let unread: u64 = summary.rules.iter().filter(|r| r.not_run.is_none()).map(|r| r.held).sum();
    let red = summary.severities.get(Severity::Red.word()).copied().unwrap_or(0);
    let cases = &summary.cases;
    html! {
        p.lead {
            "数据源" b { (summary.feeds.len()) "个" } "，及时" (fresh(Freshness::Fresh)) "个"
            @if !others.is_empty() { "，" b { (others.join("、")) } }
            "；已接收批次共" b { (count(rows)) "行" } "，采用" (count(used)) "行。"
            "规则" (summary.rules.len()) "条，" @if off > 0 { "停用" (off) "条，" }
            "运行" (summary.rules.len() - not_run - off) "条，发现异常"
            b { (count(summary.anomalies)) "件" } "，其中红色" b { (count(red)) "件" }
            "，豁免" (count(summary.waived)) "件。"
            @if summary.last_night.is_some() { "与上一夜相比，" (movement(summary)) }
            @else { "本夜为首夜，无上一夜可比，异常均计为新增。" }
            @if not_run > 0 {
                b { "未运行规则" (not_run) "条" } "，其原有异常" (count(summary.held - unread))
                "件按“未核”保留，既不计入总数，也不算消除。"
            }
            @if unread > 0 {
                "另有" b { (count(unread)) "件" } "因主体的数据行被隔离，或所在县的报送迟报、过期，同样按“未核”保留。"
            }
            @if cases.open > 0 {
                "督办件在办" b { (count(cases.open)) "件" } "，其中逾期" b { (count(cases.overdue)) "件" } "。"
            }
        }
        @if let Some(until) = summary.workdays_until {
            p.banner role="alert" {
                b { "工作日历只到" (zh_date(until)) }
                "：此后的节假日和调休未列入，跨过该日的工作日期限暂按周一至周五推算，会偏早。请将国务院办公厅新公布的放假安排"
                "补入代码表（pipeline.yaml 的 cases.workdays）。 "
                span.en lang="en" {
                    "The list of working days ends on " (until) "; later terms count Monday to Friday."
                }
            }
        }
    }
}

/// What came and what went since last night.
fn movement(summary: &Summary) -> Markup {
    let (came, went) = (summary.new + summary.relapsed, summary.cleared);
    html! {
        "新增" (count(summary.new)) "件、反弹" (count(summary.relapsed)) "件、消除"
        (count(went)) "件，"
        b {
            @if came > went { "净增" (count(came - went)) "件" }
            @else if came < went { "净减" (count(went - came)) "件" }
            @else { "总量持平" }
        }
        "。"
    }
}

fn tiles(summary: &Summary) -> Markup {
    html! {
        section.tiles aria-label="要点" {
            (anomalies_tile(summary))
            (severity_tile(summary))
            (rows_tiles(summary))
            (unlinked_tile(summary))
            (not_run_tile(summary))
        }
    }
}

fn caption(zh: &str, en: &str) -> Markup {
    html! { h3 { (zh) span.en lang="en" { (en) } } }
}

fn anomalies_tile(summary: &Summary) -> Markup {
    let parts = [
        ("new", "新增", summary.new),
        ("relapsed", "反弹", summary.relapsed),
        ("persisting", "持续", summary.persisting),
    ];
    html! {
        div.tile.half {
            (caption("异常总数", "Anomalies"))
            p.big { (count(summary.anomalies)) small { "件" } }
            (bar(summary.anomalies, &parts))
            p.chips {
                span.chip.new { "新增 " b { (count(summary.new)) } }
                span.chip.relapsed { "反弹 " b { (count(summary.relapsed)) } }
                span.chip.persisting { "持续 " b { (count(summary.persisting)) } }
                span.chip.cleared { "消除 " b { (count(summary.cleared)) } }
                span.chip.held { "未核 " b { (count(summary.held)) } }
            }
        }
    }
}

fn severity_tile(summary: &Summary) -> Markup {
    let of = |s: Severity| summary.severities.get(s.word()).copied().unwrap_or(0);
    let parts = Severity::ALL.map(|s| (s.word(), s.zh(), of(s)));
    html! {
        div.tile.half {
            (caption("严重程度", "By severity"))
            div.lamps {
                @for severity in Severity::ALL {
                    div {
                        p { (words::severity(severity)) }
                        p.mid { (count(of(severity))) }
                        p.sub { (percent(of(severity), summary.anomalies)) }
                    }
                }
            }
            (bar(parts.iter().map(|p| p.2).sum(), &parts))
        }
    }
}

fn rows_tiles(summary: &Summary) -> Markup {
    let sum = |f: fn(&super::summary::FeedLine) -> u64| summary.feeds.iter().map(f).sum::<u64>();
    let (rows, used, bad) = (sum(|f| f.rows), sum(|f| f.used), sum(|f| f.quarantined));
    let old = sum(|f| f.superseded);
    html! {
        div.tile {
            (caption("接收行数", "Rows received"))
            p.mid { (count(rows)) small { "行" } }
            p.sub { "采用 " (count(used)) "，已被新批次替代 " (count(old)) }
        }
        div.tile.warn[bad > 0] {
            (caption("隔离行", "Quarantined"))
            p.mid { (count(bad)) small { "行" } }
            p.sub { "占接收行数 " (percent(bad, rows)) }
        }
    }
}

fn unlinked_tile(summary: &Summary) -> Markup {
    let tier = |name: &str| summary.identity.values().filter_map(|t| t.get(name)).sum::<u64>();
    html! {
        div.tile.warn[tier("unlinked") > 0] {
            (caption("未归并", "Unlinked rows"))
            p.mid { (count(tier("unlinked"))) small { "行" } }
            p.sub { "另有一证多人 " (count(tier("clash"))) " 行" }
        }
    }
}

fn not_run_tile(summary: &Summary) -> Markup {
    let not_run: Vec<&str> =
        summary.rules.iter().filter(|r| r.blind().is_some()).map(|r| r.rule.as_str()).collect();
    let off = summary.rules.iter().filter(|r| r.off().is_some()).count();
    html! {
        div.tile.warn[!not_run.is_empty()] {
            (caption("未运行规则", "Rules not run"))
            p.mid { (not_run.len()) small { "条，共 " (summary.rules.len()) " 条" } }
            p.sub {
                @if not_run.is_empty() { "启用的规则全部运行" }
                @else if not_run.len() <= 6 { (not_run.join("、")) }
                @else { (not_run[..5].join("、")) " 等" }
                @if off > 0 { "；另停用 " (off) " 条" }
            }
        }
    }
}

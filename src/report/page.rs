//! The page around the sections: head, list of sections, style, foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::summary::Summary;
use super::{cases, counties, feeds, head, identity, rejects, rules, views};

/// Everything about the page's looks.
const STYLE: &str = include_str!("style.css");

/// Anchor, number and titles of each section.
const SECTIONS: [(&str, &str, &str, &str); 8] = [
    ("feeds", "一", "数据到达与账目", "Arrivals and accounts"),
    ("rejects", "二", "隔离原因与证件质量", "Quarantine and ID quality"),
    ("identity", "三", "人员归并", "Linking rows to persons"),
    ("rules", "四", "规则", "Rules"),
    ("counties", "五", "县（市、区）热力表", "Heat table by county"),
    ("cases", "六", "督办", "Cases"),
    ("views", "七", "视图", "Views"),
    ("next", "八", "后续查看", "How to go on"),
];

/// The whole page.
pub(super) fn page(summary: &Summary) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="bidui";
                title { (summary.title.zh) " 夜间比对报告 " (summary.date) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head::head(summary))
                    nav aria-label="目录" {
                        @for (anchor, number, zh, _) in SECTIONS {
                            a href={ "#" (anchor) } { (number) "、" (zh) }
                        }
                    }
                    (section("feeds", feeds::feeds(summary)))
                    (section("rejects", rejects::rejects(summary)))
                    (section("identity", identity::identity(summary)))
                    (section("rules", rules::rules(summary)))
                    (section("counties", counties::counties(summary)))
                    (section("cases", cases::cases(summary)))
                    (section("views", views::views(summary)))
                    (section("next", next()))
                    footer { "bidui 比对 · " (summary.pipeline) " · " code { (summary.night) } }
                }
            }
        }
    }
}

fn section(id: &str, body: Markup) -> Markup {
    let found = SECTIONS.iter().find(|(anchor, ..)| *anchor == id);
    let (_, number, zh, en) = found.copied().unwrap_or((id, "", id, ""));
    html! {
        section id=(id) {
            h2 { (number) "、" (zh) span.en lang="en" { (en) } }
            (body)
        }
    }
}

/// What to type next, and what this page never shows.
fn next() -> Markup {
    let commands = [
        ("bidui show anomalies …", "列出异常：编号、规则、风险、状态、县、对象、说明、期限"),
        ("bidui explain ANOMALY|CASE", "追溯异常或督办件：规则与依据、关键数据、来源文件与行号"),
        ("bidui case list --overdue", "列出督办件：状态、期限、逾期天数、承办单位"),
        ("bidui show rejects …", "查看隔离行：文件、工作表、行号、列、原因、原文"),
        ("bidui show deliveries …", "查看各批次的回执"),
    ];
    html! {
        dl.commands {
            @for (command, zh) in commands {
                div { dt { code { (command) } } dd { (zh) } }
            }
        }
        p.note {
            "人员默认脱敏：本报告只有合计数，不含姓名和证件号码；异常表中的姓名为脱敏姓名，人员以人员键标识。"
            br;
            span.en lang="en" { "Persons are masked by default; this page holds totals only." }
        }
        p.note {
            "口径：异常总数＝新增＋反弹＋持续，含已豁免；“未核”为未运行规则的、或主体有隔离行的原有异常，另计。"
            "细条中不为零的部分均放宽至可见。"
        }
    }
}

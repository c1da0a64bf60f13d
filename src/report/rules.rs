//! Section: what each rule found, against last night; and the rules that were not run.

use maud::{Markup, html};

use super::charts::{bar, legend};
use super::feeds::zero;
use super::numbers::{count, per_ten_thousand};
use super::summary::{RuleLine, Summary};
use super::words;
use crate::pipeline::spec::Severity;

/// Rules that were run, by severity and id, then those that were not.
pub(super) fn rules(summary: &Summary) -> Markup {
    let (ran, rest): (Vec<&RuleLine>, Vec<&RuleLine>) =
        sorted(summary).into_iter().partition(|r| r.not_run.is_none());
    let (off, not_run): (Vec<&RuleLine>, Vec<&RuleLine>) =
        rest.into_iter().partition(|r| r.off().is_some());
    html! {
        @if !not_run.is_empty() { (not_run_box(&not_run)) }
        @if !off.is_empty() { (off_box(&off)) }
        (legend(&[("new", "新增"), ("relapsed", "反弹"), ("persisting", "持续")]))
        table.cards.rules {
            thead { tr {
                th { "规则" } th { "视图" } th.n { "适用" } th.n { "命中" } th.n { "豁免" }
                th.n { "每万" } th.n { "较上夜" } th.n { "新增" } th.n { "反弹" } th.n { "持续" }
                th.n { "消除" } th.graph { "命中构成" }
            } }
            @for severity in Severity::ALL {
                @let own: Vec<&RuleLine> =
                    ran.iter().copied().filter(|r| r.severity == severity).collect();
                @if !own.is_empty() { tbody { (group(summary, severity, &own)) } }
            }
        }
        p.note {
            "适用：规则所问的对象数；命中：今夜异常数，含豁免；每万：每一万个适用对象的命中数。"
            "条长按本级规则的最大命中数；“上夜无”指上夜没有这条规则的结果。"
        }
    }
}

fn sorted(summary: &Summary) -> Vec<&RuleLine> {
    let mut rules: Vec<&RuleLine> = summary.rules.iter().collect();
    rules.sort_by(|a, b| a.severity.cmp(&b.severity).then(a.rule.cmp(&b.rule)));
    rules
}

fn not_run_box(rules: &[&RuleLine]) -> Markup {
    html! {
        div.box {
            h3 { "未运行规则 " (rules.len()) " 条" span.en lang="en" { "Rules not run" } }
            p.note { b { "未运行不等于零。" } "原有异常按“未核”保留，待数据到达后重新判定。" }
            ul.notrun {
                @for rule in rules {
                    li {
                        (words::severity(rule.severity))
                        " " code { (rule.rule) } " " b { (rule.title.zh) }
                        span.why { (words::note(rule.not_run.as_deref().unwrap_or_default())) }
                        @if rule.held > 0 { span.chip.held { "未核 " b { (count(rule.held)) } } }
                    }
                }
            }
        }
    }
}

/// Rules that the pipeline has switched off, by their reason.
fn off_box(rules: &[&RuleLine]) -> Markup {
    let mut reasons: Vec<(&str, Vec<&RuleLine>)> = Vec::new();
    for rule in rules {
        let reason = rule.off().unwrap_or_default();
        match reasons.iter_mut().find(|(own, _)| *own == reason) {
            Some((_, own)) => own.push(rule),
            None => reasons.push((reason, vec![rule])),
        }
    }
    html! {
        div.box {
            h3 { "停用规则 " (rules.len()) " 条" span.en lang="en" { "Rules switched off" } }
            p.note { "由本流程停用（pipeline.yaml 的 off），不作判定，不计入未运行。" }
            @for (reason, own) in reasons {
                p.note {
                    b { (reason) } "："
                    @for (at, rule) in own.iter().enumerate() {
                        @if at > 0 { "、" }
                        (rule.title.zh) " " code { (rule.rule) }
                        @if rule.held > 0 { "（未核 " (count(rule.held)) "）" }
                    }
                }
            }
        }
    }
}

/// The rules of one severity, under a line with their sums.
fn group(summary: &Summary, severity: Severity, rules: &[&RuleLine]) -> Markup {
    let sum = |f: fn(&RuleLine) -> u64| rules.iter().map(|r| f(r)).sum::<u64>();
    let most = rules.iter().map(|r| r.violated).max().unwrap_or(0);
    let compared = || rules.iter().filter_map(|r| Some((r.violated, r.last_night?)));
    let now = compared().map(|(now, _)| now).sum();
    let before = compared().map(|(_, before)| before).reduce(|a, b| a + b);
    html! {
        tr.group {
            td.full colspan="2" {
                (words::severity(severity))
                " " (rules.len()) " 条"
            }
            td.void {}
            td.n data-l="命中" { (count(sum(|r| r.violated))) }
            td.n data-l="豁免" { (zero(sum(|r| r.waived))) }
            td.void {}
            td.n data-l="较上夜" { (change(now, before, summary)) }
            td.n data-l="新增" { (zero(sum(|r| r.new))) }
            td.n data-l="反弹" { (zero(sum(|r| r.relapsed))) }
            td.n data-l="持续" { (zero(sum(|r| r.persisting))) }
            td.n data-l="消除" { (zero(sum(|r| r.cleared))) }
            td.void {}
        }
        @for rule in rules { tr { (rule_cells(summary, rule, most)) } }
    }
}

fn rule_cells(summary: &Summary, rule: &RuleLine, most: u64) -> Markup {
    let view = summary.views.iter().find(|v| v.view == rule.view).map(|v| &v.title.zh);
    let parts = [
        ("new", "新增", rule.new),
        ("relapsed", "反弹", rule.relapsed),
        ("persisting", "持续", rule.persisting),
    ];
    html! {
        td.full { div.rule {
            code { (rule.rule) }
            div { b { (rule.title.zh) } " " span.en lang="en" { (rule.title.en) } }
        } }
        td.soft data-l="视图" { (view.unwrap_or(&rule.view)) }
        td.n data-l="适用" { (zero(rule.applicable)) }
        td.n data-l="命中" { b { (zero(rule.violated)) } }
        td.n data-l="豁免" { (zero(rule.waived)) }
        td.n data-l="每万" { (per_ten_thousand(rule.violated, rule.applicable)) }
        td.n data-l="较上夜" { (change(rule.violated, rule.last_night, summary)) }
        td.n data-l="新增" { (zero(rule.new)) }
        td.n data-l="反弹" { (zero(rule.relapsed)) }
        td.n data-l="持续" { (zero(rule.persisting)) }
        td.n data-l="消除" { (zero(rule.cleared)) }
        td.graph.full { (bar(most, &parts)) }
    }
}

/// Tonight against last night.
fn change(tonight: u64, before: Option<u64>, summary: &Summary) -> Markup {
    html! {
        @match before {
            None if summary.last_night.is_some() => span.soft { "上夜无" },
            None => span.zero { "—" },
            Some(before) if tonight > before => span.up { "▲" (count(tonight - before)) },
            Some(before) if tonight < before => span.down { "▼" (count(before - tonight)) },
            Some(_) => span.zero { "持平" },
        }
    }
}

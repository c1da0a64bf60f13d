//! 四、存在的主要问题: anomalies by groups of rules, and the hospitals one by one.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::facts::Facts;
use super::page::ordinal;
use super::units::{self, UnitLine};
use super::words::{listed, reason_zh};
use crate::pipeline::bulletins::Problem;
use crate::pipeline::groups::fits;

/// Rules and counties named in a paragraph.
const NAMED: usize = 3;

/// The fourth part.
pub fn problems(facts: &Facts<'_>) -> Markup {
    let Some(found) = facts.material.found else {
        return html! { p { "本期末次比对的异常明细已按保存期限清理，未列。" } };
    };
    let groups: Vec<(&Problem, String)> =
        facts.policy().problems.iter().filter_map(|p| Some((p, paragraph(facts, p)?))).collect();
    html! {
        @if found.is_empty() { p { "本期末次比对未发现异常。" } }
        @for (at, (problem, text)) in groups.iter().enumerate() {
            p { span.second { "（" (ordinal(at + 1)) "）" (problem.title) "。" } (text) }
        }
        (hospitals(facts, groups.len()))
        (not_run(facts))
    }
}

/// The numbers of a group of rules; nothing when nothing was found.
fn paragraph(facts: &Facts<'_>, problem: &Problem) -> Option<String> {
    let own = |rule: &str| problem.rules.iter().any(|p| fits(p, rule));
    let found: Vec<_> =
        facts.material.found?.iter().filter(|f| f.anomalies > 0 && own(&f.rule)).collect();
    if found.is_empty() {
        return None;
    }
    let rules: BTreeSet<&str> = found.iter().map(|f| f.rule.as_str()).collect();
    let names: Vec<String> = rules.iter().map(|r| (*r).to_owned()).collect();
    let total: u64 = found.iter().map(|f| f.anomalies).sum();
    let by_rule = facts.by_rule(&names);
    let said: Vec<String> = by_rule
        .iter()
        .take(NAMED)
        .map(|(title, n)| format!("{title}{}件", facts.count(*n)))
        .collect();
    // What must not be traced to a place is counted for the province alone.
    let sensitive =
        |rule: &str| facts.material.pipeline.rules.get(rule).is_none_or(|r| r.sensitive);
    let mut counties: BTreeMap<&str, u64> = BTreeMap::new();
    for f in found.iter().filter(|f| !f.county.is_empty() && !sensitive(&f.rule)) {
        *counties.entry(&f.county).or_default() += f.anomalies;
    }
    let mut most: Vec<(&str, u64)> = counties.into_iter().collect();
    facts.most_first(&mut most);
    let named: Vec<String> = most
        .iter()
        .take(NAMED)
        .map(|(county, n)| format!("{}{}件", facts.name(county), facts.count(*n)))
        .collect();
    let total = facts.count(total);
    // A rule that is no more has no title.
    let mut text = match &said[..] {
        [] => format!("共发现{total}件"),
        [only] if rules.len() == 1 => format!("共发现{only}"),
        all if all.len() == rules.len() => format!("共发现{total}件，分别为{}", listed(all)),
        first => {
            let word = if facts.lead(&by_rule, NAMED) { "主要为" } else { "其中有" };
            format!("共发现{total}件，{word}{}等", listed(first))
        }
    };
    if !named.is_empty() {
        // As many counties as there may be cases would tell that each of them has one.
        let (of, more) = match most.len() > NAMED {
            true if facts.lead(&most, NAMED) => (facts.count(most.len() as u64), "，较多的是"),
            true => (facts.count(most.len() as u64), "，其中有"),
            false => (most.len().to_string(), "："),
        };
        text.push_str(&format!("；涉及{of}个县（市、区）{more}{}", listed(&named)));
    }
    text.push('。');
    Some(text)
}

/// Hospitals with faults one by one, then those without.
fn hospitals(facts: &Facts<'_>, before: usize) -> Markup {
    let (Some(policy), Some(lines)) = (&facts.policy().units, facts.material.units) else {
        return html! {};
    };
    let body = if facts.material.reader.is_public() {
        "逐家情况含较小人数，不在公开文本中列出。".to_owned()
    } else if lines.is_empty() {
        "统计期内无符合条件的出院结算。".to_owned()
    } else {
        let (faulty, clean): (Vec<&UnitLine>, Vec<&UnitLine>) =
            lines.iter().partition(|l| l.counts.iter().any(|n| *n > 0));
        let mut faulty = faulty;
        faulty
            .sort_by_key(|l| (std::cmp::Reverse(l.counts.iter().sum::<u64>()), &l.county, &l.unit));
        let mut text: String =
            faulty.iter().take(policy.most).map(|l| units::sentence(policy, l)).collect();
        if faulty.len() > policy.most {
            text.push_str(&format!("另有{}所医院存在同类情况。", faulty.len() - policy.most));
        }
        text + &units::clean(policy, &clean)
    };
    html! {
        p { span.second { "（" (ordinal(before + 1)) "）" (policy.title) "。" } (body) }
        p.small { "统计口径：" (policy.about) }
    }
}

/// Rules that were not run, so that silence is not taken for health.
fn not_run(facts: &Facts<'_>) -> Markup {
    let rules = facts.material.rules_not_run;
    let titles = &facts.material.pipeline.rules;
    let names: Vec<String> = rules
        .iter()
        .filter_map(|(id, why)| Some(format!("{}（{}）", titles.get(id)?.title.zh, reason_zh(why))))
        .collect();
    html! {
        @if !names.is_empty() {
            p { "另有" (names.len()) "条比对规则未运行，不表示无问题：" (listed(&names)) "。" }
        }
    }
}

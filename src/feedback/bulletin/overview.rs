//! 一、总体情况: what was compared, the province's figures and their changes, the flow of cases.

use maud::{Markup, html};

use super::cases::CaseFacts;
use super::charts;
use super::facts::{Colour, Facts};
use super::period::zh_month;
use super::words::{age_words, listed, reason_zh, unit_zh};
use crate::calendar::zh_date;
use crate::ledger::flow::Flow;
use crate::pipeline::indicators::Indicator;
use crate::pipeline::spec::System;

/// The first part.
pub fn overview(facts: &Facts<'_>) -> Markup {
    html! {
        p { (scope(facts)) }
        p { (headline(facts)) }
        (table(facts))
        (charts::cities(facts))
        (charts::trend(facts))
        (cases(facts))
        (wanting(facts))
    }
}

/// Which data, of when, from where.
fn scope(facts: &Facts<'_>) -> String {
    let period = facts.material.period;
    let (cities, counties) = (facts.now.figures.areas(4), facts.now.figures.areas(6));
    let all = crate::indicator::counties(facts.material.pipeline).len();
    let mut text = format!(
        "{}监测数据截至{}，共有{}个{}的{}个县（市、区）有监测数据",
        facts.material.word("place"),
        zh_date(facts.now.day),
        cities.len(),
        facts.material.cities(),
        counties.len(),
    );
    if all > counties.len() {
        text.push_str(&format!("，其余{}个县（市、区）无数据，未列入本通报", all - counties.len()));
    }
    text.push('。');
    if period.is_quarter() {
        let missing: Vec<String> = period
            .months()
            .into_iter()
            .filter(|m| !facts.material.history.months.contains_key(m))
            .map(|m| zh_month(&m))
            .collect();
        text.push_str(&format!("季度指标取{}末次比对结果。", zh_month(&facts.now.month)));
        if !missing.is_empty() {
            text.push_str(&format!("本季度数据不全：{}无比对结果。", listed(&missing)));
        }
    }
    text
}

/// One sentence for each headline figure.
fn headline(facts: &Facts<'_>) -> String {
    let all = facts.policy().headline.iter().filter_map(|id| facts.indicator(id));
    let (hidden, shown): (Vec<_>, Vec<_>) = all.partition(|i| facts.hidden(i, facts.root));
    let say =
        |i: &&Indicator| format!("{}{}", facts.said(i, facts.root), facts.changes(i, facts.root));
    let mut said: Vec<String> = shown.iter().map(say).collect();
    if !hidden.is_empty() {
        let names: Vec<&str> = hidden.iter().map(|i| i.title.zh.as_str()).collect();
        said.push(format!("{}因数值较小不公开", listed(&names)));
    }
    let mut text = format!("{}，{}。", facts.material.period.this(), said.join("；"));
    if facts.before.is_none() {
        let (last, before) = (facts.material.period.last(), facts.material.period.before().zh());
        text.push_str(&format!("{last}（{before}）无监测数据，不作环比。"));
    }
    if facts.year.is_none() {
        text.push_str("上年同期无监测数据，不作同比。");
    }
    text
}

/// The headline figures as a table with their lamps.
fn table(facts: &Facts<'_>) -> Markup {
    let rows = facts.policy().headline.iter().filter_map(|id| facts.indicator(id));
    html! {
        table.figures {
            caption { "表1　" (facts.material.word("place")) "主要监测指标" }
            thead { tr { th { "指标" } th { (facts.material.period.this()) } th { "环比" } th { "同比" } th { "状态" } } }
            tbody {
                @for i in rows {
                    @let figure = facts.figure(&i.id, facts.root);
                    @let colour = figure.and_then(|f| facts.colour(i, f));
                    tr {
                        td { (i.title.zh) "（" (unit_zh(i)) "）" }
                        td.n { (figure.map_or_else(|| facts.absent(&i.id), |f| plain_value(facts, i, f))) }
                        td.n { (facts.arrow(facts.before.as_ref(), i, facts.root)) }
                        td.n { (facts.arrow(facts.year.as_ref(), i, facts.root)) }
                        td class={ "c " (colour.map_or("", Colour::class)) } { (colour.map_or("—", Colour::zh)) }
                    }
                }
            }
        }
        @if facts.material.reader.is_public() { p.small { "注：“*”为数值较小不公开，“—”为无数据或不判定。" } }
    }
}

/// A value without its unit, for a table that has it in its heading.
pub fn plain_value(
    facts: &Facts<'_>,
    indicator: &Indicator,
    figure: &crate::indicator::figure::Figure,
) -> String {
    let hidden = || if figure.value(indicator.unit).is_some() { "*" } else { "—" }.to_owned();
    facts.material.reader.value(figure, indicator.unit).unwrap_or_else(hidden)
}

impl Colour {
    /// The class of a cell.
    pub fn class(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }

    /// The word in a cell, so that the colour is not needed.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Green => "绿",
            Self::Yellow => "黄",
            Self::Red => "红",
        }
    }
}

/// The flow of the cases, with the equation.
fn cases(facts: &Facts<'_>) -> Markup {
    let Some(cases) = &facts.cases else {
        return html! { p { "异常数据督办台账尚未建立，本期无督办件流转情况。" } };
    };
    let (flow, acts) = cases.sum(|_| true);
    let n = |count: u64| facts.count(count);
    let text = format!(
        "异常数据督办方面（{}至{}），上期结转{}件，新立案{}件，反弹或豁免到期重新立案{}件；下发{}件，收到反馈{}件，退回{}件；销号{}件，系统消除{}件，豁免{}件；期末在办{}件，其中逾期{}件{}。应发督办文书{}件次，办结后反弹{}件。",
        zh_date(cases.first),
        zh_date(cases.last),
        n(flow.carried),
        n(flow.opened),
        n(flow.reopened),
        n(acts.issued),
        n(acts.answered),
        n(acts.sent_back),
        n(flow.closed),
        n(flow.vanished),
        n(flow.waived),
        n(flow.stock),
        n(acts.overdue),
        ages(facts, cases),
        n(acts.letters),
        n(acts.relapsed),
    );
    html! {
        p { (text) }
        p.equation { (equation(facts, &flow)) }
        (of_the_ledger(facts))
    }
}

/// `（7天以内3件、8至30天2件、31天以上0件）`: how long the overdue cases are late.
fn ages(facts: &Facts<'_>, cases: &CaseFacts) -> String {
    let bounds = &facts.policy().ageing;
    let counts = cases.ages(bounds, |_| true);
    if bounds.is_empty() || counts.iter().all(|n| *n == 0) {
        return String::new();
    }
    let words = age_words(bounds).into_iter().zip(counts);
    let said: Vec<String> = words.map(|(word, n)| format!("{word}{}件", facts.count(n))).collect();
    format!("（{}）", listed(&said))
}

/// Figures that rest on the ledger as it stood before the last night: the flow has that night too.
fn of_the_ledger(facts: &Facts<'_>) -> Markup {
    let pipeline = facts.material.pipeline;
    let ledger =
        |need: &String| pipeline.tables.get(need).is_some_and(|t| t.source == Some(System::Ledger));
    let named = facts.policy().items.iter().flat_map(|i| std::iter::once(&i.lead).chain(&i.also));
    let names: Vec<&str> = named
        .filter_map(|id| facts.indicator(id).filter(|i| i.needs.iter().any(ledger)))
        .map(|i| i.title.zh.as_str())
        .collect();
    html! {
        @if !names.is_empty() {
            p.small {
                "注：" (listed(&names)) "按" (zh_date(facts.now.day)) "比对前的台账计算，当日比对产生的销号、系统消除、退回"
                "和新立案未计入，与上列件数口径不同。"
            }
        }
    }
}

/// What was carried over and came, less what went, is what is left.
fn equation(facts: &Facts<'_>, flow: &Flow) -> String {
    if facts.material.reader.is_public() {
        return "（流转关系：结转＋新立案＋重新立案－销号－系统消除－豁免＝期末在办；公开件数经取整或隐藏，不能逐项相加。）".into();
    }
    // Handed from county to county: on both sides of the province's account.
    let handed = match (flow.handed_in, flow.handed_out) {
        (0, 0) => String::new(),
        (into, out) => format!("＋转入{into}－转出{out}"),
    };
    let closes = if flow.closes() { "账目相符" } else { "账目不符，请核查台账" };
    format!(
        "流转关系：结转{}＋新立案{}＋重新立案{}{handed}－销号{}－系统消除{}－豁免{}＝期末在办{}（{closes}）。",
        flow.carried,
        flow.opened,
        flow.reopened,
        flow.closed,
        flow.vanished,
        flow.waived,
        flow.stock
    )
}

/// What is missing: indicators, feeds, the night itself.
fn wanting(facts: &Facts<'_>) -> Markup {
    let mut texts: Vec<String> = Vec::new();
    let named = facts.policy().items.iter().flat_map(|i| std::iter::once(&i.lead).chain(&i.also));
    let missing: Vec<String> = named
        .filter_map(|id| Some((facts.indicator(id)?, facts.not_run(id)?)))
        .map(|(i, why)| format!("{}（{}）", i.title.zh, reason_zh(why)))
        .collect();
    if !missing.is_empty() {
        texts.push(format!("以下指标未运行，不等于零：{}", listed(&missing)));
    }
    if !facts.material.feeds_wanting.is_empty() {
        let feeds: Vec<String> =
            facts.material.feeds_wanting.iter().map(|(t, w)| format!("{t}（{w}）")).collect();
        texts.push(format!("以下数据未按期到达或未通过校验，有关指标数据不全：{}", listed(&feeds)));
    }
    html! { @if !texts.is_empty() { p { "数据情况：" (texts.join("；")) "。" } } }
}

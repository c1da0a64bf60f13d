//! 二、分项监测情况: one paragraph for each group of indicators.

use maud::{Markup, html};

use super::facts::Facts;
use super::page::ordinal;
use super::words::listed;
use crate::indicator::figure::Figure;
use crate::indicator::rank::ordered;
use crate::pipeline::bulletins::Item;
use crate::pipeline::indicators::{Better, Indicator};

/// Counties named on either side.
const NAMED: usize = 3;

/// Parts that are listed one by one; more are summed up.
const PARTS: usize = 8;

/// The second part.
pub fn items(facts: &Facts<'_>) -> Markup {
    html! {
        @for (at, item) in facts.policy().items.iter().enumerate() {
            p {
                span.second { "（" (ordinal(at + 1)) "）" (item.title) "。" }
                (paragraph(facts, item))
            }
        }
    }
}

fn paragraph(facts: &Facts<'_>, item: &Item) -> String {
    let Some(lead) = facts.indicator(&item.lead) else { return String::new() };
    let root = facts.root;
    let mut text = format!("{}{}", facts.material.word("place"), facts.said(lead, root))
        + &facts.changes(lead, root);
    text.push_str(&parts(facts, lead));
    text.push('。');
    text.push_str(&best_and_worst(facts, lead));
    for indicator in item.also.iter().filter_map(|id| facts.indicator(id)) {
        text.push_str(&facts.said(indicator, root));
        text.push_str(&facts.changes(indicator, root));
        text.push_str(&parts(facts, indicator));
        text.push_str(&last_of(facts, indicator));
        text.push('。');
    }
    text.push_str(&causes(facts, item));
    text
}

/// `，其中，脱贫人口99.1%、低保对象98.0%`.
fn parts(facts: &Facts<'_>, indicator: &Indicator) -> String {
    let figures = &facts.now.figures;
    let known: Vec<(&str, Figure)> = indicator
        .parts
        .iter()
        .filter_map(|(code, title)| {
            Some((title.zh.as_str(), *figures.get(&indicator.id, code, facts.root)?))
        })
        .filter(|(_, figure)| figure.value(indicator.unit).is_some())
        .collect();
    if known.is_empty() {
        return String::new();
    }
    let say =
        |(title, figure): &(&str, Figure)| format!("{title}{}", facts.value(indicator, figure));
    let said: Vec<String> = if known.len() <= PARTS {
        known.iter().map(say).collect()
    } else {
        let (reader, unit) = (facts.material.reader, indicator.unit);
        let shown = known.iter().filter_map(|(title, f)| Some((*title, reader.figure(f, unit)?)));
        let mut in_line = ordered(unit, indicator.better, &shown.collect::<Vec<_>>());
        let best = in_line.first().and_then(|(_, f)| f.value(unit));
        in_line.reverse();
        in_line.retain(|(_, f)| f.value(unit) != best);
        let own = |(title, _): &(&str, Figure)| known.iter().find(|(own, _)| own == title);
        in_line.iter().take(NAMED).filter_map(own).map(say).collect()
    };
    if said.is_empty() {
        return String::new();
    }
    // Parts, such as diseases, are in no ranking.
    let most = match indicator.better {
        _ if known.len() <= PARTS => "",
        Better::Down => "较高的是",
        Better::Up | Better::None => "较低的是",
    };
    format!("，其中，{most}{}", said.join("、"))
}

/// The three best and the three worst counties.
fn best_and_worst(facts: &Facts<'_>, indicator: &Indicator) -> String {
    if !indicator.rank {
        return String::new();
    }
    let level = facts.level(indicator, 6);
    let from = facts.material.pipeline.settings.publish.rank_from;
    let ranks = facts.ranks(indicator, 6);
    let small = level.iter().filter(|(_, f)| f.is_small(from) && f.volume() > 0).count();
    let mut in_line = ordered(indicator.unit, indicator.better, &level);
    in_line.retain(|(area, _)| ranks.contains_key(area));
    let left = match small {
        0 => String::new(),
        n => format!("{n}个县（市、区）基数不足{from}{}，不参与排名。", indicator.noun),
    };
    let say = |(area, _): &(&str, Figure)| facts.named(indicator, area);
    let values: Vec<Option<i128>> = in_line.iter().map(|(_, f)| f.value(indicator.unit)).collect();
    let text = match in_line.as_slice() {
        [] => String::new(),
        [only] => format!("仅{}参与排名。", say(only)),
        [first, ..] if values.iter().all(|v| *v == values[0]) => {
            let own = facts.figure(&indicator.id, first.0);
            let value = own.map(|figure| facts.value(indicator, figure)).unwrap_or_default();
            format!("参与排名的{}个县（市、区）均为{value}。", in_line.len())
        }
        all => {
            // Who is as good as the best is not behind, and who is as bad as the worst not ahead.
            let value = |f: &Figure| f.value(indicator.unit);
            let named = NAMED.min(all.len() / 2);
            let (best, worst) = (value(&all[0].1), value(&all[all.len() - 1].1));
            let ahead = all[..named].iter().filter(|(_, f)| value(f) != worst);
            let behind = all[all.len() - named..].iter().filter(|(_, f)| value(f) != best);
            let (ahead, behind): (Vec<_>, Vec<_>) =
                (ahead.map(say).collect(), behind.map(say).collect());
            format!("排名靠前的是{}；排名靠后的是{}。", listed(&ahead), listed(&behind))
        }
    };
    text + &left
}

/// `，最低的是景泰县（90.0%）`.
fn last_of(facts: &Facts<'_>, indicator: &Indicator) -> String {
    let level = facts.level(indicator, 6);
    let ranks = facts.ranks(indicator, 6);
    let mut in_line = ordered(indicator.unit, indicator.better, &level);
    in_line.retain(|(area, _)| ranks.contains_key(area));
    match (in_line.first(), in_line.last()) {
        (Some(first), Some(last))
            if first.1.value(indicator.unit) != last.1.value(indicator.unit) =>
        {
            format!("，排名末位的是{}", facts.named(indicator, last.0))
        }
        _ => String::new(),
    }
}

/// The three largest causes: as counties gave them, else by the rules behind the indicators.
fn causes(facts: &Facts<'_>, item: &Item) -> String {
    let all = std::iter::once(&item.lead).chain(&item.also);
    let mut rules: Vec<String> =
        all.filter_map(|id| facts.indicator(id)).flat_map(|i| i.causes.clone()).collect();
    rules.sort();
    rules.dedup();
    let mut given = facts.cases.as_ref().map(|c| c.causes(&rules)).unwrap_or_default();
    facts.most_first(&mut given);
    let (source, what, mut counts) = if given.is_empty() {
        ("比对发现的", "问题", facts.by_rule(&rules))
    } else {
        ("县（市、区）反馈的", "原因", given)
    };
    counts.retain(|(_, n)| *n > 0);
    let most = if facts.lead(&counts, NAMED) { "主要" } else { "部分" };
    let said: Vec<String> = counts
        .iter()
        .take(NAMED)
        .map(|(cause, n)| format!("{cause}{}件", facts.count(*n)))
        .collect();
    match said.is_empty() {
        true => String::new(),
        false => format!("{source}{most}{what}：{}。", listed(&said)),
    }
}

impl Facts<'_> {
    /// Anomalies of some rules by the rules' titles, the most frequent first, else as they are given.
    pub fn by_rule(&self, rules: &[String]) -> Vec<(String, u64)> {
        let found = self.material.found.unwrap_or_default();
        let sum = |rule: &String| {
            found.iter().filter(|f| f.rule == *rule).map(|f| f.anomalies).sum::<u64>()
        };
        let mut counts: Vec<(String, u64)> = rules
            .iter()
            .filter_map(|r| Some((self.material.pipeline.rules.get(r)?.title.zh.clone(), sum(r))))
            .collect();
        self.most_first(&mut counts);
        counts
    }
}

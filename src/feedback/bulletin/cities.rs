//! 三、分市情况: each city with its figures, and the counties that lag behind by name.

use maud::{Markup, html};

use super::facts::{Colour, Facts, Scored};
use super::words::{listed, unit_zh};
use crate::pipeline::indicators::Better;

/// Figures of a city that are named.
const NAMED: usize = 4;

/// Counties named for one indicator.
const COUNTIES: usize = 3;

/// The third part.
pub fn cities(facts: &Facts<'_>) -> Markup {
    let scored = facts.scored(4);
    html! {
        @if scored.is_empty() { p { "本期无分" (facts.material.cities()) "数据。" } }
        @for city in &scored { p { (paragraph(facts, city, &scored)) } }
    }
}

fn paragraph(facts: &Facts<'_>, own: &Scored, all: &[Scored]) -> Markup {
    let city = own.area.as_str();
    let counties = facts.counties_of(city);
    let name = facts.name(city);
    let mut text = format!("列入监测的{}个县（市、区）", counties.len());
    text.push_str(&standing(facts, own, all));
    text.push('。');
    let tables = facts.policy().tables.iter().filter_map(|id| facts.indicator(id));
    let said: Vec<String> = tables
        .filter(|i| facts.figure(&i.id, city).is_some())
        .take(NAMED)
        .map(|i| format!("{}{}", facts.said(i, city), facts.changes(i, city)))
        .collect();
    if !said.is_empty() {
        text.push_str(&format!("{}。", said.join("；")));
    }
    text.push_str(&lamps(facts, &counties));
    text.push_str(&cases(facts, city));
    html! { b { (name) "。" } (text) }
}

/// The place by score; of those that have a score, where not all have one.
fn standing(facts: &Facts<'_>, own: &Scored, all: &[Scored]) -> String {
    let of = all.iter().filter(|s| s.place.is_some()).count();
    let among = if of < all.len() { "有得分的" } else { "全部" };
    match own.place {
        Some(place) if of > 1 => {
            let tied = all.iter().filter(|s| s.place == own.place).count() > 1;
            let tied = if tied { "（并列）" } else { "" };
            format!("，综合得分居{among}{of}个{}第{place}位{tied}", facts.material.cities())
        }
        _ => String::new(),
    }
}

/// The red counties of each indicator by name, or that there are none.
fn lamps(facts: &Facts<'_>, counties: &[&str]) -> String {
    let mut behind: Vec<String> = Vec::new();
    // A figure that must not be shown may be a red one: then nobody says that there is none.
    let (mut green, mut hidden) = (false, false);
    for indicator in facts.policy().tables.iter().filter_map(|id| facts.indicator(id)) {
        let Some(lamp) = facts.policy().lamps.get(&indicator.id) else { continue };
        let mut red: Vec<(i128, String)> = Vec::new();
        for county in counties {
            let Some(figure) = facts.figure(&indicator.id, county) else { continue };
            let colour = facts.colour(indicator, figure);
            green |= colour == Some(Colour::Green);
            hidden |= colour.is_none() && figure.value(indicator.unit).is_some();
            if colour == Some(Colour::Red) {
                let value = facts.value(indicator, figure);
                let reader = facts.material.reader;
                let exact = reader.exact(figure, indicator.unit).unwrap_or(0);
                let better = if indicator.better == Better::Down { -exact } else { exact };
                let of = facts.fraction(indicator, figure);
                red.push((better, format!("{}{value}{of}", facts.name(county))));
            }
        }
        // The worst first.
        red.sort();
        let names: Vec<&str> = red.iter().take(COUNTIES).map(|(_, n)| n.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let line = crate::indicator::figure::decimal(lamp.yellow);
        let more = if red.len() > COUNTIES {
            format!("等{}个县（市、区）", red.len())
        } else {
            String::new()
        };
        let unit = unit_zh(indicator);
        behind.push(format!(
            "{}（红灯线{line}{unit}）{}{more}",
            indicator.title.zh,
            listed(&names)
        ));
    }
    if !behind.is_empty() {
        format!("需要重点关注的：{}。", behind.join("；"))
    } else if green && !hidden {
        "各县（市、区）均无红灯指标。".into()
    } else {
        String::new()
    }
}

/// The city's cases in one sentence.
fn cases(facts: &Facts<'_>, city: &str) -> String {
    let Some(cases) = &facts.cases else { return String::new() };
    let (flow, acts) = cases.of_city(city);
    let n = |count: u64| facts.count(count);
    format!(
        "督办件{}新立案{}件、销号{}件、系统消除{}件，期末在办{}件，其中逾期{}件。",
        facts.material.period.this(),
        n(flow.opened),
        n(flow.closed),
        n(flow.vanished),
        n(flow.stock),
        n(acts.overdue)
    )
}

//! 三、分市情况: each city with its figures, and the counties that lag behind by name.

use maud::{Markup, html};

use super::facts::{Colour, Facts};
use super::words::{listed, unit_zh};

/// Figures of a city that are named.
const NAMED: usize = 4;

/// Counties named for one indicator.
const COUNTIES: usize = 3;

/// The third part.
pub fn cities(facts: &Facts<'_>) -> Markup {
    let scored = facts.scored(4);
    html! {
        @if scored.is_empty() { p { "本期无分" (facts.material.cities()) "数据。" } }
        @for city in &scored { p { (paragraph(facts, &city.area, city.place, scored.len())) } }
    }
}

fn paragraph(facts: &Facts<'_>, city: &str, place: Option<usize>, of: usize) -> Markup {
    let counties = facts.counties_of(city);
    let name = facts.name(city);
    let mut text = format!("列入监测的{}个县（市、区）", counties.len());
    if let Some(place) = place.filter(|_| of > 1) {
        text.push_str(&format!("，综合得分居全部{of}个{}第{place}位", facts.material.cities()));
    }
    text.push('。');
    let tables = facts.policy().tables.iter().filter_map(|id| facts.indicator(id));
    let said: Vec<String> = tables
        .clone()
        .filter(|i| facts.figure(&i.id, city).is_some())
        .take(NAMED)
        .map(|i| format!("{}{}", facts.said(i, city), facts.changes(i, city)))
        .collect();
    if !said.is_empty() {
        text.push_str(&format!("{}。", said.join("；")));
    }
    let mut behind: Vec<String> = Vec::new();
    let mut green = 0;
    for indicator in tables {
        let mut red: Vec<(i128, String)> = Vec::new();
        for county in &counties {
            let Some(figure) = facts.figure(&indicator.id, county) else { continue };
            let Some(colour) = facts.colour(indicator, figure) else { continue };
            green += usize::from(colour == Colour::Green);
            if colour == Colour::Red {
                let value = facts.value(indicator, figure);
                let exact = figure.exact(indicator.unit).unwrap_or(0);
                let of = facts.fraction(indicator, figure);
                red.push((exact, format!("{}{value}{of}", facts.name(county))));
            }
        }
        red.sort();
        let names: Vec<&str> = red.iter().take(COUNTIES).map(|(_, n)| n.as_str()).collect();
        if let (Some(lamp), false) = (facts.policy().lamps.get(&indicator.id), names.is_empty()) {
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
    }
    if behind.is_empty() {
        text.push_str(if green > 0 { "各县（市、区）均无红灯指标。" } else { "" });
    } else {
        text.push_str(&format!("需要重点关注的：{}。", behind.join("；")));
    }
    text.push_str(&cases(facts, city));
    html! { b { (name) "。" } (text) }
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

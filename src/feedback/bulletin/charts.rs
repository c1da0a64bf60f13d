//! Two sober drawings, as inline SVG in shades of grey that survive a black and white printer.

use maud::{Markup, html};

use super::facts::Facts;
use super::period::zh_month;
use super::words::unit_zh;
use crate::indicator::figure::{places, plain};
use crate::indicator::rank::ordered;
use crate::pipeline::indicators::{Indicator, Unit};

/// Months of the line.
const MONTHS: usize = 12;

/// Where the bars begin and how long the longest is, in units of the drawing.
const LEFT: i128 = 130;
const LONG: i128 = 400;
const ROW: i128 = 24;

fn chart<'a>(facts: &Facts<'a>) -> Option<&'a Indicator> {
    facts.indicator(facts.policy().chart.as_ref()?)
}

/// Bars of the cities.
pub fn cities(facts: &Facts<'_>) -> Markup {
    let Some(indicator) = chart(facts) else { return html! {} };
    let in_line = ordered(indicator.unit, indicator.better, &facts.level(indicator, 4));
    let bars: Vec<(String, i128)> = in_line
        .iter()
        .filter_map(|(area, f)| Some((facts.name(area), f.value(indicator.unit)?)))
        .collect();
    if bars.len() < 2 {
        return html! {};
    }
    let full = full(indicator, bars.iter().map(|(_, v)| *v));
    let height = ROW * bars.len() as i128 + 8;
    html! {
        figure {
            svg viewBox={ "0 0 600 " (height) } role="img" aria-label=(indicator.title.zh) {
                line.axis x1=(LEFT) y1="2" x2=(LEFT) y2=(height - 2) {}
                @for (at, (name, value)) in bars.iter().enumerate() {
                    @let y = ROW * at as i128 + 5;
                    @let width = (value.max(&0) * LONG) / full;
                    text.name x=(LEFT - 8) y=(y + 13) text-anchor="end" { (name) }
                    rect.bar x=(LEFT) y=(y) width=(width) height=(ROW - 8) {}
                    text.value x=(LEFT + width + 6) y=(y + 13) {
                        (plain(*value, places(indicator.unit))) (unit_zh(indicator))
                    }
                }
            }
            figcaption { "图1　各" (facts.material.cities()) (indicator.title.zh) }
        }
    }
}

/// What fills the drawing: 100 percent, else the largest value.
fn full(indicator: &Indicator, values: impl Iterator<Item = i128>) -> i128 {
    match indicator.unit {
        Unit::Percent => 1000,
        _ => values.max().unwrap_or(1).max(1),
    }
}

/// The line of the province through the months, when there are enough of them.
pub fn trend(facts: &Facts<'_>) -> Markup {
    let Some(indicator) = chart(facts) else { return html! {} };
    let material = facts.material;
    let earlier = material.history.months.range(..=facts.now.month.clone()).rev().take(MONTHS);
    let mut points: Vec<(String, i128)> = earlier
        .filter_map(|(month, of)| {
            let figures = material.figures(&of.rows);
            let figure = figures.get(&indicator.id, "", facts.root)?;
            Some((month.clone(), material.reader.number(figure, indicator.unit)?))
        })
        .collect();
    points.reverse();
    if points.len() < 2 {
        return html! {};
    }
    let (low, high) =
        points.iter().fold((i128::MAX, i128::MIN), |(l, h), (_, v)| (l.min(*v), h.max(*v)));
    let (low, high) = (low - 10, high + 10);
    let step = 480 / (points.len() as i128 - 1);
    let places_of: Vec<(i128, i128)> = points
        .iter()
        .enumerate()
        .map(|(at, (_, v))| (60 + step * at as i128, 110 - 80 * (v - low) / (high - low)))
        .collect();
    let path: Vec<String> = places_of.iter().map(|(x, y)| format!("{x},{y}")).collect();
    html! {
        figure {
            svg viewBox="0 0 600 150" role="img" aria-label=(indicator.title.zh) {
                line.axis x1="40" y1="122" x2="560" y2="122" {}
                polyline.line points=(path.join(" ")) {}
                @for ((month, value), (x, y)) in points.iter().zip(&places_of) {
                    circle.dot cx=(x) cy=(y) r="3" {}
                    text.value x=(x) y=(y - 9) text-anchor="middle" { (plain(*value, places(indicator.unit))) }
                    text.name x=(x) y="140" text-anchor="middle" { (short(month, points.len())) }
                }
            }
            figcaption { "图2　" (material.word("place")) (indicator.title.zh) "走势（" (unit_zh(indicator)) "）" }
        }
    }
}

/// `2026年10月`, or `10月` where many stand side by side.
fn short(month: &str, points: usize) -> String {
    let whole = zh_month(month);
    if points > 6 {
        whole.split_once('年').map_or(whole.clone(), |(_, m)| m.to_owned())
    } else {
        whole
    }
}

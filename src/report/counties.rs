//! Section: counties by groups of rules, as a heat table.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::feeds::zero;
use super::numbers::{count, per_ten_thousand};
use super::summary::{CountyLine, Summary};
use super::words;
use crate::pipeline::groups::prefix;

/// Steps of colour.
const STEPS: u64 = 6;

/// One line of the table: a county, a city or the whole.
struct Line<'a> {
    name: &'a str,
    persons: u64,
    /// Red, orange, yellow, blue.
    severities: [u64; 4],
    new: u64,
    cleared: u64,
    /// In the order of the columns.
    groups: Vec<u64>,
}

impl<'a> Line<'a> {
    fn of(county: &'a CountyLine, groups: &[Group]) -> Self {
        let within = |group: &Group| {
            let own = county.rules.iter().filter(|(rule, _)| prefix(rule) == group.prefix);
            own.map(|(_, anomalies)| anomalies).sum()
        };
        Self {
            name: if county.name.is_empty() { "归属不明" } else { &county.name },
            persons: county.persons,
            severities: [county.red, county.orange, county.yellow, county.blue],
            new: county.new,
            cleared: county.cleared,
            groups: groups.iter().map(within).collect(),
        }
    }

    /// The sum of lines.
    fn sum(name: &'a str, lines: &[&Line]) -> Self {
        let width = lines.first().map_or(0, |l| l.groups.len());
        let add = |f: &dyn Fn(&Line) -> u64| lines.iter().map(|l| f(l)).sum::<u64>();
        Self {
            name,
            persons: add(&|l| l.persons),
            severities: std::array::from_fn(|i| add(&|l| l.severities[i])),
            new: add(&|l| l.new),
            cleared: add(&|l| l.cleared),
            groups: (0..width).map(|i| add(&|l| l.groups[i])).collect(),
        }
    }

    fn total(&self) -> u64 {
        self.severities.iter().sum()
    }
}

/// A column: rules with the same letters, of which some or all may not have been run.
struct Group<'a> {
    prefix: &'a str,
    zh: &'a str,
    rules: usize,
    not_run: usize,
}

impl Group<'_> {
    /// None of its rules was run: its cells are no zeros.
    fn blind(&self) -> bool {
        self.rules > 0 && self.not_run == self.rules
    }

    /// Some of its rules were run, but not all.
    fn partial(&self) -> bool {
        self.not_run > 0 && self.not_run < self.rules
    }
}

/// Groups that have rules or anomalies, as the pipeline orders them; those that it does not name follow.
fn groups(summary: &Summary) -> Vec<Group<'_>> {
    let own = summary.rules.iter().filter(|r| r.off().is_none()).map(|r| r.rule.as_str());
    let found = summary.counties.iter().flat_map(|c| c.rules.keys().map(String::as_str));
    let mut prefixes: Vec<&str> = own.chain(found).map(prefix).collect();
    let named = &summary.groups;
    let place = |g: &str| named.iter().position(|n| n.prefix == g).unwrap_or(named.len());
    prefixes.sort_by(|a, b| place(a).cmp(&place(b)).then(a.cmp(b)));
    prefixes.dedup();
    let column = |letters| {
        let own = || summary.rules.iter().filter(|r| prefix(&r.rule) == letters);
        let own = || own().filter(|r| r.off().is_none());
        let not_run = own().filter(|r| r.blind().is_some()).count();
        let zh = named.get(place(letters)).map_or("其他", |n| n.zh.as_str());
        Group { prefix: letters, zh, rules: own().count(), not_run }
    };
    prefixes.into_iter().map(column).collect()
}

/// The heat table, cities in the order of their codes.
pub(super) fn counties(summary: &Summary) -> Markup {
    let groups = groups(summary);
    let mut counties: Vec<&CountyLine> = summary.counties.iter().collect();
    counties.sort_by_key(|c| (c.county.is_empty(), &c.county));
    let lines: Vec<(&str, Line)> =
        counties.iter().map(|c| (c.city.as_str(), Line::of(c, &groups))).collect();
    let (hit, quiet): (Vec<_>, Vec<_>) = lines.iter().partition(|(_, line)| line.total() > 0);
    let all = Line::sum("全部", &lines.iter().map(|(_, line)| line).collect::<Vec<_>>());
    let most: Vec<u64> = (0..groups.len())
        .map(|i| hit.iter().map(|(_, line)| line.groups[i]).max().unwrap_or(0))
        .collect();
    html! {
        @if hit.is_empty() { p.note { "各县（市、区）均无异常。" } }
        @else {
            (scale())
            div.scroll {
                table.heat {
                    (heading(&groups))
                    tbody { tr.all { (cells(&all, &groups, None)) } }
                    @for (city, own) in by_city(&hit) {
                        tbody {
                            @if !city.is_empty() && own.iter().all(|line| line.name != city) {
                                tr.city { (cells(&Line::sum(city, &own), &groups, None)) }
                            }
                            @for line in own {
                                tr.alone[city.is_empty()] { (cells(line, &groups, Some(&most))) }
                            }
                        }
                    }
                }
            }
            (gaps(&groups))
            @if !quiet.is_empty() { (folded(&quiet)) }
        }
    }
}

/// Lines under their cities, in the order of the first line of each.
fn by_city<'a>(lines: &[&'a (&'a str, Line<'a>)]) -> Vec<(&'a str, Vec<&'a Line<'a>>)> {
    let mut cities: Vec<(&str, Vec<&Line>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (city, line) in lines.iter().map(|(city, line)| (*city, line)) {
        let place = *places.entry(city).or_insert_with(|| {
            cities.push((city, Vec::new()));
            cities.len() - 1
        });
        cities[place].1.push(line);
    }
    cities
}

fn heading(groups: &[Group]) -> Markup {
    html! {
        thead { tr {
            th { "县（市、区）" } th.n { "人口" } th.n { "异常" } th.n { "每万人" }
            @for (class, zh) in [("red", "红"), ("orange", "橙"), ("yellow", "黄"), ("blue", "蓝")] {
                th.n { (words::lamp(class, zh)) }
            }
            th.n { "新增" } th.n { "消除" }
            @for group in groups {
                th.n.g {
                    (group.zh) @if group.partial() { "*" }
                    span.en { (group.prefix) }
                }
            }
        } }
    }
}

/// The cells of a line; the groups coloured against the most of their columns.
fn cells(line: &Line, groups: &[Group], most: Option<&[u64]>) -> Markup {
    html! {
        th scope="row" { (line.name) }
        td.n.soft { (zero(line.persons)) }
        td.n { b { (count(line.total())) } }
        td.n.soft { (per_ten_thousand(line.total(), line.persons)) }
        @for value in line.severities { td.n { (zero(value)) } }
        td.n { (zero(line.new)) }
        td.n { (zero(line.cleared)) }
        @for (i, value) in line.groups.iter().enumerate() {
            @let colour = most.map_or(0, |m| step(*value, m[i]));
            td class={ "n g h" (colour) } {
                @if groups[i].blind() && *value == 0 { span.zero { "—" } } @else { (zero(*value)) }
            }
        }
    }
}

/// The step of a value's colour; 0 is none.
fn step(value: u64, most: u64) -> u128 {
    (u128::from(value) * u128::from(STEPS)).div_ceil(u128::from(most.max(1)))
}

fn scale() -> Markup {
    html! {
        p.legend {
            span { "各列以该列最大的县为准，由浅到深：" }
            span.scale {
                @for step in 1..=STEPS { i class={ "h" (step) } { } }
            }
            span { "市级行与合计行不着色" }
        }
    }
}

/// What a dash and a star mean, if there are any.
fn gaps(groups: &[Group]) -> Markup {
    html! {
        @if groups.iter().any(|g| g.not_run > 0) {
            p.note { "“—”该组规则今夜均未运行，不等于零；“*”该组部分规则未运行，数字不全。" }
        }
    }
}

/// Counties without anomalies in one line.
fn folded(quiet: &[&(&str, Line)]) -> Markup {
    let names: Vec<&str> = quiet.iter().map(|(_, line)| line.name).collect();
    html! {
        p.note { "另有 " (names.len()) " 个县（市、区）无异常：" (names.join("、")) "。" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        assert_eq!([step(0, 9), step(0, 0), step(1, 900), step(9, 9)], [0, 0, 1, 6]);
    }
}

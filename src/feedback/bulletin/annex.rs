//! The tables of the annexes, for the page and for the workbook alike.

use maud::{Markup, html};

use super::facts::{Colour, Facts, Scored};
use super::overview::plain_value;
use super::words::{age_words, unit_zh};
use crate::feedback::cover::flow_counts;
use crate::indicator::figure::{Figure, decimal, places, plain};
use crate::pipeline::indicators::{Indicator, Unit};

/// A cell: its text, its number where it has one, its colour.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub text: String,
    /// Value and decimal places.
    pub number: Option<(i128, u32)>,
    pub colour: Option<Colour>,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn number(value: i128, places: u32) -> Self {
        Self { text: plain(value, places), number: Some((value, places)), colour: None }
    }
}

/// A table with its heading.
pub struct Grid {
    pub name: &'static str,
    pub title: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// Columns at the left that hold words.
    pub words: usize,
}

/// 附件1: the cities.
pub fn cities(facts: &Facts<'_>) -> Grid {
    let cities = facts.material.cities();
    let mut head = vec![cities.to_owned(), "综合得分".to_owned()];
    head.extend(headings(facts));
    let mut areas = facts.scored(4);
    areas.sort_by(|a, b| a.area.cmp(&b.area));
    let mut rows: Vec<Vec<Cell>> = areas.iter().map(|s| row(facts, s, None)).collect();
    let whole = Scored { area: facts.root.to_owned(), score: None, place: None };
    rows.insert(0, row(facts, &whole, None));
    Grid {
        name: "附件1",
        title: format!("{}各{cities}监测指标表", facts.material.period.zh()),
        head,
        rows,
        words: 1,
    }
}

/// 附件2: the counties by their score.
pub fn counties(facts: &Facts<'_>) -> Grid {
    let mut head: Vec<String> =
        ["名次", "县（市、区）", facts.material.cities(), "综合得分"].map(str::to_owned).into();
    head.extend(headings(facts));
    let rows = facts
        .scored(6)
        .iter()
        .map(|scored| {
            let city = crate::indicator::area::city(&scored.area).unwrap_or_default();
            row(facts, scored, Some(facts.name(city)))
        })
        .collect();
    Grid {
        name: "附件2",
        title: format!("{}各县（市、区）排名", facts.material.period.zh()),
        head,
        rows,
        words: 3,
    }
}

fn headings(facts: &Facts<'_>) -> Vec<String> {
    let tables = facts.policy().tables.iter().filter_map(|id| facts.indicator(id));
    tables.map(|i| format!("{}（{}）", i.title.zh, unit_zh(i))).collect()
}

/// One area: its place and city where asked for, its score, its figures.
fn row(facts: &Facts<'_>, scored: &Scored, city: Option<String>) -> Vec<Cell> {
    let mut cells = Vec::new();
    let name = Cell::text(facts.name(&scored.area));
    match city {
        Some(city) => {
            let place =
                scored.place.map_or_else(|| Cell::text("—"), |p| Cell::number(p as i128, 0));
            cells.extend([place, name, Cell::text(city)]);
        }
        None => cells.push(name),
    }
    cells.push(scored.score.map_or_else(|| Cell::text("—"), |s| Cell::number(s, 2)));
    for id in &facts.policy().tables {
        let Some(indicator) = facts.indicator(id) else { continue };
        let Some(figure) = facts.figure(id, &scored.area) else {
            cells.push(Cell::text(if facts.not_run(id).is_some() { "未运行" } else { "—" }));
            continue;
        };
        let number = facts.material.reader.number(figure, indicator.unit);
        cells.push(Cell {
            text: plain_value(facts, indicator, figure),
            number: number.map(|n| (n, places(indicator.unit))),
            colour: facts.colour(indicator, figure),
        });
    }
    cells
}

/// Numerator and denominator as this reader may know them: in the offices as numbers that can be added up.
/// A share that is not shown could be worked out again from the two, and sums of money do not say how few
/// they are of.
fn counted(facts: &Facts<'_>, indicator: &Indicator, figure: &Figure) -> [Cell; 2] {
    if facts.material.reader.is_public() {
        return told(facts, indicator, figure).map(Cell::text);
    }
    let cell = |n: i128| {
        let number = match (n % 10_000, n % 100) {
            (0, _) => (n / 10_000, 0),
            (_, 0) => (n / 100, 2),
            _ => (n, 4),
        };
        Cell { text: decimal(n), number: Some(number), colour: None }
    };
    [cell(figure.numerator), figure.denominator.map_or_else(Cell::default, cell)]
}

/// The two as the public may know them.
fn told(facts: &Facts<'_>, indicator: &Indicator, figure: &Figure) -> [String; 2] {
    let (reader, unit) = (facts.material.reader, indicator.unit);
    let there = figure.value(unit).is_some();
    if there && (reader.value(figure, unit).is_none() || indicator.is_of_money()) {
        return both(figure, |_| "*".to_owned());
    }
    let sums = matches!(unit, Unit::Yuan | Unit::Days);
    match reader.figure(figure, unit).filter(|_| sums) {
        Some(told) => both(&told, decimal),
        None => both(figure, |n| reader.count(n / 10_000)),
    }
}

/// Numerator and denominator as text; a count has no denominator.
fn both(figure: &Figure, text: impl Fn(i128) -> String) -> [String; 2] {
    [text(figure.numerator), figure.denominator.map(text).unwrap_or_default()]
}

/// Every figure with its numerator and denominator, for the workbook.
pub fn details(facts: &Facts<'_>) -> Grid {
    let head = [
        "指标编号",
        "指标",
        "分项",
        "区划代码",
        "区划",
        "分子",
        "分母",
        "数值",
        "单位",
        "名次",
        "环比",
        "同比",
    ];
    let reader = facts.material.reader;
    let mut rows = Vec::new();
    for indicator in facts.material.pipeline.indicators.values() {
        let ranks = [facts.ranks(indicator, 4), facts.ranks(indicator, 6)];
        let own = facts.now.figures.iter().filter(|(id, ..)| *id == indicator.id);
        for (_, part, area, figure) in own {
            let [over, under] = counted(facts, indicator, figure);
            let place = ranks.iter().find_map(|r| r.get(area)).filter(|_| part.is_empty());
            let (then, year) = (facts.before.as_ref(), facts.year.as_ref());
            let moved = |standing| {
                let change = facts.change(standing, indicator, part, area);
                change.map_or_else(
                    || Cell::text("—"),
                    |c| Cell::text(super::words::moved(indicator, c)),
                )
            };
            let value = reader.number(figure, indicator.unit);
            rows.push(vec![
                Cell::text(&indicator.id),
                Cell::text(&indicator.title.zh),
                Cell::text(indicator.part_zh(part)),
                Cell::text(area),
                Cell::text(facts.name(area)),
                over,
                under,
                Cell {
                    text: plain_value(facts, indicator, figure),
                    number: value.map(|v| (v, places(indicator.unit))),
                    colour: facts.colour(indicator, figure).filter(|_| part.is_empty()),
                },
                Cell::text(unit_zh(indicator)),
                place.map_or_else(|| Cell::text("—"), |r| Cell::number(r.place as i128, 0)),
                moved(then),
                moved(year),
            ]);
        }
    }
    Grid {
        name: "指标明细",
        title: format!("{}指标明细", facts.material.period.zh()),
        head: head.map(str::to_owned).into(),
        rows,
        words: 5,
    }
}

/// The flow of the cases by county, for the workbook; nothing without a ledger.
pub fn flows(facts: &Facts<'_>) -> Option<Grid> {
    let cases = facts.cases.as_ref()?;
    let head = [
        "区划代码",
        "县（市、区）",
        "结转",
        "新立案",
        "重新立案",
        "转入",
        "销号",
        "系统消除",
        "豁免",
        "转出",
        "期末在办",
        "下发",
        "反馈",
        "退回",
        "反弹",
        "逾期",
    ];
    let mut counties: Vec<&String> = cases.flows.keys().chain(cases.acts.keys()).collect();
    counties.sort();
    counties.dedup();
    let bounds = &facts.policy().ageing;
    let rows = counties.into_iter().map(|county| {
        let (flow, acts) = cases.sum(|c| c == county);
        let ages = match bounds.is_empty() {
            true => Vec::new(),
            false => cases.ages(bounds, |c| c == county),
        };
        let acts = [acts.issued, acts.answered, acts.sent_back, acts.relapsed, acts.overdue];
        let cell = |n: u64| match facts.material.reader.is_public() {
            true => Cell::text(facts.count(n)),
            false => Cell::number(i128::from(n), 0),
        };
        let begin = [Cell::text(county), Cell::text(facts.name(county))];
        let counts = flow_counts(&flow).into_iter().chain(acts).chain(ages);
        begin.into_iter().chain(counts.map(cell)).collect()
    });
    let rows = rows.collect();
    let mut head: Vec<String> = head.map(str::to_owned).into();
    head.extend(age_words(bounds).into_iter().map(|word| format!("逾期{word}")));
    Some(Grid {
        name: "督办流转",
        title: format!("{}督办件流转", facts.material.period.zh()),
        head,
        rows,
        words: 2,
    })
}

/// Words stand at the left, figures at the right, on their colour.
fn class(words: bool, cell: &Cell) -> String {
    let side = if words { "w" } else { "n" };
    cell.colour.map_or_else(|| side.to_owned(), |colour| format!("{side} {}", colour.class()))
}

/// A table on the page; the name of an area heads its line, for those who hear it.
pub fn table(grid: &Grid) -> Markup {
    let name = usize::from(grid.words > 1);
    html! {
        table.annex {
            thead { tr { @for heading in &grid.head { th { (heading) } } } }
            tbody {
                @for row in &grid.rows {
                    tr {
                        @for (at, cell) in row.iter().enumerate() {
                            @if at == name { th scope="row" { (cell.text) } }
                            @else { td class=(class(at < grid.words, cell)) { (cell.text) } }
                        }
                    }
                }
            }
        }
    }
}

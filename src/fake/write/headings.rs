//! Headings of one file: the first synonym of each column or others, and the rows around the data.

use std::collections::HashMap;

use super::dice::Dice;
use super::dirt::Dirt;
use super::plan::Plan;
use crate::pipeline::spec::FileKind;

/// What stands above the data of a file or sheet.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) titles: Vec<String>,
    /// Headings of the raw columns, the serial column first when there is one.
    pub(super) headings: Vec<String>,
    /// Parents over a range of raw columns; only when the header has two rows.
    pub(super) parents: Vec<Parent>,
    pub(super) two_rows: bool,
}

/// A heading over several columns.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) text: String,
}

/// The heading of an unmapped column of row numbers.
pub(super) const SERIAL: &str = "序号";

/// The levels that the headings of a division path name: `Some(0)` city to `Some(3)` village,
/// `None` the province.
pub(super) fn levels_of(path: &[String]) -> Vec<Option<usize>> {
    // 县(市、区) names 市 and 区 too, so the last level's words are looked for first.
    const WORDS: [(usize, &str); 4] = [(3, "村社"), (2, "乡镇街"), (1, "县区旗"), (0, "市州盟")];
    let provinces = usize::from(path.first().is_some_and(|head| head.contains('省')));
    let below = path.len() - provinces;
    let level = |index: usize, headings: &str| {
        let first = headings.split('|').next().unwrap_or_default();
        let found = WORDS.iter().find(|(_, set)| first.contains(|c| set.contains(c)));
        if below == 4 { index } else { found.map_or(index.min(3), |(level, _)| *level) }
    };
    let named = path[provinces..].iter().enumerate().map(|(i, headings)| Some(level(i, headings)));
    std::iter::repeat_n(None, provinces).chain(named).collect()
}

/// Headings are compared without case, width, spaces and line breaks; brackets are the usual
/// difference.
fn fold(heading: &str) -> String {
    let folded = heading.chars().filter(|c| !c.is_whitespace()).map(|c| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        _ => c,
    });
    folded.collect::<String>().to_lowercase()
}

/// Draws the headings of one file.
pub(super) fn headings(plan: &Plan<'_>, serial: bool, dirt: &Dirt, dice: &mut Dice) -> Vec<String> {
    let groups: Vec<Vec<&str>> = plan
        .columns
        .iter()
        .flat_map(|column| {
            let source = column.source;
            if source.path.is_empty() {
                let names: Vec<&str> = source.from.iter().map(String::as_str).collect();
                vec![if names.is_empty() { vec![source.to.as_str()] } else { names }]
            } else {
                source.path.iter().map(|level| level.split('|').map(str::trim).collect()).collect()
            }
        })
        .collect();
    // A synonym that two columns share could be taken for the other column.
    let mut uses: HashMap<String, usize> = HashMap::new();
    for name in groups.iter().flatten() {
        *uses.entry(fold(name)).or_default() += 1;
    }
    let synonyms = dice.hit(dirt.file_synonyms);
    let mut headings = Vec::with_capacity(groups.len() + 1);
    if serial {
        headings.push(SERIAL.to_owned());
    }
    for group in &groups {
        let mut heading = group[0];
        if synonyms {
            let other = *dice.pick(group);
            if uses.get(&fold(other)) == Some(&1) {
                heading = other;
            }
        }
        headings.push(laid_out(heading, plan.kind, dirt, dice));
    }
    headings
}

/// Whether a serial column would be taken for a column of the contract.
pub(super) fn has_serial(plan: &Plan<'_>) -> bool {
    plan.columns.iter().any(|c| c.source.from.iter().any(|name| fold(name) == SERIAL))
}

/// The heading as a clerk types it: full-width brackets, a space in a short word, a line break
/// before a bracket.
fn laid_out(heading: &str, kind: FileKind, dirt: &Dirt, dice: &mut Dice) -> String {
    if matches!(kind, FileKind::Ndjson | FileKind::Parquet) || !dice.hit(dirt.heading_layout) {
        return heading.to_owned();
    }
    if let Some(at) = heading.find('(') {
        if kind == FileKind::Xlsx && at > 0 && dice.below(2) == 0 {
            return format!("{}\n{}", &heading[..at], &heading[at..]);
        }
        return heading.replace('(', "（").replace(')', "）");
    }
    let mut chars = heading.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some(one), Some(two), None) if !one.is_ascii() => format!("{one}　{two}"),
        _ => format!("{heading} "),
    }
}

/// Parents of the division paths, counted from the first raw column.
pub(super) fn parents(plan: &Plan<'_>, offset: usize) -> Vec<Parent> {
    let paths: Vec<_> = plan.columns.iter().filter(|c| c.levels.len() > 1).collect();
    let alone = paths.len() == 1;
    let parents = paths.into_iter().map(|column| Parent {
        first: column.first + offset,
        last: column.first + offset + column.width() - 1,
        text: if alone { "行政区划".to_owned() } else { column.column.title.clone() },
    });
    parents.collect()
}

/// Title rows: what, who and when, and remarks when more rows are asked for.
pub(super) fn titles(plan: &Plan<'_>, county: &str) -> Vec<String> {
    let feed = plan.feed;
    (0..plan.title_rows)
        .map(|row| match row {
            0 => format!("{county}{}{}", plan.period.format("%Y年%-m月"), feed.title.zh),
            1 => format!(
                "填报单位：{}　　填报时间：{}",
                feed.sender,
                plan.night.format("%Y年%-m月%-d日")
            ),
            _ => "（本表数据为系统导出）".to_owned(),
        })
        .collect()
}

/// The line under the data with the names of those who answer for it; none when the contract would
/// read it as data.
pub(super) fn signature(plan: &Plan<'_>) -> Option<&'static str> {
    let skipped = |word: &str| plan.feed.format.skip_rows_like.iter().any(|s| s == word);
    if skipped("填表人") {
        Some("填表人：王某某　　审核人：李某某　　联系电话：0931-0000000")
    } else if skipped("审核人") {
        Some("审核人：李某某")
    } else {
        None
    }
}

/// The word in front of the totals; none when the contract would read them as data.
pub(super) fn total_word<'a>(plan: &Plan<'a>) -> Option<&'a str> {
    let list = &plan.feed.format.skip_rows_like;
    let known = list.iter().find(|s| matches!(s.as_str(), "合计" | "总计" | "小计"));
    known.map(String::as_str)
}

//! Headings as they are written, and as the feed names them.

use unicode_normalization::UnicodeNormalization;

use crate::pipeline::spec::FeedColumn;

use super::RawRow;
use super::layout::{is_blank, is_invisible};

/// A heading for comparison: NFKC, lower case, no blanks, one kind of bracket, no `*`
/// around it.
pub fn normal_heading(text: &str) -> String {
    let kept = text.nfkc().filter(|&c| !is_invisible(c)).flat_map(char::to_lowercase);
    let folded: String = kept
        .map(|c| match c {
            '【' | '〔' | '[' | '{' | '〖' => '(',
            '】' | '〕' | ']' | '}' | '〗' => ')',
            c => c,
        })
        .collect();
    let bare = folded.trim_matches('*');
    bare.to_owned()
}

/// Names of one column of the feed, normalised, in the order of preference.
pub(super) struct Wanted {
    pub from: Vec<String>,
    pub path: Vec<Vec<String>>,
}

impl Wanted {
    /// The names that a column of the feed looks for; its canonical one where the feed gives none.
    pub fn new(column: &FeedColumn) -> Self {
        let mut from: Vec<String> = column.from.iter().map(|s| normal_heading(s)).collect();
        if from.is_empty() && column.path.is_empty() {
            from.push(normal_heading(&column.to));
        }
        let level = |text: &String| text.split('|').map(normal_heading).collect();
        Self { from, path: column.path.iter().map(level).collect() }
    }

    /// The names of each cell that it is made of: one, or the levels of its path.
    pub fn cells(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.from).filter(|names| !names.is_empty()).chain(&self.path)
    }
}

/// How many of a heading's names count: those with its parent, its own too, or all.
const WITH_PARENT: usize = 1;
const OWN: usize = 2;
const ALL: usize = 3;

/// The names of one column of the extract.
#[derive(Default)]
pub(super) struct Heading {
    pub shown: String,
    /// Most exact first: parent with child, the heading itself, its parent alone.
    names: [Vec<String>; ALL],
}

impl Heading {
    /// The heading of a cell that has no parent above it. A blank cell has no name.
    pub fn single(text: &str) -> Self {
        let name = normal_heading(text);
        let own = if name.is_empty() { Vec::new() } else { vec![name] };
        Self { shown: tidy(text), names: [Vec::new(), own, Vec::new()] }
    }

    fn pair(parent: &str, child: &str) -> Self {
        let (above, below) = (normal_heading(parent), normal_heading(child));
        let full = vec![format!("{above}|{below}"), format!("{above}{below}")];
        let shown = format!("{}|{}", tidy(parent), tidy(child));
        Self { shown, names: [full, vec![below], vec![above]] }
    }
}

fn tidy(text: &str) -> String {
    text.chars().filter(|&c| !is_invisible(c)).collect()
}

/// Headings of one row.
pub(super) fn one_row(row: &RawRow) -> Vec<Heading> {
    row.cells().map(Heading::single).collect()
}

/// Headings of two rows, where a parent reaches over the blanks at its right. Without such a parent
/// or a column that is wanted by both its names, what stands below is data, whatever it reads like.
pub(super) fn two_rows(above: &RawRow, below: &RawRow, wanted: &[Wanted]) -> Option<Vec<Heading>> {
    let mut parent = "";
    let mut reaches = false;
    let width = above.len().max(below.len());
    let heading = |i: usize| {
        let (own, child) = (above.cell(i), below.cell(i));
        if !is_blank(own) {
            parent = own;
        }
        match (is_blank(child), is_blank(parent)) {
            (true, _) => Heading::single(own),
            (false, true) => Heading::single(child),
            (false, false) => {
                reaches |= is_blank(own);
                Heading::pair(parent, child)
            }
        }
    };
    let headings: Vec<Heading> = (0..width).map(heading).collect();
    (reaches || bound(&headings, wanted, WITH_PARENT) > 0).then_some(headings)
}

/// How many columns and levels the headings bind. A parent alone does not count: it would bind as
/// much above a row of data.
pub(super) fn score(headings: &[Heading], wanted: &[Wanted]) -> usize {
    bound(headings, wanted, OWN)
}

fn bound(headings: &[Heading], wanted: &[Wanted], ranks: usize) -> usize {
    let found = |names: &[String]| {
        usize::from(!matches!(find_within(headings, names, ranks), Found::Nowhere))
    };
    let column = |w: &Wanted| found(&w.from) + w.path.iter().map(|p| found(p)).sum::<usize>();
    wanted.iter().map(column).sum()
}

/// Where a column stands: at one place, at several, of which this is the first, or nowhere.
pub(super) enum Found {
    At(usize),
    Often(usize),
    Nowhere,
}

/// The column with one of these names: the first name that stands anywhere, at its most exact.
pub(super) fn find(headings: &[Heading], names: &[String]) -> Found {
    find_within(headings, names, ALL)
}

fn find_within(headings: &[Heading], names: &[String], ranks: usize) -> Found {
    for name in names {
        for rank in 0..ranks {
            let mut hits = (0..headings.len()).filter(|&i| headings[i].names[rank].contains(name));
            match (hits.next(), hits.next()) {
                (Some(at), None) => return Found::At(at),
                (Some(at), Some(_)) => return Found::Often(at),
                _ => {}
            }
        }
    }
    Found::Nowhere
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_compare_without_decoration() {
        assert_eq!(normal_heading("人均纯收入\n（元）"), "人均纯收入(元)");
        assert_eq!(normal_heading("\u{FEFF} *身份证号 ＩＤ*"), "身份证号id");
        assert_eq!(normal_heading("性别【码】"), "性别(码)");
    }
}

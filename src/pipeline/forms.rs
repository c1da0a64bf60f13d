//! What a pack says and nobody would see: sheets that no rule comes to, words of letters that stand for
//! nothing, lights that never change.

use std::collections::BTreeSet;

use super::Pipeline;
use super::check::placeholders;
use super::groups::fits;
use super::packs::{Level, Pack, Wrong};
use crate::diagnostic::nearest;

/// Words in braces of a letter.
const IN_LETTERS: [&str; 6] = ["county", "city", "count", "day", "letter", "list"];

/// Tells every such fault of a pack.
pub(super) fn check(pipeline: &Pipeline, pack: &Pack, wrong: &mut Wrong<'_>) {
    lights(pack, wrong);
    let fill = pack.fill.iter().map(|fill| (&fill.id, fill.width));
    for (id, width) in pack.columns.iter().map(|shown| (&shown.id, shown.width)).chain(fill) {
        let fits = width > 0.0 && width <= 255.0;
        if !fits {
            let text = format!("no column is {width} wide");
            wrong("id:", id, text, "signs of half width, from 1 to 255");
        }
    }
    if pack.level == Level::County {
        themes(pipeline, pack, wrong);
        letters(pack, wrong);
        filled_twice(pack, wrong);
    }
}

/// Rules of a pipeline, those of faulty files too.
pub(super) fn rules(pipeline: &Pipeline) -> BTreeSet<&str> {
    let files = pipeline.sources.keys().chain(&pipeline.unread);
    let rules = files.filter_map(|key| key.strip_prefix("rules/"));
    rules.filter(|rule| !rule.ends_with(".test")).collect()
}

/// The first theme that fits a rule takes it.
fn themes(pipeline: &Pipeline, pack: &Pack, wrong: &mut Wrong<'_>) {
    let rules = rules(pipeline);
    for (at, theme) in pack.themes.iter().enumerate() {
        let idle = |pattern: &&String| !rules.iter().any(|rule| fits(pattern, rule));
        let mut idle: Vec<&String> = theme.rules.iter().filter(idle).collect();
        // A rule that is not there at all is told elsewhere.
        let strange = idle.len();
        idle.retain(|pattern| pattern.ends_with('*'));
        for pattern in idle {
            let text = format!("no rule fits `{pattern}`: its cases would stand on another sheet");
            let hint = match nearest(pattern, rules.iter().copied()) {
                Some(near) => format!("write the beginning of ids of rules, such as `{near}`"),
                None => "write the beginning of ids of rules".to_owned(),
            };
            wrong("rules:", pattern, text, &hint);
        }
        let takes = rules.iter().any(|rule| pack.theme_of(rule) == Some(at));
        if strange == 0 && !takes && at != pack.sensitive_theme() && !rules.is_empty() {
            let text = format!("no rule comes to the sheet `{}`", theme.sheet);
            wrong("sheet:", &theme.sheet, text, "sheets before it take its rules: put it first");
        }
    }
}

/// A word that stands for nothing would go out in a letter as it is written.
fn letters(pack: &Pack, wrong: &mut Wrong<'_>) {
    for word in pack.letters.iter().flat_map(|letter| placeholders(letter)) {
        if !IN_LETTERS.contains(&word) {
            let text = format!("`{{{word}}}` stands for nothing in a letter");
            let hint = match nearest(word, IN_LETTERS) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!("words in braces are {}", IN_LETTERS.join(", ")),
            };
            wrong("letters:", &format!("{{{word}}}"), text, &hint);
        }
    }
}

fn filled_twice(pack: &Pack, wrong: &mut Wrong<'_>) {
    for (at, fill) in pack.fill.iter().enumerate() {
        if pack.fill[..at].iter().any(|other| other.id == fill.id) {
            let text = format!("`{}` is filled in twice", fill.id);
            wrong("zh:", &fill.zh, text, "keep one of the two columns");
        }
    }
}

/// Red that begins before yellow leaves no yellow.
fn lights(pack: &Pack, wrong: &mut Wrong<'_>) {
    let (red, yellow) = (pack.lights.red, pack.lights.yellow);
    for (name, red, yellow) in
        [("overdue", red.overdue, yellow.overdue), ("severe", red.severe, yellow.severe)]
    {
        if red < yellow {
            let text = format!("by `{name}` red begins at {red} and yellow at {yellow} percent");
            wrong("red:", &red.to_string(), text, "yellow begins at the smaller share");
        }
    }
}

//! Code lists and parameters: what their files say, and whether what columns, forms and SQL ask of
//! them is there.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use chrono::NaiveDate;
use regex::{Captures, Regex};

use super::Pipeline;
use crate::amount::parse_decimal;
use crate::codes::{self, CodeList, Params};
use crate::diagnostic::{Fault, Source, nearest};
use crate::division::named;

/// Rows of one file that are told one by one: a wrong separator is wrong in all of them.
const TOLD: usize = 10;

/// What `codes/param.csv` has to say of each parameter.
const PARAM: [&str; 4] = ["name", "area", "year", "value"];

/// Digits of the areas that have parameters: nation, province, city, county, town, village.
const AREAS: [usize; 6] = [0, 2, 4, 6, 9, 12];

/// Lines with a heading or a row, and where they stand.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let said = !line.trim().is_empty() && !line.starts_with('#');
        let own = line.trim_end_matches(['\n', '\r']);
        said.then(|| (start..start + line.trim_end().len(), own))
    })
}

/// Reads `codes/<list>.csv`: a heading, then rows of as many fields.
///
/// # Errors
/// A fault for each row that has more or fewer fields than the heading, and for a heading that says
/// a column twice.
pub(super) fn read(source: &Source) -> Result<CodeList, Vec<Fault>> {
    let mut list = CodeList::of(&source.text);
    let mut faults = Vec::new();
    for (span, line) in lines(&source.text) {
        let fields: Vec<String> = codes::split(line).iter().map(|f| f.trim().to_owned()).collect();
        if list.columns.is_empty() {
            if let Some(twice) = twice(&fields) {
                let text = format!("the heading has the column `{twice}` twice");
                faults.push(Fault::at(source, span, text).hint("give each column its own name"));
            }
            list.columns = fields;
        } else if fields.len() == list.columns.len() {
            list.rows.push(fields);
        } else {
            let (found, expected) = (fields.len(), list.columns.len());
            let text = format!("has {found} fields, the heading has {expected}");
            faults.push(Fault::at(source, span, text).hint(separators(line, found > expected)));
        }
    }
    if faults.is_empty() { Ok(list) } else { Err(some(source, faults)) }
}

/// A column that a heading has before already.
fn twice(columns: &[String]) -> Option<&String> {
    let mut all = columns.iter().enumerate();
    all.find(|(at, name)| columns[..*at].contains(name)).map(|(_, name)| name)
}

/// What is likely to be wrong with the commas of a line.
fn separators(line: &str, more: bool) -> &'static str {
    match line {
        _ if line.contains('，') => "`，` is full-width: between fields stands `,`",
        _ if line.contains('\t') => "between fields stands a comma, no tab",
        _ if line.contains(';') => "between fields stands a comma, no semicolon",
        _ if more => "a text with a comma in it stands between double quotes",
        _ => "every column has its comma, also where it is empty",
    }
}

/// The first faults of a file, and how many more there are.
pub(super) fn some(source: &Source, mut faults: Vec<Fault>) -> Vec<Fault> {
    if faults.len() > TOLD {
        let more = faults.split_off(TOLD).len();
        let text = format!("{more} more rows of this list are wrong");
        faults.push(Fault::of(&source.path, text).hint("mend the ones above, and check again"));
    }
    faults
}

/// Adds every fault of what lists say and of what is asked of them.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let sound = parameters(pipeline, faults);
    if sound {
        idle(pipeline, faults);
    }
    calendar(pipeline, faults);
    asked(pipeline, sound, faults);
}

/// Parameters of all layers. False when a file of them cannot be read: then nobody knows what is
/// missing.
fn parameters(pipeline: &Pipeline, faults: &mut Vec<Fault>) -> bool {
    let mut sound = !pipeline.unread.iter().any(|key| key.starts_with("codes/param"));
    let mut headings = BTreeSet::new();
    for (key, source) in &pipeline.sources {
        if key != "codes/param" && !key.starts_with("codes/param@") {
            continue;
        }
        match read(source) {
            Ok(list) => {
                faults.extend(some(source, of_parameters(source, &list)));
                headings.insert(list.columns);
            }
            // They are told where the file was read.
            Err(_) => sound = false,
        }
    }
    // Under several headings they are not joined.
    sound && headings.len() < 2
}

/// Faults of one file of parameters.
fn of_parameters(source: &Source, list: &CodeList) -> Vec<Fault> {
    let mut lines = lines(&source.text);
    let Some((heading, _)) = lines.next() else { return Vec::new() };
    let [Some(name), Some(area), Some(year), Some(value)] = PARAM.map(|n| list.position(n)) else {
        let hint = format!("columns are {}, and others for people", PARAM.join(", "));
        return vec![Fault::at(source, heading, "this is no heading of parameters").hint(hint)];
    };
    let mut seen = HashSet::new();
    let mut faults = Vec::new();
    for (row, (span, _)) in list.rows.iter().zip(lines) {
        let mut wrong = |text: String, hint: &str| {
            faults.push(Fault::at(source, span.clone(), text).hint(hint));
        };
        let name = &row[name];
        if parse_decimal(&row[value], Params::SCALE).is_none() {
            let text = format!("the value `{}` of parameter `{name}` is not a number", row[value]);
            wrong(text, "such as 7800 or 0.85, with at most four decimals");
        }
        if !row[year].is_empty() && row[year].parse::<i64>().is_err() {
            let text = format!("the year `{}` of parameter `{name}` is not a number", row[year]);
            wrong(text, "the first year of the value, such as 2026; empty is from ever on");
        }
        let digits = row[area].bytes().all(|b| b.is_ascii_digit());
        if !digits || !AREAS.contains(&row[area].len()) {
            let text = format!("the area `{}` of parameter `{name}` is no division", row[area]);
            wrong(text, "2, 4, 6, 9 or 12 digits of a code; empty is the nation");
        } else if let Some(short) = named(&row[area]).filter(|short| *short != row[area]) {
            let text = format!("no code of a place begins with `{}`, for `{name}`", row[area]);
            wrong(text, &format!("write {short}, without the zeros at the end"));
        }
        if !seen.insert((name, &row[area], &row[year])) {
            let text = format!("parameter `{name}` stands twice for this area and year");
            wrong(text, "keep one of the rows: only the first one counts");
        }
    }
    faults
}

/// What the pipeline's own file of parameters sets and nobody would ever be given: one that no SQL asks
/// for, or a value for a place that is not there. A parent's file may say more than its child needs.
fn idle(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let Some(source) = pipeline.sources.get("codes/param") else { return };
    let Ok(list) = read(source) else { return };
    let (Some(name), Some(area)) = (list.position("name"), list.position("area")) else { return };
    let (wanted, places) = (wanted(pipeline), places(pipeline));
    let mut told = HashSet::new();
    let mut own = Vec::new();
    for (row, (span, _)) in list.rows.iter().zip(lines(&source.text).skip(1)) {
        let (name, area) = (row[name].as_str(), row[area].as_str());
        if let Some(wanted) = wanted.as_ref().filter(|wanted| !wanted.contains(name)) {
            if told.insert(name) {
                let hint = match nearest(name, wanted.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("ask for it by param('{name}', …), or take the line away"),
                };
                let text = format!("nothing asks for the parameter `{name}`");
                own.push(Fault::at(source, span, text).hint(hint));
            }
        } else if named(area).is_some_and(|own| own == area)
            && places.as_ref().is_some_and(|places| !places.contains(area))
        {
            let text = format!("no list of divisions has the area `{area}` of `{name}`");
            own.push(Fault::at(source, span, text).hint("give the code of a place that is there"));
        }
    }
    faults.extend(some(source, own));
}

/// Parameters that SQL asks for. Nothing where that cannot be seen: a name is put together, or a file
/// could not be read.
fn wanted(pipeline: &Pipeline) -> Option<BTreeSet<&str>> {
    let call = Regex::new(r"(?i)\bparam\s*\(\s*(?:'([^']*)')?").expect("a regex");
    let calls = calls(pipeline, &call);
    let names = calls.iter().map(|(_, found)| found.get(1).map(|name| name.as_str()));
    names.collect::<Option<BTreeSet<&str>>>().filter(|_| pipeline.unread.is_empty())
}

/// Codes of all divisions, if their lists can be read.
pub(super) fn places(pipeline: &Pipeline) -> Option<HashSet<String>> {
    let mut places = HashSet::new();
    for id in &pipeline.settings.divisions {
        let list = pipeline.codes.get(id)?;
        let code = list.position("code")?;
        places.extend(list.rows.iter().filter_map(|row| named(&row[code])));
    }
    Some(places).filter(|places| !places.is_empty())
}

/// The list of working days: a line that says no day, or not whether people work on it, would be passed
/// over, and terms would end on other days.
fn calendar(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let id = &pipeline.settings.cases.workdays;
    let source = pipeline.sources.get(&format!("codes/{id}"));
    let (Some(list), Some(source)) = (pipeline.codes.get(id), source) else { return };
    let (Some(day), Some(works)) = (list.position("day"), list.position("works")) else { return };
    let (mut own, mut days) = (Vec::new(), HashSet::new());
    for (row, (span, _)) in list.rows.iter().zip(lines(&source.text).skip(1)) {
        let (day, works) = (row[day].as_str(), row[works].as_str());
        if day.parse::<NaiveDate>().is_err() {
            let text = format!("`{day}` is not a day");
            let hint = "such as 2026-10-01; a spreadsheet may have written it anew as 2026/10/1";
            own.push(Fault::at(source, span, text).hint(hint));
        } else if !matches!(works, "0" | "1") {
            let text = format!("`{works}` does not say whether people work on {day}");
            own.push(Fault::at(source, span, text).hint("write 1 where they do, else 0"));
        } else if !days.insert(day) {
            let text = format!("{day} stands twice");
            own.push(Fault::at(source, span, text).hint("keep one of the rows"));
        }
    }
    faults.extend(some(source, own));
}

/// Names of parameters and lists that SQL gives to functions. What there is not would be NULL on
/// every row, and the rule would find nothing.
fn asked(pipeline: &Pipeline, sound: bool, faults: &mut Vec<Fault>) {
    let call = Regex::new(r"(?i)\b(param|in_list|has_prefix)\s*\(\s*'([^']*)'").expect("a regex");
    let params = Params::new(pipeline.codes.get("param"));
    for (source, found) in calls(pipeline, &call) {
        let Some(name) = found.get(2) else { continue };
        let wrong = if found[1].eq_ignore_ascii_case("param") {
            Some(name.as_str()).filter(|_| sound).and_then(|n| no_value(pipeline, &params, n))
        } else {
            no_list(pipeline, name.as_str())
        };
        faults.extend(wrong.map(|(text, hint)| Fault::at(source, name.range(), text).hint(hint)));
    }
    let swapped = r"(?i)\b(in_list|has_prefix)\s*\(\s*([^'(),]+),\s*'([^']*)'\s*\)";
    let swapped = Regex::new(swapped).expect("a regex");
    for (source, found) in calls(pipeline, &swapped) {
        let Some(list) = found.get(3).filter(|list| pipeline.has("codes", list.as_str())) else {
            continue;
        };
        let (call, value) = (&found[1], found[2].trim());
        let text = format!("`{call}` has the list `{}` in the place of the value", list.as_str());
        let hint = format!("the list comes first: {call}('{}', {value})", list.as_str());
        faults.push(Fault::at(source, list.range(), text).hint(hint));
    }
}

/// Calls of functions in SQL, but for those in comments.
fn calls<'p>(pipeline: &'p Pipeline, call: &Regex) -> Vec<(&'p Source, Captures<'p>)> {
    let mut calls = Vec::new();
    for (key, source) in &pipeline.sources {
        let section = key.split('/').next().unwrap_or_default();
        if !matches!(section, "views" | "rules" | "indicators" | "bulletins") {
            continue;
        }
        for found in call.captures_iter(&source.text) {
            let start = found.get(0).map_or(0, |whole| whole.start());
            let line = source.text[..start].rsplit('\n').next().unwrap_or_default();
            let header = line.contains("---");
            if (line.contains("--") && !header) || line.trim_start().starts_with('#') {
                continue;
            }
            calls.push((source, found));
        }
    }
    calls
}

/// Why a parameter has no value, and what to do.
fn no_value(pipeline: &Pipeline, params: &Params, name: &str) -> Option<(String, String)> {
    let file = "codes/param.csv";
    if !params.names().any(|known| known == name) {
        let hint = match nearest(name, params.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add a line to {file}"),
        };
        return Some((format!("there is no parameter `{name}`"), hint));
    }
    let root = &pipeline.settings.division_root;
    let some = params.get(name, root, i64::MAX).is_some();
    (!some).then(|| {
        let text = format!("parameter `{name}` has no value for all places");
        (text, format!("add a line with an empty area to {file}: the others would have none"))
    })
}

/// Why a list has no codes, and what to do.
fn no_list(pipeline: &Pipeline, name: &str) -> Option<(String, String)> {
    match pipeline.codes.get(name) {
        Some(list) if list.position("code").is_some() => None,
        Some(_) => {
            let text = format!("the list `{name}` has no column `code`");
            Some((text, format!("name it in the heading of codes/{name}.csv")))
        }
        // It is there, and its own faults are told.
        None if pipeline.has("codes", name) => None,
        None => {
            let known = pipeline.codes.keys().map(String::as_str);
            let hint = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add codes/{name}.csv with the column `code`"),
            };
            Some((format!("there is no code list `{name}`"), hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that was written by hand: cells come without the spaces around them.
    #[test]
    fn spaces_around_a_field_are_no_part_of_it() {
        let text = "code, label ,aliases\n1, 男,男性 | \u{3000}男子\n";
        let source = Source { path: "sex.csv".into(), text: text.into() };
        let list = read(&source).expect("a list");
        assert_eq!(list.columns, ["code", "label", "aliases"]);
        let spellings = list.spellings();
        assert_eq!(["男", "男性", "男子"].map(|s| spellings[s].as_str()), ["1"; 3]);
    }
}

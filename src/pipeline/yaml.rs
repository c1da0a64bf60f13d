//! The only place that reads YAML: text in, spec out, or a fault with its line.

use regex::Regex;
use serde::de::DeserializeOwned;
use serde_saphyr::UserMessageFormatter;

use crate::diagnostic::{Fault, Source, nearest};

/// What to do about what the parser complains of, by a part of its words.
const NEXT: [(&str, &str); 10] = [
    ("expected mapping start", "keys and values stand here, such as {zh: …, en: …}"),
    ("expected sequence start", "a list stands here, such as [a, b]"),
    ("expected string scalar", "one text stands here, no list and no keys"),
    ("null is not allowed", "write a value behind the colon, or take the line away"),
    ("duplicate mapping key", "keep one of the two lines"),
    ("missing field", "add the key"),
    (")`, expected one of", "a text with a comma in it stands in quotes: \"decimal(16,2)\""),
    ("is only valid inside a block", "a bracket or a brace on a line before it is not closed"),
    ("did not find expected '-'", "the items of a list begin in one column"),
    ("simple key expected ':'", "a key is followed by a colon and a space"),
];

/// Reads one YAML document. `offset` is where `yaml` begins inside the source's text.
///
/// # Errors
/// A fault at the place that the parser or the shape complains of.
pub fn read<T: DeserializeOwned>(source: &Source, yaml: &str, offset: usize) -> Result<T, Fault> {
    serde_saphyr::from_str(yaml).map_err(|error| {
        let message = plain(&error.without_snippet().render_with_formatter(&UserMessageFormatter));
        let at = error.location().map_or(0, |l| {
            let (line, column) = (l.line() as usize, l.column() as usize);
            let inner = Source { path: source.path.clone(), text: yaml.into() };
            inner.position(line, column)
        });
        let start = offset + at;
        let end = source.text[start.min(source.text.len())..]
            .find(['\n', ' ', ':', ','])
            .map_or(source.text.len(), |n| start + n.max(1));
        let hint = meant(&message).map(|word| format!("did you mean `{word}`?")).or_else(|| {
            let (at, what) = slip(yaml)?;
            Some(format!("line {} has {what}", source.line_column(offset + at).0))
        });
        let next = || NEXT.iter().find(|(said, _)| message.contains(said));
        let hint = hint.or_else(|| next().map(|(_, next)| (*next).to_owned()));
        Fault { hint, ..Fault::at(source, start..end, message) }
    })
}

/// A slip of the hand that makes YAML another text, and where: an indentation that is not made of
/// spaces, or a full-width mark in the place of one of YAML's own.
fn slip(yaml: &str) -> Option<(usize, String)> {
    let wide = r"(?:^\s*(?:- +)?|[{,，]\s*)[A-Za-z_]+\s*(：)|(，)\s*[A-Za-z_]+\s*[:：]|[:\[,]\s*([“”])|([｛｝［］])";
    let wide = Regex::new(wide).expect("a regex");
    let mut offset = 0;
    for line in yaml.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let indented = &line[..line.len() - line.trim_start().len()];
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if indented.contains('\t') {
            return Some((start, "a tab before its first word: indent by spaces".into()));
        }
        if !indented.is_ascii() {
            return Some((start, "a wide space before its first word: indent by spaces".into()));
        }
        let found = wide.captures(line).and_then(|found| found.iter().skip(1).flatten().next());
        if let Some(mark) = found {
            let what =
                format!("the full-width `{}`: YAML knows : , [ ] {{ }} and \"", mark.as_str());
            return Some((start + mark.start(), what));
        }
    }
    None
}

/// The known word that is nearest to the one that a message of serde complains of.
fn meant(message: &str) -> Option<String> {
    let (said, known) = message.split_once(", expected one of ")?;
    let word = said.split('`').nth(1)?;
    let known = known.split(", ").map(|name| name.trim_matches('`'));
    nearest(word, known).map(str::to_owned)
}

/// Splits a `.sql` file into its YAML header and its body: (yaml, offset of yaml, body).
///
/// # Errors
/// A fault when there is no `/*--- … ---*/` at the top.
pub fn split_header(source: &Source) -> Result<(&str, usize, &str), Fault> {
    let text = &*source.text;
    let missing = || {
        Fault::at(source, 0..text.find('\n').unwrap_or(text.len()), "no YAML header")
            .hint("begin the file with a comment: /*--- … ---*/")
    };
    let open = text.find("/*---").filter(|at| text[..*at].trim().is_empty());
    let begin = open.ok_or_else(missing)? + "/*---".len();
    let length = text[begin..].find("---*/").ok_or_else(missing)?;
    let yaml = &text[begin..begin + length];
    Ok((yaml, begin, text[begin + length + "---*/".len()..].trim()))
}

/// The parser's message without its own line numbers, which the fault shows itself.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    let cut = first.find(" at line ").or_else(|| first.find(" (line ")).unwrap_or(first.len());
    let said = first[..cut].trim_start_matches("error: ").trim();
    match said.strip_prefix("invalid ") {
        Some("u8" | "u32" | "u64" | "usize") => "not a whole number of 0 or more".to_owned(),
        Some("i32" | "i64" | "f64" | "floating point") => "not a number".to_owned(),
        _ => said.to_owned(),
    }
}

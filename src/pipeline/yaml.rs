//! The only place that reads YAML: text in, spec out, or a fault with its line.

use serde::de::DeserializeOwned;

use crate::diagnostic::{Fault, Source};

/// Reads one YAML document. `offset` is where `yaml` begins inside the source's text.
///
/// # Errors
/// A fault at the place that the parser or the shape complains of.
pub fn read<T: DeserializeOwned>(source: &Source, yaml: &str, offset: usize) -> Result<T, Fault> {
    serde_saphyr::from_str(yaml).map_err(|error| {
        let message = plain(&error.without_snippet().to_string());
        let at = error.location().map_or(0, |l| {
            let (line, column) = (l.line() as usize, l.column() as usize);
            let inner = Source { path: source.path.clone(), text: yaml.into() };
            inner.position(line, column)
        });
        let start = offset + at;
        let end = source.text[start.min(source.text.len())..]
            .find(['\n', ' ', ':', ','])
            .map_or(source.text.len(), |n| start + n.max(1));
        Fault::at(source, start..end, message)
    })
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
    first[..cut].trim_start_matches("error: ").trim().to_owned()
}

//! Faults of a pipeline folder: file, line, column, the line itself and a hint, all of them at once.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

/// So many words are told where none is near.
const FEW: usize = 12;

/// A text file that was read, kept for showing its lines.
#[derive(Debug, Clone)]
pub struct Source {
    pub path: PathBuf,
    pub text: Arc<str>,
}

impl Source {
    /// Byte range of the first `needle` at or after `from`, or the file's first character.
    pub fn find(&self, needle: &str) -> Range<usize> {
        match self.text.find(needle) {
            Some(start) if !needle.is_empty() => start..start + needle.len(),
            _ => 0..self.text.chars().next().map_or(0, char::len_utf8),
        }
    }

    /// Byte range of `value` where it stands as the value of `key`, else behind it on its line, else of
    /// `value` anywhere. A key that a comment or a longer word holds is none.
    pub fn find_value(&self, key: &str, value: &str) -> Range<usize> {
        let mut behind = None;
        for (found, _) in self.text.match_indices(key) {
            let after = found + key.len();
            let rest = self.text[after..].split('\n').next().unwrap_or_default();
            let before = self.text[..found].rsplit('\n').next().unwrap_or_default();
            let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if !begins || before.trim_start().starts_with('#') {
                continue;
            }
            let Some(at) = rest.find(value) else { continue };
            let span = after + at..after + at + value.len();
            let whole =
                !rest[at + value.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            if whole && rest[..at].chars().all(|c| matches!(c, ' ' | '"' | '\'' | '[' | '{')) {
                return span;
            }
            behind.get_or_insert(span);
        }
        behind.unwrap_or_else(|| self.find(value))
    }

    /// Byte range of a word of SQL at or after `from`: not of a part of another one, nor in a comment.
    pub fn find_word(&self, from: usize, word: &str) -> Option<Range<usize>> {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let ends = |edge: Option<char>, side: Option<char>| {
            !(edge.is_some_and(part) && side.is_some_and(part))
        };
        let mut hits = self.text[from..].match_indices(word).map(|(at, _)| from + at);
        let found = hits.find(|at| {
            let (before, after) = (&self.text[..*at], &self.text[at + word.len()..]);
            let line = before.rsplit('\n').next().unwrap_or_default();
            ends(word.chars().next(), before.chars().next_back())
                && ends(word.chars().next_back(), after.chars().next())
                && !line.contains("--")
        });
        found.map(|at| at..at + word.len())
    }

    /// Line and column, from 1, of a byte position.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// Byte position of a line and column counted from 1.
    pub fn position(&self, line: usize, column: usize) -> usize {
        let start: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = &self.text[start.min(self.text.len())..];
        let within: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
        start + within
    }
}

/// One fault of a pipeline folder.
#[derive(Debug, Clone)]
pub struct Fault {
    pub path: PathBuf,
    pub message: String,
    pub hint: Option<String>,
    pub source: Option<(Source, Range<usize>)>,
}

impl Fault {
    /// A fault of a place in a file.
    pub fn at(source: &Source, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            path: source.path.clone(),
            message: message.into(),
            hint: None,
            source: Some((source.clone(), span)),
        }
    }

    /// A fault of a whole file or folder.
    pub fn of(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), hint: None, source: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds "did you mean" when one of `known` is near `word`, else all of them where they are few.
    #[must_use]
    pub fn did_you_mean<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, known.iter().copied()) {
            _ if word.contains(['，', '、', '；']) => {
                self.hint("between words stands a comma of half width and a space: `a, b`")
            }
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None if (1..=FEW).contains(&known.len()) => {
                self.hint(format!("there are {}", known.join(", ")))
            }
            None => self,
        }
    }

    /// `file:line:col`, or the file alone.
    pub fn place(&self) -> String {
        match &self.source {
            Some((source, span)) => {
                let (line, column) = source.line_column(span.start);
                format!("{}:{line}:{column}", self.path.display())
            }
            None => self.path.display().to_string(),
        }
    }
}

/// The known word nearest to a misspelt one, if it is near at all.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(word, k), k))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// Marks of Chinese texts that stand in the place of one of SQL's own.
const WIDE: [char; 14] =
    ['，', '。', '；', '：', '（', '）', '‘', '’', '“', '”', '＝', '＞', '＜', '\u{3000}'];

/// The first such mark of an SQL text outside of its quotes and comments.
pub fn wide_mark(sql: &str) -> Option<(usize, char)> {
    let (mut quoted, mut comment) = (None, false);
    for (at, c) in sql.char_indices() {
        match (quoted, c) {
            (_, '\n') if comment => comment = false,
            _ if comment => {}
            (Some(open), _) => quoted = quoted.filter(|_| c != open),
            (None, '\'' | '"') => quoted = Some(c),
            (None, '-') if sql[at..].starts_with("--") => comment = true,
            (None, _) if WIDE.contains(&c) => return Some((at, c)),
            _ => {}
        }
    }
    None
}

/// Renders faults in the order of their places, in colour on a terminal.
pub fn render(faults: &[Fault], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut sorted: Vec<&Fault> = faults.iter().collect();
    sorted.sort_by_key(|f| (f.path.clone(), f.source.as_ref().map(|(_, s)| s.start)));
    let mut out = String::new();
    for fault in sorted {
        let path = fault.path.display().to_string();
        let mut group: Group<'_> = match &fault.source {
            Some((source, span)) => Level::ERROR.primary_title(&fault.message).element(
                Snippet::source(&*source.text)
                    .path(&path)
                    .annotation(AnnotationKind::Primary.span(clamp(source, span))),
            ),
            None => {
                Group::with_title(Level::ERROR.primary_title(format!("{path}: {}", fault.message)))
            }
        };
        if let Some(hint) = &fault.hint {
            group = group.element(Level::HELP.message(hint));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// A span inside the text, on character boundaries and on one line.
fn clamp(source: &Source, span: &Range<usize>) -> Range<usize> {
    let text = &source.text;
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
    let mut end = span.end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_words_are_found_where_they_are_meant() {
        let text = "# columns: which\nxcolumns: a\ncolumns: a\nSELECT org_name -- name\n, name";
        let source = Source { path: "a.sql".into(), text: text.into() };
        let at = source.find_value("columns:", "a").start;
        assert_eq!(source.line_column(at), (3, 10));
        let text = "person: {name: name, sex: sex}\n- {name: sexes}\n- {name: sex, list: [b, a]}";
        let source = Source { path: "a.yaml".into(), text: text.into() };
        let place = |key, value| source.line_column(source.find_value(key, value).start);
        assert_eq!((place("name:", "sex"), place("list:", "a")), ((3, 10), (3, 25)));
        let source = Source { path: "a.sql".into(), text: "org_name -- name\n, name".into() };
        let word = source.find_word(0, "name").map(|span| source.line_column(span.start));
        assert_eq!(word, Some((2, 3)));
        assert_eq!(source.find_word(0, "nam"), None);
    }

    #[test]
    fn full_width_marks_are_seen_outside_of_texts_only() {
        assert_eq!(wide_mark("kind = '甲（乙），丙' -- 注：无\nAND a > 1"), None);
        assert_eq!(wide_mark("a IN ('甲'，'乙')"), Some(("a IN ('甲'".len(), '，')));
        assert_eq!(wide_mark("-- 一\nparam（'x')"), Some(("-- 一\nparam".len(), '（')));
    }
}

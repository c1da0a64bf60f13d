//! Faults at rows and cells of code lists that others than the loader find.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Pipeline;
use super::lists::{lines, some};
use crate::diagnostic::Fault;

/// What is wrong with cells of a list, by row and column from 0, and what to do.
pub type WrongCells = BTreeMap<(usize, usize), (String, String)>;

impl Pipeline {
    /// What is wrong with some rows of a code list, whose numbers count from 0.
    pub fn faults_of_rows(&self, list: &str, mut wrong: Vec<(usize, String)>) -> Vec<Fault> {
        let source = self.source("codes", list);
        let spans: Vec<Range<usize>> = lines(&source.text).skip(1).map(|(span, _)| span).collect();
        wrong.sort();
        let fault = |(row, text): (usize, String)| {
            let span = spans.get(row).cloned().unwrap_or_default();
            Fault::at(source, span, text)
        };
        some(source, wrong.into_iter().map(fault).collect())
    }

    /// Faults of some cells of a code list.
    pub fn faults_of_cells(&self, list: &str, wrong: WrongCells) -> Vec<Fault> {
        let source = self.source("codes", list);
        let rows: Vec<(Range<usize>, &str)> = lines(&source.text).skip(1).collect();
        let fault = |((row, column), (text, hint)): ((usize, usize), (String, String))| {
            let (span, line) = rows.get(row).cloned().unwrap_or_default();
            let cell = cell(line, column);
            Fault::at(source, span.start + cell.start..span.start + cell.end, text).hint(hint)
        };
        some(source, wrong.into_iter().map(fault).collect())
    }
}

/// Where a field of a line stands, without the spaces and quotes around it.
fn cell(line: &str, column: usize) -> Range<usize> {
    let (mut quoted, mut start) = (false, 0);
    let commas = line.char_indices().filter(|(_, c)| {
        quoted ^= *c == '"';
        *c == ',' && !quoted
    });
    let mut ends: Vec<usize> = commas.map(|(at, _)| at).collect();
    ends.push(line.len());
    if let Some(before) = column.checked_sub(1) {
        start = ends.get(before).map_or(0, |comma| comma + 1);
    }
    let field = &line[start..ends.get(column).copied().unwrap_or(line.len())];
    let around = |c: char| c == '"' || c.is_whitespace();
    let start = start + field.len() - field.trim_start_matches(around).len();
    start..start + field.trim_matches(around).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_between_their_commas() {
        let line = r#"a,"b, ""c""", 12 ,,九"#;
        let cells: Vec<&str> = (0..5).map(|column| &line[cell(line, column)]).collect();
        assert_eq!(cells, ["a", r#"b, ""c"#, "12", "", "九"]);
    }
}

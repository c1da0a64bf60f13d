//! Rows that are layout: titles, repeated headings, column numbers, totals, signatures, blanks.

use super::RawRow;
use super::heading::normal_heading;
use crate::pipeline::spec::TOTAL_WORDS;

/// Recognises rows that are no data.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Titles and headings of this part, normalised.
    known: Vec<Vec<String>>,
    /// Beginnings of the first filled cell, normalised.
    skip: Vec<String>,
    /// First characters of all of these: most rows are told apart by theirs.
    firsts: Vec<char>,
    /// Line of the last heading row.
    heading: u64,
}

impl Layout {
    /// Knows again the titles and headings in `rows` and what begins as `skip_rows_like` says;
    /// `heading` is the line of the last heading row.
    pub(super) fn new(skip_rows_like: &[String], rows: &[&RawRow], heading: u64) -> Self {
        let skip: Vec<String> = skip_rows_like.iter().map(|s| normal_heading(s)).collect();
        let skip: Vec<String> = skip.into_iter().filter(|s| !s.is_empty()).collect();
        let known: Vec<Vec<String>> = rows.iter().map(|row| normal_cells(row)).collect();
        let known: Vec<Vec<String>> = known.into_iter().filter(|row| !row.is_empty()).collect();
        let filled = known.iter().filter_map(|row| row.iter().find(|c| !c.is_empty()));
        let mut firsts: Vec<char> =
            filled.chain(&skip).filter_map(|text| text.chars().next()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        Self { known, skip, firsts, heading }
    }

    /// Whether a row is no data: blank, a title or heading again, column numbers, or a row whose
    /// first filled cell begins as `skip_rows_like` says.
    pub fn is_layout(&self, row: &RawRow) -> bool {
        let Some(first) = row.cells().find(|cell| !is_blank(cell)) else {
            return true;
        };
        if self.is_numbering(row) {
            return true;
        }
        let Some(start) = first_char(first) else {
            return false;
        };
        if self.firsts.binary_search(&start).is_err() {
            return false;
        }
        let text = normal_heading(first);
        if self.skip.iter().any(|skip| text.starts_with(skip.as_str())) {
            return true;
        }
        self.known.iter().any(|known| known.contains(&text)) && {
            let cells = normal_cells(row);
            self.known.contains(&cells)
        }
    }

    /// Whether a row that is layout gives the totals of the rows above it.
    pub fn is_total(&self, row: &RawRow) -> bool {
        let Some(first) = row.cells().find(|cell| !is_blank(cell)) else { return false };
        let text = normal_heading(first);
        let own = |skip: &&String| TOTAL_WORDS.iter().any(|word| skip.contains(word));
        self.skip.iter().filter(own).any(|skip| text.starts_with(skip.as_str()))
    }

    /// The row below the headings that numbers the columns: 1 2 3 4, (1) (2), or 甲 乙 1 2. Fewer bare
    /// numbers may as well be data: a code, a kind, how many. Further down only a long run is believed
    /// to be one.
    fn is_numbering(&self, row: &RawRow) -> bool {
        const STEMS: [&str; 4] = ["甲", "乙", "丙", "丁"];
        let mut stems = 0;
        let mut numbers = 0;
        let mut bare = true;
        for cell in row.cells().filter(|cell| !is_blank(cell)) {
            let whole = cell.trim();
            let cell = whole.trim_matches(['(', ')', '（', '）']);
            bare &= cell == whole;
            if numbers == 0 && STEMS.get(stems) == Some(&cell) {
                stems += 1;
            } else if cell.len() <= 3 && cell.parse() == Ok(numbers + 1) {
                numbers += 1;
            } else {
                return false;
            }
        }
        let least = if row.line > self.heading + 2 {
            5
        } else if bare && stems == 0 {
            4
        } else {
            2
        };
        stems + numbers >= least
    }
}

/// Whether a cell shows nothing.
pub(super) fn is_blank(cell: &str) -> bool {
    cell.chars().all(is_invisible)
}

/// Does a character show nothing: blank, byte order mark, of no width?
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}

/// Cells as headings, without the blanks at the end.
fn normal_cells(row: &RawRow) -> Vec<String> {
    let mut cells: Vec<String> = row.cells().map(normal_heading).collect();
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    cells
}

/// The first character of the normalised text, without normalising all of it.
fn first_char(cell: &str) -> Option<char> {
    let c = cell.chars().find(|&c| !is_invisible(c) && c != '*' && c != '＊')?;
    // Every row is asked: what normalising does to ASCII is done here.
    if c.is_ascii() {
        return Some(match c {
            '[' | '{' => '(',
            ']' | '}' => ')',
            c => c.to_ascii_lowercase(),
        });
    }
    // Han characters are their own NFKC; the rest is rare enough to be normalised.
    if ('\u{4E00}'..='\u{9FFF}').contains(&c) {
        return Some(c);
    }
    normal_heading(c.encode_utf8(&mut [0; 4])).chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, cells: &[&str]) -> RawRow {
        let mut row = RawRow::at(line);
        cells.iter().for_each(|cell| row.push(cell));
        row
    }

    #[test]
    fn first_characters_are_those_of_normal_headings() {
        for c in (0..=0x7f).map(char::from).chain("（【①Ａ　姓·".chars()) {
            let text = format!("{c}姓");
            assert_eq!(first_char(&text), normal_heading(&text).chars().next(), "{c:?}");
        }
    }

    #[test]
    fn layout_is_told_from_data() {
        let heading = row(2, &["姓名", "人数（人）", "备注"]);
        let skip = ["合计".to_owned(), "注：".to_owned(), String::new()];
        let layout = Layout::new(&skip, &[&row(1, &["临夏县表"]), &heading], 2);
        assert!(layout.is_layout(&row(9, &["", " 合　计", "12"])));
        assert!(layout.is_layout(&row(9, &["注:本表", ""])));
        assert!(layout.is_total(&row(9, &["", " 合　计（共3条）", "12"])));
        assert!(!layout.is_total(&row(9, &["注:合计见下", ""])));
        assert!(layout.is_layout(&row(9, &["", "　", ""])));
        assert!(layout.is_layout(&row(9, &["姓 名", "人数(人)", "备注", ""])));
        assert!(layout.is_layout(&row(9, &["临夏县表", "", ""])));
        assert!(layout.is_layout(&row(3, &["1", "2", "3", "4"])));
        assert!(layout.is_layout(&row(3, &["(1)", "（2）"])));
        assert!(!layout.is_layout(&row(3, &["1", "2"])));
        assert!(!layout.is_layout(&row(3, &["1", "2", "3"])));
        assert!(layout.is_layout(&row(3, &["甲", "1", "2"])));
        assert!(!layout.is_layout(&row(9, &["1", "2", "3"])));
        assert!(!layout.is_layout(&row(9, &["姓名", "5", ""])));
        assert!(!layout.is_layout(&row(9, &["张三", "合计", ""])));
    }
}

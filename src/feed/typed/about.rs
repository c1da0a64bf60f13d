//! Whom a row is about that cannot be used: while it is in quarantine, nothing is proved of them.

use super::Typer;
use crate::feed::read::RawRow;
use crate::feed::rejects::About;
use crate::pipeline::spec::ColumnType;

impl Typer<'_> {
    /// Whom a row is about, as far as that can be read: the person of its ID, and what the key columns of
    /// its table say. What it may have packed is lost.
    pub fn about(&mut self, row: &RawRow) -> About {
        self.memo.begin(row);
        let person = self.keys.and_then(|(keys, column)| {
            let mut id = None;
            self.known_or_parsed(column, row, &mut id).ok()?;
            let (id, _) = id?;
            Some(self.key(keys, id))
        });
        let columns = self.key_columns.clone();
        let texts: Vec<Option<String>> =
            columns.into_iter().map(|column| self.key_text(column, row)).collect();
        About::new(person, &texts)
    }

    /// What a key column says, as the table would have it; no ID number, of which the person is known.
    fn key_text(&mut self, column: usize, row: &RawRow) -> Option<String> {
        use ColumnType::{Code, Division, Name, Text};
        if !matches!(self.sources[column].kind, Text | Code | Division | Name) {
            return None;
        }
        let start = self.packed.bytes().len();
        self.known_or_parsed(column, row, &mut None).ok()?;
        self.packed.text_at(start).map(str::to_owned)
    }
}

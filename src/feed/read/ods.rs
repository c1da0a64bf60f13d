//! Counts the cells of an ODS sheet before the reader multiplies its repeats.

/// Counts, tag by tag, without keeping the document.
#[derive(Debug, Default)]
pub(super) struct CellCount {
    /// A tag that is not finished.
    tag: Vec<u8>,
    inside: bool,
    row_repeat: u64,
    column: u64,
    /// Right-most filled cell of the row.
    filled: u64,
    /// Cells with a value, repeats included.
    held: u64,
    /// Rows down to the last filled one, and the widest.
    row: u64,
    last: u64,
    width: u64,
    most: u64,
}

/// Longest tag that is kept; what matters stands at its beginning.
const TAG_BYTES: usize = 4096;

impl CellCount {
    /// Reads on.
    pub fn feed(&mut self, block: &[u8]) {
        for &b in block {
            match b {
                b'<' => {
                    self.inside = true;
                    self.tag.clear();
                }
                b'>' if self.inside => {
                    self.inside = false;
                    let tag = std::mem::take(&mut self.tag);
                    self.tag(&tag);
                    self.tag = tag;
                }
                _ if self.inside && self.tag.len() < TAG_BYTES => self.tag.push(b),
                _ => {}
            }
        }
    }

    /// Cells of the largest sheet so far.
    pub fn most(&self) -> u64 {
        self.most
    }

    fn tag(&mut self, tag: &[u8]) {
        if tag.starts_with(b"table:table ") {
            (self.row, self.last, self.width, self.held) = (0, 0, 0, 0);
        } else if tag.starts_with(b"table:table-row") {
            self.row_repeat = attribute(tag, b"number-rows-repeated=");
            (self.column, self.filled) = (0, 0);
        } else if tag.starts_with(b"table:table-cell") || tag.starts_with(b"table:covered") {
            let repeat = attribute(tag, b"number-columns-repeated=");
            self.column = self.column.saturating_add(repeat);
            let typed = tag.windows(11).any(|w| w == b"value-type=");
            let formula = tag.windows(8).any(|w| w == b"formula=");
            if typed || formula {
                self.filled = self.column;
                self.held = self.held.saturating_add(repeat);
                self.most = self.most.max(self.held);
            }
        } else if tag == b"/table:table-row" {
            self.row = self.row.saturating_add(self.row_repeat);
            if self.filled > 0 {
                self.last = self.row;
                self.width = self.width.max(self.filled);
            }
            self.most = self.most.max(self.last.saturating_mul(self.width));
        }
    }
}

/// A count among the attributes of a tag; one where it does not stand.
fn attribute(tag: &[u8], name: &[u8]) -> u64 {
    let Some(at) = tag.windows(name.len()).position(|w| w == name) else {
        return 1;
    };
    let digits = tag[at + name.len()..].iter().skip(1).take_while(|b| b.is_ascii_digit());
    digits.fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::CellCount;

    #[test]
    fn repeats_multiply_only_where_there_are_values() {
        let sheet = |row: &str, cell: &str| {
            let mut count = CellCount::default();
            let xml = format!(
                r#"<table:table table:name="a"><table:table-row {row}><table:table-cell {cell}>
                <text:p>1</text:p></table:table-cell></table:table-row></table:table>"#
            );
            xml.as_bytes().chunks(7).for_each(|c| count.feed(c));
            count.most()
        };
        let rows = r#"table:number-rows-repeated="1000000""#;
        let wide = r#"table:number-columns-repeated="16384""#;
        assert_eq!(sheet(rows, wide), 0);
        assert_eq!(sheet(rows, &format!("office:value-type=\"float\" {wide}")), 16_384_000_000);
        assert_eq!(sheet("", "office:value-type=\"float\""), 1);
    }
}

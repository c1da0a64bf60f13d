//! Whether cells of a sheet are merged over rows.

use memchr::memmem;

/// How the part of a sheet begins that names them.
const BEGINS: &[u8] = b"mergeCells";

/// Most bytes of it that are looked through.
const MOST: usize = 1024 * 1024;

/// Looks for them, block by block, without keeping the sheet.
#[derive(Debug, Default)]
pub(super) struct TallCells {
    /// The end of what was read, or what was read of that part.
    seen: Vec<u8>,
    begun: bool,
}

impl TallCells {
    /// Reads on.
    pub fn feed(&mut self, block: &[u8]) {
        if self.seen.len() >= MOST {
            return;
        }
        self.seen.extend_from_slice(block);
        if self.begun {
            return;
        }
        let at = memmem::find(&self.seen, BEGINS);
        self.begun = at.is_some();
        self.seen.drain(..at.unwrap_or(self.seen.len().saturating_sub(BEGINS.len() - 1)));
    }

    /// Whether any are. Titles are merged over columns only.
    pub fn any(&self) -> bool {
        let text = String::from_utf8_lossy(&self.seen);
        let regions = text.split("</").next().unwrap_or_default().split("ref=").skip(1);
        self.begun && (self.seen.len() >= MOST || regions.into_iter().any(is_tall))
    }
}

/// Does a region, such as `"A3:B4"`, have several rows?
fn is_tall(region: &str) -> bool {
    let region = region.split(['"', '\'']).nth(1).unwrap_or_default();
    let row = |corner: &str| corner.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
    region.split_once(':').is_some_and(|(first, last)| row(first) != row(last))
}

#[cfg(test)]
mod tests {
    use super::{MOST, TallCells};

    #[test]
    fn regions_of_several_rows_are_seen() {
        let tall = |xml: &str, size: usize| {
            let mut cells = TallCells::default();
            xml.as_bytes().chunks(size).for_each(|block| cells.feed(block));
            cells.any()
        };
        let sheet = |regions: &str| {
            let cells: String =
                regions.split(' ').map(|r| format!("<mergeCell ref=\"{r}\"/>")).collect();
            let rows = "<row r=\"1\"><c r=\"A1\"/></row>".repeat(9);
            let after = "<conditionalFormatting sqref=\"A1:A9\"/>";
            format!(
                "<sheetData>{rows}</sheetData><mergeCells count=\"2\">{cells}</mergeCells>{after}"
            )
        };
        for size in [3, 7, 64, 1 << 20] {
            for (regions, found) in
                [("A1:F1 B2:C2", false), ("A1:F1 D12:D14", true), ("B9:C10", true)]
            {
                assert_eq!(tall(&sheet(regions), size), found, "{regions} in blocks of {size}");
            }
            assert!(!tall("<sheetData/><hyperlink ref=\"A1:A2\"/>", size));
        }
        let many = vec!["A1:F1"; MOST / 20].join(" ");
        assert!(tall(&sheet(&many), 64 * 1024), "so many are looked through elsewhere");
    }
}

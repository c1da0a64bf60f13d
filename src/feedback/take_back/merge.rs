//! Cells of answers that were merged over several rows: a spreadsheet keeps the text of the first one
//! only, so the rows below come back blank.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::book::{Columns, Returned, ReturnedRow};
use crate::feed::read;
use crate::pipeline::packs::Pack;

/// Cells of a row that are merged with those of other rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// First and last row of the merged cells, from 1.
    pub first: u64,
    pub last: u64,
    /// Ids of the columns, in the form's order.
    pub columns: Vec<String>,
}

impl Merge {
    /// Is the row one of those that the spreadsheet left blank?
    fn blanks(&self, line: u64) -> bool {
        line > self.first
    }

    /// `“核查结果、原因类别”列第5至7行合并了单元格`.
    pub fn said(&self, form: &Pack) -> String {
        let titles = form.fill.iter().map(|f| (&f.id, &f.zh));
        let all = form.columns.iter().map(|c| (&c.id, &c.zh)).chain(titles);
        let names: Vec<&str> =
            all.filter(|(id, _)| self.columns.contains(id)).map(|(_, zh)| zh.as_str()).collect();
        format!("“{}”列第{}至{}行合并了单元格", names.join("、"), self.first, self.last)
    }
}

/// That cells of a row were lost because they were merged with the rows above, or that this row has
/// what was meant for several; one of `columns` among them, if any are named.
pub(super) fn told(form: &Pack, row: &ReturnedRow, columns: &[&str]) -> Option<String> {
    let own =
        |m: &&Merge| columns.is_empty() || columns.iter().any(|c| m.columns.iter().any(|o| o == c));
    let said = row.merged.iter().filter(own).map(|merge| {
        let cells = merge.said(form);
        match merge.blanks(row.line) {
            true => format!("{cells}，内容只留在第{}行，请取消合并后逐行填写", merge.first),
            false => format!("{cells}，内容只记在本行"),
        }
    });
    Some(said.collect::<Vec<_>>().join("；")).filter(|text| !text.is_empty())
}

/// Finds the merged cells in the columns of numbers and answers and hangs them to their rows. A file
/// is read once more for them, and only if some cell is blank below a filled one.
pub(super) fn mark(
    path: &Path,
    form: &Pack,
    columns: &BTreeMap<String, Columns>,
    returned: &mut Returned,
) {
    if !doubtful(&returned.rows) {
        return;
    }
    // The rows have been read: without the regions it is guessed which cells are merged.
    let Ok(Some(sheets)) = read::merged(path) else { return };
    returned.merges_known = true;
    let mut merges: BTreeMap<(&str, u64), Vec<Merge>> = BTreeMap::new();
    for (sheet, regions) in &sheets {
        let Some(columns) = columns.get(sheet) else { continue };
        for merge in of_rows(form, columns, regions) {
            for line in merge.first..=merge.last {
                merges.entry((sheet, line)).or_default().push(merge.clone());
            }
        }
    }
    for row in &mut returned.rows {
        row.merged = merges.remove(&(row.sheet.as_str(), row.line)).unwrap_or_default();
    }
}

/// Is a cell blank that is filled in the row above?
fn doubtful(rows: &[ReturnedRow]) -> bool {
    rows.windows(2).any(|pair| {
        let [above, below] = pair else { return false };
        let blank = |id: &String| !below.filled.contains_key(id);
        above.sheet == below.sheet && (below.number.is_empty() || above.filled.keys().any(blank))
    })
}

/// Rows that a form can have; a region may reach to the end of the sheet.
const ROWS: usize = 100_000;

/// Regions of several rows that cover one of the columns, those of the same rows as one.
fn of_rows(form: &Pack, columns: &Columns, regions: &[[usize; 4]]) -> Vec<Merge> {
    let mut rows: BTreeMap<(usize, usize), BTreeSet<&str>> = BTreeMap::new();
    for [top, left, bottom, right] in regions {
        if bottom <= top || bottom - top > ROWS {
            continue;
        }
        let inside = |place: usize| (*left..=*right).contains(&place);
        let filled = columns.filled.iter().filter(|(_, at)| inside(*at)).map(|(id, _)| id.as_str());
        let number = inside(columns.number).then_some("number");
        let own: Vec<&str> = filled.chain(number).collect();
        if !own.is_empty() {
            rows.entry((*top, *bottom)).or_default().extend(own);
        }
    }
    let order = form.columns.iter().map(|c| &c.id).chain(form.fill.iter().map(|f| &f.id));
    let order: Vec<&String> = order.collect();
    rows.into_iter()
        .map(|((top, bottom), own)| Merge {
            first: top as u64 + 1,
            last: bottom as u64 + 1,
            columns: order
                .iter()
                .filter(|id| own.contains(id.as_str()))
                .map(|id| (*id).clone())
                .collect(),
        })
        .collect()
}

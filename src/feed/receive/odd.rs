//! What is odd about a part of a delivery and costs none of its rows.

use super::place_name;
use crate::feed::read::Table;
use crate::feed::receipt::Receipt;
use crate::privacy::hide_ids;

/// What is to be said of a part that was read.
pub(super) fn warnings(extract: &Table) -> Vec<String> {
    let part = extract.part();
    let cut = format!("{}: the last line has no end; was it cut?", part.file);
    part.unterminated.then_some(cut).into_iter().chain(merged(extract)).collect()
}

/// Files most of whose rows another file of the delivery has: a correction that lies beside what it corrects is
/// read with it, and does not take its place.
pub(super) fn repeated(receipt: &Receipt) -> Vec<String> {
    if receipt.files.len() < 2 {
        return Vec::new();
    }
    let parts = receipt.parts.iter().filter(|part| part.duplicate * 2 > part.rows);
    let said = parts.map(|part| {
        format!(
            "{}: {} of its {} rows are in another file of this delivery too; if it corrects that \
             one, take that one away",
            part.file, part.duplicate, part.rows
        )
    });
    said.collect()
}

/// Cells of wanted columns that are merged over rows of data: the rows below the first say nothing there.
fn merged(extract: &Table) -> Option<String> {
    let (part, header) = (extract.part(), extract.header());
    let binding = &header.binding;
    let wanted = |[top, left, _, right]: &[u32; 4]| {
        let columns = binding.source.iter().chain(binding.path.iter().flatten()).flatten();
        let region = *left as usize..=*right as usize;
        let inside = columns.filter(|at| region.contains(*at)).min()?;
        (u64::from(*top) >= header.header_line).then_some(*inside)
    };
    let found = part.merged.iter().filter_map(|region| Some((region, wanted(region)?)));
    let count = found.clone().count();
    let ([top, _, end, _], column) = found.min()?;
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    let heading = header.headings.get(column).map_or(String::new(), |h| hide_ids(h));
    Some(format!(
        "{}: cells of {heading} are merged over rows {} to {}{more}; only the first of these rows has \
         their value",
        place_name(part),
        u64::from(*top) + 1,
        u64::from(*end) + 1
    ))
}

//! Limits that a zip or workbook must keep before anything believes its contents.

use std::io::{Read, Seek};

use zip::ZipArchive;

use crate::error::{Error, Result};

/// Most members of a zip.
const ENTRIES: usize = 1_000;

/// Most bytes of all members together, decompressed.
const TOTAL_BYTES: u64 = 1024 * 1024 * 1024;

/// Most decompressed bytes for each compressed one, for members above [`RATIO_FROM`].
const RATIO: u64 = 100;

/// Smaller members may be as repetitive as they like.
const RATIO_FROM: u64 = 1024 * 1024;

/// Most cells of a sheet where the whole sheet must be held.
pub(super) const SHEET_CELLS: u64 = 10_000_000;

/// Checks what the directory of a zip promises, before anything is decompressed.
pub(super) fn check_directory<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    label: &str,
) -> Result<()> {
    if archive.len() > ENTRIES {
        return Err(refused(label, &format!("{} members, at most {ENTRIES}", archive.len())));
    }
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|e| broken(label, &e.to_string()))?;
        let (size, packed) = (file.size(), file.compressed_size());
        if size > RATIO_FROM && size > packed.saturating_mul(RATIO) {
            let what = format!("a member that grows from {packed} to {size} bytes, at most 100:1");
            return Err(refused(label, &what));
        }
        total = total.saturating_add(size);
    }
    if total > TOTAL_BYTES {
        return Err(refused(label, &format!("{total} bytes decompressed, at most 1 GiB")));
    }
    Ok(())
}

/// Decompresses a workbook's parts once without keeping them: a directory may lie about sizes, and
/// the counts inside are believed by the workbook reader before it sees a cell.
pub(super) fn check_contents<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    label: &str,
) -> Result<()> {
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|e| match e {
            zip::result::ZipError::UnsupportedArchive(why) if why.contains("assword") => {
                Error::gate(format!("{label} is protected by a password"))
                    .hint("ask the sender for it without a password")
            }
            e => broken(label, &e.to_string()),
        })?;
        let size = file.size();
        let strings = file.name().ends_with("sharedStrings.xml");
        let table = file.name() == "content.xml";
        let mut cells = super::ods::CellCount::default();
        let mut block = vec![0; 64 * 1024];
        let mut total = 0_u64;
        loop {
            let n = fill(&mut file, &mut block).map_err(|e| broken(label, &e.to_string()))?;
            if n == 0 {
                break;
            }
            if strings && total == 0 {
                check_string_count(&block[..n], size, label)?;
            }
            if table {
                cells.feed(&block[..n]);
                if cells.most() > SHEET_CELLS {
                    let what = format!("a sheet of more than {SHEET_CELLS} cells");
                    return Err(refused(label, &what));
                }
            }
            total += n as u64;
            if total > size {
                return Err(refused(label, "a member larger than its directory says"));
            }
        }
    }
    Ok(())
}

fn fill(reader: &mut impl Read, block: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match reader.read(&mut block[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// The reader reserves room for as many shared strings as the file claims.
fn check_string_count(head: &[u8], size: u64, label: &str) -> Result<()> {
    let name = b"uniqueCount=";
    let Some(at) = head.windows(name.len()).position(|w| w == name) else {
        return Ok(());
    };
    let digits = head[at + name.len()..].iter().skip(1).take_while(|b| b.is_ascii_digit());
    let count = digits.fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
    // `<si/>` is the shortest string.
    if count > size / 5 + 1 {
        return Err(refused(label, &format!("{count} shared strings claimed in {size} bytes")));
    }
    Ok(())
}

/// A file that passes a limit.
fn refused(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} passes a limit: it has {what}"))
        .hint("if it is what the sender meant, ask for CSV, or for several smaller files")
}

fn broken(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} is damaged: {what}")).hint("ask the sender to send it again")
}

#[cfg(test)]
mod tests {
    use super::check_string_count;

    #[test]
    fn claimed_strings_must_fit() {
        let head = br#"<sst count="9" uniqueCount="99999999999">"#;
        assert!(check_string_count(head, 1_000, "x.xlsx").is_err());
        assert!(check_string_count(br#"<sst uniqueCount="100">"#, 1_000, "x.xlsx").is_ok());
    }
}

//! Limits: what a zip or workbook must keep before anything believes its contents, and what the
//! reader of a file may use.

use std::io::{Read, Seek, SeekFrom};

use zip::ZipArchive;

use crate::error::{Error, Result};

use super::container::Source;

/// Most members of a zip.
const ENTRIES: usize = 1_000;

/// Most bytes of all parts of a workbook together, decompressed.
pub(super) const WORKBOOK_BYTES: u64 = 1 << 30;

/// Most bytes of all extracts in a zip, decompressed. They are read as they come and never held: a
/// province's month of settlements has many GiB.
pub(super) const EXTRACT_BYTES: u64 = 1 << 40;

/// Most decompressed bytes for each compressed one, for members above [`RATIO_FROM`].
const RATIO: u64 = 100;

/// Smaller members may be as repetitive as they like.
const RATIO_FROM: u64 = 1024 * 1024;

/// All members together, however small each is, keep the ratio above this size.
const SUM_FROM: u64 = 32 * 1024 * 1024;

/// Deepest nesting of a workbook's XML; programs write less than 30.
const DEPTH: u32 = 256;

/// Most cells of a sheet where the whole sheet must be held.
pub(super) const SHEET_CELLS: u64 = 10_000_000;

/// Most bytes of a row of a sheet.
pub(super) const ROW_BYTES: usize = 16 * 1024 * 1024;

/// What the process that reads a file may use: a little, and more the more was sent. The factors
/// are several times what full sheets of each format were seen to need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    sent: u64,
}

const MIB: u64 = 1024 * 1024;

impl Allowance {
    /// What the reader of a source may use.
    ///
    /// # Errors
    /// What the disk says.
    pub fn of(source: &Source) -> Result<Self> {
        Ok(Self { sent: source.sent()? })
    }

    /// Bytes of addresses, beyond those of a process that has read nothing.
    pub fn memory(self) -> u64 {
        self.sent.saturating_mul(24).saturating_add(192 * MIB).min(2048 * MIB)
    }

    /// Seconds of processor time.
    pub fn seconds(self) -> u64 {
        4 + self.sent / MIB * 4
    }

    /// What its rows may cost, see [`Budget::spend`].
    fn rows(self) -> u64 {
        self.sent.saturating_mul(RATIO).saturating_add(32 * MIB)
    }
}

/// What the rows of a file may still cost: one text that is referred to a million times, or a
/// column that repeats one value, grows as a zip does.
#[derive(Debug)]
pub(super) struct Budget {
    label: String,
    all: u64,
    left: u64,
}

impl Budget {
    /// What the rows of a source may cost; nothing is spent yet.
    ///
    /// # Errors
    /// What the disk says.
    pub fn new(source: &Source) -> Result<Self> {
        let all = Allowance::of(source)?.rows();
        Ok(Self { label: source.label(), all, left: all })
    }

    /// Counts rows of so many cells, and the bytes of all their text: what they cost whoever reads
    /// them.
    ///
    /// # Errors
    /// The rows so far cost more than they may.
    pub fn spend(&mut self, rows: u64, cells: u64, bytes: u64) -> Result<()> {
        let cost = bytes + rows * (8 * cells + 32);
        match self.left.checked_sub(cost) {
            Some(left) => self.left = left,
            None => {
                let what =
                    format!("rows that grow to more than {} MiB, at most 100:1", self.all / MIB);
                return Err(refused(&self.label, &what));
            }
        }
        Ok(())
    }
}

/// Checks how many members a zip says it has, before a directory of millions is held in memory.
///
/// # Errors
/// They are more than a zip may have; bytes that cannot be read.
pub(super) fn check_count(reader: &mut (impl Read + Seek), label: &str) -> Result<()> {
    // The last record is 22 bytes and a comment of at most 64 KiB.
    let tail = tail(reader, 22 + 65_535).map_err(|e| broken(label, &e.to_string()))?;
    let Some(at) = tail.windows(4).rposition(|w| w == b"PK\x05\x06") else {
        // Cut, as the reader of zips will say.
        return Ok(());
    };
    let count = tail.get(at + 10..at + 12).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
    if usize::from(count) > ENTRIES {
        let many = if count == u16::MAX { "65535 or more".to_owned() } else { count.to_string() };
        return Err(refused(label, &format!("{many} members, at most {ENTRIES}")));
    }
    Ok(())
}

/// The last bytes; the reader stands at its beginning again.
fn tail(reader: &mut (impl Read + Seek), most: u64) -> std::io::Result<Vec<u8>> {
    let size = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(size.saturating_sub(most)))?;
    let mut tail = Vec::new();
    reader.take(most).read_to_end(&mut tail)?;
    reader.rewind()?;
    Ok(tail)
}

/// Checks what the directory of a zip of `bytes` bytes promises, before anything is decompressed: at
/// most `most` bytes.
///
/// # Errors
/// A limit that it passes; a damaged directory.
pub(super) fn check_directory<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    bytes: u64,
    most: u64,
    label: &str,
) -> Result<()> {
    if archive.len() > ENTRIES {
        return Err(refused(label, &format!("{} members, at most {ENTRIES}", archive.len())));
    }
    let (mut total, mut packed_total) = (0_u64, 0_u64);
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|e| broken(label, &e.to_string()))?;
        let (size, packed) = (file.size(), file.compressed_size());
        if size > RATIO_FROM && size > packed.saturating_mul(RATIO) {
            let what = format!("a member that grows from {packed} to {size} bytes, at most 100:1");
            return Err(refused(label, &what));
        }
        total = total.saturating_add(size);
        packed_total = packed_total.saturating_add(packed);
    }
    if packed_total > bytes {
        return Err(refused(label, "members that lie in one another's bytes"));
    }
    if total > SUM_FROM && total > packed_total.saturating_mul(RATIO) {
        let what = format!("members that grow from {packed_total} to {total} bytes, at most 100:1");
        return Err(refused(label, &what));
    }
    if total > most {
        return Err(refused(
            label,
            &format!("{total} bytes decompressed, at most {} GiB", most >> 30),
        ));
    }
    Ok(())
}

/// Decompresses a workbook's parts once without keeping them: a directory may lie about sizes, and
/// the counts inside are believed by the workbook reader before it sees a cell. Says on the way whether
/// cells of an XLSX are merged over rows.
///
/// # Errors
/// A limit that they pass; a damaged part, or one with a password.
pub(super) fn check_contents<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    label: &str,
) -> Result<bool> {
    let mut merging = false;
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
        let xml = table || (file.name().starts_with("xl/") && file.name().ends_with(".xml"));
        let sheet = file.name().starts_with("xl/worksheets/");
        let mut tall = super::tall::TallCells::default();
        let mut cells = super::ods::CellCount::default();
        let mut open = super::depth::OpenTags::default();
        let mut block = vec![0; 64 * 1024];
        let mut total = 0_u64;
        loop {
            let n = fill(&mut file, &mut block).map_err(|e| broken(label, &e.to_string()))?;
            if n == 0 {
                break;
            }
            if xml && total == 0 {
                check_entities(&block[..n], label)?;
            }
            if xml {
                open.feed(&block[..n]);
            }
            if sheet {
                tall.feed(&block[..n]);
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
        merging |= tall.any();
        drop(file);
        if open.most() > DEPTH.into() {
            check_depth(archive, index, label)?;
        }
    }
    Ok(merging)
}

/// Counts the open tags of a part that seems to have too many.
fn check_depth<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    label: &str,
) -> Result<()> {
    let damaged = |e: &dyn std::fmt::Display| broken(label, &e.to_string());
    let mut file = archive.by_index(index).map_err(|e| damaged(&e))?;
    let mut depth = super::depth::Depth::default();
    let mut block = vec![0; 64 * 1024];
    loop {
        let n = fill(&mut file, &mut block).map_err(|e| damaged(&e))?;
        depth.feed(&block[..n]);
        if depth.most() > DEPTH {
            return Err(refused(label, "XML with more than 256 tags inside one another"));
        }
        if n == 0 {
            return Ok(());
        }
    }
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

/// No program writes entities of its own into a workbook; the reader would leave them out.
fn check_entities(head: &[u8], label: &str) -> Result<()> {
    let declared = head.windows(9).any(|w| w == b"<!DOCTYPE" || w.starts_with(b"<!ENTITY"));
    if declared { Err(refused(label, "XML with entities of its own")) } else { Ok(()) }
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
pub(super) fn refused(label: &str, what: &str) -> Error {
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

//! Where bytes come from: a file, or a member of a zip that is never unpacked to disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use encoding_rs::GB18030;
use zip::ZipArchive;

use crate::engine;
use crate::error::{Error, Result};

use super::kind::Content;
use super::limits;

/// Bytes that are handed over at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Largest workbook inside a zip; it must be held in memory.
const MEMBER_IN_MEMORY: u64 = 128 * 1024 * 1024;

/// What a workbook is read from.
pub(super) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// A file, or a member of a zip.
#[derive(Debug, Clone)]
pub(super) struct Source {
    path: PathBuf,
    member: Option<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    index: usize,
    name: String,
    size: u64,
    packed: u64,
}

/// A zip's member counts as sent with this many bytes for each compressed one: what XLS is worth.
const MEMBER_GROWTH: u64 = 8;

impl Source {
    /// A file of the delivery.
    pub fn file(path: &Path) -> Self {
        Self { path: path.to_owned(), member: None }
    }

    /// The name for messages and receipts; a member is `outer.zip!inner.csv`.
    pub fn label(&self) -> String {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        match &self.member {
            Some(member) => format!("{file}!{}", member.name),
            None => file.into_owned(),
        }
    }

    /// Whether it is a member of a zip.
    pub fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Where the file is, or the zip around it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its place in the zip around it.
    pub fn index(&self) -> Option<usize> {
        self.member.as_ref().map(|member| member.index)
    }

    /// How much was sent, which says how much it may ask for.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sent(&self) -> Result<u64> {
        if let Some(member) = &self.member {
            return Ok(member.size.min(member.packed.saturating_mul(MEMBER_GROWTH)));
        }
        let meta = std::fs::metadata(&self.path).map_err(|e| Error::io("open", &self.path, &e))?;
        Ok(meta.len())
    }

    /// The extension in lower case.
    pub fn extension(&self) -> String {
        let name = match &self.member {
            Some(member) => Path::new(&member.name),
            None => &self.path,
        };
        name.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
    }

    /// A stream from the beginning.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn buffered(&self) -> Result<Box<dyn BufRead + Send>> {
        self.buffered_after(0)
    }

    /// A stream of what comes after the first `skip` bytes. Of a member nothing is opened before it is
    /// read: a zip may have a thousand of them.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn buffered_after(&self, skip: usize) -> Result<Box<dyn BufRead + Send>> {
        if let Some(member) = &self.member {
            return Ok(Box::new(Pipe::new(&self.path, member, skip)));
        }
        let mut file = self.open_file()?;
        file.seek(SeekFrom::Start(skip as u64)).map_err(|e| self.read_error(&e))?;
        Ok(Box::new(BufReader::with_capacity(BLOCK_BYTES, file)))
    }

    /// The bytes with random access; a zip's member is read into memory.
    ///
    /// # Errors
    /// A member of more than 128 MiB, or a damaged one; what the disk says.
    pub fn seekable(&self) -> Result<Box<dyn ReadSeek>> {
        let Some(member) = &self.member else {
            return Ok(Box::new(self.open_file()?));
        };
        if member.size > MEMBER_IN_MEMORY {
            let message = format!("{} is larger than 128 MiB inside a zip", self.label());
            return Err(Error::gate(message).hint("deliver the workbook itself, not zipped"));
        }
        let mut bytes = Vec::with_capacity(member.size as usize);
        let mut reader = self.buffered()?;
        reader.read_to_end(&mut bytes).map_err(|e| self.read_error(&e))?;
        Ok(Box::new(Cursor::new(bytes)))
    }

    /// The file itself; nothing for a member of a zip.
    ///
    /// # Errors
    /// What the disk says.
    pub fn plain_file(&self) -> Result<Option<File>> {
        if self.is_member() { Ok(None) } else { self.open_file().map(Some) }
    }

    /// The first bytes, at most so many.
    ///
    /// # Errors
    /// What the disk says; a damaged zip.
    pub fn head(&self, most: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let reader = self.buffered()?;
        reader.take(most as u64).read_to_end(&mut head).map_err(|e| self.read_error(&e))?;
        Ok(head)
    }

    /// Which of some byte strings stand anywhere in the source.
    ///
    /// # Errors
    /// What the disk says; a damaged zip.
    pub fn find<const N: usize>(&self, needles: [Vec<u8>; N]) -> Result<[bool; N]> {
        let longest = needles.iter().map(Vec::len).max().unwrap_or(0);
        let mut found = [false; N];
        let mut window = Vec::new();
        let mut reader = self.buffered()?;
        loop {
            let block = reader.fill_buf().map_err(|e| self.read_error(&e))?;
            if block.is_empty() {
                return Ok(found);
            }
            let n = block.len();
            window.extend_from_slice(block);
            reader.consume(n);
            for (needle, found) in needles.iter().zip(&mut found) {
                *found = *found || window.windows(needle.len()).any(|w| w == needle.as_slice());
            }
            // What could be the beginning of a match that ends in the next block.
            let keep = window.len().min(longest.saturating_sub(1));
            window.drain(..window.len() - keep);
        }
    }

    /// An error while reading: the machine's for a file, the sender's for a damaged zip.
    pub fn read_error(&self, source: &io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidInput
                if self.is_member() =>
            {
                Error::gate(format!("{} is damaged: {source}", self.label()))
                    .hint("ask the sender to send it again")
            }
            _ => Error::io("read", &self.path, source),
        }
    }

    fn open_file(&self) -> Result<File> {
        File::open(&self.path).map_err(|e| Error::io("open", &self.path, &e))
    }
}

/// All bytes of a source as it would lie on a disk.
fn size_of(source: &Source) -> Result<u64> {
    source.member.as_ref().map_or_else(|| source.sent(), |member| Ok(member.size))
}

/// What a file with a zip's first bytes is: a workbook, or a zip of extracts.
///
/// # Errors
/// A damaged zip, a workbook beyond the limits, an Office file that is no XLSX; what the disk says.
pub(super) fn zip_content(source: &Source) -> Result<Content> {
    let mut archive = archive(source)?;
    let label = source.label();
    let has = |archive: &ZipArchive<_>, name: &str| archive.file_names().any(|n| n == name);
    let workbook = archive.file_names().any(|n| n.ends_with("workbook.xml"));
    let xlsx = workbook && has(&archive, "[Content_Types].xml");
    let ods = has(&archive, "content.xml") && has(&archive, "mimetype");
    if xlsx || ods {
        limits::check_directory(&mut archive, size_of(source)?, limits::WORKBOOK_BYTES, &label)?;
        let merging = limits::check_contents(&mut archive, &label)?;
        return Ok(match (xlsx, merging) {
            (true, true) => Content::Merging,
            (true, false) => Content::Xlsx,
            (false, _) => Content::Ods,
        });
    }
    if has(&archive, "[Content_Types].xml") {
        return Err(Error::gate(format!(
            "{label} is an Office file without an XLSX workbook (XLSB, Word?), which is not read"
        ))
        .hint("save it as XLSX or CSV and deliver that"));
    }
    Ok(Content::Zip)
}

/// The data members of a zip in the order of their names. Folders and what macOS and Windows put
/// beside files (`__MACOSX`, `.DS_Store`, `Thumbs.db`) are no data.
///
/// # Errors
/// A damaged zip, one beyond the limits, without data or with a password; what the disk says.
pub(super) fn members(path: &Path) -> Result<Vec<Source>> {
    let outer = Source::file(path);
    let mut archive = archive(&outer)?;
    let label = outer.label();
    limits::check_directory(&mut archive, size_of(&outer)?, limits::EXTRACT_BYTES, &label)?;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|e| damaged(&label, &e.to_string()))?;
        let name = member_name(file.name_raw());
        if file.is_dir() || is_clutter(&name) {
            continue;
        }
        if file.encrypted() {
            return Err(Error::gate(format!("{label}!{name} is protected by a password"))
                .hint("unpack it with the password, or ask the sender for it without one"));
        }
        let (size, packed) = (file.size(), file.compressed_size());
        let member = Member { index, name, size, packed };
        found.push(Source { path: path.to_owned(), member: Some(member) });
    }
    if found.is_empty() {
        return Err(Error::gate(format!("{label} holds no file"))
            .hint("ask the sender to deliver it again"));
    }
    found.sort_by_key(Source::label);
    Ok(found)
}

fn is_clutter(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.split(['/', '\\']).any(|part| part == "__MACOSX")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&last)
}

/// Names are UTF-8, or GBK where a Chinese Windows wrote the zip, whatever the flag says.
fn member_name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

fn archive(source: &Source) -> Result<ZipArchive<BufReader<Box<dyn ReadSeek>>>> {
    let mut reader = BufReader::new(source.seekable()?);
    limits::check_count(&mut reader, &source.label())?;
    ZipArchive::new(reader).map_err(|e| damaged(&source.label(), &e.to_string()))
}

fn damaged(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} cannot be read as a zip ({what}): cut, or still arriving"))
        .hint("wait until it has arrived, or ask the sender to send it again")
}

/// A zip's member, decompressed on a thread of its own: the decompressor borrows the archive, so
/// that it cannot be kept in a struct beside it.
struct Pipe {
    path: PathBuf,
    index: usize,
    size: u64,
    /// Nothing before it is first read.
    blocks: Option<Receiver<io::Result<Vec<u8>>>>,
    block: Vec<u8>,
    at: usize,
    /// Bytes of the first block that are passed over.
    skip: usize,
    done: bool,
}

impl Pipe {
    fn new(path: &Path, member: &Member, skip: usize) -> Self {
        let (path, index, size) = (path.to_owned(), member.index, member.size);
        Self { path, index, size, blocks: None, block: Vec::new(), at: 0, skip, done: false }
    }

    fn start(&self) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
        let (sender, blocks) = sync_channel(2);
        let (file, index, size) = (File::open(&self.path)?, self.index, self.size);
        let work = move || {
            let gave_up = || io::Error::new(io::ErrorKind::InvalidData, "its reader gave up");
            let done = engine::quietly(|| pump(file, index, size, &sender));
            if let Err(e) = done.unwrap_or_else(|| Err(gave_up())) {
                // Nobody listens any more: there is nobody to tell either.
                let _ = sender.send(Err(e));
            }
        };
        std::thread::Builder::new().name("unzip".into()).spawn(work)?;
        Ok(blocks)
    }
}

/// Sends the blocks of a member, and an empty one at its end.
fn pump(
    file: File,
    index: usize,
    size: u64,
    sender: &SyncSender<io::Result<Vec<u8>>>,
) -> io::Result<()> {
    let bad = |e: zip::result::ZipError| io::Error::new(io::ErrorKind::InvalidData, e.to_string());
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(bad)?;
    let mut member = archive.by_index(index).map_err(bad)?;
    let mut total = 0;
    loop {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        let read = (&mut member).take(BLOCK_BYTES as u64).read_to_end(&mut block);
        // Whatever the decompressor calls it: the bytes are not what the directory promised.
        read.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
        total += block.len() as u64;
        if total > size {
            let message = "larger than the zip's directory says";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let last = block.is_empty();
        if sender.send(Ok(block)).is_err() || last {
            return Ok(());
        }
    }
}

impl BufRead for Pipe {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.blocks.is_none() {
            self.blocks = Some(self.start()?);
        }
        while self.at == self.block.len() && !self.done {
            let next = self.blocks.as_ref().and_then(|blocks| blocks.recv().ok());
            self.block =
                next.unwrap_or_else(|| Err(io::Error::other("the unzip thread ended early")))?;
            self.done = self.block.is_empty();
            self.at = std::mem::take(&mut self.skip).min(self.block.len());
        }
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let block = self.fill_buf()?;
        let n = block.len().min(out.len());
        out[..n].copy_from_slice(&block[..n]);
        self.consume(n);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members() {
        assert_eq!(member_name("医保.csv".as_bytes()), "医保.csv");
        assert_eq!(member_name(&GB18030.encode("医保/结算.csv").0), "医保/结算.csv");
        assert!(is_clutter("__MACOSX/._a.csv"));
        assert!(is_clutter("x/.DS_Store"));
        assert!(!is_clutter("x/a.csv"));
    }
}

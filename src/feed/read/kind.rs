//! Tells by the first bytes what a file is, whatever its extension says.

use crate::error::{Error, Result};
use crate::pipeline::spec::{FileKind, Format};

use super::container::{self, Source};

/// What a file or zip member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Fixed,
    Json,
    Parquet,
    Xlsx,
    /// An XLSX workbook in which cells are merged over rows.
    Merging,
    Xls,
    Ods,
    Zip,
}

impl Content {
    /// What it is called in messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "delimited text",
            Self::Fixed => "fixed-width text",
            Self::Json => "NDJSON",
            Self::Parquet => "Parquet",
            Self::Xlsx | Self::Merging => "an XLSX workbook",
            Self::Xls => "an XLS workbook",
            Self::Ods => "an ODS workbook",
            Self::Zip => "a zip",
        }
    }

    /// Its name on the command line of the process that reads it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Fixed => "fixed",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Xlsx => "xlsx",
            Self::Merging => "merging",
            Self::Xls => "xls",
            Self::Ods => "ods",
            Self::Zip => "zip",
        }
    }

    /// The kinds that are read by a process of their own, by their names.
    pub fn of_word(word: &str) -> Option<Self> {
        let apart = [Self::Parquet, Self::Xlsx, Self::Merging, Self::Xls, Self::Ods];
        apart.into_iter().find(|content| content.word() == word)
    }

    /// The format of the file.
    pub fn format(self) -> Self {
        if self == Self::Merging { Self::Xlsx } else { self }
    }
}

const SAVE_AS_XLSX: &str = "open it in Excel or WPS, save it as XLSX or CSV, and deliver that";

/// Formats that are known and not read: first bytes, what it is, what to do.
const REFUSED: [(&[u8], &str, &str); 8] = [
    (b"\x1F\x8B", "a gzip file", "unpack it with gunzip, or use zip"),
    (b"Rar!", "a RAR archive", "unpack it, or ask the sender for zip"),
    (b"7z\xBC\xAF", "a 7z archive", "unpack it, or ask the sender for zip"),
    (b"\x28\xB5\x2F\xFD", "a zstd file", "unpack it with zstd -d, or use zip"),
    (b"BZh", "a bzip2 file", "unpack it with bunzip2, or use zip"),
    (
        b"%PDF",
        "a PDF",
        "ask the sender for CSV or XLSX, or say what it is in format.kind and format.encoding",
    ),
    (b"\x09\x08", "a workbook older than Excel 97", SAVE_AS_XLSX),
    (
        b"{\\rtf",
        "a rich text document",
        "ask the sender for CSV or XLSX, or say what it is in format.kind and format.encoding",
    ),
];

/// What a source holds.
///
/// # Errors
/// It is empty, damaged, protected by a password or of a kind that is not read; what the disk says.
pub(super) fn of(source: &Source, format: &Format) -> Result<Content> {
    let head = source.head(4096)?;
    if head.is_empty() {
        return Err(Error::gate(format!("{} is empty", source.label()))
            .hint("ask the sender to deliver it again"));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return container::zip_content(source);
    }
    if head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return ole(source);
    }
    if head.starts_with(b"PAR1") {
        return Ok(Content::Parquet);
    }
    for (magic, what, hint) in REFUSED {
        if head.starts_with(magic) {
            return Err(
                Error::gate(format!("{} is {what}, which is not read", source.label())).hint(hint)
            );
        }
    }
    text(source, &head, format)
}

/// XLS, or one of the other things in the same wrapping.
fn ole(source: &Source) -> Result<Content> {
    let label = source.label();
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let [encrypted, word, book] =
        source.find([wide("EncryptedPackage"), wide("WordDocument"), wide("Book")])?;
    if encrypted {
        return Err(Error::gate(format!("{label} is a workbook protected by a password"))
            .hint("ask the sender for it without a password, or save it without one"));
    }
    if word && !book {
        return Err(Error::gate(format!("{label} is a Word document, expected an extract")).hint(
            "ask the sender for CSV or XLSX, or say what it is in format.kind and format.encoding",
        ));
    }
    Ok(Content::Xls)
}

/// Text of one kind or another.
fn text(source: &Source, head: &[u8], format: &Format) -> Result<Content> {
    let label = source.label();
    let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let markup = start.first() == Some(&b'<');
    if markup {
        let lower = start.to_ascii_lowercase();
        let html = [&b"<html"[..], b"<table", b"<!doctype html", b"<meta"];
        let is_html = html.iter().any(|tag| lower.windows(tag.len()).any(|w| w == *tag));
        let what = if is_html { "a web page (HTML)" } else { "XML" };
        return Err(Error::gate(format!("{label} is {what}, which is not read")).hint(SAVE_AS_XLSX));
    }
    let extension = source.extension();
    if extension == "dbf" || extension == "xlsb" || extension == "mdb" || extension == "accdb" {
        return Err(Error::gate(format!("{label} is a .{extension} file, which is not read"))
            .hint("export it as CSV or XLSX and deliver that"));
    }
    if ["xlsx", "xls", "ods", "parquet", "zip"].contains(&extension.as_str()) {
        let message = format!("{label} is not a .{extension} file by its first bytes");
        let wide = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
        if head.contains(&0) && !wide {
            return Err(Error::gate(message).hint("it is damaged; ask the sender to send it again"));
        }
    }
    match format.kind {
        FileKind::Fixed => return Ok(Content::Fixed),
        FileKind::Csv => return Ok(Content::Text),
        FileKind::Ndjson => return Ok(Content::Json),
        _ => {}
    }
    let json = ["ndjson", "jsonl", "json"].contains(&extension.as_str());
    match start.first() {
        Some(b'[') if json => {
            Err(Error::gate(format!("{label} is a JSON array, expected one object on each line"))
                .hint("ask the sender for NDJSON, for example with jq -c '.[]'"))
        }
        Some(b'{') => Ok(Content::Json),
        _ if json => Ok(Content::Json),
        _ if !format.widths.is_empty() => Ok(Content::Fixed),
        _ => Ok(Content::Text),
    }
}

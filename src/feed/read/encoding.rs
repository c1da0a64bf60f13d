//! Tells encodings apart and decodes one line at a time, so that bad bytes cost one row.

use std::io::BufReader;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, DecoderResult, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memchr_iter;

use crate::error::{Error, Result};
use crate::pipeline::spec::Format;

use super::container::Source;
use super::lines::Lines;
use super::reason;
use super::utf16::Utf16;

/// How many bytes decide about the encoding.
const HEAD_BYTES: usize = 1024 * 1024;

/// How many bytes from the first above ASCII on are enough to decide, where there are so many.
const LEAST_BYTES: usize = 256 * 1024;

/// Buffer of a text reader.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a text was found to be.
pub(super) struct Text {
    encoding: &'static Encoding,
    /// Bytes of the byte order mark.
    skip: usize,
    /// The byte that ends a line: `\n`, or `\r` where there is no `\n`.
    line_end: u8,
    /// What was found, for the receipt.
    pub finding: String,
    /// The first lines, decoded.
    pub sample: String,
}

/// Finds out the encoding of a text, or obeys the contract.
///
/// # Errors
/// A contract whose encoding is none; bytes that are no text, or of an unknown encoding; what the
/// disk says.
pub(super) fn inspect(source: &Source, format: &Format) -> Result<Text> {
    let mut head = source.head(HEAD_BYTES)?;
    let first = head.iter().position(|byte| !byte.is_ascii());
    if head.len() == HEAD_BYTES && first.is_none_or(|at| HEAD_BYTES - at < LEAST_BYTES) {
        // Little to go by yet: the first Chinese character may stand megabytes further on.
        head.extend(later(source, first.is_some())?);
    }
    let (encoding, skip, finding) = decide(source, &head, format)?;
    let body = &head[skip..];
    // A cut character at the end of the head would look like damage.
    let body = &body[..body.len().min(64 * 1024)];
    let sample = encoding.decode_without_bom_handling(body).0.into_owned();
    let line_end = if sample.contains('\r') && !sample.contains('\n') { b'\r' } else { b'\n' };
    Ok(Text { encoding, skip, line_end, finding, sample })
}

impl Text {
    /// What decodes its lines.
    pub fn decoder(&self) -> LineDecoder {
        // Lines of UTF-16 are cut when it is UTF-8 already.
        let utf16 = self.is_utf16();
        let encoding = if utf16 { UTF_8 } else { self.encoding };
        LineDecoder { offsets: !utf16, ..LineDecoder::new(encoding) }
    }

    /// Lines of the text.
    ///
    /// # Errors
    /// What the disk says; a damaged zip.
    pub fn lines(&self, source: &Source) -> Result<Lines> {
        let reader = source.buffered_after(self.skip)?;
        if self.is_utf16() {
            let decoder = self.encoding.new_decoder_without_bom_handling();
            let utf16 = Utf16 { reader, decoder, ended: false };
            let reader = Box::new(BufReader::with_capacity(BUFFER_BYTES, utf16));
            return Ok(Lines::new(source, reader, self.line_end, 0, self.decoder()));
        }
        Ok(Lines::new(source, reader, self.line_end, self.skip as u64, self.decoder()))
    }

    /// Whether characters are two bytes wide.
    pub fn is_utf16(&self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }
}

/// Decodes a line, or says why it cannot be.
pub(super) struct LineDecoder {
    encoding: &'static Encoding,
    text: String,
    /// Whether byte offsets of lines are those of the file.
    pub offsets: bool,
}

impl LineDecoder {
    /// A decoder for an encoding whose lines stand in the file byte by byte.
    pub fn new(encoding: &'static Encoding) -> Self {
        Self { encoding, text: String::new(), offsets: true }
    }

    /// The text of whole lines, each of which `end` ends, if nothing is wrong with any of them. The
    /// bytes `\n` and `\r` are nothing else in these encodings.
    pub fn block(&self, bytes: &[u8], end: u8, text: &mut String) -> bool {
        if self.encoding == UTF_8 {
            let valid = UTF_8.decode_without_bom_handling_and_without_replacement(bytes);
            valid.iter().for_each(|valid| text.push_str(valid));
            return valid.is_some();
        }
        let mut start = 0;
        for at in memchr_iter(end, bytes) {
            if self.is_foreign(&bytes[start..at]) {
                return false;
            }
            start = at + 1;
        }
        (self.encoding == GB18030 || self.encoding == BIG5)
            && !self.is_foreign(&bytes[start..])
            && decoded(self.encoding, bytes, text)
    }

    /// Is a line of a GB18030 text Chinese in UTF-8, as where files were joined? It would be read as
    /// other characters. Of the names of places and common names in GB18030 none looks like that.
    fn is_foreign(&self, line: &[u8]) -> bool {
        self.encoding == GB18030
            && !line.is_ascii()
            && std::str::from_utf8(line).is_ok()
            && line.iter().any(|byte| *byte >= 0xE0)
    }

    /// The line's text.
    ///
    /// # Errors
    /// A [`reason`]: bytes that the encoding cannot hold.
    pub fn decode<'a>(&'a mut self, bytes: &'a [u8]) -> Result<&'a str, &'static str> {
        if self.encoding == UTF_8 {
            return std::str::from_utf8(bytes).map_err(|_| reason::NOT_UTF8);
        }
        if bytes.is_ascii() {
            return Ok(std::str::from_utf8(bytes).expect("ASCII is UTF-8"));
        }
        if self.is_foreign(bytes) {
            return Err(reason::FOREIGN);
        }
        self.text.clear();
        if decoded(self.encoding, bytes, &mut self.text) {
            Ok(&self.text)
        } else {
            Err(self.bad_bytes())
        }
    }

    /// The line's text with bad bytes replaced, for a message.
    pub fn lossy(&self, bytes: &[u8]) -> String {
        let encoding = if self.is_foreign(bytes) { UTF_8 } else { self.encoding };
        encoding.decode_without_bom_handling(bytes).0.into_owned()
    }

    fn bad_bytes(&self) -> &'static str {
        match self.encoding {
            e if e == GB18030 || e == GBK => reason::NOT_GB18030,
            e if e == BIG5 => reason::NOT_BIG5,
            _ => reason::NOT_DECLARED,
        }
    }
}

/// Adds a text to others; false when it has bytes that the encoding cannot hold.
fn decoded(encoding: &'static Encoding, bytes: &[u8], text: &mut String) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    text.reserve(most.unwrap_or(bytes.len() * 3 + 16));
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, text, true);
    result == DecoderResult::InputEmpty
}

/// The encoding, the length of its mark and the words about it.
fn decide(
    source: &Source,
    head: &[u8],
    format: &Format,
) -> Result<(&'static Encoding, usize, String)> {
    if head.starts_with(&[0xFF, 0xFE]) {
        return Ok((UTF_16LE, 2, "utf-16le".into()));
    }
    if head.starts_with(&[0xFE, 0xFF]) {
        return Ok((UTF_16BE, 2, "utf-16be".into()));
    }
    if let Some(encoding) = utf16_without_mark(head) {
        return Ok((encoding, 0, format!("{}, without a mark", name(encoding))));
    }
    let skip = if head.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    let body = &head[skip..];
    let nul = body.iter().position(|&b| b == 0);
    if let Some(at) = nul.filter(|_| nul_heavy(body)) {
        let message = format!(
            "{} holds NUL bytes (the first at byte {}), expected text",
            source.label(),
            at + skip
        );
        return Err(Error::gate(message)
            .hint("it is a binary file or a damaged one; ask the sender for CSV or XLSX, or say what it is in format.kind and format.encoding"));
    }
    let declared = format.encoding.trim();
    if declared != "auto" && !declared.is_empty() {
        return declared_encoding(declared, body).map(|(e, words)| (e, skip, words));
    }
    if mostly_utf8(body) {
        let words = if skip > 0 { "utf-8 with a mark" } else { "utf-8" };
        return Ok((UTF_8, skip, words.into()));
    }
    let encoding = chinese(source, body)?;
    let words = match skip {
        0 => name(encoding),
        _ => format!("{}, wrongly marked as utf-8", name(encoding)),
    };
    Ok((encoding, skip, words))
}

/// The contract's encoding, unless the file is plainly UTF-8: that reads as another text silently.
fn declared_encoding(label: &str, body: &[u8]) -> Result<(&'static Encoding, String)> {
    let Some(encoding) = Encoding::for_label(label.as_bytes()) else {
        return Err(Error::pipeline(format!("format.encoding: {label} is not an encoding"))
            .hint("auto, utf-8, gb18030, big5, utf-16le and utf-16be are read"));
    };
    let encoding = if encoding == GBK { GB18030 } else { encoding };
    if encoding != UTF_8 && !body.is_ascii() && mostly_utf8(body) {
        return Ok((UTF_8, format!("utf-8, but the feed says {label}")));
    }
    Ok((encoding, name(encoding)))
}

fn name(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// UTF-16 of text with ASCII in it has its zeros on one side, but for a few.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let head = &head[..head.len().min(4096) & !1];
    if head.len() < 4 {
        return None;
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&b| b == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    // Line ends, digits and separators alone are more than this.
    let enough = (head.len() / 2 / 20).max(1);
    let plausible = |encoding: &'static Encoding| {
        let (_, errors) = encoding.decode_without_bom_handling(head);
        (!errors).then_some(encoding)
    };
    // A few Chinese characters have a zero on the other side: 一 is 4E00, a wide space 3000.
    let most = |n: usize, few: usize| n >= enough && n >= 4 * few;
    if most(second, first) {
        plausible(UTF_16LE)
    } else if most(first, second) {
        plausible(UTF_16BE)
    } else {
        None
    }
}

/// One NUL may be damage inside a row; many are another kind of file.
fn nul_heavy(body: &[u8]) -> bool {
    let nuls = body.iter().filter(|&&b| b == 0).count();
    let early = body[..body.len().min(512)].contains(&0);
    early || nuls * 100 > body.len()
}

/// Whether the bytes are UTF-8 but for a character cut at the end.
fn valid_utf8_prefix(body: &[u8]) -> bool {
    match std::str::from_utf8(body) {
        Ok(_) => true,
        Err(e) => e.error_len().is_none() && body.len() - e.valid_up_to() < 4,
    }
}

/// Whether the lines with Chinese are mostly UTF-8: a few damaged lines do not change an encoding.
fn mostly_utf8(body: &[u8]) -> bool {
    if valid_utf8_prefix(body) {
        return true;
    }
    let (mut good, mut bad) = (0_usize, 0_usize);
    for line in body.split(|&b| b == b'\n').filter(|l| !l.is_ascii()) {
        match std::str::from_utf8(line) {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
    }
    good > bad
}

/// GB18030 or Big5, by the detector, then by which of them decodes.
fn chinese(source: &Source, body: &[u8]) -> Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(body, false);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if guess == GBK || guess == GB18030 {
        return Ok(GB18030);
    }
    let (gb, big5) = (bad_lines(GB18030, body), bad_lines(BIG5, body));
    if guess == BIG5 && big5 <= gb {
        return Ok(BIG5);
    }
    let lines = body.split(|&b| b == b'\n').filter(|l| !l.is_ascii()).count();
    if gb * 2 > lines.max(1) {
        let message = format!(
            "{} is text in an unknown encoding, expected UTF-8, GB18030, Big5 or UTF-16",
            source.label()
        );
        return Err(Error::gate(message).hint("ask the sender to export it as UTF-8"));
    }
    Ok(GB18030)
}

fn bad_lines(encoding: &'static Encoding, body: &[u8]) -> usize {
    let lines = body.split(|&b| b == b'\n').filter(|l| !l.is_ascii());
    lines.filter(|l| encoding.decode_without_bom_handling(l).1).count()
}

/// What comes after the head, as much as decides: at once where Chinese has `begun` in it, else from the
/// first byte above ASCII on. The end of a block may stand behind the first byte of a character.
fn later(source: &Source, begun: bool) -> Result<Vec<u8>> {
    let mut reader = source.buffered_after(HEAD_BYTES)?;
    let mut taken = Vec::new();
    while taken.len() < LEAST_BYTES {
        let block = reader.fill_buf().map_err(|e| source.read_error(&e))?;
        if block.is_empty() {
            break;
        }
        let n = block.len();
        let goes_on = begun || !taken.is_empty();
        let from = if goes_on { Some(0) } else { block.iter().position(|byte| !byte.is_ascii()) };
        taken.extend_from_slice(&block[from.unwrap_or(n)..]);
        reader.consume(n);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_lines_do_not_change_the_encoding() {
        let mut text = "姓名,县\n张三,临夏\n李四,东乡\n".as_bytes().to_vec();
        text.extend(b"\xC8\xCB,x\n");
        assert!(mostly_utf8(&text));
        let gbk = GB18030.encode("姓名,县\n张三,临夏\n李四,东乡\n").0;
        assert!(!mostly_utf8(&gbk));
    }

    #[test]
    fn utf16_is_seen_by_its_zeros() {
        let le: Vec<u8> = "姓名\t县\n1\t2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(utf16_without_mark(&le), Some(UTF_16LE));
        let be: Vec<u8> = "姓名\t县\n1\t2\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf16_without_mark(&be), Some(UTF_16BE));
        let text = "姓名\t县\n张一\t开\n12\t2\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(utf16_without_mark(&le), Some(UTF_16LE));
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf16_without_mark(&be), Some(UTF_16BE));
        assert_eq!(utf16_without_mark("a,b\n".as_bytes()), None);
        assert_eq!(utf16_without_mark(&[b'a', 0, 0, b'b', 0, b'c', b'd', 0]), None);
    }

    #[test]
    fn a_bad_byte_costs_its_line() {
        let mut decoder = LineDecoder::new(GB18030);
        assert_eq!(decoder.decode(&GB18030.encode("张三,䃎").0), Ok("张三,䃎"));
        assert_eq!(decoder.decode(b"\xC8,1"), Err(reason::NOT_GB18030));
        assert_eq!(decoder.decode("李四,1".as_bytes()), Err(reason::FOREIGN));
        assert_eq!(decoder.lossy("李四,1".as_bytes()), "李四,1");
        let mut decoder = LineDecoder::new(UTF_8);
        assert_eq!(decoder.decode(b"\xC8,1"), Err(reason::NOT_UTF8));
    }
}

//! The encodings of text extracts.

use std::sync::LazyLock;

/// The encodings that extracts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf8Bom,
    Gb18030,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// By its usual names.
    pub(super) fn from_label(label: &str) -> Option<Self> {
        Some(match label.to_lowercase().as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "utf-8-bom" | "utf-8-sig" => Self::Utf8Bom,
            "gb18030" | "gbk" | "gb2312" => Self::Gb18030,
            "utf-16le" | "utf-16" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            _ => return None,
        })
    }

    /// The bytes in front of the text.
    pub(super) fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8Bom => b"\xEF\xBB\xBF",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
            Self::Utf8 | Self::Gb18030 => b"",
        }
    }

    /// Appends the text in this encoding.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Utf8 | Self::Utf8Bom => out.extend_from_slice(text.as_bytes()),
            Self::Gb18030 => encode_gb18030(text, out),
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        }
    }
    /// How many bytes the text has in this encoding.
    pub(super) fn len(self, text: &str) -> usize {
        match self {
            Self::Utf8 | Self::Utf8Bom => text.len(),
            Self::Utf16Le | Self::Utf16Be => text.encode_utf16().count() * 2,
            Self::Gb18030 if text.is_ascii() => text.len(),
            Self::Gb18030 => {
                let mut bytes = Vec::with_capacity(text.len());
                encode_gb18030(text, &mut bytes);
                bytes.len()
            }
        }
    }
}

/// The characters that GBK has in two bytes, U+4E00 to U+9FA5.
const HANZI: std::ops::RangeInclusive<char> = '\u{4E00}'..='\u{9FA5}';

/// Two-byte codes of [`HANZI`]. `encoding_rs` looks each of them up in a list that is sorted by
/// code, which would be nine tenths of the time of a file.
static CODES: LazyLock<Vec<[u8; 2]>> = LazyLock::new(|| {
    let mut codes = vec![[0; 2]; HANZI.count()];
    for lead in 0x81..=0xFEu8 {
        for trail in (0x40..=0xFEu8).filter(|t| *t != 0x7F) {
            let pair = [lead, trail];
            let text = encoding_rs::GB18030.decode_without_bom_handling(&pair).0;
            let mut chars = text.chars();
            if let (Some(c), None) = (chars.next(), chars.next())
                && HANZI.contains(&c)
            {
                codes[c as usize - *HANZI.start() as usize] = pair;
            }
        }
    }
    codes
});

fn encode_gb18030(text: &str, out: &mut Vec<u8>) {
    let codes = &*CODES;
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c as u8);
        } else if HANZI.contains(&c) {
            out.extend_from_slice(&codes[c as usize - *HANZI.start() as usize]);
        } else {
            out.extend_from_slice(&encoding_rs::GB18030.encode(c.encode_utf8(&mut [0; 4])).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gb18030_is_that_of_the_standard() {
        let all: String =
            ('\u{20}'..='\u{9FFF}').chain('\u{FF00}'..='\u{FFEF}').chain(['𠂇', '䶮']).collect();
        let mut bytes = Vec::new();
        Encoding::Gb18030.encode(&all, &mut bytes);
        assert_eq!(bytes, &*encoding_rs::GB18030.encode(&all).0);
        assert_eq!(Encoding::Gb18030.len(&all), bytes.len());
    }
}

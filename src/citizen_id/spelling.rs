//! The characters of a received ID number, brought to ASCII.

/// Longest text that can still be an ID, without the characters that are dropped.
pub const LIMIT: usize = 40;

/// Text of an ID in ASCII capitals without spaces, quotes, dashes and thousands separators.
pub struct Cleaned {
    buffer: [u8; LIMIT],
    len: usize,
    /// Were there characters that have no place in a number?
    pub foreign: bool,
}

impl Cleaned {
    /// Nothing when the text is longer than any ID.
    pub fn of(raw: &str) -> Option<Self> {
        let mut text = Self { buffer: [0; LIMIT], len: 0, foreign: false };
        for c in raw.chars() {
            let Some(byte) = plain(c) else { continue };
            text.foreign |= byte == b'?';
            *text.buffer.get_mut(text.len)? = byte;
            text.len += 1;
        }
        text.drop_zero_fraction();
        Some(text)
    }

    /// The text; `?` stands for what has no place in a number.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// `.0` and `.00` at the end of a number that was a float on its way.
    fn drop_zero_fraction(&mut self) {
        let bytes = self.bytes();
        if let Some(point) = bytes.iter().position(|byte| *byte == b'.')
            && point > 0
            && bytes[point + 1..].iter().all(|byte| *byte == b'0')
        {
            self.len = point;
        }
    }
}

/// One character in ASCII: nothing for those that are dropped, `?` for those unknown.
fn plain(c: char) -> Option<u8> {
    let ascii = match c {
        ' '..='~' => c as u8,
        '！'..='～' => (c as u32 - '！' as u32) as u8 + b'!',
        'Х' | 'х' | '×' | '✕' | '╳' | 'Χ' | 'χ' | 'Ⅹ' | 'ⅹ' => b'X',
        'О' | 'о' | 'Ο' | 'ο' | '〇' | '○' => b'O',
        '‘' | '’' | '“' | '”' | '′' | '‐' | '‑' | '–' | '—' | '−' | '―' => {
            b'-'
        }
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => b' ',
        _ if c.is_whitespace() || c.is_control() => b' ',
        _ => b'?',
    };
    match ascii {
        b' ' | b'\'' | b'`' | b'"' | b'-' | b',' => None,
        b'?' => Some(b'?'),
        _ => Some(ascii.to_ascii_uppercase()),
    }
}

/// Puts the digits back that were typed as letters: no ID has these letters.
pub fn unmask_look_alikes(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = match *byte {
            b'O' => b'0',
            b'I' | b'L' | b'|' => b'1',
            other => other,
        };
    }
}

//! UTF-16 as UTF-8, before lines are cut.

use std::io::{self, BufRead, Read};

use encoding_rs::Decoder;

/// A UTF-16 stream as UTF-8.
pub(super) struct Utf16 {
    pub reader: Box<dyn BufRead + Send>,
    pub decoder: Decoder,
    pub ended: bool,
}

impl Read for Utf16 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Less room than this could hold no character and would look like the end.
        if self.ended || out.len() < 16 {
            return Ok(0);
        }
        loop {
            let block = self.reader.fill_buf()?;
            let last = block.is_empty();
            let (_, read, written, _) = self.decoder.decode_to_utf8(block, out, last);
            self.reader.consume(read);
            self.ended = last;
            if written > 0 || last {
                return Ok(written);
            }
        }
    }
}

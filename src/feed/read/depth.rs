//! How deep the tags of an XML part are nested.

/// Counts, block by block, without keeping the document.
#[derive(Debug, Default)]
pub(super) struct Depth {
    inside: bool,
    /// First and last byte of the tag so far.
    first: Option<u8>,
    last: u8,
    depth: u32,
    most: u32,
}

impl Depth {
    /// Reads on. Tags and what is between them are short: byte by byte is quicker than to search.
    pub fn feed(&mut self, mut block: &[u8]) {
        loop {
            if !self.inside {
                let Some(at) = block.iter().position(|b| *b == b'<') else { return };
                block = &block[at + 1..];
                (self.inside, self.first) = (true, None);
            }
            let end = block.iter().position(|b| *b == b'>');
            let tag = &block[..end.unwrap_or(block.len())];
            if let (Some(first), Some(last)) = (tag.first(), tag.last()) {
                self.first.get_or_insert(*first);
                self.last = *last;
            }
            let Some(end) = end else { return };
            block = &block[end + 1..];
            self.tag();
        }
    }

    /// Tags that were open at once.
    pub fn most(&self) -> u32 {
        self.most
    }

    fn tag(&mut self) {
        self.inside = false;
        match self.first {
            Some(b'/') => self.depth = self.depth.saturating_sub(1),
            // Declarations, and tags that end themselves.
            None | Some(b'?' | b'!') => {}
            _ if self.last == b'/' => {}
            _ => self.depth = self.depth.saturating_add(1),
        }
        self.most = self.most.max(self.depth);
    }
}

#[cfg(test)]
mod tests {
    use super::Depth;

    #[test]
    fn open_tags_are_counted() {
        let depth = |xml: &str| {
            let mut depth = Depth::default();
            xml.as_bytes().chunks(3).for_each(|c| depth.feed(c));
            depth.most()
        };
        assert_eq!(depth("<?xml version=\"1.0\"?><!-- no --><a><b/><c d='/'>1</c></a>"), 2);
        assert_eq!(depth(&"<row><c><v>1</v></c></row>".repeat(500)), 3);
        assert_eq!(depth(&"<a>".repeat(500)), 500);
    }
}

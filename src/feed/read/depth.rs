//! How deep the tags of an XML part are nested.

/// Tags that are open at the end of each block, many bytes at a time: what opens and closes within a block
/// is not seen, and a `<` in a comment counts as a tag. Of a part that seems too deep [`Depth`] tells.
#[derive(Debug, Default)]
pub(super) struct OpenTags {
    last: u8,
    open: i64,
    most: i64,
}

impl OpenTags {
    /// Reads on.
    pub fn feed(&mut self, block: &[u8]) {
        let (Some(first), Some(last)) = (block.first(), block.last()) else { return };
        self.open += i64::from(opened(self.last, *first));
        // Sums of so few fit a byte, and bytes are added many at a time.
        for (before, after) in block.chunks(64).zip(block[1..].chunks(64)) {
            let pairs = before.iter().zip(after);
            self.open += i64::from(pairs.fold(0, |sum, (a, b)| sum + opened(*a, *b)));
        }
        self.last = *last;
        self.most = self.most.max(self.open);
    }

    /// Tags that were open at the end of a block.
    pub fn most(&self) -> i64 {
        self.most
    }
}

/// What two bytes that stand side by side say: that a tag begins, or that one ends.
fn opened(a: u8, b: u8) -> i8 {
    let begins = (a == b'<') & (b != b'/') & (b != b'?') & (b != b'!');
    let ends = ((a == b'<') & (b == b'/')) | ((a == b'/') & (b == b'>'));
    i8::from(begins) - i8::from(ends)
}

/// Counts exactly, block by block, without keeping the document.
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
    use super::{Depth, OpenTags};

    #[test]
    fn what_is_open_at_the_end_of_a_block_is_seen() {
        let open = |xml: &str, size: usize| {
            let mut tags = OpenTags::default();
            xml.as_bytes().chunks(size).for_each(|c| tags.feed(c));
            (tags.most(), tags.open)
        };
        let sheet = "<?xml version=\"1.0\"?><!DOCTYPE a><s>".to_owned()
            + &"<row r='1'><c t=\"s\"><v>1</v></c><c/></row>".repeat(500)
            + "</s>";
        for size in [1, 3, 64, 65, 1 << 16] {
            let (most, end) = open(&sheet, size);
            assert!(most <= 4 && end == 0, "{size}: {most} {end}");
            assert_eq!(open(&"<a>".repeat(500), size).0, 500);
        }
        assert_eq!(open(&sheet, 1).0, 4);
    }

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

//! What a contract takes for nothing.

/// Texts that mean "nothing".
pub(super) struct Nulls {
    texts: Vec<String>,
    /// A bit for each of their marks: most cells are told apart by theirs.
    marks: [u64; 64],
}

impl Nulls {
    /// These texts, and the empty one.
    pub fn new(texts: &[String]) -> Self {
        let mut nulls = Self { texts: texts.to_vec(), marks: [0; 64] };
        for text in texts.iter().map(String::as_str).chain([""]) {
            let (length, last) = Self::marks(text);
            nulls.marks[length] |= 1 << last;
        }
        nulls
    }

    /// Its length and some of the bits of its last byte.
    fn marks(text: &str) -> (usize, u8) {
        (text.len().min(63), text.as_bytes().last().map_or(0, |last| last % 64))
    }

    /// Is a text one of them?
    pub fn contains(&self, text: &str) -> bool {
        let (length, last) = Self::marks(text);
        let likely = self.marks[length] >> last & 1 == 1;
        likely && (text.is_empty() || self.texts.iter().any(|null| null == text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_told_by_length_and_text() {
        let long = "x".repeat(70);
        let nulls = Nulls::new(&["无".into(), "NULL".into(), long.clone()]);
        for (text, null) in [
            ("", true),
            ("无", true),
            ("有", false),
            ("NULL", true),
            ("null", false),
            (long.as_str(), true),
        ] {
            assert_eq!(nulls.contains(text), null, "{text}");
        }
        assert!(!nulls.contains(&long[1..]) && Nulls::new(&[]).contains(""));
    }
}

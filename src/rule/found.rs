//! Findings that wait for the last view to be judged. A hundred thousand take a hundred megabytes as
//! values, and a few as compressed text.

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};

use super::Finding;
use crate::error::{Error, Result};

/// Bytes of text that are compressed at once.
const TEXT_BYTES: usize = 256 << 10;

/// Findings, in the order in which they came.
#[derive(Debug, Default)]
pub struct Found {
    packed: Vec<Vec<u8>>,
    /// Those that are not compressed yet.
    open: Vec<u8>,
}

impl Found {
    /// Adds findings behind the others.
    ///
    /// # Errors
    /// Never for findings that are text.
    pub fn add(&mut self, findings: Vec<Finding>) -> Result<()> {
        for finding in findings {
            serde_json::to_writer(&mut self.open, &finding).map_err(|e| unreadable(&e))?;
            if self.open.len() >= TEXT_BYTES {
                self.packed.push(compress_prepend_size(&self.open));
                self.open.clear();
            }
        }
        Ok(())
    }

    /// Takes out the findings of some rules; the others are forgotten.
    ///
    /// # Errors
    /// The memory is damaged.
    pub fn take(self, wanted: impl Fn(&str) -> bool) -> Result<Vec<Finding>> {
        let mut all = Vec::new();
        let texts = self.packed.into_iter().map(|packed| decompress_size_prepended(&packed));
        for text in texts.chain([Ok(self.open)]) {
            let text = text.map_err(|e| unreadable(&e))?;
            for finding in serde_json::Deserializer::from_slice(&text).into_iter::<Finding>() {
                let finding = finding.map_err(|e| unreadable(&e))?;
                if wanted(&finding.rule) {
                    all.push(finding);
                }
            }
        }
        Ok(all)
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    Error::bug(format!("findings that waited cannot be read again: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: usize) -> Finding {
        Finding {
            rule: format!("R{}", number % 3),
            subject: format!("{number:016x}"),
            anchor: "2026\n\"\u{1f}".into(),
            division: String::new(),
            who: number.is_multiple_of(2).then(|| "张*".into()),
            evidence: vec![("住院次数".into(), Some("3".into())), ("费用".into(), None)],
            message: "个人负担超过防贫线".repeat(number % 5),
        }
    }

    #[test]
    fn findings_come_back_in_their_order() {
        let mut found = Found::default();
        let all: Vec<Finding> = (0..5_000).map(finding).collect();
        all.chunks(777).for_each(|some| found.add(some.to_vec()).unwrap());
        assert!(found.packed.len() > 2 && !found.open.is_empty());
        let wanted: Vec<Finding> = all.into_iter().filter(|f| f.rule != "R1").collect();
        assert_eq!(found.take(|rule| rule != "R1").unwrap(), wanted);
        assert!(Found::default().take(|_| true).unwrap().is_empty());
    }
}

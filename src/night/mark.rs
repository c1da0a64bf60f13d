//! Marks: hashes of all that something hangs on. Two things with one mark are the same.

use crate::pipeline::Pipeline;
use crate::privacy::PersonKeys;

/// What names the sources of this program. Its version does not: builds between two releases share it.
pub const SOURCES: &str = env!("BIDUI_SOURCES");

/// A mark under way.
#[derive(Clone)]
pub(super) struct Mark(blake3::Hasher);

impl Mark {
    /// A mark of what everything that a night makes hangs on: the program, the policy, the secret.
    pub fn new(pipeline: &Pipeline, keys: &PersonKeys) -> Self {
        let mut mark = Self(blake3::Hasher::new());
        mark.add(SOURCES);
        mark.add(&pipeline.version);
        mark.add(pipeline.settings.buckets.to_string());
        mark.add(keys.derived("night", &[]).to_string());
        mark
    }

    /// Adds something that it hangs on.
    pub fn add(&mut self, part: impl AsRef<[u8]>) {
        self.0.update(&(part.as_ref().len() as u64).to_le_bytes());
        self.0.update(part.as_ref());
    }

    /// The mark in hexadecimal.
    pub fn text(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

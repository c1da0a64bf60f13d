//! One parsed value.

use crate::lake::rows::Packed;

/// A parsed cell; text stands in the row's scratch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Decimal(i128),
    Date(i32),
    Bool(bool),
    Text { start: usize, end: usize },
}

impl Cell {
    /// Packs the value.
    pub fn pack(self, scratch: &str, packed: &mut Packed) {
        match self {
            Self::Null => packed.null(),
            Self::Int(value) => packed.int64(value),
            Self::Decimal(value) => packed.decimal(value),
            Self::Date(value) => packed.int32(value),
            Self::Bool(value) => packed.bool(value),
            Self::Text { start, end } => packed.text(Some(&scratch[start..end])),
        }
    }
}

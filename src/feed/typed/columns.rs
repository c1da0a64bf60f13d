//! Columns under construction and the cells that go into them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, StringBuilder,
};
use arrow::datatypes::DataType;

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

/// A column under construction.
pub(super) enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Bool(BooleanBuilder),
}

impl Builder {
    pub(super) fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Int64 => Self::Int(Int64Builder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Decimal128(_, _) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(kind.clone()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    pub(super) fn append_text(&mut self, text: Option<&str>) {
        if let Self::Text(builder) = self {
            builder.append_option(text);
        }
    }

    pub(super) fn append(&mut self, cell: Cell, text: Option<&str>) {
        match (self, cell) {
            (Self::Text(b), _) => b.append_option(text),
            (Self::Int(b), Cell::Int(v)) => b.append_value(v),
            (Self::Int(b), _) => b.append_null(),
            (Self::Decimal(b), Cell::Decimal(v)) => b.append_value(v),
            (Self::Decimal(b), _) => b.append_null(),
            (Self::Date(b), Cell::Date(v)) => b.append_value(v),
            (Self::Date(b), _) => b.append_null(),
            (Self::Bool(b), Cell::Bool(v)) => b.append_value(v),
            (Self::Bool(b), _) => b.append_null(),
        }
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(b) => Arc::new(b.finish()),
            Self::Int(b) => Arc::new(b.finish()),
            Self::Decimal(b) => Arc::new(b.finish()),
            Self::Date(b) => Arc::new(b.finish()),
            Self::Bool(b) => Arc::new(b.finish()),
        }
    }
}

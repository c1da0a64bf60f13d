//! Days in JSON as `2026-11-10`, for `#[serde(with = "crate::calendar::iso")]`.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes a day.
///
/// # Errors
/// What the serializer says.
pub fn serialize<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

/// Reads a day.
///
/// # Errors
/// The text is no day.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| de::Error::custom("not a day like 2026-11-10"))
}

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

/// Days that may be missing.
pub mod option {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Writes a day or nothing.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn serialize<S: Serializer>(
        day: &Option<NaiveDate>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        day.map(|d| d.to_string()).serialize(serializer)
    }

    /// Reads a day or nothing.
    ///
    /// # Errors
    /// The text is no day.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NaiveDate>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let read = |t: String| t.parse().map_err(|_| de::Error::custom("not a day"));
        text.map(read).transpose()
    }
}

/// Several days.
pub mod list {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes days.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn serialize<S: Serializer>(days: &[NaiveDate], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(days.iter().map(ToString::to_string))
    }

    /// Reads days.
    ///
    /// # Errors
    /// A text is no day.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<NaiveDate>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let read = |t: String| t.parse().map_err(|_| de::Error::custom("not a day"));
        texts.into_iter().map(read).collect()
    }
}

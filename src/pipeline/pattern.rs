//! File name patterns of feeds: `医保结算_{period:%Y%m}_*.{csv,xlsx}`.

use chrono::NaiveDate;
use regex::Regex;

use crate::calendar;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// `%Y%m`, `%Y%m%d` or `%Y` of the period in the name.
    format: Option<String>,
}

impl Pattern {
    /// Compiles a pattern. `*` stands for any text, `{a,b}` for one of several, `{period:…}` for
    /// the period.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let mut text = String::from("^");
        let mut format = None;
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            if c == '*' {
                text.push_str(".*");
                rest = &rest[1..];
            } else if c == '{' {
                let end = rest.find('}').ok_or("a brace `{` is not closed")?;
                let inner = &rest[1..end];
                if let Some(period) = inner.strip_prefix("period:") {
                    let digits = match period {
                        "%Y%m%d" => r"(?P<period>\d{8})",
                        "%Y%m" => r"(?P<period>\d{6})",
                        "%Y" => r"(?P<period>\d{4})",
                        _ => return Err(format!("period `{period}` is none of %Y, %Y%m, %Y%m%d")),
                    };
                    if format.replace(period.to_owned()).is_some() {
                        return Err("the period stands twice".into());
                    }
                    text.push_str(digits);
                } else {
                    let options: Vec<String> = inner.split(',').map(regex::escape).collect();
                    text.push_str(&format!("(?:{})", options.join("|")));
                }
                rest = &rest[end + 1..];
            } else {
                text.push_str(&regex::escape(&c.to_string()));
                rest = &rest[c.len_utf8()..];
            }
        }
        text.push('$');
        let regex = Regex::new(&text).map_err(|_| "cannot be understood".to_owned())?;
        Ok(Self { regex, format })
    }

    /// Does a file name fit? Then the last day of its period, if the name says one.
    pub fn matches(&self, name: &str) -> Option<Option<NaiveDate>> {
        let found = self.regex.captures(name)?;
        let Some(format) = &self.format else { return Some(None) };
        let digits = found.name("period")?.as_str();
        let day = match format.as_str() {
            "%Y%m%d" => NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?,
            "%Y%m" => {
                let first = NaiveDate::parse_from_str(&format!("{digits}01"), "%Y%m%d").ok()?;
                calendar::month_end(first)
            }
            _ => NaiveDate::from_ymd_opt(digits.parse().ok()?, 12, 31)?,
        };
        Some(Some(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_and_alternatives() {
        let pattern = Pattern::new("结算_{period:%Y%m}*.{csv,zip}").unwrap();
        let end = NaiveDate::from_ymd_opt(2026, 10, 31);
        assert_eq!(pattern.matches("结算_202610.csv"), Some(end));
        assert_eq!(pattern.matches("结算_202610_兰州.zip"), Some(end));
        assert_eq!(pattern.matches("结算_202613.csv"), None);
        assert_eq!(pattern.matches("结算_202610.xlsx"), None);
        assert!(Pattern::new("x{period:%d}.csv").is_err());
        assert!(Pattern::new("x{csv").is_err());
    }
}

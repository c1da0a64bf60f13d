//! File name patterns of feeds: `医保结算_{period:%Y%m}{_part}*.{csv,xlsx}`.

use chrono::NaiveDate;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use crate::calendar;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// `%Y%m`, `%Y%m%d` or `%Y` of the period in the name.
    format: Option<String>,
    parts: Parts,
}

/// Whether the files of a pattern are shares of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Every file is of the whole.
    None,
    /// `{_part}`: a file without it is the whole.
    Optional,
    /// `{part}`: every file names its part.
    Always,
}

/// What the name of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Last day of the period.
    pub period: Option<NaiveDate>,
    /// Whose share it is.
    pub part: Option<String>,
}

/// What stands between the braces of a part: what separates it on its left and right.
pub fn part_group(inner: &str) -> Option<(&str, &str)> {
    let (left, right) = inner.split_once("part")?;
    let separator = |s: &str| matches!(s, "" | "_" | "-");
    (separator(left) && separator(right) && (left.is_empty() || right.is_empty()))
        .then_some((left, right))
}

impl Pattern {
    /// Compiles a pattern. `*` stands for any text, `{a,b}` for one of several, `{period:…}` for
    /// the period, `{part}` for the sender's share, `{_part}` for one that may be missing.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let mut text = String::from("^");
        let mut format = None;
        let mut parts = Parts::None;
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            if c == '*' {
                text.push_str(".*");
                rest = &rest[1..];
            } else if c == '{' {
                let end = rest.find('}').ok_or("a brace `{` is not closed")?;
                let inner = &rest[1..end];
                if let Some(period) = inner.strip_prefix("period:") {
                    text.push_str(period_digits(period)?);
                    if format.replace(period.to_owned()).is_some() {
                        return Err("the period stands twice".into());
                    }
                } else if let Some((left, right)) = part_group(inner) {
                    if parts != Parts::None {
                        return Err("the part stands twice".into());
                    }
                    let optional = !(left.is_empty() && right.is_empty());
                    parts = if optional { Parts::Optional } else { Parts::Always };
                    let mark = if optional { "?" } else { "" };
                    text.push_str(&format!("(?:{left}(?P<part>[^_]+){right}){mark}"));
                } else if inner.contains([':', '%', '：', '，']) {
                    return Err(format!("`{{{inner}}}` is neither a period, a part nor a choice"));
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
        Ok(Self { regex, format, parts })
    }

    /// Whether files are shares of a delivery.
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// Does a file name fit? Then what it says.
    pub fn matches(&self, name: &str) -> Option<FileName> {
        let found = self.regex.captures(name)?;
        let part = found.name("part").map(|p| p.as_str().nfkc().collect::<String>());
        let part = part.map(|p| p.trim().to_owned()).filter(|p| !p.is_empty());
        let Some(format) = &self.format else { return Some(FileName { period: None, part }) };
        let digits = found.name("period")?.as_str();
        let day = match format.as_str() {
            "%Y%m%d" => NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?,
            "%Y%m" => {
                let first = NaiveDate::parse_from_str(&format!("{digits}01"), "%Y%m%d").ok()?;
                calendar::month_end(first)
            }
            _ => NaiveDate::from_ymd_opt(digits.parse().ok()?, 12, 31)?,
        };
        Some(FileName { period: Some(day), part })
    }
}

/// The expression for a period.
fn period_digits(format: &str) -> Result<&'static str, String> {
    match format {
        "%Y%m%d" => Ok(r"(?P<period>\d{8})"),
        "%Y%m" => Ok(r"(?P<period>\d{6})"),
        "%Y" => Ok(r"(?P<period>\d{4})"),
        _ => Err(format!("period `{format}` is none of %Y, %Y%m, %Y%m%d")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(period: Option<NaiveDate>, part: Option<&str>) -> Option<FileName> {
        Some(FileName { period, part: part.map(str::to_owned) })
    }

    #[test]
    fn period_and_alternatives() {
        let pattern = Pattern::new("结算_{period:%Y%m}*.{csv,zip}").unwrap();
        let end = NaiveDate::from_ymd_opt(2026, 10, 31);
        assert_eq!(pattern.matches("结算_202610.csv"), says(end, None));
        assert_eq!(pattern.matches("结算_202610_兰州.zip"), says(end, None));
        assert_eq!(pattern.matches("结算_202613.csv"), None);
        assert_eq!(pattern.matches("结算_202610.xlsx"), None);
        assert!(Pattern::new("x{period:%d}.csv").is_err());
        assert!(Pattern::new("x{csv").is_err());
        for typo in ["x{Period:%Y%m}.csv", "x{period：%Y%m}.csv", "x{%Y%m}.csv", "x.{csv，zip}"] {
            assert!(Pattern::new(typo).is_err(), "{typo} takes no file that anybody sends");
        }
    }

    #[test]
    fn parts_and_wholes() {
        let end = NaiveDate::from_ymd_opt(2026, 10, 31);
        let always = Pattern::new("结算_{period:%Y%m}_{part}.csv").unwrap();
        assert_eq!(always.parts(), Parts::Always);
        assert_eq!(always.matches("结算_202610_皋兰县.csv"), says(end, Some("皋兰县")));
        assert_eq!(always.matches("结算_202610_６２０１２２.csv"), says(end, Some("620122")));
        assert_eq!(always.matches("结算_202610.csv"), None);
        assert_eq!(always.matches("结算_202610_皋兰县_二.csv"), None, "a part has no `_`");
        let either = Pattern::new("结算{_part}_{period:%Y%m}*.csv").unwrap();
        assert_eq!(either.parts(), Parts::Optional);
        assert_eq!(either.matches("结算_皋兰县_202610_二.csv"), says(end, Some("皋兰县")));
        assert_eq!(either.matches("结算_202610.csv"), says(end, None));
        let first = Pattern::new("{part-}结算.csv").unwrap();
        assert_eq!(first.matches("皋兰县-结算.csv"), says(None, Some("皋兰县")));
        assert_eq!(first.matches("结算.csv"), says(None, None));
        assert!(Pattern::new("{part}{_part}.csv").is_err());
    }
}

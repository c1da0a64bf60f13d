//! The many written forms of dates, numbers and citizen IDs, pushed to a buffer without allocation.

use chrono::{Datelike, NaiveDate};

use crate::error::{Error, Result};

/// A piece of a date form.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Year,
    Month { padded: bool },
    Day { padded: bool },
    Literal(String),
}

/// A compiled date form, a small part of strftime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateForm(Vec<Piece>);

impl DateForm {
    /// Compiles `%Y%m%d`, `%Y年%-m月%-d日`, `%Y-%m-%d %H:%M:%S` and the like; times are midnight.
    ///
    /// # Errors
    /// A `%` with something else behind it.
    pub(super) fn compile(form: &str) -> Result<Self> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = form.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                literal.push(c);
                continue;
            }
            let mut spec = rest.next();
            let padded = spec != Some('-');
            if !padded {
                spec = rest.next();
            }
            let piece = match spec {
                Some('Y') => Piece::Year,
                Some('m') => Piece::Month { padded },
                Some('d') => Piece::Day { padded },
                Some('H' | 'M' | 'S') => {
                    literal.push_str("00");
                    continue;
                }
                Some('%') => {
                    literal.push('%');
                    continue;
                }
                _ => {
                    return Err(Error::pipeline(format!("fake.date {form} cannot be written"))
                        .hint("use %Y, %m, %d, %-m, %-d, %H, %M and %S"));
                }
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// Whether a whole date survives this form.
    pub(super) fn is_whole(&self) -> bool {
        let has = |wanted: fn(&Piece) -> bool| self.0.iter().any(wanted);
        has(|p| matches!(p, Piece::Year))
            && has(|p| matches!(p, Piece::Month { .. }))
            && has(|p| matches!(p, Piece::Day { .. }))
    }

    /// Pushes a date.
    pub(super) fn push(&self, out: &mut String, date: NaiveDate) {
        for piece in &self.0 {
            match piece {
                Piece::Year => push_padded(out, date.year().unsigned_abs().into(), 4),
                Piece::Month { padded } => {
                    push_padded(out, date.month().into(), if *padded { 2 } else { 1 })
                }
                Piece::Day { padded } => {
                    push_padded(out, date.day().into(), if *padded { 2 } else { 1 })
                }
                Piece::Literal(text) => out.push_str(text),
            }
        }
    }
}

/// Pushes a whole number.
pub(super) fn push_int(out: &mut String, number: i64) {
    if number < 0 {
        out.push('-');
    }
    push_padded(out, number.unsigned_abs(), 1);
}

fn push_padded(out: &mut String, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    at = at.min(digits.len() - width);
    out.extend(digits[at..].iter().map(|d| char::from(*d)));
}

/// A decimal: `units` of 10 to the power of minus `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) units: i64,
    pub(super) scale: u32,
}

impl Decimal {
    /// Reads `-12.50`; none when it is anything else or too long.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || whole.len() + fraction.len() > 15
        {
            return None;
        }
        let units =
            whole.bytes().chain(fraction.bytes()).fold(0i64, |n, b| n * 10 + i64::from(b - b'0'));
        Some(Self { units: if negative { -units } else { units }, scale: fraction.len() as u32 })
    }

    /// The same number in a unit that is 10 to the power of `places` smaller.
    pub(super) fn finer(self, places: u32) -> Self {
        if self.scale >= places {
            Self { scale: self.scale - places, ..self }
        } else {
            Self { units: self.units.saturating_mul(10i64.pow(places - self.scale)), scale: 0 }
        }
    }

    /// The same number in a unit that is 10 to the power of `places` larger.
    pub(super) fn coarser(self, places: u32) -> Self {
        Self { scale: self.scale + places, ..self }
    }

    /// The nearest float, which prints as the decimal again.
    pub(super) fn float(self) -> f64 {
        self.units as f64 / 10f64.powi(self.scale as i32)
    }

    /// Pushes it with at least `places` digits behind the point and no further trailing zeros.
    pub(super) fn push(self, out: &mut String, places: u32, thousands: bool) {
        if self.units < 0 {
            out.push('-');
        }
        let one = 10u64.pow(self.scale);
        let (whole, mut fraction) =
            (self.units.unsigned_abs() / one, self.units.unsigned_abs() % one);
        if thousands {
            push_thousands(out, whole);
        } else {
            push_padded(out, whole, 1);
        }
        let mut width = self.scale;
        while width > places && fraction.is_multiple_of(10) {
            fraction /= 10;
            width -= 1;
        }
        if width > 0 {
            out.push('.');
            push_padded(out, fraction, width as usize);
        }
    }
}

fn push_thousands(out: &mut String, whole: u64) {
    if whole < 1000 {
        push_padded(out, whole, 1);
    } else {
        push_thousands(out, whole / 1000);
        out.push(',');
        push_padded(out, whole % 1000, 3);
    }
}

/// Makes every printable ASCII character from byte `start` on full-width.
pub(super) fn widen(out: &mut String, start: usize) {
    let tail = out.split_off(start);
    out.extend(tail.chars().map(|c| match c {
        '!'..='~' => char::from_u32(c as u32 + 0xFEE0).unwrap_or(c),
        _ => c,
    }));
}

/// Is it a citizen ID of 18 characters with its right check character?
pub(super) fn is_citizen_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 18
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && check_character(&bytes[..17]) == bytes[17]
}

/// ISO 7064 MOD 11-2 over the first 17 digits.
fn check_character(digits: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    b"10X98765432"[(sum % 11) as usize]
}

/// Has this valid ID a 15-digit form that leads back to it?
///
/// Serials from 996 stood for people older than a hundred, whom a reader may put into the 19th
/// century.
pub(super) fn has_old_form(id: &str) -> bool {
    &id[6..8] == "19" && &id[14..17] < "996"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    #[test]
    fn dates_take_the_contract_form() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 9).unwrap();
        let cases = [
            ("%Y%m%d", "20260109"),
            ("%Y年%-m月%-d日", "2026年1月9日"),
            ("%Y-%m-%d %H:%M:%S", "2026-01-09 00:00:00"),
            ("%Y%m", "202601"),
        ];
        for (form, expected) in cases {
            assert_eq!(text(|o| DateForm::compile(form).unwrap().push(o, day)), expected);
        }
        assert!(!DateForm::compile("%Y%m").unwrap().is_whole());
        assert!(DateForm::compile("%B").is_err());
    }

    #[test]
    fn decimals_are_exact_in_every_unit() {
        let amount = Decimal { units: -123_450, scale: 2 };
        assert_eq!(text(|o| amount.push(o, 2, false)), "-1234.50");
        assert_eq!(text(|o| amount.push(o, 0, true)), "-1,234.5");
        assert_eq!(text(|o| amount.coarser(4).push(o, 0, false)), "-0.12345");
        assert_eq!(text(|o| amount.finer(2).push(o, 0, false)), "-123450");
        assert_eq!(
            text(|o| Decimal { units: 1_000_005_000, scale: 2 }.push(o, 0, true)),
            "10,000,050"
        );
        assert_eq!(text(|o| Decimal { units: 0, scale: 2 }.push(o, 0, false)), "0");
        assert_eq!(Decimal::parse("-0.0750"), Some(Decimal { units: -750, scale: 4 }));
        assert_eq!(Decimal::parse("1.2.3"), None);
        assert!((amount.float() + 1234.5).abs() < 1e-12);
    }

    #[test]
    fn ids_are_checked() {
        assert!(is_citizen_id("62910519491231001X"));
        assert!(!is_citizen_id("629105194912310011"));
        assert!(has_old_form("62910519491231001X"));
        assert_eq!(
            text(|o| {
                o.push_str("a 1X");
                widen(o, 1)
            }),
            "a １Ｘ"
        );
    }
}

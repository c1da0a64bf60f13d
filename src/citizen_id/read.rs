//! Reads ID numbers as received.

use std::fmt;

use super::spelling::{Cleaned, LIMIT, unmask_look_alikes};
use super::{CitizenId, Quality, is_shape18, judge18, real_birth, upgrade15};

/// A received ID number after reading. Its `Debug` tells the quality alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// Present exactly when `quality` is usable.
    pub id: Option<CitizenId>,
    /// What the text turned out to be.
    pub quality: Quality,
    /// The first 15 digits, ASCII; present exactly when `quality` is `Truncated15`.
    pub prefix15: Option<[u8; 15]>,
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parsed({:?})", self.quality)
    }
}

impl Parsed {
    fn unusable(quality: Quality) -> Self {
        Self { id: None, quality, prefix15: None }
    }

    fn with_id(id: CitizenId, quality: Quality) -> Self {
        Self { id: Some(id), quality, prefix15: None }
    }

    /// The number by its first 15 digits, when these hold a birth date that exists.
    fn truncated(digits: &[u8]) -> Self {
        let mut prefix = [b'0'; 15];
        let kept = digits.len().min(15);
        prefix[..kept].copy_from_slice(&digits[..kept]);
        if !real_birth(&prefix[6..14]) {
            return Self::unusable(Quality::BadDate);
        }
        Self { id: None, quality: Quality::Truncated15, prefix15: Some(prefix) }
    }
}

/// The characters of a received ID number in ASCII capitals, look-alikes put right: what is left of
/// a damaged number. Nothing for a text that is longer than any ID.
pub fn characters(raw: &str) -> Option<String> {
    let text = Cleaned::of(raw)?;
    let mut bytes = text.bytes().to_vec();
    unmask_look_alikes(&mut bytes);
    String::from_utf8(bytes).ok()
}

/// Reads an ID number as received. `placeholders` are beginnings of further stand-ins, compared with
/// the text after width, spaces and quotes are put right.
pub fn parse(raw: &str, placeholders: &[String]) -> Parsed {
    if let Ok(bytes) = <[u8; 18]>::try_from(raw.as_bytes())
        && let Some(id) = CitizenId::new(bytes)
    {
        return if stands_in(&bytes, placeholders) {
            Parsed::unusable(Quality::Placeholder)
        } else {
            Parsed::with_id(id, Quality::Valid)
        };
    }
    let Some(text) = Cleaned::of(raw) else {
        return Parsed::unusable(Quality::Length);
    };
    let bytes = text.bytes();
    if bytes.is_empty() {
        return Parsed::unusable(Quality::Missing);
    }
    if stands_in(bytes, placeholders) || !bytes.iter().any(u8::is_ascii_digit) {
        return Parsed::unusable(Quality::Placeholder);
    }
    if let Some(parsed) = excel_number(bytes) {
        return parsed;
    }
    let mut digits = [0; LIMIT];
    let digits = &mut digits[..bytes.len()];
    digits.copy_from_slice(bytes);
    unmask_look_alikes(digits);
    match digits.len() {
        15 | 18 | 20 | 22 if stands_in(digits, placeholders) => {
            Parsed::unusable(Quality::Placeholder)
        }
        15 if digits.iter().all(u8::is_ascii_digit) => parse15(digits),
        18 if is_shape18(digits) => parse18(digits),
        20 | 22 if is_shape18(&digits[..18]) => parse_card(digits),
        len if is_other_document(bytes) || (text.foreign && len < 15) => {
            Parsed::unusable(Quality::OtherDocument)
        }
        _ => Parsed::unusable(Quality::Length),
    }
}

fn parse15(digits: &[u8]) -> Parsed {
    let fifteen: &[u8; 15] = digits.try_into().expect("the caller matched the length");
    match upgrade15(fifteen) {
        Some(id) => Parsed::with_id(id, Quality::Upgraded15),
        None => Parsed::unusable(Quality::BadDate),
    }
}

fn parse18(digits: &[u8]) -> Parsed {
    let bytes: [u8; 18] = digits.try_into().expect("the caller matched the length");
    match judge18(&bytes) {
        Quality::Valid => Parsed::with_id(CitizenId(bytes), Quality::Repaired),
        Quality::Checksum if bytes.ends_with(b"000") => Parsed::truncated(&bytes),
        quality => Parsed::unusable(quality),
    }
}

/// A disability card: an ID, kind of disability 1-7, level 1-4, and for a reissued card `B` and
/// the number of issues. An ID with `01` added is a newborn under the mother's number, not a card.
fn parse_card(digits: &[u8]) -> Parsed {
    let (id, tail) = digits.split_at(18);
    if tail.iter().all(|byte| *byte == b'0') && id.ends_with(b"000") {
        return Parsed::truncated(id);
    }
    let reissue = tail.len() == 2 || matches!(tail[2], b'B' | b'0'..=b'9');
    let numbered = tail.len() == 2 || tail[3].is_ascii_digit();
    if !matches!(tail[..2], [b'1'..=b'7', b'1'..=b'4']) || !reissue || !numbered {
        return Parsed::unusable(Quality::Length);
    }
    let bytes: [u8; 18] = id.try_into().expect("split at 18");
    match judge18(&bytes) {
        Quality::Valid => Parsed::with_id(CitizenId(bytes), Quality::Disability),
        quality => Parsed::unusable(quality),
    }
}

/// `6.29401199001011e17`, as the XLSX reader or Excel itself writes a number of 18, 20 or 22
/// digits. An ID's day of birth is never 00, so its shortest form has at least 13 digits; fewer
/// are a display format, from which the rest cannot come back.
fn excel_number(bytes: &[u8]) -> Option<Parsed> {
    let at = bytes.iter().position(|byte| *byte == b'E')?;
    let (mantissa, exponent) = (&bytes[..at], &bytes[at + 1..]);
    let exponent = exponent.strip_prefix(b"+").unwrap_or(exponent);
    let exponent: usize = std::str::from_utf8(exponent).ok()?.parse().ok()?;
    let mut digits = [0; LIMIT];
    let mut len = 0;
    for (place, byte) in mantissa.iter().enumerate() {
        match byte {
            b'.' if place == 1 => {}
            b'0'..=b'9' => {
                digits[len] = *byte;
                len += 1;
            }
            _ => return None,
        }
    }
    // Without a point, `1E17` and the like are numbers only when they can be nothing shorter.
    if len == 0 || (len > 1 && mantissa.get(1) != Some(&b'.')) {
        return None;
    }
    Some(match exponent {
        17 | 19 | 21 if len >= 13 => Parsed::truncated(&digits[..len]),
        14 if len >= 13 => {
            digits[len..15.max(len)].fill(b'0');
            parse15(&digits[..15])
        }
        14..=21 => Parsed::unusable(Quality::Scientific),
        _ => Parsed::unusable(Quality::Length),
    })
}

/// Sample numbers, one repeated character, also in place of the birth behind a real area, the sequence
/// that people type, and what begins as the given list says. An empty entry of the list says nothing,
/// else every number would begin so.
fn stands_in(bytes: &[u8], placeholders: &[String]) -> bool {
    let one = |bytes: &[u8]| bytes.iter().all(|byte| *byte == bytes[0]);
    let no_birth = || bytes.len() == 18 && bytes[6].is_ascii_digit() && one(&bytes[6..14]);
    let same = || one(bytes) || no_birth();
    let begins = |start: &String| {
        let own = bytes.get(..start.len()).filter(|own| !own.is_empty());
        own.is_some_and(|own| own.eq_ignore_ascii_case(start.as_bytes()))
    };
    [&b"999999"[..], b"000000", b"123456"].iter().any(|start| bytes.starts_with(start))
        || same()
        || placeholders.iter().any(begins)
}

/// A letter first, then mostly digits: passports, birth certificates (letter and 9 digits),
/// permits (`H` or `M`), permanent residence cards (3 letters and 12 digits).
fn is_other_document(bytes: &[u8]) -> bool {
    (7..=15).contains(&bytes.len())
        && bytes[0].is_ascii_uppercase()
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "629401195603140024";
    const WITH_X: &str = "62940119900101001X";

    fn quality(raw: &str) -> Quality {
        parse(raw, &["88".repeat(9)]).quality
    }

    #[test]
    fn repairs_look_alikes_to_the_same_number() {
        for raw in [
            "62940119900101001x",
            "６２９４０１１９９００１０１００１Ｘ",
            "62940119900101001Х",
            "62940119900101001×",
            "6294O1199OO1O1OO1X",
            "629401l9900I0100lX",
            " 629401 19900101\u{a0}001X\t",
            "\u{200b}'62940119900101001X\u{feff}",
            "`62940119900101001X.0",
            "629401-19900101-001X",
        ] {
            let parsed = parse(raw, &[]);
            assert_eq!(parsed.quality, Quality::Repaired);
            assert_eq!(parsed.id.unwrap().as_str(), WITH_X);
        }
    }

    #[test]
    fn reads_old_numbers_and_cards() {
        let old = parse("629401560314002", &[]);
        assert_eq!((old.id.unwrap().as_str(), old.quality), (ID, Quality::Upgraded15));
        for tail in ["11", "74", "43B1", "4302"] {
            let card = parse(&format!("{ID}{tail}"), &[]);
            assert_eq!(card.quality, Quality::Disability);
            assert_eq!(card.id.unwrap().as_str(), ID);
        }
        assert_eq!(quality(&format!("{ID}01")), Quality::Length, "newborn");
        assert_eq!(quality(&format!("{}543", &ID[..17])), Quality::Checksum);
        assert_eq!(quality("629401561314002"), Quality::BadDate);
    }

    #[test]
    fn recognises_excel_damage_without_guessing() {
        for raw in [
            "6.29401195603140e17",
            "6.2940119560314E+17",
            "629401195603140000",
            "629401195603140000.0",
            "6.2940119560314002e17",
            "62940119560314000000",
            "629,401,195,603,140,000",
        ] {
            let parsed = parse(raw, &[]);
            assert_eq!(parsed.quality, Quality::Truncated15);
            assert_eq!(parsed.prefix15, Some(*b"629401195603140"));
            assert_eq!(format!("{parsed:?}"), "Parsed(Truncated15)");
            assert_eq!(parsed.id, None);
        }
        assert_eq!(quality("6.29401E+17"), Quality::Scientific);
        assert_eq!(quality("6E+17"), Quality::Scientific);
        assert_eq!(quality("6.29401191303140e17"), Quality::Truncated15);
        assert_eq!(quality("6.29401191313140e17"), Quality::BadDate);
        assert_eq!(quality("6.29401560314002e14"), Quality::Upgraded15);
        assert_eq!(quality("629401199001017000"), Quality::Valid, "a real ..000");
    }

    #[test]
    fn names_what_is_wrong() {
        use Quality::*;
        for (raw, expected) in [
            ("629401195603140025", Checksum),
            ("629401195602300024", BadDate),
            ("629401210003140024", BadDate),
            ("62940119560314002", Length),
            ("629401********0024", Length),
            ("029401195603140024", Length),
            ("999999199001010011", Placeholder),
            ("111111111111111111", Placeholder),
            ("123456789012345678", Placeholder),
            ("888888888888888888", Placeholder),
            ("620000000000000000", Placeholder),
            ("629401000000000000", Placeholder),
            ("629401111111111111", Placeholder),
            ("629401000000001234", Placeholder),
            ("0", Placeholder),
            ("未办理", Placeholder),
            ("", Missing),
            (" \u{3000}-", Missing),
            ("R620123456", OtherDocument),
            ("E12345678", OtherDocument),
            ("EA1234567", OtherDocument),
            ("H1234567800", OtherDocument),
            ("CHN629401000001", OtherDocument),
            ("军字第1234567号", OtherDocument),
            ("629401195603140024（母亲）", Length),
            (&"7".repeat(90), Length),
        ] {
            let parsed = parse(raw, &[]);
            assert_eq!(parsed.quality, expected, "{raw}");
            assert_eq!(parsed.id.is_some(), expected.usable());
        }
        for start in ["629401195603140024", "6294"] {
            assert_eq!(parse(ID, &[start.to_owned()]).quality, Placeholder);
        }
        for start in ["294", ""] {
            assert_eq!(parse(ID, &[start.to_owned()]).quality, Valid, "{start:?}");
        }
        assert_eq!(parse(WITH_X, &[WITH_X.to_lowercase()]).quality, Placeholder);
    }
}

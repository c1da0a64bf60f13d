//! What the text of a cell is before any type reads it: trimmed, a spelling in a code list, or what a
//! spreadsheet left of it.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::feed::read::{FORMULA_ERRORS, NO_RESULT, is_invisible};
use crate::pipeline::spec::ColumnType;

/// Each spelling of a code list with its code.
pub(super) type Spellings = HashMap<String, String, FixedState>;

/// The code of a spelling such as `1-男`, by the part before the dash or the one behind it. Where both
/// are in the list and say different codes, as `1-女`, the sender's codes are not those of the list.
pub(super) fn coded<'c>(codes: &'c Spellings, text: &str) -> Option<&'c String> {
    let code = |text: &str| codes.get(text.trim());
    if let Some(whole) = code(text) {
        return Some(whole);
    }
    let (before, behind) = text.split_once('-')?;
    match (code(before), code(behind)) {
        (Some(before), Some(behind)) if before != behind => None,
        (Some(before), _) => Some(before),
        _ => code(text.rsplit_once('-')?.1),
    }
}

/// What a spreadsheet has left where the value of a text stood. Numbers, days and codes are told from
/// it as they are read, and of ID numbers their quality says it. A formula without its result says what
/// to do, whatever it stands for.
pub(super) fn left_behind(kind: &ColumnType, text: &str) -> Option<&'static str> {
    let texts = || matches!(kind, ColumnType::Text | ColumnType::Name | ColumnType::Set);
    match text.as_bytes() {
        [b'#', ..] if text == NO_RESULT => Some("a formula without its result"),
        [b'#', ..] if texts() && FORMULA_ERRORS.contains(&text) => Some("the error of a formula"),
        [b'0'..=b'9', .., b'0'..=b'9'] if texts() && is_cut_number(text) => {
            Some("a long number of which a spreadsheet kept the first digits")
        }
        _ => None,
    }
}

/// `6.29401E+17` or `6.29401195603140e17`: of many numbers the same is left.
fn is_cut_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_e = |byte: &u8| byte.eq_ignore_ascii_case(&b'e');
    let Some(after) = bytes.iter().rev().take(4).position(is_e) else { return false };
    let (number, exponent) = bytes.split_at(bytes.len() - after);
    let plus = exponent.strip_prefix(b"+");
    let exponent = plus.unwrap_or(exponent);
    let digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let first = match &number[..number.len() - 1] {
        [first] if plus.is_some() => first,
        [first, b'.', rest @ ..] if digits(rest) => first,
        _ => return false,
    };
    first.is_ascii_digit() && exponent.len() <= 2 && digits(exponent)
}

/// A text without what shows nothing around it: space, and marks of no width, as where files with a
/// byte order mark were joined; and without the mark before digits by which exporters have a spreadsheet
/// keep them. Most texts begin and end with ASCII or a Han character, which is seen without decoding
/// them.
pub fn trimmed(raw: &str) -> &str {
    let han = |byte: &u8| (0xe4..=0xe9).contains(byte);
    let bytes = raw.as_bytes();
    let begins = bytes.first().is_some_and(|byte| byte.is_ascii_graphic() || han(byte));
    let ends = match bytes {
        [.., last] if last.is_ascii_graphic() => true,
        [.., lead, _, _] => han(lead),
        _ => false,
    };
    let text = if begins && ends { raw } else { raw.trim_matches(is_invisible) };
    match text.as_bytes() {
        [b'\'' | b'`', b'0'..=b'9', ..] => &text[1..],
        _ => text,
    }
}

/// Is a text its own NFKC? Letters of ASCII and Han characters are.
pub(super) fn is_normal(text: &str) -> bool {
    text.is_ascii() || text.chars().all(|c| c.is_ascii() || ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_around_a_text_goes_and_none_inside() {
        let all = [
            "",
            " ",
            "a",
            " a",
            "a ",
            "姓名",
            "姓 名",
            "\u{3000}姓",
            "姓\u{3000}",
            "a\u{85}",
            "\u{2003}é\t",
            "é",
            "ab姓",
            "\u{a0}",
        ];
        for text in all.iter().flat_map(|a| all.iter().map(move |b| format!("{a}{b}"))) {
            assert_eq!(trimmed(&text), text.trim(), "{text:?}");
        }
        let marked = ["\u{feff}J1", "J1\u{200b}", " \u{feff} J1\t\u{200e}"];
        assert_eq!(marked.map(trimmed), ["J1"; 3]);
        assert_eq!(["\u{feff}", " \u{200b}"].map(trimmed), [""; 2]);
        assert_eq!(["'620", " `620", "'甲", "'"].map(trimmed), ["620", "620", "'甲", "'"]);
    }

    #[test]
    fn a_code_and_its_label_must_agree() {
        let list = [("1", "1"), ("男", "1"), ("2", "2"), ("女", "2")];
        let codes = list.map(|(spelling, code)| (spelling.to_owned(), code.to_owned()));
        let codes: Spellings = codes.into_iter().collect();
        for text in ["1", "1-男", "1 - 男", "男-1", "1-男性", "01-男", "a-b-男", "1-a-女"] {
            assert_eq!(coded(&codes, text).map(String::as_str), Some("1"), "{text}");
        }
        for text in ["", "3", "1-女", "女-1", "1-2", "a-b", "-"] {
            assert_eq!(coded(&codes, text), None, "{text}");
        }
    }

    #[test]
    fn what_a_spreadsheet_left_behind_is_no_text() {
        let of = |text| left_behind(&ColumnType::Text, text);
        for text in ["#REF!", "#NAME?", "6.2E+17", "6E+17", "6.20122001000100e17", "1.2e7"] {
            assert!(of(text).is_some(), "{text}");
            assert_eq!(left_behind(&ColumnType::CitizenId, text), None, "{text}");
        }
        for kind in [ColumnType::Text, ColumnType::Date, ColumnType::CitizenId] {
            assert_eq!(left_behind(&kind, NO_RESULT), Some("a formula without its result"));
        }
        assert_eq!(of("#SPILL!"), Some("the error of a formula"));
        for text in ["", "#", "#1", "1E30", "E11.9", "1E51.0", "e", "+7", "6.E+17", "62.1E+17"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}

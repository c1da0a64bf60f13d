//! Amounts, counts and yes-or-no cells as departments write them.

/// Digits that a decimal(38) can hold; longer ones are refused.
const DIGITS: usize = 38;

/// Reads a decimal as an integer of `10^-scale`: `"1,234.50"` at scale 2 is 123450. Reads thousands
/// separators, `￥` `¥` `元`, full-width characters, `(12.3)` for minus, `1.2万` and `亿`, a leading
/// `+` and exponents; rounds half up (away from zero), which takes float noise off. Nothing for
/// anything else, also for an empty cell and a lone `-`: those are the feed's nulls.
pub fn parse_decimal(raw: &str, scale: u32) -> Option<i128> {
    parse_amount(raw, scale, 0)
}

/// Reads an amount as [`parse_decimal`] does, from a column that counts in `10^unit` 元: 4 is 万元,
/// -2 is 分. A cell that says 元, 万 or 亿 itself is read by that, not by its column's unit.
pub fn parse_amount(raw: &str, scale: u32, unit: i32) -> Option<i128> {
    match plain_decimal(raw.as_bytes(), scale + unit.max(0).unsigned_abs()) {
        Some(value) if unit < 0 => Some(divided(value, unit.unsigned_abs())),
        Some(value) => Some(value),
        None => written_decimal(raw, scale, unit),
    }
}

/// Divides by a power of ten and rounds half away from zero.
fn divided(value: i128, power: u32) -> i128 {
    let by = 10_i128.pow(power);
    (value + value.signum() * (by / 2)) / by
}

/// Reads a whole number; `12.0` and `1,200` are whole numbers, `12.5` is not.
pub fn parse_int(raw: &str) -> Option<i64> {
    const MICRO: i128 = 1_000_000;
    // Eighteen digits always fit, and a division of 128 bits is dear.
    if raw.len() <= 18 && !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return raw.parse().ok();
    }
    let micro = parse_decimal(raw, 6)?;
    (micro % MICRO == 0).then(|| i64::try_from(micro / MICRO).ok()).flatten()
}

/// Reads a yes-or-no cell: 是/否 √/× 1/0 Y/N 有/无 true/false T/F 对/错, also `1-是`.
pub fn parse_bool(raw: &str) -> Option<bool> {
    let text = raw.trim();
    if let Some((code, label)) = text.split_once(['-', '－', '.']) {
        // `1-是` and `1.0`: both halves must say the same.
        let value = bool_word(code)?;
        let agrees = bool_word(label) == Some(value) || label.bytes().all(|byte| byte == b'0');
        return agrees.then_some(value);
    }
    bool_word(text)
}

fn bool_word(text: &str) -> Option<bool> {
    let mut small = [0; 8];
    let mut len = 0;
    for c in text.trim().chars() {
        let c = half_width(c).to_ascii_lowercase();
        let end = len + c.len_utf8();
        c.encode_utf8(small.get_mut(len..end)?);
        len = end;
    }
    match std::str::from_utf8(&small[..len]).expect("whole characters were written") {
        "是" | "√" | "✓" | "✔" | "☑" | "1" | "y" | "yes" | "有" | "true" | "t" | "对" => {
            Some(true)
        }
        "否" | "×" | "✗" | "✘" | "✕" | "☒" | "0" | "n" | "no" | "无" | "false" | "f" | "错" => {
            Some(false)
        }
        _ => None,
    }
}

/// `-1234.5` and the like in ASCII without anything else; fractions no longer than `scale`.
fn plain_decimal(bytes: &[u8], scale: u32) -> Option<i128> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    // 18 digits and a point always fit an i64; all else is left to the slow way.
    if !(1..=19).contains(&digits.len()) || !digits[0].is_ascii_digit() || scale > 9 {
        return None;
    }
    let mut value: i64 = 0;
    let mut fraction: Option<u32> = None;
    for byte in digits {
        match (byte, fraction) {
            (b'0'..=b'9', _) => {
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                fraction = fraction.map(|places| places + 1);
            }
            (b'.', None) => fraction = Some(0),
            _ => return None,
        }
    }
    let missing = scale.checked_sub(fraction.unwrap_or(0))?;
    let value = i128::from(value) * 10_i128.pow(missing);
    Some(if negative { -value } else { value })
}

/// A decimal taken apart: `digits * 10^exponent`.
struct Parts {
    digits: [u8; DIGITS],
    len: usize,
    exponent: i32,
}

fn written_decimal(raw: &str, scale: u32, unit: i32) -> Option<i128> {
    let text: String = raw.chars().map(half_width).collect();
    let (text, bracketed) = match text.trim().strip_prefix('(') {
        Some(inner) => (inner.strip_suffix(')')?.trim(), true),
        None => (text.trim(), false),
    };
    let (text, minus) = sign_and_currency(text)?;
    if bracketed && minus {
        return None;
    }
    let (text, own) = without_unit(text);
    let mut parts = parts(text)?;
    parts.exponent = parts.exponent.checked_add(own.unwrap_or(unit))?;
    let value = scaled(&parts, scale)?;
    Some(if bracketed || minus { -value } else { value })
}

fn half_width(c: char) -> char {
    match c {
        '！'..='～' => char::from((c as u32 - '！' as u32) as u8 + b'!'),
        '−' | '–' | '—' => '-',
        '￥' => '¥',
        _ if c.is_whitespace() => ' ',
        _ => c,
    }
}

/// Takes `¥`, `RMB`, `CNY` and one sign off the front, in either order.
fn sign_and_currency(text: &str) -> Option<(&str, bool)> {
    let currency = |text: &'_ str| {
        ["¥", "RMB", "CNY"]
            .iter()
            .find_map(|mark| text.strip_prefix(mark))
            .map_or(0, |rest| text.len() - rest.len())
    };
    let text = text[currency(text)..].trim_start();
    let (minus, text) = match text.chars().next()? {
        '-' => (true, &text[1..]),
        '+' => (false, &text[1..]),
        _ => (false, text),
    };
    let text = text.trim_start();
    Some((text[currency(text)..].trim_start(), minus))
}

/// Takes `元`, `万元`, `万` and `亿` off the end; the power of ten that they stand for, if any.
fn without_unit(text: &str) -> (&str, Option<i32>) {
    let text = text.trim_end_matches('整').trim_end();
    let yuan = text.strip_suffix(['元', '圆']);
    let text = yuan.unwrap_or(text).trim_end();
    [("万亿", 12), ("亿", 8), ("万", 4)]
        .iter()
        .find_map(|(unit, power)| Some((text.strip_suffix(unit)?.trim_end(), Some(*power))))
        .unwrap_or((text, yuan.map(|_| 0)))
}

fn parts(text: &str) -> Option<Parts> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !is_grouped(whole) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut parts = Parts { digits: [0; DIGITS], len: 0, exponent };
    let digits = whole.bytes().filter(u8::is_ascii_digit);
    let places = i32::try_from(fraction.len()).ok()?;
    let mut dropped = 0;
    let mut seen = false;
    for byte in digits.chain(fraction.bytes()) {
        seen = true;
        if parts.len == 0 && byte == b'0' {
            continue;
        }
        match parts.digits.get_mut(parts.len) {
            Some(place) => {
                *place = byte - b'0';
                parts.len += 1;
            }
            None => dropped += 1,
        }
    }
    // Only places behind the point may be dropped, and only ones too small to matter.
    if !seen || dropped > places {
        return None;
    }
    parts.exponent = exponent.checked_sub(places - dropped)?;
    Some(parts)
}

/// Digits, or groups of three after the first with one kind of separator.
fn is_grouped(whole: &str) -> bool {
    let separator = |byte: &u8| matches!(byte, b',' | b' ' | b'\'');
    let Some(kind) = whole.bytes().find(separator) else {
        return whole.bytes().all(|byte| byte.is_ascii_digit());
    };
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(char::from(kind));
    groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && digits(first))
        && groups.all(|group| group.len() == 3 && digits(group))
}

fn scaled(parts: &Parts, scale: u32) -> Option<i128> {
    let power = parts.exponent.checked_add(i32::try_from(scale).ok()?)?;
    let digits = &parts.digits[..parts.len];
    let number =
        |digits: &[u8]| digits.iter().fold(0_i128, |sum, digit| sum * 10 + i128::from(*digit));
    if digits.is_empty() {
        return Some(0);
    }
    if power >= 0 {
        let factor = 10_i128.checked_pow(power.unsigned_abs())?;
        return number(digits).checked_mul(factor);
    }
    let cut = power.unsigned_abs() as usize;
    let Some(kept) = digits.len().checked_sub(cut) else {
        return Some(0);
    };
    Some(number(&digits[..kept]) + i128::from(digits[kept] >= 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_departments_write() {
        for (raw, expected) in [
            ("1234.5", 123_450),
            ("1,234.50", 123_450),
            ("￥1,234.50", 123_450),
            ("¥ 1 234.50元", 123_450),
            ("１２３．４５", 12_345),
            ("(12.3)", -1_230),
            ("（12.3）", -1_230),
            ("-12.3", -1_230),
            ("－12.3", -1_230),
            ("-￥12.3", -1_230),
            ("+12.3", 1_230),
            ("1.2万", 1_200_000),
            ("1.2万元", 1_200_000),
            ("2亿", 20_000_000_000),
            ("1.2345678E7", 1_234_567_800),
            ("1E-3", 0),
            (".5", 50),
            ("5.", 500),
            ("  7 ", 700),
            ("0", 0),
            ("0000.00", 0),
            ("100元整", 10_000),
        ] {
            assert_eq!(parse_decimal(raw, 2), Some(expected), "{raw}");
        }
    }

    #[test]
    fn rounds_half_up_at_the_scale() {
        for (raw, expected) in [
            ("0.30000000000004", 30),
            ("0.29999999999999998", 30),
            ("0.125", 13),
            ("0.1249999", 12),
            ("-0.125", -13),
            ("0.005", 1),
            ("0.0049", 0),
            ("99.999", 10_000),
        ] {
            assert_eq!(parse_decimal(raw, 2), Some(expected), "{raw}");
        }
        assert_eq!(parse_decimal("0.5", 0), Some(1));
        assert_eq!(parse_decimal("1.00005", 4), Some(10_001));
    }

    #[test]
    fn a_unit_in_the_cell_holds_before_its_columns() {
        const WAN: i32 = 4;
        const FEN: i32 = -2;
        for (raw, unit, expected) in [
            ("12.5", WAN, 12_500_000),
            ("12.50001", WAN, 12_500_010),
            ("12.5万元", WAN, 12_500_000),
            ("12.5 万", WAN, 12_500_000),
            ("125000元", WAN, 12_500_000),
            ("￥12.5", WAN, 12_500_000),
            ("1,000", WAN, 1_000_000_000),
            ("0.5亿元", WAN, 5_000_000_000),
            ("1250", FEN, 1_250),
            ("12.50元", FEN, 1_250),
            ("￥12.50元整", FEN, 1_250),
            ("1.2万", FEN, 1_200_000),
            // No unit: half a 分 counts as a whole one, on both sides of zero.
            ("12345.4", FEN, 12_345),
            ("12345.5", FEN, 12_346),
            ("12345.60", FEN, 12_346),
            ("-12345.5", FEN, -12_346),
            ("-12345.49", FEN, -12_345),
            ("(12345.5)", FEN, -12_346),
            ("12,345.5", FEN, 12_346),
            ("12345.499", FEN, 12_345),
            ("0.5", FEN, 1),
            ("0.499", FEN, 0),
        ] {
            assert_eq!(parse_amount(raw, 2, unit), Some(expected), "{raw} {unit}");
        }
        assert_eq!(parse_amount("149", 0, FEN), Some(1));
        assert_eq!(parse_amount("150", 0, FEN), Some(2));
        assert_eq!(parse_amount("", 2, WAN), None);
        assert_eq!(parse_amount("元", 2, FEN), None);
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for raw in [
            "",
            "-",
            "+",
            "￥",
            "元",
            "万",
            ".",
            "1.2.3",
            "1,23",
            "1,2345",
            "12,34,567",
            "1-2",
            "--1",
            "(-1)",
            "(1",
            "12a",
            "1e",
            "1e999",
            "1e2147483647万",
            "12%",
            "0x10",
            "NaN",
            "inf",
            "一百",
        ] {
            assert_eq!(parse_decimal(raw, 2), None, "{raw}");
        }
        assert_eq!(parse_decimal(&"9".repeat(39), 0), None);
        assert_eq!(parse_decimal(&"9".repeat(38), 2), None, "no wrapping");
        assert_eq!(parse_decimal(&"9".repeat(38), 0), Some(10_i128.pow(38) - 1));
        assert_eq!(parse_decimal("9999999999999999999", 0), Some(9_999_999_999_999_999_999));
    }

    #[test]
    fn reads_whole_numbers() {
        assert_eq!(parse_int("12"), Some(12));
        assert_eq!(parse_int("12.0"), Some(12));
        assert_eq!(parse_int("1,200"), Some(1_200));
        assert_eq!(parse_int("-3"), Some(-3));
        assert_eq!(parse_int("9223372036854775807"), Some(i64::MAX));
        for raw in ["12.5", "9223372036854775808", "", "3人"] {
            assert_eq!(parse_int(raw), None, "{raw}");
        }
    }

    #[test]
    fn reads_yes_and_no() {
        for raw in ["是", "√", "✓", "1", "Y", "yes", "有", "TRUE", "T", "１", "1-是", "1.0", " 是 "]
        {
            assert_eq!(parse_bool(raw), Some(true), "{raw}");
        }
        for raw in ["否", "×", "0", "n", "No", "无", "False", "f", "Ｎ", "0-否", "0.0"] {
            assert_eq!(parse_bool(raw), Some(false), "{raw}");
        }
        for raw in ["", "2", "1-否", "未知", "1.5", "是否", "-"] {
            assert_eq!(parse_bool(raw), None, "{raw}");
        }
    }
}

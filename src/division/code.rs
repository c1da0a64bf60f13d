//! Codes of divisions: two digits each for province, city and county, three each for town and village.

/// 12 digits of a code of 2, 4, 6, 9 or 12 digits, spaces and a float's `.0` taken off.
pub(super) fn padded(raw: &str) -> Option<String> {
    let text = raw.trim().trim_start_matches('\'');
    let text = text.strip_suffix(".0").unwrap_or(text);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && matches!(text.len(), 2 | 4 | 6 | 9 | 12)).then(|| format!("{text:0<12}"))
}

/// The digits of a code that name its division, without the zeros that fill it up.
pub fn named(code: &str) -> Option<String> {
    let code = padded(code)?;
    let width = WIDTHS[usize::from(level_of(&code))];
    Some(code[..width].to_owned())
}

/// Digits of a code that name the division at a level.
const WIDTHS: [usize; 6] = [0, 2, 4, 6, 9, 12];

/// The level of a code of 12 digits, by the zeros at its end.
pub(super) fn level_of(code: &str) -> u8 {
    let filled = code.trim_end_matches('0').len();
    (1..5).find(|level| filled <= WIDTHS[usize::from(*level)]).unwrap_or(5)
}

/// The code of 12 digits of the division at a level above one, or its own.
pub(super) fn cut(code: &str, level: u8) -> String {
    format!("{:0<12}", &code[..WIDTHS[usize::from(level)]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_without_its_zeros() {
        for (code, expected) in [
            ("620000", Some("62")),
            ("62", Some("62")),
            ("50", Some("50")),
            ("621000000000", Some("6210")),
            ("620881", Some("620881")),
            ("甘肃", None),
            ("", None),
        ] {
            assert_eq!(named(code).as_deref(), expected, "{code}");
        }
    }
}

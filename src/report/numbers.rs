//! Numbers as people read them: thousands apart, shares in percent, rates per ten thousand.

/// A count with thousands separators: `1,234,567`.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in percent: `0.31%`; `—` of nothing, `<0.01%` of what would round to zero.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let Some(hundredths) = scaled(part, whole, 10_000) else { return "—".into() };
    match hundredths {
        0 if part > 0 => "<0.01%".into(),
        1..100 => format!("0.{hundredths:02}%"),
        _ => {
            let tenths = scaled(part, whole, 1000).unwrap_or(0);
            format!("{}.{}%", count(tenths / 10), tenths % 10)
        }
    }
}

/// A rate per ten thousand with one decimal: `12.3`; `—` of nothing.
pub(super) fn per_ten_thousand(part: u64, whole: u64) -> String {
    match scaled(part, whole, 100_000) {
        None => "—".into(),
        Some(0) if part > 0 => "<0.1".into(),
        Some(tenths) => format!("{}.{}", count(tenths / 10), tenths % 10),
    }
}

/// `part / whole` in units of `1 / scale`, rounded half up; `None` of nothing.
pub(super) fn scaled(part: u64, whole: u64, scale: u64) -> Option<u64> {
    let (part, whole, scale) = (u128::from(part), u128::from(whole), u128::from(scale));
    let rounded = (2 * part * scale + whole).checked_div(2 * whole)?;
    Some(u64::try_from(rounded).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands() {
        assert_eq!(["0", "999", "1,000", "12,345,678"], [0, 999, 1000, 12_345_678].map(count));
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn shares() {
        assert_eq!(percent(1, 0), "—");
        assert_eq!(percent(0, 7), "0.0%");
        assert_eq!(percent(1, 1_000_000), "<0.01%");
        assert_eq!(percent(31, 10_000), "0.31%");
        assert_eq!(percent(2, 3), "66.7%");
        assert_eq!(percent(5, 5), "100.0%");
        assert_eq!(percent(u64::MAX, u64::MAX), "100.0%");
    }

    #[test]
    fn rates() {
        assert_eq!(per_ten_thousand(5, 0), "—");
        assert_eq!(per_ten_thousand(123, 100_000), "12.3");
        assert_eq!(per_ten_thousand(1, 10_000_000), "<0.1");
        assert_eq!(per_ten_thousand(3, 3), "10,000.0");
    }
}

//! Small bars, as inline SVG that stretches with its cell.

use maud::{Markup, html};

use super::numbers::{count, scaled};

/// Width of a bar in its own units.
const FULL: u64 = 1000;

/// The least that a part which is not zero is drawn with.
const LEAST: u64 = 8;

/// One part of a bar: the class that colours it, what it is, how many.
pub(super) type Part<'a> = (&'a str, &'a str, u64);

/// A bar of parts, of which `whole` would fill it.
pub(super) fn bar(whole: u64, parts: &[Part]) -> Markup {
    let mut left = 0;
    let places: Vec<(u64, u64)> = widths(whole, parts)
        .into_iter()
        .map(|width| {
            let place = (left, width);
            left += width;
            place
        })
        .collect();
    let label: Vec<String> = parts
        .iter()
        .filter(|(_, _, value)| *value > 0)
        .map(|(_, name, value)| format!("{name} {}", count(*value)))
        .collect();
    html! {
        svg.bar viewBox={ "0 0 " (FULL) " 10" } preserveAspectRatio="none" role="img"
            aria-label=(label.join("，")) {
            title { (label.join("，")) }
            @for ((class, ..), (x, width)) in parts.iter().zip(places) {
                @if width > 0 { rect class=(class) x=(x) y="0" width=(width) height="10" {} }
            }
        }
    }
}

/// Widths of the parts: the bar in proportion to `whole`, the parts to the bar; what is not zero
/// can be seen where there is room, and nothing overflows.
fn widths(whole: u64, parts: &[Part]) -> Vec<u64> {
    let sum = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.2));
    let Some(length) = scaled(sum, whole, FULL).filter(|_| sum > 0) else {
        return vec![0; parts.len()];
    };
    let length = length.clamp(LEAST, FULL);
    let least = LEAST.min(length / 10);
    let mut widths: Vec<u64> = parts
        .iter()
        .map(|(_, _, value)| match scaled(*value, sum, length) {
            Some(width) if *value > 0 => width.clamp(least, length),
            _ => 0,
        })
        .collect();
    // The widest takes what rounding and the least widths left over or took too much.
    let drawn: u64 = widths.iter().sum();
    if let Some(widest) = widths.iter_mut().max() {
        *widest = (*widest + length).saturating_sub(drawn);
    }
    widths
}

/// The colours of a bar's parts, named.
pub(super) fn legend(parts: &[(&str, &str)]) -> Markup {
    html! {
        p.legend {
            @for (class, name) in parts {
                span { svg.key viewBox="0 0 10 10" aria-hidden="true" {
                    rect class=(class) width="10" height="10" {}
                } (name) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(whole: u64, values: &[u64]) -> Vec<u64> {
        let parts: Vec<Part> = values.iter().map(|v| ("a", "b", *v)).collect();
        widths(whole, &parts)
    }

    #[test]
    fn in_proportion_and_never_over() {
        assert_eq!(of(4, &[1, 3]), [250, 750]);
        assert_eq!(of(0, &[0, 3]), [0, 0]);
        assert_eq!(of(8, &[1, 1]), [125, 125]);
        assert_eq!(of(1_000_000, &[999_999, 1, 0]), [992, 8, 0], "one row can be seen");
        assert_eq!(of(1_000_000, &[1, 0, 99]), [0, 0, 8], "a stub is in proportion too");
        assert!(of(3, &[3, 3, 3]).iter().sum::<u64>() <= FULL);
        assert!(of(u64::MAX, &[u64::MAX, 1]).iter().sum::<u64>() <= FULL);
    }
}

//! A figure: numerator and denominator, its value as printed, its change, and what the public sees.

use crate::pipeline::indicators::{PublishSettings, Unit};

/// Decimal places of numerators and denominators.
pub const SCALE: u32 = 4;
/// One, in these units.
pub const ONE: i128 = 10_i128.pow(SCALE);

/// A numerator and a denominator in units of 1/10000; a count has no denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    pub numerator: i128,
    pub denominator: Option<i128>,
    /// Of how many persons it tells, in the same units, where its indicator says so.
    pub persons: Option<i128>,
}

/// The change of a value as printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Up(i128),
    Down(i128),
    Same,
}

/// Decimal places that a value is printed with.
pub fn places(unit: Unit) -> u32 {
    match unit {
        Unit::Percent | Unit::Permille | Unit::Days => 1,
        Unit::Yuan => 2,
        Unit::Count => 0,
    }
}

impl Figure {
    /// The sum of two figures.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let sum = |a: Option<i128>, b: Option<i128>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Self {
            numerator: self.numerator + other.numerator,
            denominator: sum(self.denominator, other.denominator),
            persons: sum(self.persons, other.persons),
        }
    }

    /// The value, rounded half up, in units of its last printed place; nothing of nothing.
    pub fn value(&self, unit: Unit) -> Option<i128> {
        let factor = match unit {
            Unit::Percent => 100,
            Unit::Permille => 1000,
            Unit::Count | Unit::Yuan | Unit::Days => 1,
        } * 10_i128.pow(places(unit));
        let under = if unit == Unit::Count { ONE } else { self.denominator? };
        divided(self.numerator * factor, under)
    }

    /// The value in units of 1/10000, for thresholds.
    pub fn exact(&self, unit: Unit) -> Option<i128> {
        let factor = match unit {
            Unit::Percent => 100 * ONE,
            Unit::Permille => 1000 * ONE,
            Unit::Yuan | Unit::Days => ONE,
            Unit::Count => return Some(self.numerator),
        };
        divided(self.numerator * factor, self.denominator?)
    }

    /// How much stands behind it: its denominator, or the count itself.
    pub fn volume(&self) -> i128 {
        self.denominator.unwrap_or(self.numerator)
    }

    /// Is its denominator below `from`? Then it has no rank.
    pub fn is_small(&self, from: u32) -> bool {
        self.denominator.is_some_and(|d| d < i128::from(from) * ONE)
    }

    /// Does it tell of fewer persons than `below`? Nothing of nobody tells of none.
    pub fn is_of_few(&self, below: i128) -> bool {
        let nothing = self.numerator == 0 && self.denominator.unwrap_or(0) == 0;
        !nothing && self.persons.is_some_and(|n| n < below * ONE)
    }
}

/// `over / under`, rounded half away from zero; nothing for a denominator that is not positive.
fn divided(over: i128, under: i128) -> Option<i128> {
    if under <= 0 {
        return None;
    }
    let half = (2 * over.abs() + under) / (2 * under);
    Some(if over < 0 { -half } else { half })
}

/// The change from one printed value to another: what a reader gets who subtracts them.
pub fn change(now: i128, before: i128) -> Change {
    match now - before {
        0 => Change::Same,
        more if more > 0 => Change::Up(more),
        less => Change::Down(-less),
    }
}

/// A value in units of its last place as text: `99.2`, `-0.5`, `12`.
pub fn plain(value: i128, places: u32) -> String {
    let one = 10_i128.pow(places);
    let sign = if value < 0 { "-" } else { "" };
    let value = value.abs();
    if places == 0 {
        return format!("{sign}{value}");
    }
    format!("{sign}{}.{:0width$}", value / one, value % one, width = places as usize)
}

/// A numerator or denominator as text, without zeros at its end.
pub fn decimal(value: i128) -> String {
    let text = plain(value, SCALE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What readers outside the offices may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Every figure.
    Internal,
    /// Small counts and figures of few persons hidden, others rounded.
    Public { below: i128, round: i128 },
}

impl Reader {
    /// The public, under a pipeline's settings.
    pub fn public(settings: &PublishSettings) -> Self {
        let (below, round) = (settings.suppress_below, settings.round_to.max(1));
        Self::Public { below: i128::from(below), round: i128::from(round) }
    }

    /// Is anything hidden from this reader?
    pub fn is_public(self) -> bool {
        self != Self::Internal
    }

    /// A whole number of persons, households or cases.
    pub fn count(self, count: i128) -> String {
        match self {
            Self::Public { below, .. } if count > 0 && count < below => format!("<{below}"),
            Self::Public { round, .. } => (rounded(count, round) * round).to_string(),
            Self::Internal => count.to_string(),
        }
    }

    /// What counts are put in order by: of two that are told alike neither is the larger one.
    pub fn told(self, count: i128) -> i128 {
        match self {
            Self::Public { below, .. } if count > 0 && count < below => 1,
            Self::Public { round, .. } => rounded(count, round) * round,
            Self::Internal => count,
        }
    }

    /// The figure that this reader knows, from which all that he is told is worked out; nothing when it
    /// would show a small count.
    pub fn figure(self, figure: &Figure, unit: Unit) -> Option<Figure> {
        let Self::Public { below, round } = self else { return Some(*figure) };
        if figure.is_of_few(below) {
            return None;
        }
        let small = |n: i128| n > 0 && n < below * ONE;
        let step = |n: i128| rounded(n, round * ONE) * round * ONE;
        let over = figure.numerator;
        if unit == Unit::Count {
            return (!small(over)).then(|| Figure {
                numerator: step(over),
                persons: None,
                ..*figure
            });
        }
        let under = figure.denominator?;
        let shares = matches!(unit, Unit::Percent | Unit::Permille);
        if small(under) || (shares && (small(over) || small(under - over))) {
            return None;
        }
        let numerator = if shares { step(over) } else { coarse(over, under, round) };
        Some(Figure { numerator, denominator: Some(step(under)), persons: None })
    }

    /// The value of a figure in units of its last printed place; nothing when it has none, or when it
    /// would show a small count.
    pub fn number(self, figure: &Figure, unit: Unit) -> Option<i128> {
        self.figure(figure, unit)?.value(unit)
    }

    /// The value in units of 1/10000 that thresholds and scores go by: in public the printed one, or what
    /// they say of it would tell more.
    pub fn exact(self, figure: &Figure, unit: Unit) -> Option<i128> {
        match self {
            Self::Internal => figure.exact(unit),
            Self::Public { .. } => {
                Some(self.number(figure, unit)? * 10_i128.pow(SCALE - places(unit)))
            }
        }
    }

    /// The value as text; `<8` for a small count, nothing for other hidden values.
    pub fn value(self, figure: &Figure, unit: Unit) -> Option<String> {
        let value = self.number(figure, unit).map(|v| plain(v, places(unit)));
        let of_few = matches!(self, Self::Public { below, .. } if figure.is_of_few(below));
        if unit == Unit::Count && !of_few {
            value.or_else(|| Some(self.count(figure.value(unit)?)))
        } else {
            value
        }
    }

    /// Numerator and denominator as text: `995/1000`; nothing for a count.
    pub fn fraction(self, figure: &Figure) -> Option<String> {
        let under = figure.denominator?;
        let part = |n: i128| match self {
            Self::Internal => decimal(n),
            Self::Public { .. } => self.count(rounded(n, ONE)),
        };
        Some(format!("{}/{}", part(figure.numerator), part(under)))
    }
}

/// The sum of so many, to about what `round` of them have: what is left of a total is not one of them.
/// The step is a round number, for one that followed from the sum would tell it again.
fn coarse(sum: i128, of: i128, round: i128) -> i128 {
    let some = divided(sum.abs() * round * ONE, of).unwrap_or(0).max(1);
    let mut place = 1;
    while some > 9 * place {
        place *= 10;
    }
    let step = (some + place - 1) / place * place;
    rounded(sum, step) * step
}

/// `value / step`, rounded half away from zero.
fn rounded(value: i128, step: i128) -> i128 {
    divided(value, step).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numerator: i128, denominator: i128) -> Figure {
        Figure { numerator: numerator * ONE, denominator: Some(denominator * ONE), persons: None }
    }

    #[test]
    fn values_are_rounded_half_up() {
        assert_eq!(of(1, 3).value(Unit::Percent), Some(333));
        assert_eq!(of(2, 3).value(Unit::Percent), Some(667));
        assert_eq!(of(1, 2000).value(Unit::Percent), Some(1), "0.05 is 0.1");
        assert_eq!(of(0, 0).value(Unit::Percent), None, "nothing of nothing is no 0");
        assert_eq!(of(-1, 3).value(Unit::Yuan), Some(-33));
        let count = Figure { denominator: None, ..of(7, 0) };
        assert_eq!(count.value(Unit::Count), Some(7));
        assert_eq!(
            [plain(992, 1), plain(-5, 1), plain(12, 0), plain(5, 2)].join(" "),
            "99.2 -0.5 12 0.05"
        );
        assert_eq!([decimal(12_500), decimal(-3 * ONE), decimal(0)].join(" "), "1.25 -3 0");
    }

    #[test]
    fn changes_are_those_of_the_printed_values() {
        let (a, b) = (of(99_249, 100_000), of(99_251, 100_000));
        let values = [a, b].map(|f| f.value(Unit::Percent).expect("a value"));
        assert_eq!(values, [992, 993]);
        assert_eq!(change(values[1], values[0]), Change::Up(1));
        assert_eq!(change(5, 9), Change::Down(4));
        assert_eq!(change(5, 5), Change::Same);
    }

    #[test]
    fn small_counts_cannot_be_worked_out_in_public() {
        let public = Reader::public(&PublishSettings::default());
        assert_eq!(
            ["0", "<8", "<8", "10", "100"],
            [0, 1, 7, 8, 102].map(|n| public.count(n)).each_ref().map(String::as_str)
        );
        assert_eq!([0, 1, 7, 8, 12, 13].map(|n| public.told(n)), [0, 1, 1, 10, 10, 15]);
        assert_eq!(public.value(&of(995, 1000), Unit::Percent), None, "5 would be left");
        assert_eq!(public.value(&of(5, 1000), Unit::Percent), None);
        assert_eq!(public.value(&of(1000, 1000), Unit::Percent).as_deref(), Some("100.0"));
        assert_eq!(
            public.value(&of(502, 1001), Unit::Percent).as_deref(),
            Some("50.0"),
            "of rounded counts"
        );
        assert_eq!(public.fraction(&of(502, 1001)).as_deref(), Some("500/1000"));
        assert_eq!(Reader::Internal.fraction(&of(5, 1000)).as_deref(), Some("5/1000"));
        assert_eq!(Reader::Internal.value(&of(5, 1000), Unit::Percent).as_deref(), Some("0.5"));
    }

    /// What a county of 100 has, taken from what its city of 101 has, is what one person has.
    #[test]
    fn sums_behind_averages_cannot_be_worked_out_in_public() {
        let public = Reader::public(&PublishSettings::default());
        let value = |figure: &Figure| public.value(figure, Unit::Yuan);
        for (sum, of_whom) in [(100_000, 100), (100_900, 101), (99_000, 99), (98_765, 99)] {
            assert_eq!(value(&of(sum, of_whom)).as_deref(), Some("1000.00"), "{sum}/{of_whom}");
        }
        let internal = Reader::Internal.value(&of(100_900, 101), Unit::Yuan);
        assert_eq!(internal.as_deref(), Some("999.01"));
        // One of a thousand moves nothing, whatever the unit; many have nearly their own average.
        assert_eq!(public.value(&of(12_340, 1000), Unit::Days).as_deref(), Some("12.3"));
        assert_eq!(public.value(&of(12_352, 1001), Unit::Days).as_deref(), Some("12.3"));
        let many = of(1_234_567_890, 1_000_000);
        assert_eq!(value(&many).as_deref(), Some("1234.57"));
        assert_eq!(value(&of(0, 100)).as_deref(), Some("0.00"));
        assert_eq!(value(&of(-50_400, 100)).as_deref(), Some("-510.00"));
        assert_eq!(value(&of(7_000, 7)), None, "of a few nothing is told");
    }

    /// A million yuan of bills may be one person's.
    #[test]
    fn figures_of_few_persons_are_not_told_in_public() {
        let public = Reader::public(&PublishSettings::default());
        let told = |n: i128, figure: Figure, unit| {
            public.value(&Figure { persons: Some(n * ONE), ..figure }, unit)
        };
        let share = of(700_000, 1_000_000);
        let shares = [0, 1, 7, 8].map(|n| told(n, share, Unit::Percent));
        assert_eq!(shares, [None, None, None, Some("70.0".to_owned())]);
        assert_eq!(told(7, of(90_000, 9), Unit::Yuan), None);
        let count = |n| Figure { denominator: None, ..of(n, 0) };
        assert_eq!(told(1, count(20), Unit::Count), None, "twenty bills of one person");
        assert_eq!(told(0, count(0), Unit::Count).as_deref(), Some("0"));
        let few = Figure { persons: Some(ONE), ..share };
        assert_eq!(Reader::Internal.value(&few, Unit::Percent).as_deref(), Some("70.0"));
        assert_eq!(few.plus(&few).persons, Some(2 * ONE));
    }
}

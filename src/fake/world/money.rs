//! What a bill costs and who pays: three layers of protection, and sums that are exact to the cent.

use chrono::NaiveDate;

use super::draw::Draw;
use super::model::{Home, Money};

/// What a person is entitled to at a visit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Right {
    /// Identity that the settlement applies.
    pub(super) sp: Option<&'static str>,
    /// Medical assistance pays.
    pub(super) assist: bool,
}

/// What kind of visit the money is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    Outpatient,
    /// Chronic and special outpatient (门诊慢特病).
    Special,
    Inpatient,
}

/// Nobody pays more than this for one bill: what exceeds it falls to the critical-illness insurance.
const PERSON_MOST: i64 = 350_000;

/// The rights of a person at a visit from `start` that is settled on `settled`.
pub(super) fn right(home: &Home, person: usize, start: NaiveDate, settled: NaiveDate) -> Right {
    let valid = |code: &str| {
        home.persons[person]
            .groups
            .iter()
            .any(|g| g.code == code && g.start <= settled && g.end.is_none_or(|end| end >= start))
    };
    for (code, sp) in [("特困", "1"), ("低保", "2"), ("返贫致贫", "3")] {
        if valid(code) {
            return Right { sp: Some(sp), assist: true };
        }
    }
    // Those whose risk was cleared keep their rights: the rules go on counting them.
    let listed = home.list.as_ref().is_some_and(|list| {
        list.lifted || list.mon.as_ref().is_some_and(|m| m.identified <= settled)
    });
    Right { sp: listed.then_some("4"), assist: listed }
}

/// Splits a bill of `total` (0.01 yuan) among the funds and the person.
pub(super) fn money(
    total: i64,
    care: Care,
    employee: bool,
    right: Right,
    draw: &mut Draw,
) -> Money {
    let per_mille = |share: i64| total * share / 1000;
    let mut m = Money { total, ..Money::default() };
    let most = if right.assist { 12 } else { 60 };
    m.own = per_mille(draw.between(0, most));
    if care == Care::Inpatient {
        m.over = per_mille(draw.between(0, most / 4));
        m.pre = per_mille(draw.between(0, most));
        m.deductible =
            [20_000, 30_000, 60_000][usize::from(total > 300_000) + usize::from(total > 900_000)];
    }
    m.scope = total - m.own - m.over - m.pre;
    m.deductible = m.deductible.min(m.scope);
    let share = match care {
        Care::Outpatient => 55,
        Care::Special => 70,
        Care::Inpatient => draw.between(66, 80),
    } + if employee { 8 } else { 0 };
    m.basic = (m.scope - m.deductible) * share / 100;
    let left = m.scope - m.basic;
    if left > 500_000 {
        m.critical = (left - 500_000) * 65 / 100;
    }
    if right.assist && care != Care::Outpatient {
        m.assist = (left - m.critical) * 75 / 100;
    }
    let m = m.balanced();
    relieved(m, care, right)
}

/// Keeps the person's share within bounds, by the fund that would do so.
fn relieved(mut m: Money, care: Care, right: Right) -> Money {
    if m.person > PERSON_MOST {
        let room = (m.scope - m.basic - m.critical - m.assist).max(0);
        m.critical += (m.person - PERSON_MOST).min(room);
        m = m.balanced();
    }
    // Nine tenths of a stay of the protected come from funds; local health-poverty money fills the rest.
    let most = m.total / 10;
    if right.assist && care == Care::Inpatient && m.person > most {
        m.other += m.person - most;
        m = m.balanced();
    }
    m
}

#[cfg(test)]
mod tests {
    use super::super::draw::Purpose;
    use super::*;

    #[test]
    fn sums_hold() {
        let mut draw = Draw::new(3, 4, Purpose::Care);
        for i in 0..5000 {
            let total = draw.between(1_000, 4_000_000);
            let care = [Care::Outpatient, Care::Special, Care::Inpatient][i % 3];
            let m =
                money(total, care, i % 5 == 0, Right { sp: None, assist: i % 2 == 0 }, &mut draw);
            assert_eq!(m.total, m.fund + m.person);
            assert_eq!(m.fund, m.basic + m.critical + m.assist + m.other);
            assert_eq!(m.scope, m.total - m.own - m.over - m.pre);
            assert!(m.person >= 0 && m.basic >= 0 && m.assist >= 0 && m.critical >= 0);
        }
    }
}

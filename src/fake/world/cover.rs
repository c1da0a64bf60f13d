//! Who is insured, what was paid, and what the state paid for them.

use chrono::{Datelike, NaiveDate};

use super::World;
use super::draw::{Draw, coded, date, plus};
use super::model::{Cover, CoverKind, Home, Premium};
use super::wish::Wish;
use crate::calendar::month_end;

/// Own premium of a resident, in 0.01 yuan.
const OWN: i64 = 40_000;

impl World {
    /// Who is insured how: nearly everybody; of the protected all.
    pub(super) fn cover_kinds(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        if wish.quiet {
            return;
        }
        let protected = home.list.is_some();
        for person in &mut home.persons {
            let poor = protected || person.groups.iter().any(|g| g.end.is_none());
            if person.cover != CoverKind::Resident {
                continue;
            }
            match draw.below(1000) {
                // Insured in another province, where they work.
                0..=5 if person.death.is_none() => person.cover = CoverKind::Elsewhere,
                6..=17 if !poor => person.cover = CoverKind::Lapsed,
                18..=27 if !poor => person.cover = CoverKind::Never,
                _ => {}
            }
        }
    }

    /// Enrolments and premiums of the insurance years.
    pub(super) fn covers(&self, home: &mut Home, draw: &mut Draw) {
        let now = insurance_year(self.first());
        let years = now - 1..=self.last().year();
        let mut serial = 0;
        for person in 0..home.persons.len() {
            let p = &home.persons[person];
            let (birth, death, kind) = (p.birth, p.death, p.cover);
            for year in years.clone() {
                let unborn = birth.year() > year;
                // A death of late December is known only in the new year, whose premium was paid.
                let gone = death.is_some_and(|d| d < date(year - 1, 12, 1));
                if unborn
                    || gone
                    || kind == CoverKind::Never
                    || (kind == CoverKind::Lapsed && year >= now)
                {
                    continue;
                }
                let cover = self.cover(home, person, year, draw);
                if cover.insutype == "390" && cover.self_paid > 0 && kind != CoverKind::Elsewhere {
                    home.premiums.push(premium(&cover, serial));
                    serial += 1;
                }
                home.covers.push(cover);
            }
        }
    }

    fn cover(&self, home: &Home, person: usize, year: i32, draw: &mut Draw) -> Cover {
        let p = &home.persons[person];
        let county = &self.sites[home.county].code;
        let collected = draw.day(date(year - 1, 9, 5), date(year - 1, 12, 24));
        // Who is born later is insured from the day of birth and pays some days on.
        let newborn = p.birth > plus(collected, -10);
        let start = if newborn { p.birth } else { date(year, 1, 1) };
        let paid_on = if newborn { plus(p.birth, 2) } else { collected };
        let resident = !matches!(p.cover, CoverKind::Employee);
        let (subsidy_type, subsidy) = match p.cover {
            CoverKind::Resident | CoverKind::Lapsed => subsidy(home, person, year),
            _ => (None, 0),
        };
        let div = match p.cover {
            CoverKind::Elsewhere => ["650100000000", "320500000000", "440300000000"]
                [(home.number % 3) as usize]
                .to_owned(),
            _ => coded(county, 0, 6),
        };
        Cover {
            person,
            year,
            kind: p.cover,
            insutype: if resident { "390" } else { "310" },
            stat: "1",
            start,
            paid_on,
            self_paid: if resident { OWN - subsidy } else { 0 },
            subsidy,
            subsidy_type,
            fiscal: if resident { if year >= 2026 { 70_000 } else { 67_000 } } else { 0 },
            div,
            ghost: false,
        }
    }
}

/// The insurance year that the extracts of a night speak of: the year of the last closed month, which
/// is closed on the fifth of the next.
pub(super) fn insurance_year(night: NaiveDate) -> i32 {
    night.year() - i32::from(night < date(night.year(), 2, 5))
}

/// The highest subsidy that a person has a right to on the year's cut-off date.
pub(super) fn subsidy(home: &Home, person: usize, year: i32) -> (Option<&'static str>, i64) {
    let cutoff = month_end(date(year, 2, 1));
    let has = |code: &str| {
        home.persons[person]
            .groups
            .iter()
            .any(|g| g.code == code && g.start <= cutoff && g.end.is_none_or(|end| end >= cutoff))
    };
    if has("特困") {
        return (Some("特困"), OWN);
    }
    for code in ["返贫致贫", "低保"] {
        if has(code) {
            return (Some(if code == "低保" { "低保" } else { "返贫致贫" }), 28_000);
        }
    }
    match &home.list {
        Some(list)
            if list
                .mon
                .as_ref()
                .is_some_and(|m| watched(m.identified, m.cleared.map(|c| c.0), cutoff)) =>
        {
            (Some("监测对象"), 26_000)
        }
        Some(list) if list.lifted => (Some("脱贫人口"), 10_000),
        _ => (None, 0),
    }
}

fn watched(from: NaiveDate, cleared: Option<NaiveDate>, at: NaiveDate) -> bool {
    from <= at && cleared.is_none_or(|day| day > at)
}

/// The payment that a cover rests on.
pub(super) fn premium(cover: &Cover, serial: u64) -> Premium {
    Premium {
        person: cover.person,
        year: cover.year,
        serial,
        insutype: "390",
        amount: cover.self_paid,
        paid_on: cover.paid_on,
        refund: false,
        category: match cover.subsidy_type {
            Some("特困") => "特困人员",
            Some("低保") => "民政城乡低保对象",
            Some(_) => "资助对象",
            None => "普通居民",
        },
        div: cover.div.clone(),
    }
}

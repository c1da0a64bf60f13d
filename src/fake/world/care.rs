//! Registered diseases, family-doctor contracts, follow-ups, rare cases.

use chrono::{Datelike, NaiveDate};

use super::World;
use super::draw::{Draw, date, plus};
use super::model::{Contract, Home, Rare, Reg, Visit};
use super::wish::Wish;

impl World {
    /// What the health system knows of the household.
    pub(super) fn care(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        for person in 0..home.persons.len() {
            let ills = std::mem::take(&mut home.persons[person].ills);
            for ill in &ills {
                if ill.class == "罕见病" {
                    self.rare(home, person, *ill, draw);
                } else {
                    self.registered(home, person, *ill, draw);
                }
            }
            let chronic = ills.iter().any(|i| i.class == "慢病");
            let age = home.age(person, self.first());
            let listed = home.list.is_some();
            let signs = match age {
                0..=6 | 65.. => draw.chance(42, 100),
                _ => draw.chance(11, 100),
            };
            if chronic || (listed && draw.chance(1, 4)) || (signs && !wish.quiet) {
                self.contracts(home, person, chronic, draw);
            }
            home.persons[person].ills = ills;
        }
    }

    fn registered(
        &self,
        home: &mut Home,
        person: usize,
        ill: super::model::Illness,
        draw: &mut Draw,
    ) {
        let site = &self.sites[home.county];
        let major = ill.class == "大病";
        // Sometimes the register is behind the hospital: untreated on paper, yet there are bills.
        let behind = major
            && draw.chance(1, 12)
            && home.bills.iter().any(|b| {
                b.person == person
                    && b.icd == ill.icd
                    && b.start >= ill.since
                    && b.settled < plus(self.first(), -20)
                    && b.orig.is_none()
            });
        let status = match (major, behind) {
            (true, true) => "未救治",
            (true, false) => draw.pick(&["救治中", "已救治", "好转"]),
            _ => "救治中",
        };
        let first = (status != "未救治").then(|| plus(ill.since, draw.between(1, 14)));
        let org = if major { site.hospital } else { site.town_hospital(home.village) };
        home.regs.push(Reg { person, ill, status, first, org });
        if ill.class == "慢病" {
            self.follow_ups(home, person, ill.code, ill.since, draw);
        }
    }

    /// Visits in the middle month of each quarter, each month for tuberculosis: always ahead of what is due.
    pub(super) fn follow_ups(
        &self,
        home: &mut Home,
        person: usize,
        disease: &'static str,
        since: NaiveDate,
        draw: &mut Draw,
    ) {
        for year in self.first().year()..=self.last().year() {
            for month in 1..=12 {
                if disease != "tb" && month % 3 != 2 {
                    continue;
                }
                let day = date(year, month, draw.between(3, 24) as u32);
                // The first visit of a tuberculosis patient is within days, so no month is lost.
                let day = if disease == "tb" && since.year() == year && since.month() == month {
                    day.max(plus(since, 2))
                } else {
                    day
                };
                if day > since && day <= self.last() {
                    home.visits.push(Visit {
                        person,
                        disease,
                        day,
                        next: plus(day, if disease == "tb" { 30 } else { 90 }),
                        reading: draw.bits(),
                    });
                }
            }
        }
    }

    /// A contract for each calendar year that the nights touch.
    pub(super) fn contracts(&self, home: &mut Home, person: usize, chronic: bool, draw: &mut Draw) {
        let p = &home.persons[person];
        let ill = p.ills.iter().find(|i| i.class == "慢病").map(|i| i.code);
        let class = match ill {
            Some("hbp") => "高血压",
            Some("dm") => "糖尿病",
            Some("tb") => "结核病",
            Some(_) => "精神障碍",
            None if home.list.as_ref().is_some_and(|l| l.lifted) => "脱贫",
            None if p.groups.iter().any(|g| g.code == "低保") => "低保",
            None => "一般",
        };
        let birth = p.birth;
        for year in self.first().year()..=self.last().year() {
            let start = date(year, 1, 1).max(birth);
            let signed = if start == birth {
                birth
            } else {
                draw.day(date(year - 1, 11, 10), date(year - 1, 12, 28))
            };
            let package = if chronic { "慢病包" } else { "基础包" };
            home.contracts.push(Contract {
                person,
                year,
                signed,
                start,
                end: date(year, 12, 31),
                package,
                class,
            });
        }
    }

    fn rare(&self, home: &mut Home, person: usize, ill: super::model::Illness, draw: &mut Draw) {
        let no = match ill.icd {
            "E83.000" => "046",
            "G35.x00" => "071",
            _ => "086",
        };
        let cost = draw.between(1_500_000, 9_000_000);
        home.rares.push(Rare {
            person,
            icd: ill.icd,
            name: ill.name,
            no,
            since: ill.since,
            org: self.province,
            cost,
        });
    }
}

//! What a confirmed disease brings: monthly bills, sessions of dialysis or chemotherapy, stays; and births.

use chrono::NaiveDate;

use super::World;
use super::bills::{Case, Dx};
use super::draw::{Draw, plus};
use super::model::{CoverKind, Home, Illness};
use super::money::Care;

/// A bill of chronic and special outpatient care.
const SPECIAL: (&str, Care) = ("14", Care::Special);

/// All sessions of a course cost no more, in 0.01 yuan; a third of it falls to the patient.
const COURSE_MOST: i64 = 1_000_000;

/// A course of sessions.
struct Course {
    /// Mark of the treatment.
    proc: &'static str,
    first: NaiveDate,
    /// Twice the days from session to session.
    half_days: i64,
    /// Least and greatest fee.
    fee: (i64, i64),
}

impl World {
    /// The bills of one disease.
    pub(super) fn of_illness(
        &self,
        home: &mut Home,
        person: usize,
        ill: &Illness,
        draw: &mut Draw,
    ) {
        let dx = (ill.icd, ill.name);
        let from = self.since().max(plus(ill.since, 1));
        match ill.class {
            "大病" => self.of_major(home, person, ill, from, draw),
            "罕见病" => {
                let day = self.some_day(home, person, draw);
                let total = draw.between(60_000, 200_000);
                let case = Case::day(person, SPECIAL, self.province, day, dx, total);
                self.visit(home, case, draw);
            }
            _ => {
                let org = self.sites[home.county].town_hospital(home.village);
                for _ in 0..draw.below(4) {
                    let day = self.some_day(home, person, draw).max(from);
                    let total = draw.between(6_000, 40_000);
                    let case = Case::day(person, SPECIAL, org, day, dx, total);
                    self.visit(home, case, draw);
                }
            }
        }
    }

    fn of_major(
        &self,
        home: &mut Home,
        person: usize,
        ill: &Illness,
        from: NaiveDate,
        draw: &mut Draw,
    ) {
        let dx = (ill.icd, ill.name);
        let admit = draw.day(from, plus(from, 60)).min(plus(self.first(), -20)).max(from);
        self.stay(home, person, admit, (dx, true), draw);
        if ill.code == "d07" {
            let first = plus(self.first(), -75).max(from);
            let course = Course { proc: "HD", first, half_days: 5, fee: (30_000, 36_000) };
            self.sessions(home, person, dx, self.sites[home.county].hospital, course, draw);
        } else if ill.icd.starts_with('C') && draw.chance(1, 3) {
            let first = plus(self.first(), -100).max(from);
            let course = Course { proc: "CH", first, half_days: 42, fee: (90_000, 150_000) };
            self.sessions(home, person, dx, self.province, course, draw);
        }
    }

    /// Sessions of a course up to the last night.
    fn sessions(
        &self,
        home: &mut Home,
        person: usize,
        dx: Dx,
        org: usize,
        course: Course,
        draw: &mut Draw,
    ) {
        let count = (self.last() - course.first).num_days().max(0) * 2 / course.half_days + 1;
        // The longer the nights reach, the cheaper the session: no course brings its patient to a warning line.
        let most = course.fee.1.min(COURSE_MOST / count);
        for n in 0..count {
            let day = plus(course.first, n * course.half_days / 2);
            let total = draw.between(course.fee.0.min(most), most);
            let case = Case::day(person, SPECIAL, org, day, dx, total);
            self.visit(home, Case { proc: Some(course.proc), ..case }, draw);
        }
    }

    /// A birth in hospital for each newborn that has a mother here.
    pub(super) fn births(&self, home: &mut Home, draw: &mut Draw) {
        let born: Vec<NaiveDate> = home
            .persons
            .iter()
            .map(|p| p.birth)
            .filter(|b| *b >= self.since() && *b < plus(self.first(), -5))
            .collect();
        for day in born {
            let mother = home.persons.iter().position(|p| {
                !p.male
                    && matches!(p.rel, "户主" | "配偶" | "之儿媳")
                    && (18..48).contains(&day.years_since(p.birth).unwrap_or(0))
                    && p.cover == CoverKind::Resident
                    && p.death.is_none()
            });
            let Some(person) = mother else { continue };
            if home.stays.iter().all(|s| s.person != person) {
                let org = self.sites[home.county].mch;
                let total = draw.between(220_000, 480_000);
                let dx = ("O80.900", "单胎顺产");
                let case = Case::stay(person, org, (day, plus(day, 4)), dx, total);
                self.visit(home, Case { med: "52", ..case }, draw);
            }
        }
    }
}

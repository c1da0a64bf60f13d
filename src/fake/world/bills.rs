//! Visits and stays of a year: settlements, and the hospitals' front pages that belong to them.

use chrono::NaiveDate;

use super::World;
use super::draw::{Draw, plus};
use super::model::{Bill, CoverKind, Home, Place, Stay};
use super::money::{Care, money, right};
use super::wish::Wish;

/// Days before the last night from which there are bills; less than a year, so that no night sees half a history.
const WINDOW: i64 = 345;

const COMMON: [(&str, &str); 10] = [
    ("J06.900", "急性上呼吸道感染"),
    ("K29.500", "慢性胃炎"),
    ("M54.500", "下背痛"),
    ("J20.900", "急性支气管炎"),
    ("R51.x00", "头痛"),
    ("L30.900", "皮炎"),
    ("K05.200", "急性牙周炎"),
    ("H10.900", "结膜炎"),
    ("K52.900", "胃肠炎"),
    ("M25.500", "关节痛"),
];
const STAYS: [(&str, &str); 8] = [
    ("J18.900", "肺炎"),
    ("K80.200", "胆囊结石"),
    ("K35.800", "急性阑尾炎"),
    ("M51.200", "腰椎间盘突出"),
    ("S52.500", "桡骨下端骨折"),
    ("N20.000", "肾结石"),
    ("I25.100", "冠状动脉粥样硬化性心脏病"),
    ("K92.200", "胃肠道出血"),
];
const WOMEN: [(&str, &str); 2] = [("D25.900", "子宫平滑肌瘤"), ("N83.200", "卵巢囊肿")];
const MEN: [(&str, &str); 2] = [("N40.x00", "前列腺增生"), ("N43.300", "鞘膜积液")];

/// A diagnosis: code and name.
pub(super) type Dx = (&'static str, &'static str);

/// A visit to be settled.
pub(super) struct Case {
    pub(super) person: usize,
    pub(super) med: &'static str,
    pub(super) care: Care,
    pub(super) place: Place,
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) settled: NaiveDate,
    pub(super) dx: Dx,
    pub(super) proc: Option<&'static str>,
    pub(super) total: i64,
}

impl Case {
    /// A visit of one day.
    pub(super) fn day(
        person: usize,
        (med, care): (&'static str, Care),
        org: usize,
        day: NaiveDate,
        dx: Dx,
        total: i64,
    ) -> Self {
        let place = Place::Inside(org);
        let (start, end, settled) = (day, day, day);
        Self { person, med, care, place, start, end, settled, dx, proc: None, total }
    }

    /// A stay, settled on the day of discharge.
    pub(super) fn stay(
        person: usize,
        org: usize,
        (start, end): (NaiveDate, NaiveDate),
        dx: Dx,
        total: i64,
    ) -> Self {
        let (med, care, place) = ("21", Care::Inpatient, Place::Inside(org));
        Self { person, med, care, place, start, end, settled: end, dx, proc: None, total }
    }
}

impl World {
    /// All visits of the household's insured members.
    pub(super) fn bills(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        for person in 0..home.persons.len() {
            if !matches!(home.persons[person].cover, CoverKind::Resident | CoverKind::Employee) {
                continue;
            }
            if wish.idle == Some(person) {
                continue;
            }
            self.outpatient(home, person, draw);
            self.stays_of_year(home, person, wish, draw);
            let ills = std::mem::take(&mut home.persons[person].ills);
            for ill in &ills {
                self.of_illness(home, person, ill, draw);
            }
            home.persons[person].ills = ills;
        }
        if !wish.quiet {
            self.births(home, draw);
        }
        let dead: Vec<_> = home.persons.iter().map(|p| p.death).collect();
        if dead.iter().any(Option::is_some) {
            close_at_death(home, &dead);
        }
    }

    /// The first day of the bills.
    pub(super) fn since(&self) -> NaiveDate {
        plus(self.last(), -WINDOW)
    }

    /// A day of the year on which this person can be ill.
    pub(super) fn some_day(&self, home: &Home, person: usize, draw: &mut Draw) -> NaiveDate {
        draw.day(self.since().max(plus(home.persons[person].birth, 5)), self.last())
    }

    fn outpatient(&self, home: &mut Home, person: usize, draw: &mut Draw) {
        let often = match home.age(person, self.first()) {
            0..=5 => 3,
            6..=40 => 2,
            41..=60 => 3,
            _ => 5,
        };
        let site = &self.sites[home.county];
        for _ in 0..draw.below(often + 1) {
            let day = self.some_day(home, person, draw);
            let org = match draw.below(10) {
                0..=4 => site.villages[home.village].served,
                5..=7 => site.town_hospital(home.village),
                _ => site.hospital,
            };
            let total = draw.between(2_000, 26_000);
            let dx = draw.pick(&COMMON);
            let med = if draw.chance(1, 14) { "13" } else { "11" };
            let case = Case::day(person, (med, Care::Outpatient), org, day, dx, total);
            self.visit(home, case, draw);
        }
    }

    fn stays_of_year(&self, home: &mut Home, person: usize, wish: &Wish, draw: &mut Draw) {
        let age = home.age(person, self.first());
        let major = home.persons[person].ills.iter().any(|i| i.class == "大病");
        let percent = match age {
            0..=5 => 11,
            6..=44 => 7,
            45..=64 => 16,
            _ => 27,
        };
        let forced = wish.stay && person == 0;
        if major || !(forced || draw.chance(percent, 100)) {
            return;
        }
        let from = self.since().max(plus(home.persons[person].birth, 9));
        let half = plus(from, (self.last() - from).num_days() / 2);
        // A stay that a plant rests on ended some time before the first night.
        let (first, last) = if forced {
            (plus(self.first(), -110), plus(self.first(), -75))
        } else {
            (from, plus(half, -40))
        };
        let dx = stay_dx(home, person, age, draw);
        let plain = forced || wish.quiet;
        self.stay(home, person, draw.day(first, last.max(first)), (dx, plain), draw);
        // At most two in all: nobody may reach a warning line by chance.
        let once = home.stays.iter().filter(|s| s.person == person).count() < 2;
        if !wish.quiet && once && draw.chance(1, 6) {
            let day = draw.day(half, plus(self.last(), -3));
            self.stay(home, person, day, (draw.pick(&STAYS), true), draw);
        }
    }

    /// One stay with its bill; unless `plain`, the patient may be transferred to a greater hospital on the day of
    /// discharge, or be treated in another province.
    pub(super) fn stay(
        &self,
        home: &mut Home,
        person: usize,
        admit: NaiveDate,
        (dx, plain): (Dx, bool),
        draw: &mut Draw,
    ) {
        let site = &self.sites[home.county];
        let discharge = plus(admit, draw.between(3, 14));
        let total = draw.between(180_000, 900_000);
        let roll = if plain { 40 } else { draw.below(100) };
        let org = match roll {
            0..=29 => site.town_hospital(home.village),
            30..=84 => site.hospital,
            85..=92 => site.tcm,
            _ => self.province,
        };
        let mut case = Case::stay(person, org, (admit, discharge), dx, total);
        match roll {
            97 => {
                case.place = Place::Outside(draw.below(40));
                case.settled = plus(discharge, draw.between(28, 45));
            }
            0..=2 => case.med = ["22", "24", "24"][roll as usize],
            _ => {}
        }
        self.visit(home, case, draw);
        if roll == 50 {
            // Transferred: the second stay begins on the day on which the first ends.
            if let Some(stay) = home.stays.last_mut() {
                stay.leave = "2";
            }
            let next = plus(discharge, draw.between(3, 9));
            let total = draw.between(300_000, 900_000);
            let second = Case::stay(person, self.province, (discharge, next), dx, total);
            self.visit(home, second, draw);
        } else if roll == 60 || roll == 61 {
            take_back(home);
        }
    }

    /// Settles a visit; an inpatient's front page is written with it.
    pub(super) fn visit(&self, home: &mut Home, case: Case, draw: &mut Draw) {
        let employee = home.persons[case.person].cover == CoverKind::Employee;
        let right = right(home, case.person, case.start, case.settled);
        let money = money(case.total, case.care, employee, right, draw);
        let serial = home.bills.len() as u64;
        if let (Care::Inpatient, Place::Inside(org)) = (case.care, case.place) {
            let times = home.stays.iter().filter(|s| s.person == case.person).count() as i64 + 1;
            home.stays.push(Stay {
                person: case.person,
                serial,
                times,
                org,
                admit: case.start,
                discharge: case.end,
                known: case.end,
                icd: case.dx.0,
                dx: case.dx.1,
                leave: "1",
                total: money.total,
                self_fee: money.person,
                pay_way: if employee { "1" } else { "2" },
            });
        }
        home.bills.push(Bill {
            person: case.person,
            serial,
            visit: serial,
            insutype: if employee { "310" } else { "390" },
            med: case.med,
            org: case.place,
            start: case.start,
            end: case.end,
            settled: case.settled,
            icd: case.dx.0,
            dx: case.dx.1,
            proc: case.proc,
            money,
            orig: None,
            sp: right.sp,
            by_hand: false,
        });
    }
}

/// The diagnosis of a common stay.
fn stay_dx(home: &Home, person: usize, age: u32, draw: &mut Draw) -> Dx {
    let newborn = age == 0 && draw.chance(1, 3);
    match (newborn, home.persons[person].male) {
        (true, _) => ("P59.900", "新生儿黄疸"),
        (_, true) if age > 50 && draw.chance(1, 8) => draw.pick(&MEN),
        (_, false) if age > 25 && draw.chance(1, 8) => draw.pick(&WOMEN),
        _ => draw.pick(&STAYS),
    }
}

/// The last bill was settled without the person's rights at first: it was taken back and settled again.
fn take_back(home: &mut Home) {
    let Some(right) = home.bills.last().cloned() else {
        return;
    };
    let mut wrong = right.clone();
    wrong.money.assist = 0;
    wrong.money.other = 0;
    wrong.money = wrong.money.balanced();
    let serial = right.serial;
    let next = plus(right.settled, 1);
    let refund = Bill {
        serial: serial + 1,
        settled: next,
        money: wrong.money.negative(),
        orig: Some(serial),
        ..right.clone()
    };
    let again = Bill { serial: serial + 2, settled: next, ..right };
    home.bills.pop();
    home.bills.extend([wrong, refund, again]);
}

/// Nobody is treated after death: later visits vanish, a stay that lasted until then ends with it.
fn close_at_death(home: &mut Home, dead: &[Option<NaiveDate>]) {
    home.bills.retain(|b| dead[b.person].is_none_or(|day| b.start < day));
    home.stays.retain(|s| dead[s.person].is_none_or(|day| s.admit < day));
    for bill in &mut home.bills {
        if let Some(day) = dead[bill.person].filter(|day| bill.end >= *day) {
            // The settlement may come later: the visit may not.
            bill.settled = plus(bill.settled.max(day), 2);
            bill.end = day;
        }
    }
    for stay in &mut home.stays {
        if let Some(day) = dead[stay.person].filter(|day| stay.discharge >= *day) {
            stay.discharge = day;
            stay.known = day;
            stay.leave = "5";
        }
    }
}

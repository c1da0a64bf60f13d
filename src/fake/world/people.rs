//! Who lives in a household: sizes, ages, relations and names like Gansu's.

use chrono::NaiveDate;

use super::World;
use super::draw::{Draw, digits, plus};
use super::ids::IdSpace;
use super::model::{CoverKind, Home, Person};
use super::names::Group;
use super::orgs::Role;
use super::wish::Wish;
use crate::fake::NO_PHONE;

/// Households of one to seven persons, per thousand.
const SIZES: [u64; 7] = [150, 255, 220, 195, 110, 50, 20];
/// Heads from 25 years on in steps of five, per thousand.
const HEAD_AGES: [u64; 13] = [30, 55, 75, 90, 120, 150, 140, 110, 90, 65, 45, 20, 10];

/// A place in the household before it has a name.
#[derive(Debug, Clone, Copy)]
struct Seat {
    rel: &'static str,
    male: bool,
    /// Age in days at the first night.
    days: i64,
    family: Family,
}

/// Whose surname somebody bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    House,
    Other,
}

impl World {
    /// The persons of a household.
    pub(super) fn people_of(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        let county = &self.sites[home.county];
        home.village = draw.below(county.villages.len() as u64) as usize;
        if county.villages[home.village].role == Role::Merged {
            home.village = 0;
        }
        let group = Group::of_county(&county.code, draw);
        home.ethnic = group.code();
        let mut size = draw.weighted(&SIZES) as u64 + 1;
        size = size.clamp(wish.size.0, wish.size.1);
        let seats = seats(size, wish, draw);
        let house = self.names.surname(group, draw);
        let ids = self.ids.of(home.number);
        for (slot, seat) in seats.into_iter().enumerate() {
            let person = self.person(home, slot as u64, seat, group, &house, ids, draw);
            home.persons.push(person);
        }
        if let (true, Some(second)) = (wish.employee, home.persons.get_mut(1)) {
            second.cover = CoverKind::Employee;
        }
        if wish.long_name && home.persons[0].name.chars().count() < 3 {
            home.persons[0].name.push('宝');
        }
        if !wish.quiet {
            self.chances_of_life(home, draw);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one place, called once")]
    fn person(
        &self,
        home: &Home,
        slot: u64,
        seat: Seat,
        group: Group,
        house: &str,
        ids: IdSpace,
        draw: &mut Draw,
    ) -> Person {
        let birth = ids.birth(plus(self.first(), -seat.days));
        let own;
        let surname = if seat.family == Family::House {
            house
        } else {
            own = self.names.surname(group, draw);
            &own
        };
        let old = seat.days > 38 * 365;
        let mut name = self.names.full(group, surname, seat.male, old, draw);
        // Two members of one name could not be told apart when an ID is damaged.
        while home.persons.iter().any(|p| p.name == name) {
            name = self.names.full(group, surname, seat.male, old, draw);
            if home.persons.iter().any(|p| p.name == name) {
                name.push(if seat.male { '强' } else { '兰' });
            }
        }
        let mut phone = String::from(NO_PHONE);
        digits(&mut phone, draw.below(6), 1);
        digits(&mut phone, draw.below(10_000_000), 7);
        Person {
            slot,
            male: seat.male,
            id: ids.id(slot, seat.male, birth),
            birth,
            name,
            rel: seat.rel,
            phone,
            death: None,
            status: "正常",
            hukou: None,
            cover: CoverKind::Resident,
            groups: Vec::new(),
            ills: Vec::new(),
        }
    }

    /// What happens to people: they move, work with insurance of employees, stay uninsured, die.
    fn chances_of_life(&self, home: &mut Home, draw: &mut Draw) {
        let first = self.first();
        let moved = draw.chance(4, 100).then(|| draw.below(self.sites.len() as u64) as usize);
        let employees = draw.chance(14, 100);
        let heads = home.persons.len() > 1;
        for i in 0..home.persons.len() {
            let age = home.age(i, first);
            let person = &mut home.persons[i];
            person.hukou = moved;
            if (22..75).contains(&age) && employees && draw.chance(3, 5) {
                person.cover = CoverKind::Employee;
            }
            if person.male && (18..24).contains(&age) && i > 0 && draw.chance(2, 100) {
                // Insured by the army, so not in the register: nobody may be blamed for that.
                person.status = "参军";
                person.cover = CoverKind::Never;
            }
            let yearly = match age {
                0..=49 => 1,
                50..=64 => 8,
                65..=74 => 22,
                75..=84 => 60,
                _ => 130,
            };
            // The head stays, so that the lists always have one; deaths of a year, and of the nights to come.
            if (i > 0 || !heads) && draw.chance(yearly, 1000) {
                person.death = Some(draw.day(plus(first, -360), self.last()));
            }
        }
    }

    /// The first night.
    pub(super) fn first(&self) -> NaiveDate {
        self.settings.nights[0]
    }

    /// The last night.
    pub(super) fn last(&self) -> NaiveDate {
        self.settings.nights[self.settings.nights.len() - 1]
    }
}

fn years(years: i64, draw: &mut Draw) -> i64 {
    years.max(0) * 365 + draw.between(0, 364)
}

/// The seats of a household of this size.
fn seats(size: u64, wish: &Wish, draw: &mut Draw) -> Vec<Seat> {
    let mut head_age = draw.weighted(&HEAD_AGES) as i64 * 5 + 25 + draw.between(0, 4);
    if size == 1 && draw.chance(2, 3) {
        head_age = head_age.max(60 + draw.between(0, 20));
    }
    if wish.grown {
        head_age = head_age.clamp(38, 62);
    }
    let male = wish.male.unwrap_or_else(|| draw.chance(if size == 1 { 52 } else { 80 }, 100));
    let mut seats = Vec::with_capacity(size as usize);
    seats.push(Seat { rel: "户主", male, days: years(head_age, draw), family: Family::House });
    let married = size > 1 && (wish.grown || draw.chance(86, 100));
    if married {
        let spouse = head_age + draw.between(-4, 3);
        let days = years(spouse.max(22), draw);
        seats.push(Seat { rel: "配偶", male: !male, days, family: Family::Other });
    }
    let mut children = 0;
    // Which parents there are: 1 the father, 2 the mother.
    let mut parents = 0;
    while (seats.len() as u64) < size {
        let seat = next_seat(head_age, &mut children, &mut parents, draw);
        seats.push(seat);
    }
    seats
}

fn next_seat(head_age: i64, children: &mut i64, parents: &mut i64, draw: &mut Draw) -> Seat {
    let male = draw.chance(51, 100);
    if head_age < 58 && *parents < 3 && *children > 0 && draw.chance(1, 2)
        || (head_age < 27 && *parents < 3)
    {
        // The first parent is more often the mother; the second is the other one.
        let father = if *parents == 0 { draw.chance(2, 5) } else { *parents == 2 };
        *parents |= if father { 1 } else { 2 };
        let rel = if father { "之父" } else { "之母" };
        let days = years((head_age + draw.between(22, 30)).min(96), draw);
        return Seat {
            rel,
            male: father,
            days,
            family: if father { Family::House } else { Family::Other },
        };
    }
    let oldest = head_age - 23;
    if oldest >= 24 && *children >= 1 && draw.chance(3, 5) {
        if draw.chance(1, 3) {
            let days = years((oldest - draw.between(0, 3)).max(21), draw);
            *children += 1;
            return Seat { rel: "之儿媳", male: false, days, family: Family::Other };
        }
        let days = years((oldest - 23 - draw.between(0, 8)).max(0), draw);
        let rel = if male { "之孙子" } else { "之孙女" };
        return Seat { rel, male, days, family: Family::House };
    }
    if oldest < 0 {
        let days = years((head_age - draw.between(1, 8)).max(16), draw);
        return Seat { rel: "之兄弟姐妹", male, days, family: Family::House };
    }
    let age = (oldest - *children * 3 - draw.between(0, 4)).max(0);
    *children += 1;
    let days = if age == 0 { draw.between(1, 700) } else { years(age, draw) };
    Seat { rel: if male { "之子" } else { "之女" }, male, days, family: Family::House }
}

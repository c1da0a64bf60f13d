//! A small province in canonical tables: made-up people, clean by construction, with anomalies planted on purpose.
//!
//! The only place in Rust that knows the names of tables and columns. A household is made from the seed and its own
//! number alone, so any county can be made without the others and memory stays flat however many people there are.
//! A world of nights does not change: what is seen on a night is what had happened by then.

mod bills;
mod care;
mod courses;
mod cover;
mod draw;
mod geography;
mod ids;
mod known;
mod ledger;
mod ma;
mod model;
mod money;
mod names;
mod orgs;
mod people;
mod plain;
mod plain_links;
mod plant;
mod plant_care;
mod plant_list;
mod plant_money;
mod plant_phase;
mod plot;
mod rows;
mod rows_care;
mod rows_list;
mod standing;
mod tables;
#[cfg(test)]
mod tests;
mod wish;

use std::borrow::Cow;
use std::fmt;

use chrono::NaiveDate;

pub use geography::{County, Division, Geography, Town, Village};
pub use ids::SLOTS;
pub use known::Known;
pub use tables::TABLES;

use draw::{Draw, Purpose};
use ids::Ids;
use ledger::Ledger;
use model::Home;
use names::Names;
use orgs::{Org, Site};
use plot::{Phase, Plot};

/// A value of a canonical column, before it is written in any form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    Null,
    /// Text, a code of a code list, an ID as received, a division, or a set joined by `|`.
    Text(Cow<'a, str>),
    Int(i64),
    /// Money and other decimals of two places, in hundredths.
    Cents(i64),
    Date(NaiveDate),
    Bool(bool),
}

/// A row of a canonical table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record<'a> {
    pub table: &'static str,
    /// The true person of the row: the number of [`World::people_truth`]; none for tables that are not about persons.
    pub person: Option<u64>,
    pub fields: Vec<(&'static str, Value<'a>)>,
}

/// Who or what an anomaly is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person: the true person number and the true ID.
    Person { number: u64, id: String },
    /// The value of the subject column of the rule's view: household, settlement, stay, institution or village.
    Text(String),
}

/// An anomaly that a rule must find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plant {
    pub rule: &'static str,
    pub subject: Subject,
    /// What was planted; several rules may see one cause.
    pub cause: &'static str,
    /// Index of the first night on which it is visible.
    pub night: usize,
    /// Index of the first night on which it is gone again.
    pub cleared: Option<usize>,
    /// A waiver covers it: a violation of the predicate, but no open anomaly.
    pub waived: bool,
}

/// A person as they truly are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    pub number: u64,
    pub id: String,
    pub name: String,
    pub male: bool,
    pub birth: NaiveDate,
    pub household: u64,
    /// Twelve digits.
    pub village: String,
}

/// How big the world is and what happens in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// About how many persons; the households are drawn, so it is not exact.
    pub people: u64,
    pub seed: u64,
    /// The nights, in order; the first one is the full state.
    pub nights: Vec<NaiveDate>,
    /// Share of households with a planted anomaly; at least a few of each kind unless it is 0.
    pub plant_rate: f64,
}

/// Why a world cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldError {
    NoNights,
    NightsNotInOrder,
    /// More than half a year between the first and the last: what was planted would fall out of the rules' sight.
    NightsTooFarApart,
    NoVillages,
    /// More households than there are made-up IDs for.
    TooManyPeople,
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorldError::NoNights => "a world needs at least one night",
            WorldError::NightsNotInOrder => "the nights of a world must be in order",
            WorldError::NightsTooFarApart => "the nights of a world must lie within 180 days",
            WorldError::NoVillages => "every county of a world needs villages",
            WorldError::TooManyPeople => "there are not enough made-up IDs for so many people",
        })
    }
}

impl std::error::Error for WorldError {}

/// A world: settings and places; its people are made when they are asked for.
pub struct World {
    settings: Settings,
    names: Names,
    ids: Ids,
    sites: Vec<Site>,
    orgs: Vec<Org>,
    /// The doctor in charge of each institution.
    doctors: Vec<String>,
    /// Position of the provincial hospital among `orgs`.
    province: usize,
    /// Number of the first household of each county, and one past the last of all.
    starts: Vec<u64>,
    ma: usize,
    plot: Plot,
}

/// Most days from the first night to the last.
const MAX_SPAN: i64 = 180;

/// Members of a household on average, by the weights of `people`.
const MEMBERS: f64 = 3.07;

impl World {
    /// A world of these places and surnames (with their weights).
    ///
    /// # Errors
    /// What makes no world.
    pub fn new(
        settings: Settings,
        geography: &Geography,
        surnames: Vec<(String, f64)>,
    ) -> Result<Self, WorldError> {
        if settings.nights.is_empty() {
            return Err(WorldError::NoNights);
        }
        if settings.nights.windows(2).any(|w| w[0] >= w[1]) {
            return Err(WorldError::NightsNotInOrder);
        }
        let nights = &settings.nights;
        if (nights[nights.len() - 1] - nights[0]).num_days() > MAX_SPAN {
            return Err(WorldError::NightsTooFarApart);
        }
        if geography.counties.is_empty()
            || geography.counties.iter().any(|c| c.villages().next().is_none())
        {
            return Err(WorldError::NoVillages);
        }
        let households = ((settings.people as f64 / MEMBERS).round() as u64).max(1);
        let ids = Ids::new(settings.seed, households + 1).ok_or(WorldError::TooManyPeople)?;
        let (sites, orgs, province) = orgs::build(geography);
        let starts = starts(&sites, households);
        let plot = Plot::new(&settings, households, &sites, &orgs);
        let ma = geography.home_of_ma();
        let names = Names::new(surnames);
        let doctors = (0..orgs.len() as u64)
            .map(|i| {
                let mut draw = Draw::new(settings.seed, i, Purpose::Place);
                let surname = names.surname(names::Group::Han, &mut draw);
                names.full(names::Group::Han, &surname, i % 2 == 0, true, &mut draw)
            })
            .collect();
        Ok(Self { names, ids, sites, orgs, doctors, province, starts, ma, plot, settings })
    }

    /// How many counties there are.
    pub fn counties(&self) -> usize {
        self.sites.len()
    }

    /// The six-digit code of a county.
    pub fn county_code(&self, index: usize) -> &str {
        &self.sites[index].code
    }

    /// The nights.
    pub fn nights(&self) -> &[NaiveDate] {
        &self.settings.nights
    }

    /// The tables that are not about persons or households, as of a night, with what was there on `earlier` nights.
    pub fn plain_tables(
        &self,
        night: usize,
        earlier: &[usize],
        out: &mut dyn FnMut(&Record<'_>, &Known),
    ) {
        let mut known = Known::of(earlier);
        for before in earlier {
            self.plain_rows(*before, &mut |r| known.note(*before, r));
        }
        self.plain_rows(night, &mut |r| out(r, &known));
    }

    /// All rows about the persons and households of a county as of a night, household by household, and the county's
    /// ledger of them; with what was there on `earlier` nights. Rows of events (settlements, stays, deaths, visits,
    /// premiums) only ever come: none changes or goes, so those that an earlier night did not have are the new events,
    /// with what became known late.
    pub fn county(
        &self,
        index: usize,
        night: usize,
        earlier: &[usize],
        out: &mut dyn FnMut(&Record<'_>, &Known),
    ) {
        let nights = &self.settings.nights;
        let mut known = Known::of(earlier);
        let mut ledger = Ledger::of(nights[night]);
        let mut ledgers: Vec<Ledger> = earlier.iter().map(|n| Ledger::of(nights[*n])).collect();
        for number in self.households(index) {
            known.forget();
            for (before, ledger) in earlier.iter().zip(&mut ledgers) {
                let home = self.home(number, index, *before);
                self.write(&home, nights[*before], &mut |r| known.note(*before, r));
                ledger.count(&home);
            }
            let home = self.home(number, index, night);
            self.write(&home, nights[night], &mut |r| out(r, &known));
            ledger.count(&home);
        }
        known.forget();
        for (before, ledger) in earlier.iter().zip(&ledgers) {
            self.ledger(index, *before, ledger, &mut |r| known.note(*before, r));
        }
        self.ledger(index, night, &ledger, &mut |r| out(r, &known));
    }

    /// All planted anomalies: those of villages and institutions, then the households' by county.
    pub fn plants(&self) -> Vec<Plant> {
        let mut all = self.plot.plain.clone();
        for index in 0..self.counties() {
            all.extend(self.households(index).flat_map(|number| self.plants_of(number, index)));
        }
        all
    }

    /// The true persons of a county.
    pub fn people_truth(&self, index: usize, out: &mut dyn FnMut(&Truth)) {
        for number in self.households(index) {
            let home = self.bare(number, index).0;
            for (i, p) in home.persons.iter().enumerate() {
                out(&Truth {
                    number: home.person_number(i),
                    id: p.id.clone(),
                    name: p.name.clone(),
                    male: p.male,
                    birth: p.birth,
                    household: number,
                    village: self.sites[index].villages[home.village].code.clone(),
                });
            }
        }
    }

    /// The household numbers of a county; number 0 is 马大娘.
    fn households(&self, index: usize) -> impl Iterator<Item = u64> {
        let own = (index == self.ma).then_some(0);
        own.into_iter().chain(self.starts[index]..self.starts[index + 1])
    }

    /// A household with nobody's care or money yet, and its further stream of chances.
    fn bare(&self, number: u64, county: usize) -> (Home, wish::Wish) {
        let mut home = Home { number, county, ..Home::default() };
        if number == 0 {
            self.ma_people(&mut home);
            return (home, wish::Wish::quiet(wish::ListWish::Unlisted));
        }
        let wish = self.plot.of(number).map(|s| self.wish_of(s)).unwrap_or_default();
        let mut draw = Draw::new(self.settings.seed, number, Purpose::Home);
        self.people_of(&mut home, &wish, &mut draw);
        self.standing(&mut home, &wish, &mut draw);
        self.cover_kinds(&mut home, &wish, &mut draw);
        (home, wish)
    }

    /// A household as it is when nothing is wrong with it.
    fn base(&self, number: u64, county: usize) -> Home {
        let (mut home, wish) = self.bare(number, county);
        let mut draw = Draw::new(self.settings.seed, number, Purpose::Care);
        self.covers(&mut home, &mut draw);
        if number == 0 {
            self.ma_bills(&mut home, &mut draw);
        } else {
            self.bills(&mut home, &wish, &mut draw);
            self.care(&mut home, &wish, &mut draw);
        }
        home
    }

    /// A household as the departments see it on a night.
    fn home(&self, number: u64, county: usize, night: usize) -> Home {
        let mut home = self.base(number, county);
        if let Some(spot) = self.plot.of(number) {
            self.stage(&mut home, spot, night);
        }
        home.cut = self.cut(&home, night);
        home
    }

    /// The anomalies of one household.
    fn plants_of(&self, number: u64, county: usize) -> Vec<Plant> {
        if number == 0 {
            return self.ma_plants(&self.base(0, county));
        }
        let Some(spot) = self.plot.of(number) else {
            return Vec::new();
        };
        let mut home = self.base(number, county);
        let mut plants = Vec::new();
        for (rule, subject) in self.apply(&mut home, spot) {
            let mut since = None;
            for night in spot.night..=self.settings.nights.len() {
                let over = night == self.settings.nights.len();
                let seen =
                    !over && spot.phase(night) == Phase::Active && self.shows(rule, spot, night);
                if seen {
                    since = since.or(Some(night));
                } else if let Some(first) = since.take() {
                    plants.push(Plant {
                        rule,
                        subject: subject.clone(),
                        cause: spot.kind.name(),
                        night: first,
                        cleared: (!over).then_some(night),
                        waived: spot.kind.waived(),
                    });
                }
            }
        }
        plants
    }
}

/// Household numbers by county: 1 is the first, each county has its share by villages.
fn starts(sites: &[Site], households: u64) -> Vec<u64> {
    let total: u64 = sites.iter().map(|s| s.villages.len() as u64).sum();
    let mut starts = vec![1];
    let mut before = 0;
    for site in sites {
        before += site.villages.len() as u64;
        starts.push(1 + households * before / total.max(1));
    }
    starts
}

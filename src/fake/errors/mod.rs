//! Errors of departments: records about a person under a wrong ID, a misspelt name, a false birthday.
//!
//! Other than the dirt of `write`, an error changes what even a right reader understands. Rows of one
//! person in one table share their errors, as they share the department's register. The truth of which
//! row is whose goes beside the extracts, in `truth/links.csv`.

mod ids;
mod names;
mod people;
mod rates;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use chrono::{Datelike, NaiveDate};

use crate::citizen_id;
use crate::error::{Error, Result};
use crate::fake::truth_links::{Told, fingerprint};
use crate::fake::world::{Record, Value, World};
use crate::fake::write::Dice;
use crate::identity::lunar;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{PersonRoles, Table};

use people::{People, Person};
pub use rates::Rates;

/// Classes of an ID of which one row has one at most.
const IDS: [&str; 17] = [
    "id_missing",
    "id_placeholder",
    "id_15",
    "id_check",
    "id_digit",
    "id_two_digits",
    "id_swapped",
    "id_dropped",
    "id_added",
    "id_excel",
    "id_scientific",
    "id_wrong_valid",
    "id_of_head",
    "id_of_member",
    "id_of_stranger",
    "id_old",
    "id_look_alike",
];
const NAMES: [&str; 13] = [
    "name_homophone",
    "name_shape",
    "name_variant",
    "name_surname",
    "name_swapped",
    "name_dropped",
    "name_added",
    "name_nick",
    "name_of_member",
    "name_no_dot",
    "name_spelt",
    "name_cut",
    "name_glyph",
];
const BIRTHS: [&str; 5] =
    ["birth_lunar", "birth_swapped", "birth_year", "birth_january", "birth_missing"];
const PLACES: [&str; 2] = ["place_moved", "place_short"];

/// Puts errors into records and writes down the truth.
pub struct Spoiler<'a> {
    pipeline: &'a Pipeline,
    rates: &'a Rates,
    seed: u64,
    night: NaiveDate,
    people: People,
    counties: Vec<String>,
    truth: BufWriter<File>,
    path: std::path::PathBuf,
    /// The first fault of the disk.
    fault: Option<std::io::Error>,
}

impl<'a> Spoiler<'a> {
    /// Errors for the records of a night; the truth goes to a file of its own below `truth`.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn open(
        pipeline: &'a Pipeline,
        rates: &'a Rates,
        world: &World,
        (seed, night): (u64, NaiveDate),
        truth: &Path,
    ) -> Result<Self> {
        let path = truth.join(format!("links-{night}.csv"));
        std::fs::create_dir_all(truth).map_err(|e| Error::io("create", truth, &e))?;
        let file = File::create(&path).map_err(|e| Error::io("create", &path, &e))?;
        let mut truth = BufWriter::new(file);
        let fault = writeln!(truth, "table,print,person,classes,groups").err();
        let counties = (0..world.counties()).map(|c| world.county_code(c).to_owned()).collect();
        let people = People::default();
        Ok(Self { pipeline, rates, seed, night, people, counties, truth, path, fault })
    }

    /// The records that follow are of a county.
    pub fn county(&mut self, world: &World, index: usize) {
        self.people = People::of(world, index, self.rates, self.seed, self.night);
    }

    /// The record as its department has it; nothing when it does not have it.
    pub fn row<'r>(&mut self, record: &Record<'r>) -> Option<Record<'r>> {
        let mut record = record.clone();
        // The world has more tables than a pipeline may want.
        let table = self.pipeline.tables.get(record.table);
        let roles = table.and_then(|table| table.person.as_ref());
        let (Some(table), Some(roles), Some(number)) = (table, roles, record.person) else {
            return Some(record);
        };
        let Some(person) = self.people.get(number).cloned() else { return Some(record) };
        let master = self.pipeline.settings.identity.spine.first().map(String::as_str);
        let role = self.rates.role(&table.id, master);
        if role == 0
            && let Some(Value::Text(code)) = field(&record, &self.rates.group_column)
            && let Some(group) = self.rates.groups.get(code.as_ref())
        {
            self.people.note(number, group);
        }
        let mut absent = Dice::new(self.seed, &["absent", &number.to_string()]);
        if role == 0 && absent.hit(self.rates.rate("absent", 0)) {
            return None;
        }
        let mut classes = Vec::new();
        // What the world itself has planted stays as it is.
        if text(&record, &roles.id).is_some_and(|id| id == person.world_id) {
            person.become_true(&mut record, roles);
            let mut chance = Dice::new(self.seed, &["errors", &table.id, &number.to_string()]);
            self.spoil(&mut record, roles, role, &person, &mut chance, &mut classes);
        } else {
            classes.push("planted");
        }
        self.tell(table, &record, number, &classes);
        Some(record)
    }

    fn spoil(
        &self,
        record: &mut Record<'_>,
        roles: &PersonRoles,
        role: usize,
        person: &Person,
        dice: &mut Dice,
        classes: &mut Vec<&'static str>,
    ) {
        let newborn = (self.night - person.birth).num_days() < 365;
        if newborn && dice.hit(self.rates.rate("newborn_mother", role)) {
            if let Some(mother) = self.people.mother(person) {
                set(record, Some(&roles.id), Some(mother.id.clone()));
                if dice.below(5) < 3 {
                    let child = if person.male { "之子" } else { "之女" };
                    set(record, roles.name.as_ref(), Some(format!("{}{child}", mother.name)));
                }
                classes.push("newborn_mother");
            }
        } else if newborn && dice.hit(self.rates.rate("newborn_missing", role)) {
            set(record, Some(&roles.id), None);
            classes.push("newborn_missing");
        } else if let Some(class) = self.draw(&IDS, role, dice)
            && let Some(id) = self.id(class, person, dice)
        {
            set(record, Some(&roles.id), id);
            classes.push(class);
        }
        if let Some(class) = self.draw(&NAMES, role, dice)
            && let Some(name) = self.name(class, person, dice)
            && !classes.contains(&"newborn_mother")
            && roles.name.is_some()
        {
            set(record, roles.name.as_ref(), Some(name));
            classes.push(class);
        }
        if let (Some(column), Some(class)) = (&roles.birth, self.draw(&BIRTHS, role, dice))
            && let Some(birth) = birth(class, person.birth)
        {
            put(record, column, birth.map_or(Value::Null, Value::Date));
            classes.push(class);
        }
        if let Some(column) = &roles.sex
            && dice.hit(self.rates.rate("sex_wrong", role))
        {
            let other = if person.male { "2" } else { "1" };
            put(record, column, Value::Text(other.into()));
            classes.push("sex_wrong");
        }
        if let (Some(column), Some(class)) = (&roles.village, self.draw(&PLACES, role, dice))
            && let Some(code) = text(record, column).map(|c| self.place(class, &c, dice))
        {
            set(record, Some(column), Some(code));
            classes.push(class);
        }
    }

    /// At most one of some classes, by their rates.
    fn draw(&self, all: &[&'static str], role: usize, dice: &mut Dice) -> Option<&'static str> {
        // Every class is thrown for, so that the rate of one never moves the others.
        let hits = all.iter().map(|c| (c, dice.hit(self.rates.rate(c, role)))).collect::<Vec<_>>();
        hits.into_iter().find(|(_, hit)| *hit).map(|(class, _)| *class)
    }

    /// The ID of a class; `Some(None)` is none at all.
    fn id(&self, class: &str, person: &Person, dice: &mut Dice) -> Option<Option<String>> {
        let other = match class {
            "id_missing" => return Some(None),
            "id_of_head" => self.people.head(person)?.id.clone(),
            "id_of_member" => self.people.member(person, dice)?.id.clone(),
            "id_of_stranger" => self.people.stranger(person, dice)?.id.clone(),
            // One old number for a person, wherever it is still used.
            "id_old" => {
                let mut own = Dice::new(self.seed, &["old", &person.number.to_string()]);
                ids::spoilt(class, &person.id, &mut own)?
            }
            _ => ids::spoilt(class, &person.id, dice)?,
        };
        (other != person.id).then_some(Some(other))
    }

    fn name(&self, class: &str, person: &Person, dice: &mut Dice) -> Option<String> {
        let other = match class {
            "name_of_member" => self.people.member(person, dice)?.name.clone(),
            _ => names::spoilt(class, &person.name, dice)?,
        };
        (other != person.name).then_some(other)
    }

    /// Another place: a county that is not this one, or this one without its village.
    fn place(&self, class: &str, code: &str, dice: &mut Dice) -> String {
        let county = match class {
            "place_moved" => dice.pick(&self.counties).as_str(),
            _ => match dice.below(2) {
                0 => code.get(..9).unwrap_or(code),
                _ => code.get(..6).unwrap_or(code),
            },
        };
        format!("{county:0<12}")
    }

    /// Writes down whose record it is.
    fn tell(&mut self, table: &Table, record: &Record<'_>, number: u64, classes: &[&str]) {
        let placeholders = &self.pipeline.settings.identity.placeholders;
        let roles = table.person.as_ref();
        let word =
            |column: Option<&String>| column.and_then(|c| text(record, c)).unwrap_or_default();
        let birth = roles.and_then(|r| field(record, r.birth.as_ref()?));
        let told = Told {
            id: &word(roles.map(|r| &r.id)),
            name: &word(roles.and_then(|r| r.name.as_ref())),
            birth: match birth {
                Some(Value::Date(day)) => Some(day.num_days_from_ce() - 719_163),
                _ => None,
            },
            key: table.key.iter().map(|k| plain(field(record, k))).collect(),
        };
        let print = fingerprint(table, &told, placeholders);
        let groups = self.people.groups(number).join("+");
        let classes = classes.join("+");
        let line = writeln!(self.truth, "{},{print:032x},{number},{classes},{groups}", table.id);
        self.fault = self.fault.take().or(line.err());
    }

    /// Ends the truth.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Result<()> {
        let fault = self.fault.take().or(self.truth.flush().err());
        fault.map_or(Ok(()), |e| Err(Error::io("write", &self.path, &e)))
    }
}

/// Another birth date; `Some(None)` is none at all.
fn birth(class: &str, day: NaiveDate) -> Option<Option<NaiveDate>> {
    let other = match class {
        "birth_missing" => return Some(None),
        "birth_lunar" => {
            let (year, month, date) = lunar::lunar(day)?;
            NaiveDate::from_ymd_opt(year, month, date)?
        }
        "birth_swapped" => NaiveDate::from_ymd_opt(day.year(), day.day(), day.month())?,
        "birth_year" => {
            let year = if day.day().is_multiple_of(2) { day.year() - 1 } else { day.year() + 1 };
            NaiveDate::from_ymd_opt(year, day.month(), day.day())?
        }
        _ => NaiveDate::from_ymd_opt(day.year(), 1, 1)?,
    };
    (other != day).then_some(Some(other))
}

fn field<'r, 'v>(record: &'r Record<'v>, name: &str) -> Option<&'r Value<'v>> {
    record.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A text of a record.
fn text(record: &Record<'_>, name: &str) -> Option<String> {
    match field(record, name) {
        Some(Value::Text(text)) => Some(text.clone().into_owned()),
        _ => None,
    }
}

/// A key as both sides of the truth can write it.
fn plain(value: Option<&Value<'_>>) -> Option<String> {
    match value {
        Some(Value::Text(text)) => Some(text.trim().to_owned()),
        Some(Value::Int(number)) => Some(number.to_string()),
        _ => None,
    }
}

fn put<'r>(record: &mut Record<'r>, name: &str, value: Value<'r>) {
    if let Some((_, own)) = record.fields.iter_mut().find(|(known, _)| *known == name) {
        *own = value;
    }
}

fn set(record: &mut Record<'_>, name: Option<&String>, text: Option<String>) {
    if let Some(name) = name {
        put(record, name, text.map_or(Value::Null, |t| Value::Text(Cow::Owned(t))));
    }
}

/// Does a row with an error of this class have a bad ID, not only another spelling of the good one?
pub fn spoils_id(class: &str) -> bool {
    let spelling = matches!(class, "id_15" | "id_look_alike");
    !spelling && (class.starts_with("id_") || class.starts_with("newborn"))
}

/// Reads a valid ID's birth.
fn birth_of(id: &str) -> Option<NaiveDate> {
    citizen_id::parse(id, &[]).id.map(|id| id.birth())
}

type Groups = BTreeMap<u64, Vec<String>>;

//! A household as the world knows it, before it is written as rows of tables.

use chrono::NaiveDate;

/// A household and everything that the departments know about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    pub(super) number: u64,
    pub(super) county: usize,
    /// Position among the county's villages.
    pub(super) village: usize,
    pub(super) ethnic: &'static str,
    pub(super) persons: Vec<Person>,
    pub(super) list: Option<Listing>,
    pub(super) covers: Vec<Cover>,
    pub(super) premiums: Vec<Premium>,
    pub(super) bills: Vec<Bill>,
    pub(super) stays: Vec<Stay>,
    pub(super) regs: Vec<Reg>,
    pub(super) contracts: Vec<Contract>,
    pub(super) visits: Vec<Visit>,
    pub(super) rares: Vec<Rare>,
    pub(super) waivers: Vec<Waiver>,
    pub(super) damages: Vec<Damage>,
    /// Rows of the population register beyond one for each person (重号).
    pub(super) doubles: Vec<Person>,
    /// The sheet of households of the list does not have it, though its members are listed.
    pub(super) cut: bool,
}

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) slot: u64,
    pub(super) male: bool,
    pub(super) birth: NaiveDate,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) rel: &'static str,
    pub(super) phone: String,
    pub(super) death: Option<NaiveDate>,
    pub(super) status: &'static str,
    /// Registered in another county: the number of that county's position, or none.
    pub(super) hukou: Option<usize>,
    pub(super) cover: CoverKind,
    pub(super) groups: Vec<Group>,
    pub(super) ills: Vec<Illness>,
}

/// How a person is insured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CoverKind {
    Resident,
    Employee,
    /// Resident insurance of another province.
    Elsewhere,
    /// Only until last year.
    Lapsed,
    Never,
}

/// An identity of hardship.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) code: &'static str,
    pub(super) level: &'static str,
    pub(super) start: NaiveDate,
    pub(super) end: Option<NaiveDate>,
    pub(super) amount: i64,
}

/// A confirmed disease.
#[derive(Debug, Clone, Copy)]
pub(super) struct Illness {
    pub(super) code: &'static str,
    pub(super) class: &'static str,
    pub(super) icd: &'static str,
    pub(super) name: &'static str,
    pub(super) since: NaiveDate,
}

/// The household in the rural-revitalisation list.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) hh_no: String,
    pub(super) lifted: bool,
    pub(super) mon: Option<Monitored>,
    /// Yuan a year and head, in 0.01 yuan.
    pub(super) income: i64,
    pub(super) helper: String,
    pub(super) helper_phone: String,
    /// Members that the list counts beyond those it holds (an error).
    pub(super) size_error: i64,
    /// Persons whom the list does not claim to be insured though they are, or the other way (an error).
    pub(super) claim_error: Option<usize>,
    /// The health system's copy: none, or with these differences.
    pub(super) copy: Copy_,
}

/// The health system's copy of a monitored household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy_ {
    Same,
    Missing,
    OtherType(&'static str),
    /// The copy has the household although the list does not monitor it.
    Extra,
}

/// A household under watch.
#[derive(Debug, Clone)]
pub(super) struct Monitored {
    pub(super) kind: &'static str,
    pub(super) risks: &'static [&'static str],
    pub(super) identified: NaiveDate,
    pub(super) visited: Option<NaiveDate>,
    pub(super) measures: Vec<(&'static str, NaiveDate, Option<NaiveDate>)>,
    pub(super) cleared: Option<(NaiveDate, &'static str)>,
    pub(super) income_after: i64,
    pub(super) oop: i64,
}

/// A year of insurance.
#[derive(Debug, Clone)]
pub(super) struct Cover {
    pub(super) person: usize,
    pub(super) year: i32,
    pub(super) kind: CoverKind,
    pub(super) insutype: &'static str,
    pub(super) stat: &'static str,
    pub(super) start: NaiveDate,
    pub(super) paid_on: NaiveDate,
    pub(super) self_paid: i64,
    pub(super) subsidy: i64,
    pub(super) subsidy_type: Option<&'static str>,
    pub(super) fiscal: i64,
    /// Twelve digits.
    pub(super) div: String,
    /// The register keeps a dead person insured (an error).
    pub(super) ghost: bool,
}

/// A premium that the tax office collected.
#[derive(Debug, Clone)]
pub(super) struct Premium {
    pub(super) person: usize,
    pub(super) year: i32,
    pub(super) serial: u64,
    pub(super) insutype: &'static str,
    pub(super) amount: i64,
    pub(super) paid_on: NaiveDate,
    pub(super) refund: bool,
    pub(super) category: &'static str,
    pub(super) div: String,
}

/// The amounts of a bill, in 0.01 yuan.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Money {
    pub(super) total: i64,
    pub(super) own: i64,
    pub(super) over: i64,
    pub(super) pre: i64,
    pub(super) scope: i64,
    pub(super) deductible: i64,
    pub(super) basic: i64,
    pub(super) critical: i64,
    pub(super) assist: i64,
    pub(super) other: i64,
    pub(super) fund: i64,
    pub(super) person: i64,
}

/// A settled bill.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    pub(super) person: usize,
    pub(super) serial: u64,
    /// Number of the visit or stay: settlements of one stay share it.
    pub(super) visit: u64,
    pub(super) insutype: &'static str,
    pub(super) med: &'static str,
    pub(super) org: Place,
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) settled: NaiveDate,
    pub(super) icd: &'static str,
    pub(super) dx: &'static str,
    pub(super) proc: Option<&'static str>,
    pub(super) money: Money,
    pub(super) orig: Option<u64>,
    pub(super) sp: Option<&'static str>,
    pub(super) by_hand: bool,
}

/// Where a bill was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An institution of the world, by its position.
    Inside(usize),
    /// A hospital of another province; the hospitals here know nothing of the stay.
    Outside(u64),
}

/// A stay in hospital, as the hospital reports it.
#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) person: usize,
    pub(super) serial: u64,
    pub(super) times: i64,
    pub(super) org: usize,
    pub(super) admit: NaiveDate,
    pub(super) discharge: NaiveDate,
    /// From this day on the record is there.
    pub(super) known: NaiveDate,
    pub(super) icd: &'static str,
    pub(super) dx: &'static str,
    pub(super) leave: &'static str,
    pub(super) total: i64,
    pub(super) self_fee: i64,
    pub(super) pay_way: &'static str,
}

/// A row of the disease register.
#[derive(Debug, Clone)]
pub(super) struct Reg {
    pub(super) person: usize,
    pub(super) ill: Illness,
    pub(super) status: &'static str,
    pub(super) first: Option<NaiveDate>,
    pub(super) org: usize,
}

/// A contract with a family doctor for one year.
#[derive(Debug, Clone)]
pub(super) struct Contract {
    pub(super) person: usize,
    pub(super) year: i32,
    pub(super) signed: NaiveDate,
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) package: &'static str,
    pub(super) class: &'static str,
}

/// A follow-up visit.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) person: usize,
    pub(super) disease: &'static str,
    pub(super) day: NaiveDate,
    pub(super) next: NaiveDate,
    pub(super) reading: u32,
}

/// A registered case of a rare disease.
#[derive(Debug, Clone)]
pub(super) struct Rare {
    pub(super) person: usize,
    pub(super) icd: &'static str,
    pub(super) name: &'static str,
    pub(super) no: &'static str,
    pub(super) since: NaiveDate,
    pub(super) org: usize,
    pub(super) cost: i64,
}

/// A granted exemption.
#[derive(Debug, Clone)]
pub(super) struct Waiver {
    pub(super) person: usize,
    pub(super) rule: &'static str,
    pub(super) reason: &'static str,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

/// What one table says about a person otherwise than it is.
#[derive(Debug, Clone)]
pub(super) struct Damage {
    pub(super) table: &'static str,
    pub(super) person: usize,
    /// The ID field as received; `Some(None)` is an empty field.
    pub(super) id: Option<Option<String>>,
    pub(super) name: Option<String>,
}

impl Home {
    /// The number of the person in this position, unique in the world.
    pub(super) fn person_number(&self, person: usize) -> u64 {
        self.number * super::ids::SLOTS + self.persons.get(person).map_or(0, |p| p.slot)
    }

    /// The person's age on this day.
    pub(super) fn age(&self, person: usize, at: NaiveDate) -> u32 {
        at.years_since(self.persons[person].birth).unwrap_or(0)
    }
}

impl Money {
    /// The same amounts taken back.
    pub(super) fn negative(self) -> Self {
        Self {
            total: -self.total,
            own: -self.own,
            over: -self.over,
            pre: -self.pre,
            scope: -self.scope,
            deductible: -self.deductible,
            basic: -self.basic,
            critical: -self.critical,
            assist: -self.assist,
            other: -self.other,
            fund: -self.fund,
            person: -self.person,
        }
    }

    /// Brings the sums in line after a part was changed.
    pub(super) fn balanced(mut self) -> Self {
        self.scope = self.total - self.own - self.over - self.pre;
        self.fund = self.basic + self.critical + self.assist + self.other;
        self.person = self.total - self.fund;
        self
    }
}

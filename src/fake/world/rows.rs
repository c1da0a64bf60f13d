//! Writing a household as rows of canonical tables: the population register, deaths, insurance and bills.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};

use super::cover::insurance_year;
use super::draw::{coded, digits, plus};
use super::model::{Bill, Cover, CoverKind, Home, Person, Place, Premium, Stay};
use super::{Record, Value, World};

/// Days after a death until the insurance ends.
const INSURED_AFTER_DEATH: i64 = 20;
/// Days after a death until the registers know it.
const DEATH_KNOWN: i64 = 12;

/// A text that the world holds.
pub(super) fn text(s: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(s))
}

/// A text that was made for the row.
pub(super) fn own(s: String) -> Value<'static> {
    Value::Text(Cow::Owned(s))
}

/// A text, or nothing.
pub(super) fn text_or(s: Option<&str>) -> Value<'_> {
    s.map_or(Value::Null, text)
}

/// A day, or nothing.
pub(super) fn date_or(d: Option<NaiveDate>) -> Value<'static> {
    d.map_or(Value::Null, Value::Date)
}

/// The code of a sex: 1 male, 2 female.
pub(super) fn sex(male: bool) -> Value<'static> {
    text(if male { "1" } else { "2" })
}

/// A number of the household's own kind: a letter, the household, a running number.
pub(super) fn numbered(letter: &str, home: &Home, serial: u64) -> String {
    let mut s = String::with_capacity(letter.len() + 14);
    s.push_str(letter);
    digits(&mut s, home.number, 9);
    digits(&mut s, serial, 5);
    s
}

/// The number of a settlement.
pub(super) fn setl_id(home: &Home, serial: u64) -> String {
    numbered("62", home, serial)
}

/// The number of a record in hospital.
pub(super) fn mr_no(home: &Home, serial: u64) -> String {
    numbered("B", home, serial)
}

/// What a table writes as a person's ID and name.
pub(super) fn identity<'a>(home: &'a Home, table: &str, person: usize) -> (Value<'a>, Value<'a>) {
    let p = &home.persons[person];
    let (mut id, mut name) = (text(&p.id), text(&p.name));
    for d in &home.damages {
        if d.table == table && d.person == person {
            match &d.id {
                Some(Some(other)) => id = text(other),
                Some(None) => id = Value::Null,
                None => {}
            }
            if let Some(other) = &d.name {
                name = text(other);
            }
        }
    }
    (id, name)
}

impl World {
    /// All rows of a household as of a day.
    pub(super) fn write(&self, home: &Home, asof: NaiveDate, out: &mut dyn FnMut(&Record<'_>)) {
        for i in 0..home.persons.len() {
            self.resident(home, i, &home.persons[i], asof, out);
            self.death(home, i, asof, out);
        }
        for double in &home.doubles {
            self.resident(home, home.persons.len(), double, asof, out);
        }
        self.write_list(home, asof, out);
        for (n, cover) in home.covers.iter().enumerate() {
            self.insured(home, n, cover, asof, out);
        }
        self.premiums(home, asof, out);
        for bill in home.bills.iter().filter(|b| b.settled <= asof) {
            self.settlement(home, bill, out);
        }
        for stay in home.stays.iter().filter(|s| s.known <= asof) {
            self.inpatient(home, stay, out);
        }
        self.write_care(home, asof, out);
    }

    /// The code of the village where a household lives.
    pub(super) fn village_of<'a>(&'a self, home: &Home) -> Value<'a> {
        text(&self.sites[home.county].villages[home.village].code)
    }

    fn resident(
        &self,
        home: &Home,
        i: usize,
        p: &Person,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        if p.birth > asof {
            return;
        }
        let known = p.death.filter(|d| plus(*d, DEATH_KNOWN) <= asof);
        let size = home
            .persons
            .iter()
            .filter(|q| q.birth <= asof && q.death.is_none_or(|d| plus(d, DEATH_KNOWN) > asof))
            .count();
        let (id, name) = if i < home.persons.len() {
            identity(home, "resident", i)
        } else {
            (text(&p.id), text(&p.name))
        };
        let hukou = p.hukou.map(|c| coded(&self.sites[c].code, 0, 6));
        out(&Record {
            table: "resident",
            person: Some(home.number * super::ids::SLOTS + p.slot),
            fields: vec![
                ("id_no", id),
                ("name", name),
                ("sex", sex(p.male)),
                ("birth_date", Value::Date(p.birth)),
                ("ethnic", text(home.ethnic)),
                ("village_code", self.village_of(home)),
                (
                    "hukou_div",
                    match hukou {
                        Some(code) => own(code),
                        None => self.village_of(home),
                    },
                ),
                ("hukou_no", own(coded("", home.number, 9))),
                ("rel_to_head", text(p.rel)),
                ("hh_size", Value::Int(size as i64)),
                ("phone", text(&p.phone)),
                ("pop_status", text(if known.is_some() { "死亡" } else { p.status })),
                ("death_date", date_or(known)),
                ("cancel_date", date_or(known.map(|d| plus(d, DEATH_KNOWN)))),
            ],
        });
    }

    fn death(&self, home: &Home, i: usize, asof: NaiveDate, out: &mut dyn FnMut(&Record<'_>)) {
        let p = &home.persons[i];
        let Some(day) = p.death.filter(|d| plus(*d, DEATH_KNOWN) <= asof) else {
            return;
        };
        let (id, name) = identity(home, "death", i);
        let hospital = home.stays.iter().any(|s| s.person == i && s.leave == "5");
        out(&Record {
            table: "death",
            person: Some(home.person_number(i)),
            fields: vec![
                ("cert_no", own(numbered("D", home, p.slot))),
                ("id_no", id),
                ("name", name),
                ("sex", sex(p.male)),
                ("birth_date", Value::Date(p.birth)),
                ("death_date", Value::Date(day)),
                ("place", text(if hospital { "医疗卫生机构" } else { "家中" })),
                ("cause", text(if p.slot.is_multiple_of(2) { "I63.900" } else { "J44.900" })),
                ("source", text("死亡医学证明")),
                ("cancel_date", Value::Date(plus(day, DEATH_KNOWN))),
                ("village_code", self.village_of(home)),
            ],
        });
    }

    fn insured(
        &self,
        home: &Home,
        n: usize,
        c: &Cover,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        if c.paid_on > asof || !(insurance_year(asof) - 1..=asof.year()).contains(&c.year) {
            return;
        }
        let p = &home.persons[c.person];
        let ended = p
            .death
            .filter(|d| !c.ghost && plus(*d, INSURED_AFTER_DEATH) <= asof && d.year() <= c.year);
        let (id, name) = identity(home, "insured", c.person);
        let age = c.year - p.birth.year();
        let psn_type = match (c.insutype, age) {
            ("310", 60..) => "12",
            ("310", _) => "11",
            (_, 0) => "1401",
            (_, 1..=5) => "1402",
            (_, 6..=17) => "1403",
            (_, 60..) => "16",
            _ => "15",
        };
        let mut psn_no = numbered("62", home, p.slot);
        if n > 0 && home.covers[..n].iter().any(|o| o.person == c.person && o.year == c.year) {
            // Enrolled twice: the second place gave another number.
            psn_no.push('A');
        }
        out(&Record {
            table: "insured",
            person: Some(home.person_number(c.person)),
            fields: vec![
                ("psn_no", own(psn_no)),
                ("id_no", id),
                ("name", name),
                ("sex", sex(p.male)),
                ("birth_date", Value::Date(p.birth)),
                ("year", Value::Int(i64::from(c.year))),
                ("insutype", text(c.insutype)),
                ("psn_type", text(psn_type)),
                ("insu_stat", text(if ended.is_some() { "3" } else { c.stat })),
                ("start_date", Value::Date(c.start)),
                ("stop_date", date_or(ended.map(|d| plus(d, INSURED_AFTER_DEATH)))),
                ("paid_on", if c.insutype == "390" { Value::Date(c.paid_on) } else { Value::Null }),
                ("self_paid", Value::Cents(c.self_paid)),
                ("subsidy_amt", Value::Cents(c.subsidy)),
                ("subsidy_type", text_or(c.subsidy_type)),
                ("fiscal_subsidy", Value::Cents(c.fiscal)),
                ("insured_div", text(&c.div)),
                (
                    "village_code",
                    if c.kind == CoverKind::Elsewhere {
                        Value::Null
                    } else {
                        self.village_of(home)
                    },
                ),
            ],
        });
    }

    /// Payments up to a day for the years of the nights; those of a year gone by stay what they were.
    fn premiums_by<'a>(
        &self,
        home: &'a Home,
        asof: NaiveDate,
    ) -> impl Iterator<Item = &'a Premium> {
        let years = insurance_year(self.first())..=asof.year();
        home.premiums.iter().filter(move |p| p.paid_on <= asof && years.contains(&p.year))
    }

    fn premiums(&self, home: &Home, asof: NaiveDate, out: &mut dyn FnMut(&Record<'_>)) {
        for p in self.premiums_by(home, asof) {
            let (id, name) = identity(home, "premium", p.person);
            out(&Record {
                table: "premium",
                person: Some(home.person_number(p.person)),
                fields: vec![
                    ("voucher_no", own(numbered("V", home, p.serial))),
                    ("id_no", id),
                    ("name", name),
                    ("year", Value::Int(i64::from(p.year))),
                    ("insutype", text(p.insutype)),
                    ("paid_amt", Value::Cents(p.amount)),
                    ("paid_on", Value::Date(p.paid_on)),
                    ("refund", Value::Bool(p.refund)),
                    ("tax_category", text(p.category)),
                    ("payer", text(if p.serial % 4 == 0 { "村级代收" } else { "本人缴费" })),
                    ("insured_div", text(&p.div)),
                ],
            });
        }
    }

    fn settlement(&self, home: &Home, b: &Bill, out: &mut dyn FnMut(&Record<'_>)) {
        let p = &home.persons[b.person];
        let (id, name) = identity(home, "settlement", b.person);
        let (code, place) = match b.org {
            Place::Inside(org) => (text(&self.orgs[org].fix), text(&self.orgs[org].name)),
            Place::Outside(n) => (own(coded("H6101990", n + 1, 4)), text("外省三级医院")),
        };
        let loc = match b.org {
            Place::Outside(_) => "3",
            Place::Inside(org) if org == self.province && self.orgs[org].county != home.county => {
                "2"
            }
            Place::Inside(_) => "1",
        };
        let m = &b.money;
        out(&Record {
            table: "settlement",
            person: Some(home.person_number(b.person)),
            fields: vec![
                ("setl_id", own(setl_id(home, b.serial))),
                ("mdtrt_id", own(numbered("M", home, b.visit))),
                ("id_no", id),
                ("name", name),
                ("sex", sex(p.male)),
                ("birth_date", Value::Date(p.birth)),
                ("insutype", text(b.insutype)),
                ("med_type", text(b.med)),
                ("org_code", code),
                ("org_name", place),
                ("admit_date", Value::Date(b.start)),
                ("discharge_date", Value::Date(b.end)),
                ("setl_date", Value::Date(b.settled)),
                ("dx_main", text(b.icd)),
                ("dx_name", text(b.dx)),
                ("proc", text_or(b.proc)),
                ("total_fee", Value::Cents(m.total)),
                ("own_expense", Value::Cents(m.own)),
                ("over_limit", Value::Cents(m.over)),
                ("pre_selfpay", Value::Cents(m.pre)),
                ("in_scope", Value::Cents(m.scope)),
                ("deductible", Value::Cents(m.deductible)),
                ("basic_pay", Value::Cents(m.basic)),
                ("critical_pay", Value::Cents(m.critical)),
                ("assist_pay", Value::Cents(m.assist)),
                ("other_pay", Value::Cents(m.other)),
                ("fund_pay", Value::Cents(m.fund)),
                ("person_pay", Value::Cents(m.person)),
                ("refund", Value::Bool(b.orig.is_some())),
                ("orig_setl_id", b.orig.map_or(Value::Null, |o| own(setl_id(home, o)))),
                ("sp_psn_type", text_or(b.sp)),
                ("pay_loc", text(loc)),
                ("settle_way", text(if b.by_hand { "2" } else { "1" })),
                ("insured_div", own(coded(&self.sites[home.county].code, 0, 6))),
            ],
        });
    }

    fn inpatient(&self, home: &Home, s: &Stay, out: &mut dyn FnMut(&Record<'_>)) {
        let p = &home.persons[s.person];
        let (id, name) = identity(home, "inpatient", s.person);
        out(&Record {
            table: "inpatient",
            person: Some(home.person_number(s.person)),
            fields: vec![
                ("mr_no", own(mr_no(home, s.serial))),
                ("stay_times", Value::Int(s.times)),
                ("org_code", text(&self.orgs[s.org].code)),
                ("org_name", text(&self.orgs[s.org].name)),
                ("id_no", id),
                ("name", name),
                ("sex", sex(p.male)),
                ("birth_date", Value::Date(p.birth)),
                ("admit_date", Value::Date(s.admit)),
                ("discharge_date", Value::Date(s.discharge)),
                ("dx_main", text(s.icd)),
                ("dx_name", text(s.dx)),
                ("dx_others", if s.times > 1 { text("I10.x00|E78.500") } else { Value::Null }),
                ("leave_way", text(s.leave)),
                ("total_fee", Value::Cents(s.total)),
                ("self_fee", Value::Cents(s.self_fee)),
                ("pay_way", text(s.pay_way)),
                ("deposit", Value::Cents(0)),
                ("village_code", self.village_of(home)),
            ],
        });
    }
}

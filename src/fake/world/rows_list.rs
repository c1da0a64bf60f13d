//! Writing a household as rows of canonical tables: the rural-revitalisation list, its copy, hardship groups, clocks.

use chrono::{Datelike, NaiveDate};

use super::cover::insurance_year;
use super::draw::{coded, date, digits, plus};
use super::model::{Copy_, CoverKind, Home, Listing, Monitored, Person};
use super::rows::{date_or, identity, numbered, own, sex, text, text_or};
use super::{Record, Value, World};

/// Days after a death until the list takes the member off.
const LEFT_LIST: i64 = 12;

impl World {
    /// Rows of the list as of a day, and of what is known about hardship.
    pub(super) fn write_list(
        &self,
        home: &Home,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        self.special_groups(home, asof, out);
        let Some(list) = &home.list else { return };
        if listed(home, asof).is_none() {
            return;
        }
        let mon = list.mon.as_ref().filter(|m| m.identified <= asof);
        let active: Vec<bool> = home.persons.iter().map(|p| active(p, asof)).collect();
        let size = active.iter().filter(|a| **a).count() as i64 + list.size_error;
        for (i, active) in active.iter().enumerate() {
            if home.persons[i].birth <= asof {
                self.member(home, list, mon, (i, *active, size), asof, out);
            }
        }
        if !home.cut {
            self.household(home, list, mon, size, asof, out);
        }
        self.copy(home, list, mon, size, asof, out);
        if let Some(mon) = mon {
            self.clocks(home, list, mon, asof, out);
        }
    }

    fn special_groups(&self, home: &Home, asof: NaiveDate, out: &mut dyn FnMut(&Record<'_>)) {
        for (i, p) in home.persons.iter().enumerate() {
            for (n, g) in p.groups.iter().enumerate().filter(|(_, g)| g.start <= asof) {
                let (id, name) = identity(home, "special_group", i);
                let dead = p.death.map(|d| plus(d, LEFT_LIST)).filter(|d| *d <= asof);
                // A disability card is the ID, the kind (4: limbs) and the grade.
                let card = match g.code {
                    "重度残疾" => format!("{}42", p.id),
                    _ => numbered("G", home, p.slot * 10 + n as u64),
                };
                out(&Record {
                    table: "special_group",
                    person: Some(home.person_number(i)),
                    fields: vec![
                        ("id_no", id),
                        ("name", name),
                        ("group_code", text(g.code)),
                        ("level", if g.level.is_empty() { Value::Null } else { text(g.level) }),
                        ("cert_no", own(card)),
                        ("start_date", Value::Date(g.start)),
                        ("end_date", date_or(g.end.or(dead))),
                        ("amount", Value::Cents(g.amount)),
                        ("village_code", self.village_of(home)),
                    ],
                });
            }
        }
    }

    fn member(
        &self,
        home: &Home,
        list: &Listing,
        mon: Option<&Monitored>,
        (i, active, size): (usize, bool, i64),
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let p = &home.persons[i];
        let (id, name) = identity(home, "poverty_member", i);
        let mut member_no = list.hh_no.clone();
        digits(&mut member_no, p.slot + 1, 2);
        let wrong = list.claim_error == Some(i);
        let year = insurance_year(asof);
        let insured =
            home.covers.iter().any(|c| c.person == i && c.year == year && c.paid_on <= asof);
        let resident = p.cover != CoverKind::Employee && insured;
        let employee = p.cover == CoverKind::Employee && insured;
        let (watched, [after, oop]) = watched(mon, asof);
        let change = match (active, p.birth > plus(asof, -365)) {
            (false, _) => Some("自然减少"),
            (true, true) => Some("自然增加"),
            _ => None,
        };
        let mut fields = vec![
            ("hh_no", text(&list.hh_no)),
            ("member_no", own(member_no)),
            ("id_no", id),
            ("name", name),
            ("sex", sex(p.male)),
            ("birth_date", Value::Date(p.birth)),
            ("rel_to_head", text(p.rel)),
            ("health_status", text(health(home, i))),
            ("hh_type", text(if list.lifted { "脱贫户" } else { "一般农户" })),
        ];
        fields.extend(watched);
        fields.extend([
            ("hh_size", Value::Int(size)),
            ("income_pc", Value::Cents(list.income)),
            after,
            oop,
            ("list_resident_ins", Value::Bool(resident != wrong)),
            ("list_employee_ins", Value::Bool(employee)),
            ("member_change", text_or(change)),
            ("village_code", self.village_of(home)),
        ]);
        out(&Record { table: "poverty_member", person: Some(home.person_number(i)), fields });
    }

    fn household(
        &self,
        home: &Home,
        list: &Listing,
        mon: Option<&Monitored>,
        size: i64,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let (watched, [after, oop]) = watched(mon, asof);
        let measures = mon.map(|m| {
            let names: Vec<&str> =
                m.measures.iter().filter(|x| x.2.is_some_and(|d| d <= asof)).map(|x| x.0).collect();
            names.join("|")
        });
        let mut fields = vec![
            ("hh_no", text(&list.hh_no)),
            ("village_code", self.village_of(home)),
            ("head_name", text(&home.persons[0].name)),
            ("hh_size", Value::Int(size)),
            ("hh_type", text(if list.lifted { "脱贫户" } else { "一般农户" })),
        ];
        fields.extend(watched);
        fields.extend([
            ("income_pc", Value::Cents(list.income)),
            after,
            ("hh_income", Value::Cents(list.income * size.max(1))),
            oop,
            ("all_insured", Value::Bool(true)),
            ("health_measure", measures.filter(|m| !m.is_empty()).map_or(Value::Null, own)),
            ("other_measure", text("产业帮扶|就业帮扶")),
            ("helper_name", text(&list.helper)),
            ("helper_phone", text(&list.helper_phone)),
        ]);
        out(&Record { table: "poverty_household", person: None, fields });
    }

    /// The health system's copy, exchanged every week.
    fn copy(
        &self,
        home: &Home,
        list: &Listing,
        mon: Option<&Monitored>,
        size: i64,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let kind = match (list.copy, mon) {
            (Copy_::Missing, _) | (Copy_::Same, None) => return,
            (Copy_::OtherType(kind), _) => kind,
            (Copy_::Same, Some(m)) => m.kind,
            (Copy_::Extra, _) => "边缘易致贫户",
        };
        let [_, risks, identified_ym, _, cleared, cleared_ym, _, _, _] = monitored(mon, asof);
        let extra = list.copy == Copy_::Extra;
        let long_ago = plus(self.first(), -200);
        out(&Record {
            table: "health_household",
            person: None,
            fields: vec![
                ("hh_no", text(&list.hh_no)),
                ("village_code", self.village_of(home)),
                ("head_name", text(&home.persons[0].name)),
                ("hh_size", Value::Int(size)),
                ("mon_type", text(kind)),
                ("risks", if extra { text("因病") } else { risks }),
                ("identified_ym", if extra { Value::Date(month(long_ago)) } else { identified_ym }),
                ("risk_cleared", if extra { Value::Bool(false) } else { cleared }),
                ("cleared_ym", cleared_ym),
                (
                    "synced_on",
                    Value::Date(plus(asof, -i64::from(asof.num_days_from_ce().rem_euclid(7)))),
                ),
            ],
        });
    }

    fn clocks(
        &self,
        home: &Home,
        list: &Listing,
        mon: &Monitored,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let visited = mon.visited.filter(|d| *d <= asof);
        out(&Record {
            table: "visit_check",
            person: None,
            fields: vec![
                ("check_id", own(numbered("K", home, 0))),
                ("hh_no", text(&list.hh_no)),
                ("village_code", self.village_of(home)),
                ("listed_date", Value::Date(mon.identified)),
                ("visited_date", date_or(visited)),
                ("visit_way", visited.map_or(Value::Null, |_| text("2"))),
                ("visitor_name", text(self.doctor(home))),
                ("visitor_post", text("村医")),
                ("result", text_or(visited.map(|_| "情况属实"))),
            ],
        });
        for (n, (measure, decided, done)) in
            mon.measures.iter().enumerate().filter(|(_, m)| m.1 <= asof)
        {
            out(&Record {
                table: "measure",
                person: None,
                fields: vec![
                    ("measure_id", own(numbered("Z", home, n as u64))),
                    ("hh_no", text(&list.hh_no)),
                    ("member_no", Value::Null),
                    ("village_code", self.village_of(home)),
                    ("measure", text(measure)),
                    ("decided_date", Value::Date(*decided)),
                    ("done_date", date_or(done.filter(|d| *d <= asof))),
                    ("org_name", own(coded(&self.sites[home.county].code, 0, 6))),
                    ("result", text_or(done.filter(|d| *d <= asof).map(|_| "已落实"))),
                ],
            });
        }
    }
}

/// How many members the list counts on a day; nothing when it does not have the household.
pub(super) fn listed(home: &Home, asof: NaiveDate) -> Option<u64> {
    let list = home.list.as_ref()?;
    let identified = list.mon.as_ref().is_none_or(|m| m.identified <= asof);
    let members = home.persons.iter().filter(|p| active(p, asof)).count() as u64;
    (list.lifted || identified).then_some(members)
}

/// Is somebody a member on a day?
fn active(person: &Person, asof: NaiveDate) -> bool {
    person.birth <= asof && person.death.is_none_or(|d| plus(d, LEFT_LIST) > asof)
}

fn month(day: NaiveDate) -> NaiveDate {
    date(day.year(), day.month(), 1)
}

/// The columns of a household under watch that stand side by side, and two more: income after, self-pay declared.
#[expect(clippy::type_complexity, reason = "fields as records hold them")]
fn watched(
    mon: Option<&Monitored>,
    asof: NaiveDate,
) -> ([(&'static str, Value<'static>); 7], [(&'static str, Value<'static>); 2]) {
    let [kind, risks, identified_ym, identified, cleared, cleared_ym, way, after, oop] =
        monitored(mon, asof);
    let columns = [
        ("mon_type", kind),
        ("risks", risks),
        ("identified_ym", identified_ym),
        ("identified_date", identified),
        ("risk_cleared", cleared),
        ("cleared_ym", cleared_ym),
        ("clear_way", way),
    ];
    (columns, [("income_pc_cleared", after), ("oop_declared", oop)])
}

/// Kind, risks, month and day of identification, cleared, its month, its way, income after, self-pay declared.
fn monitored(mon: Option<&Monitored>, asof: NaiveDate) -> [Value<'static>; 9] {
    let Some(m) = mon else {
        return [const { Value::Null }; 9];
    };
    let cleared = m.cleared.filter(|(day, _)| *day <= asof);
    [
        text(m.kind),
        own(m.risks.join("|")),
        Value::Date(month(m.identified)),
        Value::Date(m.identified),
        Value::Bool(cleared.is_some()),
        date_or(cleared.map(|(day, _)| month(day))),
        cleared.map_or(Value::Null, |(_, way)| text(way)),
        cleared.map_or(Value::Null, |_| Value::Cents(m.income_after)),
        Value::Cents(m.oop),
    ]
}

fn health(home: &Home, i: usize) -> &'static str {
    let p = &home.persons[i];
    let major = p.ills.iter().any(|x| x.class == "大病");
    let chronic = p.ills.iter().any(|x| x.class == "慢病");
    let disabled = p.groups.iter().any(|g| g.code == "重度残疾");
    match (major, chronic, disabled) {
        (true, _, true) => "患有大病|残疾",
        (true, _, false) => "患有大病",
        (_, true, true) => "长期慢性病|残疾",
        (_, true, false) => "长期慢性病",
        (_, _, true) => "残疾",
        _ => "健康",
    }
}

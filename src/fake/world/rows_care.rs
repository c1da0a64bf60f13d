//! Writing a household as rows of canonical tables: diseases, contracts, follow-ups, rare cases, waivers.

use chrono::{Datelike, NaiveDate};

use super::draw::{coded, plus};
use super::model::{Contract, Home, Reg, Visit};
use super::rows::{date_or, identity, numbered, own, sex, text, text_or};
use super::{Record, Value, World};

impl World {
    /// Rows of the health system's person tables.
    pub(super) fn write_care(
        &self,
        home: &Home,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        for (n, reg) in home.regs.iter().enumerate().filter(|(_, r)| r.ill.since <= asof) {
            self.disease_reg(home, n, reg, asof, out);
        }
        for contract in home.contracts.iter().filter(|c| c.signed <= asof) {
            self.contract(home, contract, out);
        }
        for (n, visit) in home.visits.iter().enumerate().filter(|(_, v)| v.day <= asof) {
            if home.persons[visit.person].death.is_none_or(|d| visit.day < d) {
                self.followup(home, n, visit, out);
            }
        }
        self.rare_cases(home, asof, out);
        self.waivers(home, asof, out);
    }

    fn disease_reg(
        &self,
        home: &Home,
        n: usize,
        r: &Reg,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let p = &home.persons[r.person];
        let (id, name) = identity(home, "disease_reg", r.person);
        let dead = p.death.filter(|d| plus(*d, 20) <= asof);
        let org = &self.orgs[r.org];
        let untreated = r.status == "未救治";
        out(&Record {
            table: "disease_reg",
            person: Some(home.person_number(r.person)),
            fields: vec![
                ("reg_no", own(numbered("R", home, n as u64))),
                ("id_no", id),
                ("name", name),
                ("birth_date", Value::Date(p.birth)),
                ("disease_class", text(r.ill.class)),
                ("disease", text(r.ill.code)),
                ("icd10", text(r.ill.icd)),
                ("confirmed_date", Value::Date(r.ill.since)),
                ("confirm_org", text(&org.name)),
                ("severity", text(if r.ill.class == "大病" { "重度" } else { "中度" })),
                ("treat_status", text(if dead.is_some() { "死亡" } else { r.status })),
                ("first_treat_date", date_or(r.first.filter(|d| *d <= asof))),
                ("org_code", text(&org.code)),
                ("treat_plan", text(if untreated { "待定" } else { "规范治疗" })),
                ("reason_untreated", text_or(untreated.then_some("待排期"))),
                ("closed_date", date_or(dead)),
                ("village_code", self.village_of(home)),
            ],
        });
    }

    fn contract(&self, home: &Home, c: &Contract, out: &mut dyn FnMut(&Record<'_>)) {
        let (id, name) = identity(home, "contract", c.person);
        // One contract for each person and year.
        let serial = home.persons[c.person].slot * 100 + c.year.rem_euclid(100) as u64;
        let site = &self.sites[home.county];
        let hamlet = &site.villages[home.village];
        let org = &self.orgs[site.town_hospital(home.village)];
        out(&Record {
            table: "contract",
            person: Some(home.person_number(c.person)),
            fields: vec![
                ("contract_no", own(numbered("C", home, serial))),
                ("id_no", id),
                ("name", name),
                ("sign_date", Value::Date(c.signed)),
                ("start_date", Value::Date(c.start)),
                ("end_date", Value::Date(c.end)),
                ("terminated_date", Value::Null),
                ("team_id", own(coded("T", home.county as u64 * 1000 + hamlet.town as u64, 6))),
                ("team_name", own([org.name.as_str(), "家庭医生团队"].concat())),
                ("doctor_name", text(self.doctor(home))),
                ("org_code", text(&org.code)),
                ("package", text(c.package)),
                ("person_class", text(c.class)),
                ("is_renew", Value::Bool(c.start.month() == 1)),
                ("village_code", self.village_of(home)),
            ],
        });
    }

    fn followup(&self, home: &Home, n: usize, v: &Visit, out: &mut dyn FnMut(&Record<'_>)) {
        let (id, name) = identity(home, "followup", v.person);
        let site = &self.sites[home.county];
        let r = i64::from(v.reading % 1_000_000);
        let (sbp, dbp, fpg) = match v.disease {
            "hbp" => (Value::Int(112 + r % 47), Value::Int(66 + r / 50 % 31), Value::Null),
            "dm" => (Value::Null, Value::Null, Value::Cents(510 + r % 40 * 10)),
            _ => (Value::Null, Value::Null, Value::Null),
        };
        let controlled = match v.disease {
            "hbp" => 112 + r % 47 < 140,
            "dm" => r % 40 < 19,
            _ => true,
        };
        let org = &self.orgs[site.villages[home.village].served];
        out(&Record {
            table: "followup",
            person: Some(home.person_number(v.person)),
            fields: vec![
                ("visit_no", own(numbered("F", home, n as u64))),
                ("id_no", id),
                ("name", name),
                ("disease", text(v.disease)),
                ("visit_date", Value::Date(v.day)),
                ("visit_way", text(["1", "2", "3"][(r % 3) as usize])),
                ("sbp", sbp),
                ("dbp", dbp),
                ("fpg", fpg),
                ("controlled", Value::Bool(controlled)),
                ("next_date", Value::Date(v.next)),
                ("doctor_name", text(self.doctor(home))),
                ("org_code", text(&org.code)),
                ("village_code", self.village_of(home)),
            ],
        });
    }

    fn rare_cases(&self, home: &Home, asof: NaiveDate, out: &mut dyn FnMut(&Record<'_>)) {
        for (n, r) in home.rares.iter().enumerate().filter(|(_, r)| r.since <= asof) {
            let p = &home.persons[r.person];
            let (id, name) = identity(home, "rare_case", r.person);
            out(&Record {
                table: "rare_case",
                person: Some(home.person_number(r.person)),
                fields: vec![
                    ("reg_no", own(numbered("X", home, n as u64))),
                    ("id_no", id),
                    ("name", name),
                    ("sex", sex(p.male)),
                    ("birth_date", Value::Date(p.birth)),
                    ("disease_no", text(r.no)),
                    ("disease_name", text(r.name)),
                    ("icd10", text(r.icd)),
                    ("onset_date", Value::Date(plus(r.since, -90).max(p.birth))),
                    ("diagnosed_date", Value::Date(r.since)),
                    ("diag_org", text(&self.orgs[r.org].name)),
                    ("genetic_confirmed", Value::Bool(r.cost % 2 == 0)),
                    ("treatment", text("药物治疗")),
                    ("drug", text("按指南用药")),
                    ("yearly_cost", Value::Cents(r.cost)),
                    ("insured_pay", Value::Cents(r.cost * 6 / 10)),
                    ("status", text("随访中")),
                    ("village_code", self.village_of(home)),
                ],
            });
        }
    }

    fn waivers(&self, home: &Home, asof: NaiveDate, out: &mut dyn FnMut(&Record<'_>)) {
        for (n, w) in home.waivers.iter().enumerate().filter(|(_, w)| w.from <= asof) {
            let (id, name) = identity(home, "waiver", w.person);
            out(&Record {
                table: "waiver",
                person: Some(home.person_number(w.person)),
                fields: vec![
                    ("waiver_no", own(numbered("W", home, n as u64))),
                    ("rule_id", text(w.rule)),
                    ("id_no", id),
                    ("name", name),
                    ("subject", Value::Null),
                    ("reason", text(w.reason)),
                    ("approver", text("县医疗保障局")),
                    ("evidence_no", own(numbered("E", home, n as u64))),
                    ("valid_from", Value::Date(w.from)),
                    ("valid_to", Value::Date(w.to)),
                    ("village_code", self.village_of(home)),
                ],
            });
        }
    }
}

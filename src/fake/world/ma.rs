//! 马大娘: an old woman who lives alone, is on no list, and whose kidneys have failed. The household everybody looks for.

use super::draw::{Draw, plus};
use super::model::{Bill, CoverKind, Home, Money, Person, Place};
use super::orgs::Role;
use super::{Plant, Subject, World};
use crate::fake::NO_PHONE;

/// Days before the first night on which her dialysis began.
const BEGAN: i64 = 96;

impl World {
    /// Her household: she alone.
    pub(super) fn ma_people(&self, home: &mut Home) {
        home.ethnic = "01";
        home.village = self.sites[home.county]
            .villages
            .iter()
            .position(|v| v.role == Role::Clinic)
            .unwrap_or(0);
        let ids = self.ids.of(0);
        let birth = ids.birth(plus(self.first(), -68 * 365 - 120));
        home.persons.push(Person {
            slot: 0,
            male: false,
            id: ids.id(0, false, birth),
            birth,
            name: "马秀英".to_owned(),
            rel: "户主",
            phone: format!("{NO_PHONE}00000000"),
            death: None,
            status: "正常",
            hukou: None,
            cover: CoverKind::Resident,
            groups: Vec::new(),
            ills: Vec::new(),
        });
    }

    /// Her bills: dialysis five times in two weeks, dearer every month, and she does not know that help exists.
    pub(super) fn ma_bills(&self, home: &mut Home, draw: &mut Draw) {
        let hospital = self.sites[home.county].hospital;
        let first = plus(self.first(), -BEGAN);
        let mut n = 0;
        loop {
            let day = plus(first, n * 5 / 2);
            if day > self.last() {
                return;
            }
            let month = (day - first).num_days() / 30;
            let total = 70_000 + month * 20_000 + draw.between(0, 2_000);
            let own = total * 22 / 100;
            let basic = (total - own) * 28 / 100;
            let money = Money { total, own, basic, ..Money::default() }.balanced();
            let serial = n as u64;
            home.bills.push(Bill {
                person: 0,
                serial,
                visit: serial,
                insutype: "390",
                med: "14",
                org: Place::Inside(hospital),
                start: day,
                end: day,
                settled: day,
                icd: "N18.500",
                dx: "终末期肾病",
                proc: Some("HD"),
                money,
                orig: None,
                sp: None,
                by_hand: false,
            });
            n += 1;
        }
    }

    /// What must be found about her.
    pub(super) fn ma_plants(&self, home: &Home) -> Vec<Plant> {
        ["FEE02", "TRT02"]
            .into_iter()
            .map(|rule| Plant {
                rule,
                subject: Subject::Person { number: 0, id: home.persons[0].id.clone() },
                cause: "马大娘",
                night: 0,
                cleared: None,
                waived: false,
            })
            .collect()
    }
}

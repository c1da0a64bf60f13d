//! Plants in bills and front pages.

use chrono::NaiveDate;

use super::Subject;
use super::World;
use super::bills::Case;
use super::draw::{Draw, plus};
use super::model::{Bill, Home, Money, Place, Stay};
use super::money::Care;
use super::plant::{Implied, Kind, person};
use super::plot::Spot;
use super::rows::{mr_no, setl_id};

/// How much more the anomaly's two stays cost.
const DEAR: i64 = 4_800_000;

impl World {
    /// Plants in money; none when the plant is of another sort.
    pub(super) fn spoil_money(
        &self,
        home: &mut Home,
        spot: Spot,
        at: NaiveDate,
        draw: &mut Draw,
    ) -> Option<Implied> {
        let head = person(home, 0);
        match spot.kind {
            Kind::HighCostPoor => {
                self.dear_stays(home, at, 87, draw);
                Some(vec![("FEE01", head)])
            }
            Kind::HighCostMargin => {
                self.dear_stays(home, at, 85, draw);
                Some(vec![("FEE01", head)])
            }
            Kind::HighCost => {
                self.dear_stays(home, at, 55, draw);
                Some(vec![("FEE02", head)])
            }
            Kind::AfterDeath => {
                let day = plus(self.dies(home, at), 6);
                let org = self.sites[home.county].hospital;
                let dx = ("I10.x00", "高血压病");
                let case = Case::day(1, ("11", Care::Outpatient), org, day, dx, 18_600);
                self.visit(home, case, draw);
                let bill = home.bills.last_mut()?;
                // Its number must not be that of a bill which the death took away.
                bill.serial = 9_000;
                bill.visit = 9_000;
                Some(vec![("SET07", Subject::Text(setl_id(home, 9_000)))])
            }
            _ => self.spoil_stay(home, spot),
        }
    }

    /// Plants in the head's one stay.
    fn spoil_stay(&self, home: &mut Home, spot: Spot) -> Option<Implied> {
        let at =
            home.bills.iter().position(|b| b.person == 0 && b.med == "21" && b.orig.is_none())?;
        let stay = home.stays.iter().position(|s| s.serial == home.bills[at].serial)?;
        let claim = Subject::Text(setl_id(home, home.bills[at].serial));
        match spot.kind {
            Kind::NotAssisted | Kind::LowShare => {
                let m = Money { assist: 0, other: 0, ..home.bills[at].money }.balanced();
                home.bills[at].money = m;
                home.stays[stay].self_fee = m.person;
                let found = if spot.kind == Kind::NotAssisted {
                    ("FEE04", claim)
                } else {
                    ("FEE06", person(home, 0))
                };
                Some(vec![found])
            }
            Kind::ByHand => {
                home.bills[at].by_hand = true;
                home.bills[at].settled = plus(home.bills[at].settled, 25);
                Some(vec![("FEE10", claim)])
            }
            Kind::NoFrontPage => {
                home.stays.remove(stay);
                Some(vec![("SET01", claim)])
            }
            Kind::FeeDiffers => {
                home.stays[stay].total += home.stays[stay].total / 6;
                let found = self.stay_id(home, &home.stays[stay]);
                Some(vec![("SET03", found)])
            }
            Kind::SumsOff => {
                let m = &mut home.bills[at].money;
                match spot.instance % 3 {
                    0 => m.person += 4_000,
                    1 => m.scope -= 3_000,
                    _ => m.basic += 2_500,
                }
                Some(vec![("SET04", claim)])
            }
            Kind::Overlap => {
                let first = &home.stays[stay];
                let second = Stay {
                    serial: 9_001,
                    org: self.sites[home.county].tcm,
                    admit: plus(first.discharge, -2),
                    discharge: plus(first.discharge, 5),
                    ..first.clone()
                };
                let found = self.stay_id(home, &second);
                home.stays.push(second);
                Some(vec![("SET05", found)])
            }
            Kind::WrongSex => {
                home.bills[at].icd = "N83.200";
                home.bills[at].dx = "卵巢囊肿";
                Some(vec![("SET08", claim)])
            }
            Kind::Unregistered => {
                home.bills[at].icd = "I63.900";
                home.bills[at].dx = "脑梗死";
                home.stays[stay].icd = "I63.900";
                home.stays[stay].dx = "脑梗死";
                Some(vec![("TRT02", person(home, 0))])
            }
            _ => None,
        }
    }

    /// Two long stays of the head, of which the funds pay so many in a hundred.
    fn dear_stays(&self, home: &mut Home, at: NaiveDate, percent: i64, draw: &mut Draw) {
        home.stays.retain(|s| s.person != 0);
        home.bills.retain(|b| b.person != 0);
        for (n, back) in [120, 60].into_iter().enumerate() {
            let serial = 9_010 + n as u64;
            let admit = plus(at, -back);
            let discharge = plus(admit, draw.between(15, 25));
            let total = DEAR + draw.between(0, 200_000);
            let basic = total * (percent - 20) / 100;
            let money = Money {
                total,
                deductible: 60_000,
                basic,
                critical: total / 10,
                other: total / 10,
                ..Money::default()
            }
            .balanced();
            let dx = ("S06.900", "颅脑损伤");
            home.stays.push(Stay {
                person: 0,
                serial,
                times: n as i64 + 1,
                org: self.province,
                admit,
                discharge,
                icd: dx.0,
                dx: dx.1,
                leave: "1",
                total,
                self_fee: money.person,
                pay_way: "2",
            });
            home.bills.push(Bill {
                person: 0,
                serial,
                visit: serial,
                insutype: "390",
                med: "21",
                org: Place::Inside(self.province),
                start: admit,
                end: discharge,
                settled: discharge,
                icd: dx.0,
                dx: dx.1,
                proc: None,
                money,
                orig: None,
                sp: None,
                by_hand: false,
            });
        }
    }

    /// The stay as the rules name it: hospital, record, day of admission.
    fn stay_id(&self, home: &Home, stay: &Stay) -> Subject {
        let day = stay.admit.format("%Y%m%d").to_string();
        Subject::Text(
            [self.orgs[stay.org].code.as_str(), "-", &mr_no(home, stay.serial), "-", &day].concat(),
        )
    }
}

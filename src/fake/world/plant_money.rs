//! Plants in bills and front pages.

use chrono::NaiveDate;

use super::Subject;
use super::World;
use super::bills::Case;
use super::draw::{Draw, plus};
use super::model::{Home, Money, Stay};
use super::money::Care;
use super::plant::{Implied, Kind, person};
use super::plot::Spot;
use super::rows::{mr_no, setl_id};

/// Numbers of settlements that the household would not have without its plant.
pub(super) const AFTER_DEATH: u64 = 9_000;
const OVERLAP: u64 = 9_001;
pub(super) const DEAR: u64 = 9_010;

impl World {
    /// Plants in money; none when the plant is of another sort.
    pub(super) fn spoil_money(
        &self,
        home: &mut Home,
        spot: Spot,
        at: NaiveDate,
        draw: &mut Draw,
    ) -> Option<Implied> {
        match spot.kind {
            Kind::HighCostPoor | Kind::HighCostMargin | Kind::HighCost => {
                self.dear_stays(home, spot.kind, at, 2, draw);
                let rule = if spot.kind == Kind::HighCost { "FEE02" } else { "FEE01" };
                Some(vec![(rule, person(home, 0))])
            }
            Kind::AfterDeath => {
                let day = plus(self.dies(home, at), 6);
                let org = self.sites[home.county].hospital;
                let dx = ("I10.x00", "高血压病");
                let case = Case::day(1, ("11", Care::Outpatient), org, day, dx, 18_600);
                self.visit(home, case, draw);
                home.bills.last_mut()?.serial = AFTER_DEATH;
                Some(vec![("SET07", Subject::Text(setl_id(home, AFTER_DEATH)))])
            }
            _ => self.spoil_stay(home, spot),
        }
    }

    /// Plants in the head's one stay.
    fn spoil_stay(&self, home: &mut Home, spot: Spot) -> Option<Implied> {
        let (at, stay) = head_stay(home)?;
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
                home.stays[stay].known = NaiveDate::MAX;
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
                    serial: OVERLAP,
                    org: self.sites[home.county].tcm,
                    admit: plus(first.discharge, -2),
                    discharge: plus(first.discharge, 5),
                    known: self.settings.nights[spot.night],
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

    /// So many of the two long stays of the head; the second ends on the plant's night and passes the line.
    pub(super) fn dear_stays(
        &self,
        home: &mut Home,
        kind: Kind,
        at: NaiveDate,
        count: usize,
        draw: &mut Draw,
    ) {
        // Before the second stay nobody is warned, under Gansu's lines or the national ones.
        let (totals, percent) = match kind {
            Kind::HighCost => ([3_600_000, 6_000_000], 72),
            _ => ([4_000_000, 5_000_000], 86),
        };
        for (n, days) in [(-70, -50), (-22, 0)].into_iter().enumerate().take(count) {
            let total = totals[n] + draw.between(0, 150_000);
            let stay = (plus(at, days.0), plus(at, days.1));
            self.visit(
                home,
                Case::stay(0, self.province, stay, ("S06.900", "颅脑损伤"), total),
                draw,
            );
            let money = Money {
                total,
                deductible: 60_000,
                basic: total * (percent - 20) / 100,
                critical: total / 10,
                other: total / 10,
                ..Money::default()
            }
            .balanced();
            let serial = DEAR + n as u64;
            if let (Some(bill), Some(page)) = (home.bills.last_mut(), home.stays.last_mut()) {
                (bill.serial, bill.visit, bill.money) = (serial, serial, money);
                (page.serial, page.self_fee) = (serial, money.person);
            }
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

/// The one stay that a plant rests on: positions of its settlement and of its front page.
pub(super) fn head_stay(home: &Home) -> Option<(usize, usize)> {
    let at = home.bills.iter().position(|b| b.person == 0 && b.med == "21" && b.orig.is_none())?;
    let stay = home.stays.iter().position(|s| s.serial == home.bills[at].serial)?;
    Some((at, stay))
}

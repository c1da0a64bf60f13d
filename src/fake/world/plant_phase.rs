//! A plant through the nights. What was delivered as an event stays delivered: before its night an anomaly's events are
//! not known yet, and afterwards it is put right by further events (a supplement, a refund and a new settlement, a late
//! record), never by changing what was reported.

use chrono::NaiveDate;

use super::World;
use super::bills::Case;
use super::cover::{insurance_year, subsidy};
use super::draw::{Draw, Purpose, plus};
use super::model::{Bill, Home, Money, Premium, Rare, Reg};
use super::money::{Care, money, right};
use super::plant::Kind;
use super::plant_list::hide_cover;
use super::plant_money::{AFTER_DEATH, DEAR, head_stay};
use super::plot::{Phase, Spot};
use super::standing::{HBP, KIDNEY, illness};

/// Numbers of the settlements that put something right.
const REPAIR: u64 = 9_200;

impl World {
    /// Brings a household to where its plant stands on a night.
    pub(super) fn stage(&self, home: &mut Home, spot: Spot, night: usize) {
        match (spot.phase(night), spot.cleared) {
            (Phase::Before, _) => self.before(home, spot),
            (Phase::Past, Some(cleared)) if spot.kind.is_event() => {
                self.apply(home, spot);
                self.repair(home, spot, self.settings.nights[cleared]);
            }
            (Phase::Past, _) => {}
            (Phase::Active, _) => {
                self.apply(home, spot);
            }
        }
    }

    /// What is not known yet.
    fn before(&self, home: &mut Home, spot: Spot) {
        let night = self.settings.nights[spot.night];
        match spot.kind {
            Kind::PremiumMissing | Kind::PremiumUnregistered => {
                let year = insurance_year(night);
                hide_cover(home, 1, year);
                home.premiums.retain(|p| p.person != 1 || p.year < year);
            }
            Kind::HighCostPoor | Kind::HighCostMargin | Kind::HighCost => {
                let mut draw = Draw::new(self.settings.seed, home.number, Purpose::Plant);
                self.dear_stays(home, spot.kind, night, 1, &mut draw);
            }
            Kind::DialysisStopped => home.bills.retain(|b| b.proc.is_none()),
            Kind::NoFollowUp => {
                home.regs.clear();
                home.visits.clear();
            }
            kind if kind.rests_on_stay() => {
                if let Some((bill, stay)) = head_stay(home) {
                    home.bills.remove(bill);
                    home.stays.remove(stay);
                }
            }
            _ => {}
        }
    }

    /// What puts it right, from this day on.
    fn repair(&self, home: &mut Home, spot: Spot, day: NaiveDate) {
        let year = insurance_year(self.settings.nights[spot.night]);
        match spot.kind {
            Kind::NoSubsidy => self.subsidise(home, year, day),
            Kind::PremiumMissing => self.pay_late(home, year, day),
            Kind::PremiumUnregistered => {
                let own = home.covers.iter_mut().filter(|c| c.person == 1 && c.year >= year);
                own.for_each(|c| c.paid_on = day);
            }
            Kind::DeadInsured => home.covers.iter_mut().for_each(|c| c.ghost = false),
            Kind::HighCostPoor | Kind::HighCostMargin | Kind::HighCost => {
                let dear = home.bills.iter().find(|b| b.serial == DEAR + 1).cloned();
                if let Some(bill) = dear {
                    let left = bill.money.person - 10_000;
                    supplement(home, &bill, left, day);
                }
            }
            Kind::AfterDeath => {
                let bill = home.bills.iter().find(|b| b.serial == AFTER_DEATH).cloned();
                if let Some(bill) = bill {
                    home.bills.push(refund(&bill, day));
                }
            }
            Kind::Untreated | Kind::Unregistered | Kind::RareUnregistered => {
                self.register(home, spot.kind, day)
            }
            Kind::DialysisStopped => self.resume(home, day),
            Kind::NoFollowUp => {
                let mut draw = Draw::new(self.settings.seed, home.number, Purpose::Plant);
                self.follow_ups(home, 0, HBP.0, plus(self.first(), -900), &mut draw);
            }
            _ => self.repair_stay(home, spot.kind, day),
        }
    }

    fn repair_stay(&self, home: &mut Home, kind: Kind, day: NaiveDate) {
        let Some((at, stay)) = head_stay(home) else { return };
        let bill = home.bills[at].clone();
        match kind {
            Kind::NoFrontPage => home.stays[stay].known = day,
            Kind::NotAssisted | Kind::LowShare => {
                supplement(home, &bill, bill.money.person - bill.money.total / 10, day);
            }
            Kind::ByHand | Kind::SumsOff | Kind::WrongSex | Kind::FeeDiffers => {
                let mut draw = Draw::new(self.settings.seed, home.number, Purpose::Plant);
                let right = right(home, 0, bill.start, bill.settled);
                let total = home.stays[stay].total;
                let page = (home.stays[stay].icd, home.stays[stay].dx);
                home.bills.push(refund(&bill, day));
                home.bills.push(Bill {
                    serial: REPAIR + 1,
                    settled: day,
                    money: money(total, Care::Inpatient, false, right, &mut draw),
                    icd: page.0,
                    dx: page.1,
                    by_hand: false,
                    ..bill
                });
            }
            _ => {}
        }
    }

    /// The subsidy is granted after all, and what was collected too much is paid back.
    fn subsidise(&self, home: &mut Home, year: i32, day: NaiveDate) {
        let rights: Vec<_> =
            (0..home.covers.len()).map(|n| subsidy(home, 0, home.covers[n].year)).collect();
        for (c, (kind, amount)) in home.covers.iter_mut().zip(rights) {
            if c.person == 0 && c.year >= year {
                c.subsidy = amount;
                c.subsidy_type = kind;
                c.self_paid -= amount;
            }
        }
        let collected: Vec<Premium> =
            home.premiums.iter().filter(|p| p.serial >= 800).cloned().collect();
        home.premiums.extend(collected.into_iter().map(|p| Premium {
            serial: p.serial + 10_000,
            amount: -p.amount,
            paid_on: day.max(p.paid_on),
            refund: true,
            ..p
        }));
    }

    /// The tax office collects what the register has long known.
    fn pay_late(&self, home: &mut Home, year: i32, day: NaiveDate) {
        for c in home.covers.iter().filter(|c| c.person == 1 && c.year >= year) {
            let paid_on = day.max(c.paid_on);
            home.premiums
                .push(Premium { paid_on, ..super::cover::premium(c, 900 + c.year as u64) });
        }
    }

    /// The disease is registered, or its treatment begins.
    fn register(&self, home: &mut Home, kind: Kind, day: NaiveDate) {
        let org = self.sites[home.county].hospital;
        match kind {
            Kind::Untreated => {
                for reg in &mut home.regs {
                    reg.status = "救治中";
                    reg.first = Some(day);
                }
            }
            Kind::Unregistered => {
                let ill = illness(("d23", "大病", "I63.900", "脑梗死"), plus(day, -1));
                home.regs.push(Reg { person: 0, ill, status: "救治中", first: Some(day), org });
            }
            _ => {
                let (icd, name, no) = ("E83.000", "肝豆状核变性", "046");
                let (since, org) = (plus(day, -1), self.province);
                home.rares.push(Rare { person: 0, icd, name, no, since, org, cost: 2_400_000 });
            }
        }
    }

    /// Dialysis goes on.
    fn resume(&self, home: &mut Home, day: NaiveDate) {
        let mut draw = Draw::new(self.settings.seed, home.number, Purpose::Plant);
        let org = self.sites[home.county].hospital;
        for n in 0..=(self.last() - day).num_days() / 3 {
            let case = Case::day(
                0,
                ("14", Care::Special),
                org,
                plus(day, n * 3),
                (KIDNEY.2, KIDNEY.3),
                14_000,
            );
            self.visit(home, Case { proc: Some("HD"), ..case }, &mut draw);
            if let Some(bill) = home.bills.last_mut() {
                bill.serial = REPAIR + n as u64;
                bill.visit = bill.serial;
            }
        }
    }
}

/// A further settlement of the same visit, in which assistance pays so much more to the person.
fn supplement(home: &mut Home, bill: &Bill, amount: i64, day: NaiveDate) {
    let money = Money { assist: amount, ..Money::default() }.balanced();
    home.bills.push(Bill { serial: REPAIR, settled: day, money, ..bill.clone() });
}

/// The settlement taken back.
fn refund(bill: &Bill, day: NaiveDate) -> Bill {
    Bill {
        serial: REPAIR,
        settled: day,
        money: bill.money.negative(),
        orig: Some(bill.serial),
        ..bill.clone()
    }
}

//! Plants in treatment, contracts, follow-ups and clocks.

use chrono::NaiveDate;

use super::World;
use super::bills::Case;
use super::draw::{Draw, plus};
use super::model::{Home, Reg};
use super::money::Care;
use super::plant::{Implied, Kind, household, person};
use super::plot::Spot;
use super::standing::{STOMACH, illness};

/// Number of the settlement that shows a rare disease.
const RARE: u64 = 9_020;

impl World {
    /// Plants in care; none when the plant is of another sort.
    pub(super) fn spoil_care(
        &self,
        home: &mut Home,
        spot: Spot,
        at: NaiveDate,
        draw: &mut Draw,
    ) -> Option<Implied> {
        let found = match spot.kind {
            Kind::Untreated => {
                let ill = illness(STOMACH, plus(at, -110));
                let org = self.sites[home.county].hospital;
                home.regs.push(Reg { person: 0, ill, status: "未救治", first: None, org });
                home.persons[0].ills.push(ill);
                ("TRT01", person(home, 0))
            }
            Kind::DialysisStopped => {
                let last = plus(self.first(), -60);
                home.bills.retain(|b| b.proc.is_none() || b.settled <= last);
                ("TRT05", person(home, 0))
            }
            Kind::RareUnregistered => {
                home.rares.retain(|r| r.person != 0);
                // The register comes each quarter: it has told the term of who was seen first so long ago.
                let day = plus(at, -130);
                let dx = ("E83.000", "肝豆状核变性");
                let case = Case::day(0, ("14", Care::Special), self.province, day, dx, 156_000);
                self.visit(home, case, draw);
                home.bills.last_mut()?.serial = RARE;
                ("RAR01", person(home, 0))
            }
            Kind::NoContract => {
                unsign(home, spot.instance, at);
                ("FDC01", person(home, 0))
            }
            Kind::NoFollowUp => {
                home.visits.retain(|v| v.person != 0);
                ("FDC03", person(home, 0))
            }
            Kind::NotVisited => {
                home.list.as_mut()?.mon.as_mut()?.visited = None;
                ("MEC01", household(home))
            }
            Kind::NotHelped => {
                for m in &mut home.list.as_mut()?.mon.as_mut()?.measures {
                    m.2 = None;
                }
                ("MEC02", household(home))
            }
            _ => return None,
        };
        Some(vec![found])
    }
}

/// Takes the head's contract away, or lets it run out before the month that the newest extract tells.
fn unsign(home: &mut Home, instance: u64, at: NaiveDate) {
    if instance.is_multiple_of(2) {
        home.contracts.retain(|c| c.person != 0);
        return;
    }
    home.contracts.retain(|c| c.person != 0 || c.start <= at);
    for c in home.contracts.iter_mut().filter(|c| c.person == 0) {
        c.end = plus(at, -40).min(c.end);
    }
}

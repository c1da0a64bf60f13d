//! Plants in lists and registers: IDs, names, households, insurance.

use chrono::Datelike;

use super::draw::{Draw, coded, date, plus};
use super::ids::wrong_check;
use super::model::{Copy_, CoverKind, Damage, Home, Person, Waiver};
use super::plant::{Implied, Kind, household, person};
use super::plot::Spot;
use super::{Subject, World};

impl World {
    /// Plants in IDs, lists and enrolment; none when the plant is of another sort.
    pub(super) fn spoil_list(
        &self,
        home: &mut Home,
        spot: Spot,
        draw: &mut Draw,
    ) -> Option<Implied> {
        if let Some(implied) = self.spoil_id(home, spot.kind, draw) {
            return Some(implied);
        }
        if let Some(implied) = self.spoil_cover(home, spot) {
            return Some(implied);
        }
        let house = household(home);
        let list = home.list.as_mut();
        let rule = match (spot.kind, list) {
            (Kind::TwoHeads, _) => {
                home.persons[1].rel = "户主";
                "LST01"
            }
            (Kind::NoHead, _) => {
                home.persons[0].rel = "其他";
                "LST01"
            }
            (Kind::SizeWrong, Some(list)) => {
                list.size_error = 1;
                "LST02"
            }
            (Kind::PoorUnlisted, Some(list)) => {
                list.income = 520_000;
                "LST04"
            }
            (Kind::ClearedPoor, Some(list)) => {
                let mon = list.mon.as_mut()?;
                mon.income_after = 480_000;
                mon.cleared = mon.cleared.map(|(day, _)| (day, "帮扶消除"));
                "LST05"
            }
            (Kind::IllWithoutIllness, Some(list)) => {
                list.mon.as_mut()?.risks = &["因病"];
                "LST07"
            }
            (Kind::CopyMissing, Some(list)) => {
                list.copy = Copy_::Missing;
                "LST10"
            }
            (Kind::CopyOtherType, Some(list)) => {
                let kind = list.mon.as_ref()?.kind;
                list.copy = Copy_::OtherType(if kind == "脱贫不稳定户" {
                    "突发严重困难户"
                } else {
                    "脱贫不稳定户"
                });
                "LST10"
            }
            (Kind::CopyExtra, Some(list)) => {
                list.copy = Copy_::Extra;
                "LST10"
            }
            _ => return None,
        };
        Some(vec![(rule, house)])
    }

    fn spoil_id(&self, home: &mut Home, kind: Kind, draw: &mut Draw) -> Option<Implied> {
        let id = home.persons[0].id.clone();
        let (table, other, rule) = match kind {
            Kind::IdChecksum => ("poverty_member", Some(wrong_check(&id)), "ID01"),
            Kind::IdLength => ("poverty_member", Some(id[..17].to_owned()), "ID02"),
            Kind::IdCard => {
                ("poverty_member", Some([wrong_check(&id).as_str(), "43"].concat()), "ID03")
            }
            Kind::IdMissing => ("poverty_member", None, "ID04"),
            Kind::IdPlaceholder => {
                ("poverty_member", Some(coded("999999", home.number, 12)), "ID04")
            }
            Kind::IdExcel => {
                // What Excel keeps of a number: fifteen digits. Should the rest check by chance, as the number is shown.
                let cut = [&id[..15], "000"].concat();
                let valid = super::ids::check_char(cut.as_bytes()) == '0';
                let shown = if valid { [&id[..1], ".", &id[1..15], "E+17"].concat() } else { cut };
                ("settlement", Some(shown), "ID07")
            }
            Kind::NameVariant => {
                let name = self.another_name(home, draw);
                home.damages.push(Damage {
                    table: "insured",
                    person: 0,
                    id: None,
                    name: Some(name),
                });
                return Some(vec![("ID08", person(home, 0))]);
            }
            Kind::IdShared => {
                home.doubles.push(self.stranger(home, id));
                return Some(vec![("ID05", person(home, 0))]);
            }
            _ => return None,
        };
        home.damages.push(Damage { table, person: 0, id: Some(other), name: None });
        Some(vec![(rule, person(home, 0))])
    }

    /// The head's name with another last character.
    fn another_name(&self, home: &Home, draw: &mut Draw) -> String {
        let mut chars: Vec<char> = home.persons[0].name.chars().collect();
        let last = chars.pop().unwrap_or('国');
        let others: Vec<char> = "凯斐澜琪瀚铭翰曦".chars().filter(|c| *c != last).collect();
        chars.push(draw.pick(&others));
        chars.into_iter().collect()
    }

    /// Somebody else who is registered under this ID.
    fn stranger(&self, home: &Home, id: String) -> Person {
        let head = &home.persons[0];
        let names = if head.male {
            ["欧阳雪琴", "司马玉珠"]
        } else {
            ["欧阳振邦", "司马长河"]
        };
        Person {
            slot: 7,
            male: !head.male,
            birth: plus(head.birth, 4321),
            id,
            name: names[(home.number % 2) as usize].to_owned(),
            rel: "其他",
            groups: Vec::new(),
            ills: Vec::new(),
            ..head.clone()
        }
    }

    fn spoil_cover(&self, home: &mut Home, spot: Spot) -> Option<Implied> {
        let year = self.settings.nights[spot.night].year();
        let who = 1;
        let implied: Vec<&'static str> = match spot.kind {
            Kind::MonitoredUninsured => {
                uninsure(home, who, i32::MIN);
                vec!["INS01"]
            }
            Kind::MonitoredWaived => {
                uninsure(home, who, i32::MIN);
                let from = plus(self.first(), -60);
                home.waivers.push(Waiver {
                    person: who,
                    rule: "INS01",
                    reason: "外省参保",
                    from,
                    to: plus(self.last(), 200),
                });
                vec!["INS01"]
            }
            Kind::LiftedUninsured => {
                uninsure(home, who, i32::MIN);
                vec!["INS02"]
            }
            Kind::LiftedLapsed => {
                uninsure(home, who, year);
                vec!["INS02", "INS11"]
            }
            Kind::ListDenies => {
                home.list.as_mut()?.claim_error = Some(who);
                vec!["INS03"]
            }
            Kind::TwoInsurances | Kind::TwoPlaces => {
                self.insure_twice(home, who, spot.kind == Kind::TwoPlaces);
                vec!["INS04"]
            }
            Kind::DeadInsured => {
                self.dies(home, self.settings.nights[spot.night]);
                home.covers.iter_mut().filter(|c| c.person == who).for_each(|c| c.ghost = true);
                vec!["INS05"]
            }
            _ => return self.spoil_premium(home, spot, year),
        };
        let subject: Subject = person(home, who);
        Some(implied.into_iter().map(|rule| (rule, subject.clone())).collect())
    }

    fn spoil_premium(&self, home: &mut Home, spot: Spot, year: i32) -> Option<Implied> {
        let who = 1;
        match spot.kind {
            Kind::NoSubsidy => {
                for c in home.covers.iter_mut().filter(|c| c.person == 0 && c.year >= year) {
                    c.self_paid += c.subsidy;
                    c.subsidy = 0;
                    c.subsidy_type = None;
                }
                same_premium(home);
                return Some(vec![("INS06", person(home, 0))]);
            }
            Kind::PremiumDiffers => {
                home.premiums
                    .iter_mut()
                    .filter(|p| p.person == who)
                    .for_each(|p| p.amount -= 5_000);
            }
            Kind::PremiumMissing => {
                home.premiums.retain(|p| p.person != who);
            }
            Kind::PremiumUnregistered => {
                home.covers.retain(|c| c.person != who || c.year < year);
                // Long enough ago that the register must know of it.
                let paid = home.premiums.iter_mut().filter(|p| p.person == who);
                paid.for_each(|p| p.paid_on = date(p.year - 1, 9, 20));
                home.bills.retain(|b| b.person != who);
                home.stays.retain(|s| s.person != who);
            }
            _ => return None,
        }
        Some(vec![("INS14", person(home, who))])
    }

    fn insure_twice(&self, home: &mut Home, who: usize, places: bool) {
        let other =
            self.sites.iter().map(|s| &s.code).find(|c| **c != self.sites[home.county].code);
        let more: Vec<_> = home
            .covers
            .iter()
            .filter(|c| c.person == who && c.year >= self.first().year())
            .cloned()
            .map(|mut c| {
                match other.filter(|_| places) {
                    Some(county) => c.div = coded(county, 0, 6),
                    None => {
                        c.insutype = "310";
                        c.self_paid = 0;
                        c.subsidy = 0;
                        c.subsidy_type = None;
                        c.fiscal = 0;
                    }
                }
                c
            })
            .collect();
        home.covers.extend(more);
    }
}

/// Takes somebody's insurance away from a year on, and everything that rests on it.
fn uninsure(home: &mut Home, who: usize, from: i32) {
    home.covers.retain(|c| c.person != who || c.year < from);
    home.premiums.retain(|p| p.person != who || p.year < from);
    home.bills.retain(|b| b.person != who);
    home.stays.retain(|s| s.person != who);
    if from == i32::MIN {
        home.persons[who].cover = CoverKind::Never;
    }
}

/// The tax office collected what the register says.
fn same_premium(home: &mut Home) {
    for p in &mut home.premiums {
        if let Some(c) = home.covers.iter().find(|c| c.person == p.person && c.year == p.year) {
            p.amount = c.self_paid;
        }
    }
}

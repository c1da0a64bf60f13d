//! Plants in lists and registers: IDs, names, households, insurance.

use chrono::NaiveDate;

use super::cover::{insurance_year, premium};
use super::draw::{coded, plus};
use super::ids::wrong_check;
use super::model::{Copy_, Damage, Home, Person, Premium, Waiver};
use super::plant::{Implied, Kind, household, person};
use super::plot::Spot;
use super::{Subject, World};

/// A difference between the two lists: a finding of the rule that knows all differences, and of the
/// one that knows this one.
fn two_lists(rule: &'static str, house: Subject) -> Implied {
    vec![("LST10", house.clone()), (rule, house)]
}

impl World {
    /// Plants in IDs, lists and enrolment; none when the plant is of another sort.
    pub(super) fn spoil_list(&self, home: &mut Home, spot: Spot) -> Option<Implied> {
        if let Some(implied) = self.spoil_id(home, spot.kind) {
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
                return Some(two_lists("LSD01", house));
            }
            (Kind::CopyOtherType, Some(list)) => {
                let kind = list.mon.as_ref()?.kind;
                list.copy = Copy_::OtherType(if kind == "脱贫不稳定户" {
                    "突发严重困难户"
                } else {
                    "脱贫不稳定户"
                });
                return Some(two_lists("LSD03", house));
            }
            (Kind::CopyExtra, Some(list)) => {
                list.copy = Copy_::Extra;
                return Some(two_lists("LSD02", house));
            }
            _ => return None,
        };
        Some(vec![(rule, house)])
    }

    fn spoil_id(&self, home: &mut Home, kind: Kind) -> Option<Implied> {
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
                ("insured", Some(shown), "ID07")
            }
            Kind::NameVariant => {
                let name = self.another_name(home);
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

    /// The head's name with another last character, of a sound that no name of this world has. A
    /// name of two gets it on top: with one of two characters changed it would be another person's.
    fn another_name(&self, home: &Home) -> String {
        let mut chars: Vec<char> = home.persons[0].name.chars().collect();
        if chars.len() > 2 {
            chars.pop();
        }
        chars.push('凯');
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
        let year = insurance_year(self.settings.nights[spot.night]);
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
        let night = self.settings.nights[spot.night];
        match spot.kind {
            Kind::NoSubsidy => {
                unsubsidised(home, year, night);
                return Some(vec![("INS06", person(home, 0))]);
            }
            Kind::PremiumDiffers => {
                let own = home.covers.iter_mut().filter(|c| c.person == who && c.year >= year);
                own.for_each(|c| c.self_paid += 5_000);
            }
            Kind::PremiumMissing => home.premiums.retain(|p| p.person != who || p.year < year),
            Kind::PremiumUnregistered => {
                hide_cover(home, who, year);
                // Long enough ago that the register must know of it.
                let paid = home.premiums.iter_mut().filter(|p| p.person == who && p.year >= year);
                paid.for_each(|p| p.paid_on = plus(night, -40));
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
            .filter(|c| c.person == who && c.year >= insurance_year(self.first()))
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

/// Takes somebody's insurance away from a year on.
fn uninsure(home: &mut Home, who: usize, from: i32) {
    home.covers.retain(|c| c.person != who || c.year < from);
    home.premiums.retain(|p| p.person != who || p.year < from);
}

/// The register does not show somebody's insurance from a year on.
pub(super) fn hide_cover(home: &mut Home, who: usize, year: i32) {
    let own = home.covers.iter_mut().filter(|c| c.person == who && c.year >= year);
    own.for_each(|c| c.paid_on = NaiveDate::MAX);
}

/// The head pays the whole premium: what the subsidy should have paid is collected on this night.
fn unsubsidised(home: &mut Home, year: i32, night: NaiveDate) {
    for c in home.covers.iter_mut().filter(|c| c.person == 0 && c.year >= year) {
        let more = Premium {
            amount: c.subsidy,
            paid_on: night.max(c.paid_on),
            ..premium(c, 800 + c.year as u64)
        };
        c.self_paid += c.subsidy;
        c.subsidy = 0;
        c.subsidy_type = None;
        home.premiums.push(more);
    }
}

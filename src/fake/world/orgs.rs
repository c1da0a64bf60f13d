//! Hospitals, township hospitals and clinics, and which village has which.

use super::draw::{coded, digits, mix};
use super::geography::{County, Geography};

/// An institution.
#[derive(Debug, Clone)]
pub(super) struct Org {
    /// 22 characters, the health system's code.
    pub(super) code: String,
    /// 12 characters, the insurance's code.
    pub(super) fix: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) grade: &'static str,
    pub(super) county: usize,
    /// Position among the county's villages, of a clinic.
    pub(super) village: Option<usize>,
    pub(super) joint: Vec<usize>,
    pub(super) beds: i64,
}

/// A county's villages and hospitals; numbers are positions among the world's institutions.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) code: String,
    pub(super) poverty832: bool,
    pub(super) villages: Vec<Hamlet>,
    pub(super) hospital: usize,
    pub(super) tcm: usize,
    pub(super) mch: usize,
    /// The township with the most villages; the first of several.
    pub(super) largest_town: usize,
    town_orgs: Vec<usize>,
}

/// A village and what serves it.
#[derive(Debug, Clone)]
pub(super) struct Hamlet {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) town: usize,
    pub(super) rural: bool,
    pub(super) role: Role,
    /// Where its people go first: their clinic, a neighbour's, or the township hospital.
    pub(super) served: usize,
}

/// How a village is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Clinic,
    /// Served by the clinic of another village.
    Joint,
    /// Seat of the township: needs no clinic.
    Seat,
    /// Visited by a doctor of the township hospital on three days a week.
    Touring,
    /// A neighbourhood, no village.
    Neighbourhood,
    /// Merged into another village years ago, but still in the code list.
    Merged,
}

impl Site {
    /// The township hospital of a village.
    pub(super) fn town_hospital(&self, village: usize) -> usize {
        self.town_orgs[self.villages[village].town]
    }
}

/// The sites of all counties, all institutions, and the position of the provincial hospital.
pub(super) fn build(geography: &Geography) -> (Vec<Site>, Vec<Org>, usize) {
    let mut orgs = Vec::new();
    let sites: Vec<Site> = geography
        .counties
        .iter()
        .enumerate()
        .map(|(c, county)| site(c, county, &mut orgs))
        .collect();
    let province = orgs.len();
    let home = geography.counties.iter().position(|c| c.code == "620102").unwrap_or(0);
    orgs.push(org(
        home,
        &geography.counties[home].code,
        90_001,
        "省级综合医院",
        ("省级医院", "三甲"),
        2600,
    ));
    (sites, orgs, province)
}

fn org(
    county: usize,
    code: &str,
    serial: u64,
    name: &str,
    kind: (&'static str, &'static str),
    beds: i64,
) -> Org {
    // 22 characters: unit number (9), division (6), economic type (2), kind (4), affiliation (1).
    let mut health = String::with_capacity(22);
    digits(&mut health, county as u64 + 1, 4);
    digits(&mut health, serial, 5);
    health.push_str(code);
    health.push_str("11");
    health.push_str(match kind.0 {
        "村卫生室" => "D600",
        "乡镇卫生院" => "C220",
        "社区中心" => "B100",
        _ => "A100",
    });
    health.push('1');
    let mut head = String::from("H");
    head.push_str(code);
    Org {
        code: health,
        fix: coded(&head, serial, 5),
        name: name.to_owned(),
        kind: kind.0,
        grade: kind.1,
        county,
        village: None,
        joint: Vec::new(),
        beds,
    }
}

fn site(c: usize, county: &County, orgs: &mut Vec<Org>) -> Site {
    let hospital = orgs.len();
    let named = |tail: &str| [county.name.as_str(), tail].concat();
    orgs.push(org(c, &county.code, 1, &named("人民医院"), ("县医院", "二甲"), 420));
    orgs.push(org(c, &county.code, 2, &named("中医医院"), ("县中医院", "二乙"), 180));
    orgs.push(org(c, &county.code, 3, &named("妇幼保健院"), ("县妇幼", "二乙"), 90));
    let town_orgs = town_hospitals(c, county, orgs);
    let mut villages: Vec<Hamlet> = Vec::new();
    let mut last_clinic: Option<(usize, usize)> = None;
    let mut last_town = usize::MAX;
    for (i, (t, _, village)) in county.villages().enumerate() {
        let seat = t != last_town;
        last_town = t;
        let neighbour = last_clinic.filter(|(town, _)| *town == t).map(|(_, org)| org);
        let role = role(&village.code, seat, village.is_rural(), neighbour.is_some());
        let served = match role {
            Role::Clinic => {
                last_clinic = Some((t, orgs.len()));
                let name = [
                    county.name.as_str(),
                    &county.towns[t].name,
                    village_stem(&village.name),
                    "卫生室",
                ]
                .concat();
                let clinic =
                    org(c, &county.code, 1000 + i as u64, &name, ("村卫生室", "未定级"), 0);
                orgs.push(Org { village: Some(i), ..clinic });
                orgs.len() - 1
            }
            Role::Joint => {
                let clinic = neighbour.unwrap_or(town_orgs[t]);
                orgs[clinic].joint.push(i);
                clinic
            }
            _ => town_orgs[t],
        };
        villages.push(Hamlet {
            code: village.code.clone(),
            name: village.name.clone(),
            town: t,
            rural: village.is_rural(),
            role,
            served,
        });
    }
    let size = |town: usize| county.towns[town].villages.len();
    let largest_town = (0..county.towns.len()).rev().max_by_key(|t| size(*t)).unwrap_or_default();
    Site {
        code: county.code.clone(),
        poverty832: county.poverty832,
        largest_town,
        villages,
        hospital,
        tcm: hospital + 1,
        mch: hospital + 2,
        town_orgs,
    }
}

/// The township hospitals (or community centres) of a county.
fn town_hospitals(c: usize, county: &County, orgs: &mut Vec<Org>) -> Vec<usize> {
    let mut town_orgs = Vec::with_capacity(county.towns.len());
    for (t, town) in county.towns.iter().enumerate() {
        let street = town.villages.iter().all(|v| !v.is_rural());
        let (tail, kind) = if street {
            ("社区卫生服务中心", "社区中心")
        } else {
            ("卫生院", "乡镇卫生院")
        };
        town_orgs.push(orgs.len());
        orgs.push(org(
            c,
            &county.code,
            10 + t as u64,
            &[county.name.as_str(), &town.name, tail].concat(),
            (kind, "一级"),
            30,
        ));
    }
    town_orgs
}

fn role(code: &str, seat: bool, rural: bool, neighbour: bool) -> Role {
    if !rural {
        return Role::Neighbourhood;
    }
    if seat {
        return Role::Seat;
    }
    let number = code.bytes().fold(0u64, |n, b| n * 10 + u64::from(b.wrapping_sub(b'0')));
    match mix(number, 77) % 100 {
        0..=5 if neighbour => Role::Joint,
        6..=8 => Role::Touring,
        9 => Role::Merged,
        _ => Role::Clinic,
    }
}

fn village_stem(name: &str) -> &str {
    name.trim_end_matches("民委员会").trim_end_matches("委会")
}

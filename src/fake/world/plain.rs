//! The tables that are not about persons: villages, institutions, staff.

use chrono::NaiveDate;

use super::draw::{coded, date, mix, plus};
use super::ids::staff_id;
use super::model::Home;
use super::orgs::{Hamlet, Org, Role, Site};
use super::plot::{Place, PlaceKind, Span};
use super::rows::{date_or, own, text, text_or};
use super::{Plant, Record, Settings, Subject, Value, World};

/// Persons of a county from which on a township is more households than the totals of two sheets may differ by.
const ENOUGH: u64 = 1_000;

/// The anomalies of villages and institutions: some of each kind, more in a greater world, never two in one place.
pub(super) fn plant_places(settings: &Settings, sites: &[Site], orgs: &[Org]) -> Vec<Place> {
    let nights = settings.nights.len();
    let mut clinics: Vec<usize> = (0..orgs.len())
        .filter(|o| orgs[*o].village.is_some() && orgs[*o].joint.is_empty())
        .collect();
    let mut counties: Vec<usize> = (0..sites.len()).filter(|c| sites[*c].poverty832).collect();
    clinics.sort_by_key(|o| mix(*o as u64, settings.seed));
    counties.sort_by_key(|c| mix(*c as u64, settings.seed ^ 5));
    let some = |all: usize, kinds: usize, least: usize| {
        let share = (all as f64 * settings.plant_rate.min(0.5)) as usize / kinds;
        share.max(least).min(all / (kinds + 1))
    };
    let mut places = Vec::new();
    let mut add = |kind, from: &[usize], n: usize, at: usize| {
        for (instance, index) in from.iter().skip(at).take(n).enumerate() {
            let county = if matches!(
                kind,
                PlaceKind::ClinicClosed | PlaceKind::DoctorGone | PlaceKind::LicenceExpired
            ) {
                orgs[*index].county
            } else {
                *index
            };
            places.push(Place {
                kind,
                county,
                index: *index,
                span: Span::of(instance as u64, settings.seed ^ kind as u64, nights),
            });
        }
    };
    let n = some(clinics.len(), 3, 3);
    for (k, kind) in [PlaceKind::ClinicClosed, PlaceKind::DoctorGone, PlaceKind::LicenceExpired]
        .into_iter()
        .enumerate()
    {
        add(kind, &clinics, n, k * n);
    }
    let n = some(counties.len(), 2, 1);
    for (k, kind) in [PlaceKind::LinkClosed, PlaceKind::PostsEmpty].into_iter().enumerate() {
        add(kind, &counties, n, k * n);
    }
    let mut ledgers: Vec<usize> = (0..sites.len()).collect();
    ledgers.sort_by_key(|c| mix(*c as u64, settings.seed ^ 9));
    let n = some(ledgers.len(), 1, 1);
    add(PlaceKind::LedgerOff, &ledgers, n, 0);
    if settings.people / sites.len() as u64 >= ENOUGH {
        add(PlaceKind::SheetCut, &ledgers, some(ledgers.len(), 1, 3), n);
    }
    places
}

impl Place {
    /// The anomaly that this place must show.
    pub(super) fn plant(&self, sites: &[Site], orgs: &[Org]) -> Plant {
        let village = || {
            let at = orgs[self.index].village.unwrap_or(0);
            sites[self.county].villages[at].code.clone()
        };
        let hospital = || orgs[sites[self.county].hospital].code.clone();
        let (rule, cause, subject) = match self.kind {
            PlaceKind::ClinicClosed => ("ORG01", "clinic closed", village()),
            PlaceKind::DoctorGone => ("ORG02", "doctor left", village()),
            PlaceKind::LicenceExpired => ("ORG02", "licence expired", village()),
            PlaceKind::LinkClosed => ("TEL01", "telemedicine closed", hospital()),
            PlaceKind::PostsEmpty => ("PAIR02", "posted staff left", hospital()),
            PlaceKind::LedgerOff => {
                ("REC02", "ledger counts too many", sites[self.county].code.clone())
            }
            PlaceKind::SheetCut => {
                ("REC01", "a township left out of the sheet", sites[self.county].code.clone())
            }
        };
        let span = self.span;
        Plant {
            rule,
            subject: Subject::Text(subject),
            cause,
            night: span.night,
            cleared: span.cleared,
            waived: false,
        }
    }
}

/// What a worker does and may do.
struct Post<'a> {
    post: &'a str,
    licence: &'a str,
    deploy: &'a str,
    left: Option<NaiveDate>,
    valid: Option<NaiveDate>,
    village: Option<&'a str>,
}

impl<'a> Post<'a> {
    fn new(post: &'a str, licence: &'a str, deploy: &'a str) -> Self {
        Self { post, licence, deploy, left: None, valid: None, village: None }
    }
}

impl World {
    /// The doctor of the household's village.
    pub(super) fn doctor(&self, home: &Home) -> &str {
        &self.doctors[self.sites[home.county].villages[home.village].served]
    }

    /// Whether the sheet of households leaves this one out on a night. One under watch is never left out: the health
    /// system would know it alone.
    pub(super) fn cut(&self, home: &Home, night: usize) -> bool {
        let site = &self.sites[home.county];
        home.list.as_ref().is_some_and(|l| l.mon.is_none())
            && self.plot.places.iter().any(|p| {
                p.kind == PlaceKind::SheetCut && p.index == home.county && p.span.holds(night)
            })
            && site.villages[home.village].town == site.largest_town
    }

    /// Rows of the plain tables as of a night.
    pub(super) fn plain_rows(&self, night: usize, out: &mut dyn FnMut(&Record<'_>)) {
        let asof = self.settings.nights[night];
        let bad = |kind: PlaceKind, index: usize| {
            self.plot
                .places
                .iter()
                .any(|p| p.kind == kind && p.index == index && p.span.holds(night))
        };
        for (i, org) in self.orgs.iter().enumerate() {
            self.institution(org, bad(PlaceKind::ClinicClosed, i), asof, out);
            self.staff(
                i,
                org,
                [PlaceKind::ClinicClosed, PlaceKind::DoctorGone, PlaceKind::LicenceExpired]
                    .map(|k| bad(k, i)),
                out,
            );
        }
        for (c, site) in self.sites.iter().enumerate() {
            for (v, hamlet) in site.villages.iter().enumerate() {
                self.village(v, hamlet, out);
            }
            let doomed =
                self.plot.places.iter().any(|p| p.kind == PlaceKind::LinkClosed && p.index == c);
            self.telemedicine(c, site, (bad(PlaceKind::LinkClosed, c), doomed), asof, out);
            self.pairing(c, site, bad(PlaceKind::PostsEmpty, c), asof, out);
        }
    }

    fn institution(
        &self,
        org: &Org,
        closed: bool,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let site = &self.sites[org.county];
        let village = org.village.map(|v| site.villages[v].code.as_str());
        let joint: Vec<&str> = org.joint.iter().map(|v| site.villages[*v].code.as_str()).collect();
        out(&Record {
            table: "institution",
            person: None,
            fields: vec![
                ("org_code", text(&org.code)),
                ("fixmedins_code", text(&org.fix)),
                ("uscc", Value::Null),
                ("name", text(&org.name)),
                ("kind", text(org.kind)),
                ("grade", text(org.grade)),
                ("division", village.map_or_else(|| own(coded(&site.code, 0, 6)), text)),
                ("village_code", text_or(village)),
                (
                    "joint_villages",
                    if joint.is_empty() { Value::Null } else { own(joint.join("|")) },
                ),
                ("open_date", Value::Date(date(2010, 6, 1))),
                (
                    "close_date",
                    if closed {
                        Value::Date(plus(asof.min(self.first()), -40))
                    } else {
                        Value::Null
                    },
                ),
                ("status", text(if closed { "3" } else { "1" })),
                ("house_sqm", Value::Cents(if village.is_some() { 8000 } else { 350_000 })),
                ("beds", Value::Int(org.beds)),
                ("insured_point", Value::Bool(true)),
                ("is_public", Value::Bool(true)),
            ],
        });
    }

    fn staff(
        &self,
        i: usize,
        org: &Org,
        [closed, gone, expired]: [bool; 3],
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let first = self.first();
        match org.kind {
            "村卫生室" => {
                let days = if expired { -25 } else { 900 + (i % 700) as i64 };
                let post = Post {
                    left: (closed || gone).then(|| plus(first, -35)),
                    valid: Some(plus(first, days)),
                    ..Post::new("乡村医生", "乡村医生证", "本村")
                };
                self.worker(i, 0, org, &post, out);
            }
            "乡镇卫生院" | "社区中心" => {
                for (n, licence) in ["执业医师", "执业助理医师", "执业护士"].iter().enumerate()
                {
                    self.worker(i, n as u64, org, &Post::new("临床", licence, "县管乡用"), out);
                }
                let site = &self.sites[org.county];
                let touring = site.villages.iter().enumerate();
                let touring = touring
                    .filter(|(v, h)| h.role == Role::Touring && site.town_hospital(*v) == i)
                    .map(|(_, h)| h.code.as_str());
                for (n, village) in touring.enumerate() {
                    let post = Post::new("巡诊", "执业助理医师", "巡诊");
                    let post = Post { village: Some(village), ..post };
                    self.worker(i, 3 + n as u64, org, &post, out);
                }
            }
            _ => {
                for n in 0..4 {
                    self.worker(i, n, org, &Post::new("临床", "执业医师", "本村"), out);
                }
            }
        }
    }

    fn worker(
        &self,
        i: usize,
        n: u64,
        org: &Org,
        post: &Post<'_>,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let number = i as u64 * 8 + n.min(7) + (n / 8) * 1_000_000;
        let male = mix(number, 3).is_multiple_of(2);
        let (birth, id) = staff_id(number, male, date(1994, 12, 31));
        let own_village = org.village.map(|v| self.sites[org.county].villages[v].code.as_str());
        out(&Record {
            table: "staff",
            person: None,
            fields: vec![
                ("staff_id", own(coded("S", i as u64 * 100 + n, 8))),
                ("id_no", own(id)),
                (
                    "name",
                    if n == 0 {
                        text(&self.doctors[i])
                    } else {
                        own([
                            self.doctors[i].as_str(),
                            ["", "一", "二", "三", "四", "五", "六", "七"][(n % 8) as usize],
                        ]
                        .concat())
                    },
                ),
                ("birth_date", Value::Date(birth)),
                ("org_code", text(&org.code)),
                ("village_code", text_or(post.village.or(own_village))),
                ("post", text(post.post)),
                ("licence", text(post.licence)),
                ("licence_no", own(coded("6201", number, 9))),
                ("licence_valid_to", date_or(post.valid)),
                ("deploy_type", text(post.deploy)),
                ("start_date", Value::Date(date(2018, 3, 1))),
                ("end_date", date_or(post.left)),
                ("days_per_week", Value::Cents(if post.deploy == "巡诊" { 300 } else { 500 })),
            ],
        });
    }

    fn village(&self, v: usize, hamlet: &Hamlet, out: &mut dyn FnMut(&Record<'_>)) {
        let hash = mix(v as u64, hamlet.town as u64);
        let pop = 180 + (hash % 1900) as i64;
        let far = match hamlet.role {
            Role::Clinic => 4,
            _ => 15 + (hash >> 16) % 30,
        };
        // Merged villages and seats have no clinic of their own, and need none.
        let served = matches!(hamlet.role, Role::Neighbourhood | Role::Touring | Role::Joint)
            .then(|| self.orgs[hamlet.served].code.as_str());
        let served = served.filter(|_| hamlet.role != Role::Touring);
        out(&Record {
            table: "village",
            person: None,
            fields: vec![
                ("village_code", text(&hamlet.code)),
                ("name", text(&hamlet.name)),
                ("resident_pop", Value::Int(if hamlet.role == Role::Merged { 0 } else { pop })),
                ("households", Value::Int(if hamlet.role == Role::Merged { 0 } else { pop / 3 })),
                ("is_township_seat", Value::Bool(hamlet.role == Role::Seat)),
                ("clinic_distance_km", Value::Cents(far as i64 * 10)),
                ("served_by_org", text_or(served)),
                ("is_rural", Value::Bool(hamlet.rural)),
                (
                    "merged_on",
                    if hamlet.role == Role::Merged {
                        Value::Date(date(2019, 7, 1))
                    } else {
                        Value::Null
                    },
                ),
            ],
        });
    }
}

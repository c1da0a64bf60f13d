//! The catalogue of planted anomalies: what each one is, which household it needs, what it does to it.

use chrono::{Datelike, Months, NaiveDate};

use super::cover::insurance_year;
use super::draw::{Draw, Purpose, date, plus};
use super::model::Home;
use super::plot::Spot;
use super::wish::{ListWish, Wish};
use super::{Subject, World};
use crate::calendar::month_end;

/// What an anomaly implies: rules and the subjects that they find.
pub(super) type Implied = Vec<(&'static str, Subject)>;

/// A kind of planted anomaly of a household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    IdChecksum,
    IdLength,
    IdCard,
    IdMissing,
    IdPlaceholder,
    IdShared,
    IdExcel,
    NameVariant,
    TwoHeads,
    NoHead,
    SizeWrong,
    PoorUnlisted,
    ClearedPoor,
    IllWithoutIllness,
    CopyMissing,
    CopyOtherType,
    CopyExtra,
    MonitoredUninsured,
    LiftedUninsured,
    LiftedLapsed,
    MonitoredWaived,
    ListDenies,
    TwoInsurances,
    TwoPlaces,
    DeadInsured,
    NoSubsidy,
    PremiumDiffers,
    PremiumMissing,
    PremiumUnregistered,
    HighCostPoor,
    HighCostMargin,
    HighCost,
    NotAssisted,
    LowShare,
    ByHand,
    NoFrontPage,
    FeeDiffers,
    SumsOff,
    Overlap,
    AfterDeath,
    WrongSex,
    Untreated,
    Unregistered,
    DialysisStopped,
    RareUnregistered,
    NoContract,
    NoFollowUp,
    NotVisited,
    NotHelped,
}

impl Kind {
    /// Every kind, in the order in which they are dealt out.
    pub(super) const ALL: [Kind; 49] = [
        Kind::IdChecksum,
        Kind::MonitoredUninsured,
        Kind::HighCost,
        Kind::NotAssisted,
        Kind::NoContract,
        Kind::TwoHeads,
        Kind::NotVisited,
        Kind::NoFrontPage,
        Kind::Untreated,
        Kind::IdLength,
        Kind::IdCard,
        Kind::IdMissing,
        Kind::IdPlaceholder,
        Kind::IdShared,
        Kind::IdExcel,
        Kind::NameVariant,
        Kind::NoHead,
        Kind::SizeWrong,
        Kind::PoorUnlisted,
        Kind::ClearedPoor,
        Kind::IllWithoutIllness,
        Kind::CopyMissing,
        Kind::CopyOtherType,
        Kind::CopyExtra,
        Kind::LiftedUninsured,
        Kind::LiftedLapsed,
        Kind::MonitoredWaived,
        Kind::ListDenies,
        Kind::TwoInsurances,
        Kind::TwoPlaces,
        Kind::DeadInsured,
        Kind::NoSubsidy,
        Kind::PremiumDiffers,
        Kind::PremiumMissing,
        Kind::PremiumUnregistered,
        Kind::HighCostPoor,
        Kind::HighCostMargin,
        Kind::LowShare,
        Kind::ByHand,
        Kind::FeeDiffers,
        Kind::SumsOff,
        Kind::Overlap,
        Kind::AfterDeath,
        Kind::WrongSex,
        Kind::Unregistered,
        Kind::DialysisStopped,
        Kind::RareUnregistered,
        Kind::NoFollowUp,
        Kind::NotHelped,
    ];

    /// What was planted, in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::IdChecksum => "wrong check character in the list",
            Kind::IdLength => "ID of seventeen digits in the list",
            Kind::IdCard => "disability card with a wrong ID in the list",
            Kind::IdMissing => "no ID in the list",
            Kind::IdPlaceholder => "999999 ID in the list",
            Kind::IdShared => "somebody else registered under the ID",
            Kind::IdExcel => "ID cut by Excel in the insurance register",
            Kind::NameVariant => "another name in the insurance register",
            Kind::TwoHeads => "two heads of the household",
            Kind::NoHead => "no head of the household",
            Kind::SizeWrong => "stated size one too many",
            Kind::PoorUnlisted => "income below the line, not monitored",
            Kind::ClearedPoor => "risk cleared while poor",
            Kind::IllWithoutIllness => "risk of illness, nobody ill",
            Kind::CopyMissing => "health system lacks the household",
            Kind::CopyOtherType => "health system has another kind",
            Kind::CopyExtra => "health system monitors, the list does not",
            Kind::MonitoredUninsured => "monitored person not insured",
            Kind::LiftedUninsured => "lifted person not insured",
            Kind::LiftedLapsed => "lifted person insured only last year",
            Kind::MonitoredWaived => "monitored person not insured, waived",
            Kind::ListDenies => "list denies the insurance",
            Kind::TwoInsurances => "insured as employee and resident",
            Kind::TwoPlaces => "insured in two counties",
            Kind::DeadInsured => "dead but still insured",
            Kind::NoSubsidy => "subsidy of the premium not paid",
            Kind::PremiumDiffers => "premium differs from the tax office",
            Kind::PremiumMissing => "premium unknown to the tax office",
            Kind::PremiumUnregistered => "premium paid, not registered",
            Kind::HighCostPoor => "high cost of a lifted person",
            Kind::HighCostMargin => "high cost of a marginal person",
            Kind::HighCost => "high cost of another resident",
            Kind::NotAssisted => "stay of an entitled person without assistance",
            Kind::LowShare => "stay of a lifted person badly reimbursed",
            Kind::ByHand => "stay of a lifted person settled by hand",
            Kind::NoFrontPage => "settled stay without front page",
            Kind::FeeDiffers => "front page with another fee",
            Kind::SumsOff => "sums of a settlement off",
            Kind::Overlap => "overlapping stays",
            Kind::AfterDeath => "visit after death",
            Kind::WrongSex => "diagnosis of the other sex",
            Kind::Untreated => "major disease not treated",
            Kind::Unregistered => "major disease not registered",
            Kind::DialysisStopped => "dialysis stopped",
            Kind::RareUnregistered => "rare disease not registered",
            Kind::NoContract => "chronic patient without contract",
            Kind::NoFollowUp => "chronic patient without visits",
            Kind::NotVisited => "new household not visited",
            Kind::NotHelped => "new household without measure",
        }
    }

    /// Covered by a waiver.
    pub(super) fn waived(self) -> bool {
        self == Kind::MonitoredWaived
    }

    /// The household that it needs.
    pub(super) fn wish(self) -> Wish {
        let lifted = Wish::quiet(ListWish::Lifted);
        let unlisted = Wish::quiet(ListWish::Unlisted);
        let open = Wish::quiet(ListWish::Open);
        // Nothing may rest on an insurance that will be gone, on a death, or on a bill that will be dear.
        let leaver = |wish| Wish { employee: true, idle: Some(1), ..wish };
        match self {
            Kind::NameVariant => Wish { long_name: true, ..lifted },
            Kind::IdChecksum | Kind::IdLength | Kind::IdCard | Kind::IdMissing => lifted,
            Kind::IdPlaceholder | Kind::IdShared | Kind::IdExcel => lifted,
            Kind::TwoHeads | Kind::NoHead | Kind::SizeWrong | Kind::PoorUnlisted => lifted,
            Kind::CopyExtra | Kind::ListDenies => lifted,
            Kind::LiftedUninsured | Kind::LiftedLapsed => leaver(lifted),
            Kind::MonitoredUninsured | Kind::MonitoredWaived => leaver(open),
            Kind::ClearedPoor => Wish::quiet(ListWish::Cleared),
            Kind::IllWithoutIllness | Kind::CopyMissing | Kind::CopyOtherType => open,
            Kind::TwoInsurances | Kind::TwoPlaces | Kind::PremiumDiffers => unlisted,
            Kind::Untreated | Kind::RareUnregistered => unlisted,
            Kind::PremiumMissing | Kind::PremiumUnregistered => Wish { idle: Some(1), ..unlisted },
            Kind::DeadInsured | Kind::AfterDeath => Wish { idle: Some(1), ..unlisted },
            Kind::HighCostPoor => Wish { idle: Some(0), ..lifted },
            Kind::HighCost => Wish { idle: Some(0), ..unlisted },
            Kind::HighCostMargin => Wish { group: Some("低保边缘"), idle: Some(0), ..unlisted },
            Kind::NoSubsidy => Wish { group: Some("低保"), ..unlisted },
            Kind::NotAssisted => Wish { group: Some("低保"), stay: true, ..unlisted },
            Kind::LowShare | Kind::ByHand | Kind::Unregistered => Wish { stay: true, ..lifted },
            Kind::NoFrontPage | Kind::FeeDiffers => Wish { stay: true, ..unlisted },
            Kind::SumsOff | Kind::Overlap => Wish { stay: true, ..unlisted },
            Kind::WrongSex => Wish { stay: true, male: Some(true), ..unlisted },
            Kind::DialysisStopped => Wish { ill: Some("d07"), ..unlisted },
            Kind::NoContract | Kind::NoFollowUp => Wish { ill: Some("hbp"), ..lifted },
            Kind::NotVisited | Kind::NotHelped => Wish::quiet(ListWish::New),
        }
    }

    /// It is about the head's one stay in hospital, which nobody has reported before.
    pub(super) fn rests_on_stay(self) -> bool {
        self.wish().stay && self != Kind::Overlap
    }

    /// It lies in tables of events, so it is put right by further events.
    pub(super) fn is_event(self) -> bool {
        self.rests_on_stay()
            || matches!(
                self,
                Kind::NoSubsidy
                    | Kind::PremiumMissing
                    | Kind::PremiumUnregistered
                    | Kind::DeadInsured
                    | Kind::AfterDeath
                    | Kind::HighCostPoor
                    | Kind::HighCostMargin
                    | Kind::HighCost
                    | Kind::Untreated
                    | Kind::RareUnregistered
                    | Kind::DialysisStopped
                    | Kind::NoFollowUp
            )
    }

    /// It can be put right: a stay that overlaps another was reported and remains.
    pub(super) fn clears(self) -> bool {
        self != Kind::Overlap
    }

    /// Days before its first night on which a household was put under watch, for the clocks.
    pub(super) fn watched_before(self) -> Option<i64> {
        match self {
            Kind::NotVisited => Some(20),
            Kind::NotHelped => Some(45),
            _ => None,
        }
    }
}

impl World {
    /// The household that a plant needs, with the days that hang on its night.
    pub(super) fn wish_of(&self, spot: Spot) -> Wish {
        let identified =
            spot.kind.watched_before().map(|days| plus(self.settings.nights[spot.night], -days));
        Wish { identified, ..spot.kind.wish() }
    }

    /// Spoils the household and says what must be found.
    pub(super) fn apply(&self, home: &mut Home, spot: Spot) -> Implied {
        let mut draw = Draw::new(self.settings.seed, home.number, Purpose::Plant);
        let at = self.settings.nights[spot.night];
        self.spoil_list(home, spot)
            .or_else(|| self.spoil_money(home, spot, at, &mut draw))
            .or_else(|| self.spoil_care(home, spot, at, &mut draw))
            .unwrap_or_default()
    }

    /// Whether a rule can see the anomaly on a night at all: some things are due only from a day of the year on.
    pub(super) fn shows(&self, rule: &str, spot: Spot, night: usize) -> bool {
        let asof = self.settings.nights[night];
        match rule {
            // A right to the year's subsidy exists from its cut-off date on.
            "INS06" => asof >= month_end(date(insurance_year(asof), 2, 1)),
            // The first quarterly visit is due when three months of a year are over and their extracts are in; in January
            // they are of the year before. Contracts begin with the year of the first night.
            "FDC03" => {
                let told = asof - Months::new(if asof.day() < 10 { 2 } else { 1 });
                told.month() >= 3 && told.year() >= self.first().year()
            }
            // A lapse is one against the year before.
            "INS11" => insurance_year(asof) == insurance_year(self.settings.nights[spot.night]),
            _ => true,
        }
    }

    /// The second member died so long before this night that extracts of a month tell the end of every term.
    pub(super) fn dies(&self, home: &mut Home, at: NaiveDate) -> NaiveDate {
        let day = plus(at, -80);
        if let Some(p) = home.persons.get_mut(1) {
            p.death = Some(day);
        }
        day
    }
}

/// A member as a subject.
pub(super) fn person(home: &Home, i: usize) -> Subject {
    Subject::Person { number: home.person_number(i), id: home.persons[i].id.clone() }
}

/// The household number as a subject.
pub(super) fn household(home: &Home) -> Subject {
    Subject::Text(home.list.as_ref().map(|l| l.hh_no.clone()).unwrap_or_default())
}

//! Which household carries which anomaly, and from which night to which.

use super::draw::mix;
use super::orgs::{Org, Site};
use super::plain::plant_places;
use super::plant::Kind;
use super::{Plant, Settings};

/// The plan of all plants, known from the settings alone.
pub(super) struct Plot {
    households: u64,
    /// Households with a plant.
    planted: u64,
    step: u64,
    shift: u64,
    seed: u64,
    nights: usize,
    /// Anomalies of institutions and villages.
    pub(super) plain: Vec<Plant>,
    /// Institutions and villages that are not as they should be.
    pub(super) places: Vec<Place>,
}

/// An anomaly of an institution or village.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) kind: PlaceKind,
    pub(super) county: usize,
    /// Position of the institution, or of the village in its county.
    pub(super) index: usize,
    pub(super) span: Span,
}

/// What can be wrong with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceKind {
    ClinicClosed,
    DoctorGone,
    LicenceExpired,
    LinkClosed,
    PostsEmpty,
    /// The county's ledger counts more than the list.
    LedgerOff,
    /// The list's sheet of households lacks those of a township.
    SheetCut,
}

/// The nights between which something is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) night: usize,
    pub(super) cleared: Option<usize>,
}

/// A plant of one household.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) kind: Kind,
    pub(super) night: usize,
    pub(super) cleared: Option<usize>,
    /// Which plant of its kind it is.
    pub(super) instance: u64,
}

/// Where a night stands to a plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Before,
    Active,
    Past,
}

impl Spot {
    /// Where this night stands.
    pub(super) fn phase(&self, night: usize) -> Phase {
        match self.cleared {
            _ if night < self.night => Phase::Before,
            Some(cleared) if night >= cleared => Phase::Past,
            _ => Phase::Active,
        }
    }
}

impl Span {
    /// The span of plant number `instance`: the first of a kind is there from the start, the second (if there are
    /// nights) comes later, the third goes away; further ones by chance.
    pub(super) fn of(instance: u64, salt: u64, nights: usize) -> Self {
        let later = nights as u64 - 1;
        let hash = mix(instance, salt);
        let (night, clears) = match instance {
            _ if later == 0 => (0, false),
            0 => (0, false),
            1 => (1, false),
            2 => (0, true),
            _ => (
                if hash % 10 < 7 { 0 } else { 1 + (hash >> 8) % later },
                (hash >> 32).is_multiple_of(4),
            ),
        };
        let cleared = (clears && night < later)
            .then(|| (night + 1 + (hash >> 40) % (later - night)) as usize);
        Self { night: night as usize, cleared }
    }

    /// Visible on this night.
    pub(super) fn holds(self, night: usize) -> bool {
        night >= self.night && self.cleared.is_none_or(|c| night < c)
    }
}

impl Plot {
    /// The plan of a world.
    pub(super) fn new(settings: &Settings, households: u64, sites: &[Site], orgs: &[Org]) -> Self {
        let kinds = Kind::ALL.len() as u64;
        let planted = if settings.plant_rate > 0.0 {
            let share = (households as f64 * settings.plant_rate.min(0.5)) as u64;
            share.max(3 * kinds).min(households)
        } else {
            0
        };
        // A prime that does not divide the number of households makes the walk over them a permutation.
        let step = [1_000_003, 998_244_353, 1_000_000_007, 754_974_721]
            .into_iter()
            .find(|p| !households.is_multiple_of(*p))
            .unwrap_or(1);
        let shift = mix(settings.seed, 99) % households.max(1);
        let mut plot = Self {
            households,
            planted,
            step,
            shift,
            seed: settings.seed,
            nights: settings.nights.len(),
            plain: Vec::new(),
            places: Vec::new(),
        };
        if planted > 0 {
            plot.places = plant_places(settings, sites, orgs);
            plot.plain = plot.places.iter().map(|p| p.plant(sites, orgs)).collect();
        }
        plot
    }

    /// The plant of a household, if it has one. Households count from 1.
    pub(super) fn of(&self, number: u64) -> Option<Spot> {
        if number == 0 || self.planted == 0 {
            return None;
        }
        let at = u128::from(number - 1) * u128::from(self.step) + u128::from(self.shift);
        let rank = (at % u128::from(self.households)) as u64;
        if rank >= self.planted {
            return None;
        }
        let kinds = Kind::ALL.len() as u64;
        let kind = Kind::ALL[(rank % kinds) as usize];
        let instance = rank / kinds;
        let span = Span::of(instance, mix(self.seed, rank % kinds), self.nights);
        let cleared = span.cleared.filter(|_| kind.clears());
        Some(Spot { kind, night: span.night, cleared, instance })
    }
}

//! Everything that the texts and tables of a bulletin look up, worked out once.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::cases::CaseFacts;
use super::{Material, Period};
use crate::error::{Error, Result};
use crate::indicator::area::{Figures, city};
use crate::indicator::figure::{Change, Figure, change};
use crate::indicator::rank::{Rank, ranks};
use crate::pipeline::bulletins::Bulletin;
use crate::pipeline::indicators::{Better, Indicator};

/// The colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Green,
    Yellow,
    Red,
}

/// Figures of the last month of a period that has any.
pub struct Standing {
    pub month: String,
    pub day: NaiveDate,
    pub figures: Figures,
}

impl Standing {
    fn of(material: &Material<'_>, period: Period) -> Option<Self> {
        let month = period.last_in(material.history)?;
        let rows = material.history.rows(&month);
        let day = material.history.months.get(&month)?.day;
        let figures = material.figures(rows);
        Some(Self { month, day, figures }).filter(|s| !s.figures.is_empty())
    }
}

/// A county or city in the score's order.
#[derive(Debug, Clone)]
pub struct Scored {
    pub area: String,
    /// In 1/100 points; nothing when too many figures are missing, or one must not be shown.
    pub score: Option<i128>,
    pub place: Option<usize>,
}

/// The facts of a bulletin.
pub struct Facts<'a> {
    pub material: &'a Material<'a>,
    pub now: Standing,
    pub before: Option<Standing>,
    pub year: Option<Standing>,
    pub cases: Option<CaseFacts>,
    /// Code of the province.
    pub root: &'a str,
}

impl<'a> Facts<'a> {
    /// Works the facts out.
    ///
    /// # Errors
    /// The period has no figures; a damaged ledger.
    pub fn of(material: &'a Material<'a>) -> Result<Self> {
        let period = material.period;
        let now = Standing::of(material, period).ok_or_else(|| {
            let known: Vec<&str> = material.history.months.keys().map(String::as_str).collect();
            let have = if known.is_empty() { "none".into() } else { known.join(", ") };
            Error::usage(format!("there are no figures of {}", period.months().join(", ")))
                .hint(format!("months with figures: {have}; run a night in the month first"))
        })?;
        let (first, last) = period.days();
        let cases = match material.drafts {
            Some(drafts) => {
                // What was done after the last night is of this period, and of no other.
                let acted = drafts.iter().map(|d| d.day).filter(|d| *d <= last).max();
                let end = acted.map_or(now.day, |day| day.max(now.day));
                Some(CaseFacts::of(drafts, first, end.clamp(first, last))?)
            }
            None => None,
        };
        Ok(Self {
            before: Standing::of(material, period.before()),
            year: Standing::of(material, period.year_ago()),
            root: &material.pipeline.settings.division_root,
            material,
            now,
            cases,
        })
    }

    /// The policy of the text.
    pub fn policy(&self) -> &'a Bulletin {
        self.material.bulletin
    }

    /// An indicator that the policy names; the check has made sure that it is there.
    pub fn indicator(&self, id: &str) -> Option<&'a Indicator> {
        self.material.pipeline.indicators.get(id)
    }

    /// Why an indicator has no figures.
    pub fn not_run(&self, id: &str) -> Option<&str> {
        let note = self.material.notes.iter().find(|n| n.indicator == id)?;
        note.not_run.as_deref()
    }

    /// The figure of the whole of an indicator.
    pub fn figure(&self, id: &str, area: &str) -> Option<&Figure> {
        self.now.figures.get(id, "", area)
    }

    /// The name of an area: 全省, 白银市, 景泰县.
    pub fn name(&self, area: &str) -> String {
        if area == self.root {
            return self.material.word("place");
        }
        let name = self.material.divisions.name(area);
        name.map_or_else(|| "归属不明".to_owned(), str::to_owned)
    }

    /// The change of an area's figure since an earlier period; nothing without both values.
    pub fn change(
        &self,
        then: Option<&Standing>,
        i: &Indicator,
        part: &str,
        area: &str,
    ) -> Option<Change> {
        let reader = self.material.reader;
        let value = |figures: &Figures| reader.number(figures.get(&i.id, part, area)?, i.unit);
        Some(change(value(&self.now.figures)?, value(&then?.figures)?))
    }

    /// Figures of the counties (6 digits) or cities (4) of an indicator as the reader knows them. One that
    /// must not be shown is left out: where it stands among the others would tell it.
    pub fn level(&self, indicator: &Indicator, digits: usize) -> Vec<(&str, Figure)> {
        let (reader, unit) = (self.material.reader, indicator.unit);
        let level = self.now.figures.level(&indicator.id, "", digits).into_iter();
        level.filter_map(|(area, figure)| Some((area, reader.figure(&figure, unit)?))).collect()
    }

    /// Their places.
    pub fn ranks(&self, indicator: &Indicator, digits: usize) -> BTreeMap<&str, Rank> {
        let level = self.level(indicator, digits);
        ranks(indicator, &level, self.material.pipeline.settings.publish.rank_from)
    }

    /// The colour of a figure; none where no threshold is set or nothing may be shown.
    pub fn colour(&self, indicator: &Indicator, figure: &Figure) -> Option<Colour> {
        let lamp = self.policy().lamps.get(&indicator.id)?;
        let value = self.material.reader.exact(figure, indicator.unit)?;
        let reached = |line: i128| match indicator.better {
            Better::Down => value <= line,
            Better::Up | Better::None => value >= line,
        };
        Some(if reached(lamp.green) {
            Colour::Green
        } else if reached(lamp.yellow) {
            Colour::Yellow
        } else {
            Colour::Red
        })
    }

    /// Areas of a level in the order of their scores, those without a score last. Equal scores share a
    /// place.
    pub fn scored(&self, digits: usize) -> Vec<Scored> {
        let areas = self.now.figures.areas(digits);
        let mut scored: Vec<Scored> = areas
            .into_iter()
            .map(|area| Scored { area: area.to_owned(), score: self.score(area), place: None })
            .collect();
        scored.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.area.cmp(&b.area)));
        let mut before: Option<(i128, usize)> = None;
        for (at, own) in scored.iter_mut().enumerate() {
            let Some(score) = own.score else { break };
            let place = before.filter(|(s, _)| *s == score).map_or(at + 1, |(_, place)| place);
            before = Some((score, place));
            own.place = Some(place);
        }
        scored
    }

    /// The weighted mean of an area's percentages, in 1/100 points. For the public it is made of the
    /// printed values, and there is none where one of them is hidden: it could be worked out.
    fn score(&self, area: &str) -> Option<i128> {
        let (policy, reader) = (&self.policy().score, self.material.reader);
        let from = self.material.pipeline.settings.publish.rank_from;
        let (mut sum, mut weights, mut all) = (0, 0, 0);
        for (id, weight) in &policy.weights {
            let weight = i128::from(*weight);
            all += weight;
            let Some(indicator) = self.indicator(id) else { continue };
            let Some(figure) = self.figure(id, area).filter(|f| !f.is_small(from)) else {
                continue;
            };
            if figure.exact(indicator.unit).is_none() {
                continue;
            }
            let value = reader.exact(figure, indicator.unit)?;
            let value = if indicator.better == Better::Down { 1_000_000 - value } else { value };
            sum += weight * value;
            weights += weight;
        }
        let enough = weights > 0 && weights * 100 >= all * i128::from(policy.from);
        // From 1/10000 of a percent to 1/100 of a point, half up.
        enough.then(|| (2 * sum + 100 * weights) / (200 * weights))
    }

    /// Puts counts in order, the most first. Those that the reader is told alike stay as they were: else
    /// their order would tell more.
    pub fn most_first<K>(&self, counts: &mut [(K, u64)]) {
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(self.told(*n)));
    }

    /// May the first of some counts in that order be said to be more than the others?
    pub fn lead<K>(&self, counts: &[(K, u64)], first: usize) -> bool {
        let told = |at: usize| counts.get(at).map(|(_, n)| self.told(*n));
        let next = told(first).filter(|_| self.material.reader.is_public());
        next.is_none_or(|next| first > 0 && told(first - 1) > Some(next))
    }

    fn told(&self, count: u64) -> i128 {
        self.material.reader.told(i128::from(count))
    }

    /// Counties of a city that have figures.
    pub fn counties_of(&self, of: &str) -> Vec<&str> {
        let mut counties = self.now.figures.areas(6);
        counties.retain(|c| city(c) == Some(of));
        counties
    }
}

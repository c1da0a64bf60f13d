//! The places of the world: counties, townships and villages, taken from the caller's code lists.

use std::collections::BTreeMap;

/// The places that people live in.
#[derive(Debug, Clone, Default)]
pub struct Geography {
    pub counties: Vec<County>,
}

/// A county with its townships.
#[derive(Debug, Clone)]
pub struct County {
    /// Six digits.
    pub code: String,
    pub name: String,
    /// One of the 832 counties that once were poor.
    pub poverty832: bool,
    pub towns: Vec<Town>,
}

/// A township with its villages.
#[derive(Debug, Clone)]
pub struct Town {
    /// Nine digits.
    pub code: String,
    pub name: String,
    pub villages: Vec<Village>,
}

/// A village or a neighbourhood.
#[derive(Debug, Clone)]
pub struct Village {
    /// Twelve digits.
    pub code: String,
    pub name: String,
}

/// One line of a code list of divisions: code, name and whether it is one of the 832 counties.
#[derive(Debug, Clone, Copy)]
pub struct Division<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub poverty832: bool,
}

impl Geography {
    /// Builds the places from the lines of code lists, in any order; a line's length tells its level (6, 9 or 12
    /// digits, others are passed over). Townships without villages and counties without townships are left out.
    pub fn from_divisions<'a>(lines: impl IntoIterator<Item = Division<'a>>) -> Self {
        let mut counties: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
        let mut towns: BTreeMap<&str, &str> = BTreeMap::new();
        let mut villages: BTreeMap<&str, Vec<Village>> = BTreeMap::new();
        for line in lines {
            match line.code.len() {
                6 => {
                    counties.insert(line.code, (line.name, line.poverty832));
                }
                9 => {
                    towns.insert(line.code, line.name);
                }
                12 => villages
                    .entry(&line.code[..9])
                    .or_default()
                    .push(Village { code: line.code.to_owned(), name: line.name.to_owned() }),
                _ => {}
            }
        }
        let mut built: BTreeMap<&str, County> = BTreeMap::new();
        for (code, mut list) in villages {
            let (Some(town), Some((name, poverty832))) =
                (towns.get(code), counties.get(&code[..6]))
            else {
                continue;
            };
            list.sort_by(|a, b| a.code.cmp(&b.code));
            let town = Town { code: code.to_owned(), name: (*town).to_owned(), villages: list };
            built
                .entry(&code[..6])
                .or_insert_with(|| County {
                    code: code[..6].to_owned(),
                    name: (*name).to_owned(),
                    poverty832: *poverty832,
                    towns: Vec::new(),
                })
                .towns
                .push(town);
        }
        Self { counties: built.into_values().collect() }
    }

    /// The part of the places that suits so many people: a small world has few counties and few villages, so that
    /// each village has somebody in it. 景泰县 comes first, then a county of Gannan and one of Linxia.
    pub fn fitting(self, people: u64) -> Self {
        let wanted = (people / 2000).clamp(4, 1000) as usize;
        let mut counties = self.counties;
        if wanted >= counties.len() && people / 100 >= 20_000 {
            return Self { counties };
        }
        counties.sort_by_key(|c| {
            let first =
                ["620423", "623027", "622926"].iter().position(|code| *code == c.code).unwrap_or(3);
            // The 832 counties next: telemedicine and pairing are judged there.
            (first, !c.poverty832, spread(&c.code), c.code.clone())
        });
        counties.truncate(wanted);
        let each = (people as usize / counties.len().max(1) / 100).max(12);
        for county in &mut counties {
            let mut left = each;
            county.towns.retain_mut(|town| {
                let keep = town.villages.len().min(left).min(each.div_ceil(3));
                town.villages.truncate(keep);
                left -= keep;
                keep > 0
            });
        }
        counties.sort_by(|a, b| a.code.cmp(&b.code));
        Self { counties }
    }

    /// Position of the county that 马大娘 lives in: 景泰县, or the first.
    pub(super) fn home_of_ma(&self) -> usize {
        self.counties.iter().position(|c| c.code == "620423").unwrap_or(0)
    }
}

/// Prefers counties of different cities: the last two digits decide before the first four.
fn spread(code: &str) -> String {
    code.get(4..).unwrap_or_default().to_owned()
}

impl County {
    /// The villages of all townships, in order.
    pub(super) fn villages(&self) -> impl Iterator<Item = (usize, &Town, &Village)> {
        self.towns
            .iter()
            .enumerate()
            .flat_map(|(t, town)| town.villages.iter().map(move |v| (t, town, v)))
    }
}

impl Village {
    /// A village (村委会), not a neighbourhood: serial 200 to 399 of the statistical code.
    pub(super) fn is_rural(&self) -> bool {
        matches!(self.code.as_bytes().get(9), Some(b'2' | b'3'))
    }
}

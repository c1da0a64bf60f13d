//! How often each class of error happens, by the role of a table.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::diagnostic::{self, Source};
use crate::error::{Error, Result};
use crate::pipeline::read_yaml;

/// The usual rates.
const USUAL: &str = include_str!("usual.yaml");

/// Rates by class, for the master, watch lists and all other tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    rates: BTreeMap<String, [f64; 3]>,
    /// Tables of the watch role.
    watch: Vec<String>,
    /// Column of the master that says a person's group, and the groups' words by its codes.
    pub(super) group_column: String,
    pub(super) groups: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    roles: RawRoles,
    groups: RawGroups,
    rates: BTreeMap<String, [f64; 3]>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawRoles {
    watch: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawGroups {
    column: String,
    codes: BTreeMap<String, String>,
}

impl Rates {
    /// `usual`, `heavy`, `none`, or a file of rates.
    ///
    /// # Errors
    /// The file cannot be read, names a class that is not known, or a rate that is none.
    pub fn of(word: &str) -> Result<Self> {
        let usual = Self::read(Path::new("usual.yaml"), USUAL, None)?;
        Ok(match word {
            "usual" => usual,
            "heavy" => usual.scale(3.0),
            "none" => usual.scale(0.0),
            file => {
                let path = Path::new(file);
                let text = std::fs::read_to_string(path).map_err(|e| {
                    Error::io("read", path, &e)
                        .hint("errors are `usual`, `heavy`, `none` or a file like src/fake/errors/usual.yaml")
                })?;
                Self::read(path, &text, Some(usual))?
            }
        })
    }

    fn read(path: &Path, text: &str, base: Option<Self>) -> Result<Self> {
        let source = Source { path: path.to_owned(), text: text.into() };
        let raw: Raw = read_yaml(&source, &source.text, 0)
            .map_err(|fault| Error::usage(diagnostic::render(&[fault], false)))?;
        let mut out = base.unwrap_or_else(|| Self {
            rates: raw.rates.clone(),
            watch: Vec::new(),
            group_column: String::new(),
            groups: BTreeMap::new(),
        });
        for (class, rates) in raw.rates {
            if rates.iter().any(|r| !(0.0..=1.0).contains(r)) {
                return Err(Error::usage(format!(
                    "{}: {class}: a rate is a number from 0 to 1",
                    path.display()
                )));
            }
            let Some(known) = out.rates.get_mut(&class) else {
                let classes: Vec<&str> = out.rates.keys().map(String::as_str).collect();
                return Err(Error::usage(format!(
                    "{}: there is no class of error `{class}`",
                    path.display()
                ))
                .hint(format!("known are {}", classes.join(", "))));
            };
            *known = rates;
        }
        if !raw.roles.watch.is_empty() {
            out.watch = raw.roles.watch;
        }
        if !raw.groups.column.is_empty() {
            (out.group_column, out.groups) = (raw.groups.column, raw.groups.codes);
        }
        Ok(out)
    }

    fn scale(mut self, factor: f64) -> Self {
        for rates in self.rates.values_mut() {
            rates.iter_mut().for_each(|r| *r = (*r * factor).min(0.9));
        }
        self
    }

    /// The column of rates for a table.
    pub(super) fn role(&self, table: &str, master: Option<&str>) -> usize {
        if master == Some(table) {
            0
        } else if self.watch.iter().any(|t| t == table) {
            1
        } else {
            2
        }
    }

    /// The rate of a class in a role.
    pub(super) fn rate(&self, class: &str, role: usize) -> f64 {
        self.rates.get(class).map_or(0.0, |r| r[role])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names() {
        let path = std::env::temp_dir().join(format!("bidui-rates-{}.yaml", std::process::id()));
        std::fs::write(&path, "rates: {id_missing: [0, 0.5, 1]}\n").unwrap();
        let rates = Rates::of(path.to_str().unwrap()).unwrap();
        std::fs::write(&path, "rates: {id_mising: [0, 0, 0]}\n").unwrap();
        let wrong = Rates::of(path.to_str().unwrap()).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            (0..3).map(|r| rates.rate("id_missing", r)).collect::<Vec<_>>(),
            [0.0, 0.5, 1.0]
        );
        assert_eq!(rates.rate("id_15", 0), 0.003);
        assert!(wrong.contains("no class of error `id_mising`"), "{wrong}");
    }

    #[test]
    fn heavy_is_three_times_usual_and_none_is_nothing() {
        let [usual, heavy, none] = ["usual", "heavy", "none"].map(|w| Rates::of(w).unwrap());
        assert!((heavy.rate("id_digit", 1) - 3.0 * usual.rate("id_digit", 1)).abs() < 1e-12);
        assert!(none.rates.values().flatten().all(|r| *r == 0.0) && !none.rates.is_empty());
        assert_eq!(usual.role("poverty_member", Some("resident")), 1);
    }
}

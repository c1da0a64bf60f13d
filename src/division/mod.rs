//! Divisions (province to village): codes, names level by level, and codes that are no more.

mod code;
mod names;

use std::collections::HashMap;

pub use code::named;
use code::{cut, level_of, padded};
use names::{Short, plain, shortened};

/// One division: 12 digits, its own name, level 1 province, 2 city, 3 county, 4 town, 5 village.
#[derive(Debug, Clone)]
pub struct Division {
    pub code: String,
    pub label: String,
    pub level: u8,
    parent: Option<usize>,
    short: Short,
}

impl Division {
    /// Does a name without its kind mean it? Of 兰州, which is 兰州市, 州 is no kind.
    fn is_called(&self, name: &str, short: &Short) -> bool {
        self.short.bare() == short.bare() || self.short.stem == name
    }
}

/// A register of divisions in code order.
#[derive(Debug, Clone, Default)]
pub struct Divisions {
    nodes: Vec<Division>,
    /// For each node, the nodes below it in code order.
    children: Vec<Vec<usize>>,
    /// The nodes of levels 1 to 3, where a path may begin.
    tops: [Vec<usize>; 3],
    /// Old code of 6 digits to its successor; nothing where there were several.
    renamed: HashMap<String, Option<String>>,
}

/// By code, the number of the row that says it last, and the parent that it gives.
type Said = HashMap<String, (usize, String)>;

impl Divisions {
    /// Builds the register from `(code, label, parent, level)` and `(old code, new code)` of a code
    /// list. Codes have 2, 4, 6, 9 or 12 digits; an empty parent is the nearest one by code, an
    /// empty level the one of the code.
    ///
    /// # Errors
    /// Every fault of the list at once, with the number of its row from 0: codes that stand twice or
    /// have other digits, divisions without a name, levels and parents that do not fit.
    pub fn build<'a>(
        rows: impl IntoIterator<Item = (&'a str, &'a str, &'a str, &'a str)>,
        history: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<(usize, String)>> {
        let mut faults = Vec::new();
        let mut said = Said::new();
        let mut nodes = Vec::new();
        for (row, (code, label, parent, level)) in rows.into_iter().enumerate() {
            match new_node(code, label, level) {
                Ok(node) => {
                    if said.insert(node.code.clone(), (row, parent.trim().to_owned())).is_some() {
                        faults.push((row, format!("division {} stands twice", node.code)));
                    }
                    nodes.push(node);
                }
                Err(fault) => faults.push((row, fault)),
            }
        }
        nodes.sort_by(|a, b| a.code.cmp(&b.code));
        let of_level = |level| {
            let numbered = nodes.iter().enumerate();
            numbered.filter(|(_, node)| node.level == level).map(|(at, _)| at).collect()
        };
        let mut register = Self {
            children: vec![Vec::new(); nodes.len()],
            tops: [1, 2, 3].map(of_level),
            nodes,
            renamed: renamed(history),
        };
        faults.extend(register.join(&said));
        if faults.is_empty() { Ok(register) } else { Err(faults) }
    }

    /// Finds every node's parent; the topmost level may do without.
    fn join(&mut self, said: &Said) -> Vec<(usize, String)> {
        let mut faults = Vec::new();
        let top = self.nodes.iter().map(|node| node.level).min().unwrap_or(1);
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            let (row, given) = &said[&node.code];
            let parent = match given.as_str() {
                "" => (1..node.level).rev().find_map(|level| self.place(&cut(&node.code, level))),
                given => padded(given).and_then(|code| self.place(&code)),
            };
            match parent {
                Some(parent) if self.nodes[parent].level < node.level => {
                    self.nodes[at].parent = Some(parent);
                    self.children[parent].push(at);
                }
                Some(_) => {
                    faults.push((*row, format!("division {} is not below its parent", node.code)));
                }
                None if node.level == top => {}
                None => {
                    let text = format!("division {} has no parent in the list", node.code);
                    faults.push((*row, text));
                }
            }
        }
        faults
    }

    /// The 12-digit code of a code of 2, 4, 6, 9 or 12 digits, when the register has it or, for a
    /// code of before a renaming, its successor.
    pub fn by_code(&self, raw: &str) -> Option<String> {
        let mut code = padded(raw)?;
        // A county was renamed at most a few times; the limit ends circles.
        for _ in 0..8 {
            if let Some(at) = self.place(&code) {
                return Some(self.nodes[at].code.clone());
            }
            let successor = self.renamed.get(&code[..6])?.as_ref()?;
            code.replace_range(..6, successor);
        }
        None
    }

    /// The 12-digit code of names level by level, from the province, the city or the county on.
    /// Kinds (市 县 乡 镇 村委会 社区…) may be left out or be old ones; every name must be the only
    /// such one under its parent. Empty names at the end are left out; an empty one in between is
    /// passed over only where there is no choice (嘉峪关 has no counties).
    pub fn by_path(&self, path: &[&str]) -> Option<String> {
        let names: Vec<String> = path.iter().map(|name| plain(name)).collect();
        let filled = names.iter().rposition(|name| !name.is_empty())? + 1;
        let mut names = names[..filled].iter().skip_while(|name| name.is_empty());
        let mut at = self.top_by_name(names.next()?)?;
        for name in names {
            let below = &self.children[at];
            at = match self.only_named(below, name) {
                Found::One(next) => next,
                Found::None if is_same(&self.nodes[at], name) => at,
                Found::None if no_name(name) && below.len() == 1 => below[0],
                Found::None | Found::Many => return None,
            };
        }
        Some(self.nodes[at].code.clone())
    }

    /// The division's own name; codes as in [`Self::by_code`] but current ones only.
    pub fn name(&self, code: &str) -> Option<&str> {
        Some(&self.get(code)?.label)
    }

    /// Name of the county that a county, town or village code lies in.
    pub fn county_name(&self, code: &str) -> Option<&str> {
        let county = self.get(code.get(..6)?)?;
        (county.level == 3).then_some(&county.label)
    }

    /// Code of the division above.
    pub fn parent(&self, code: &str) -> Option<&str> {
        Some(&self.nodes[self.get(code)?.parent?].code)
    }

    /// Codes of the divisions right below, in code order.
    pub fn children(&self, code: &str) -> impl Iterator<Item = &str> {
        let place = padded(code).and_then(|code| self.place(&code));
        let below = place.map_or(&[][..], |at| &self.children[at]);
        below.iter().map(|at| self.nodes[*at].code.as_str())
    }

    /// The division of a current code of 2, 4, 6, 9 or 12 digits.
    pub fn get(&self, code: &str) -> Option<&Division> {
        Some(&self.nodes[self.place(&padded(code)?)?])
    }

    /// Every division in code order.
    pub fn iter(&self) -> impl Iterator<Item = &Division> {
        self.nodes.iter()
    }

    fn place(&self, code: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.code.as_str().cmp(code)).ok()
    }

    /// The first name of a path: at the highest level that has such a name.
    fn top_by_name(&self, name: &str) -> Option<usize> {
        for of_level in &self.tops {
            match self.only_named(of_level, name) {
                Found::One(at) => return Some(at),
                Found::Many => return None,
                Found::None => {}
            }
        }
        None
    }

    /// The only one of a name: written alike, else short alike and of one kind, else short alike.
    fn only_named(&self, among: &[usize], name: &str) -> Found {
        let mut shorts: [Option<Short>; 6] = Default::default();
        let mut best = (3, Found::None);
        for at in among {
            let node = &self.nodes[*at];
            let short =
                shorts[usize::from(node.level)].get_or_insert_with(|| shortened(name, node.level));
            let rank = if node.label == name {
                0
            } else if node.short == *short {
                1
            } else if node.is_called(name, short) {
                2
            } else {
                continue;
            };
            if rank < best.0 {
                best = (rank, Found::One(*at));
            } else if rank == best.0 {
                best.1 = Found::Many;
            }
        }
        best.1
    }
}

enum Found {
    One(usize),
    Many,
    None,
}

fn new_node(code: &str, label: &str, level: &str) -> Result<Division, String> {
    let Some(padded) = padded(code) else {
        return Err(format!("division code {code:?} has not 2, 4, 6, 9 or 12 digits"));
    };
    let label = plain(label);
    if label.is_empty() {
        return Err(format!("division {padded} has no name"));
    }
    let of_code = level_of(&padded);
    let said = level.trim();
    if !said.is_empty() && said.parse() != Ok(of_code) {
        return Err(format!("division {padded} has level {said:?}, its code level {of_code}"));
    }
    Ok(Division {
        short: shortened(&label, of_code),
        code: padded,
        label,
        level: of_code,
        parent: None,
    })
}

/// Successors by old 6-digit code; a code with two successors has none.
fn renamed<'a>(
    history: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> HashMap<String, Option<String>> {
    let mut renamed: HashMap<String, Option<String>> = HashMap::new();
    let six = |code: &str| padded(code).map(|code| code[..6].to_owned());
    for (old, new) in history {
        if let (Some(old), Some(new)) = (six(old), six(new))
            && old != new
        {
            renamed
                .entry(old)
                .and_modify(|known| *known = known.take().filter(|code| *code == new))
                .or_insert(Some(new));
        }
    }
    renamed
}

fn no_name(name: &str) -> bool {
    matches!(name, "" | "市辖区" | "直辖" | "无" | "-")
}

fn is_same(node: &Division, name: &str) -> bool {
    node.label == name || node.is_called(name, &shortened(name, node.level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Divisions {
        let rows = [
            ("62", "甘肃省", "", "1"),
            ("6201", "兰州市", "62", ""),
            ("6202", "嘉峪关市", "62", ""),
            ("620201", "嘉峪关市", "", "3"),
            ("620201100", "新城镇", "", ""),
            ("6208", "平凉市", "", ""),
            ("620881", "华亭市", "6208", "3"),
            ("620881100", "东华镇", "620881", "4"),
            ("620881001", "东华街道", "620881", "4"),
            ("620881002", "林镇乡", "620881", "4"),
            ("620881100200", "段村村委会", "620881100", "5"),
            ("620881100201", "西关村民委员会", "", ""),
            ("620881100001", "西关社区居民委员会", "", ""),
            ("6229", "临夏回族自治州", "", "2"),
            ("622901", "临夏市", "", ""),
            ("622921", "临夏县", "", ""),
            ("622926", "东乡族自治县", "", ""),
            ("622927", "积石山保安族东乡族撒拉族自治县", "", ""),
        ];
        let history = [("622725", "620824"), ("620824", "620881"), ("1", "2"), ("6202", "6202")];
        let split = [("622999", "622901"), ("622999", "622921")];
        Divisions::build(rows, history.into_iter().chain(split)).unwrap()
    }

    #[test]
    fn finds_codes_old_and_new() {
        let register = sample();
        for (raw, expected) in [
            ("620881", Some("620881000000")),
            (" '620881.0", Some("620881000000")),
            ("620881100", Some("620881100000")),
            ("620881100200", Some("620881100200")),
            ("620824", Some("620881000000")),
            ("622725100200", Some("620881100200")),
            ("622999", None),
            ("620824105", None),
            ("6208811", None),
            ("六二", None),
            ("", None),
        ] {
            assert_eq!(register.by_code(raw).as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn finds_names_level_by_level() {
        let register = sample();
        for (path, expected) in [
            (&["甘肃", "平凉", "华亭", "东华镇", "段村"][..], Some("620881100200")),
            (&["平凉市", "华亭县", "东华镇人民政府", "段村村民委员会"], Some("620881100200")),
            (&["华亭市", "东华镇", "西关社区"], Some("620881100001")),
            (&["平凉市", "华亭市", "东华镇", "西关村"], Some("620881100201")),
            (&["平凉市", "华亭市", "东华镇", "西关"], None),
            (&["平凉市", "华亭市", "东华"], None),
            (&["平凉市", "华亭市", "东华街道办事处"], Some("620881001000")),
            (&["平凉市", "华亭市", "", ""], Some("620881000000")),
            // What they end in is no kind of place.
            (&["兰州"], Some("620100000000")),
            (&["甘肃", "兰州市"], Some("620100000000")),
            (&["平凉市", "华亭市", "林镇"], Some("620881002000")),
            (&["平凉市", "华亭市", "", "段村"], None),
            (&["平凉市", "华亭市", "没有镇", "段村"], None),
            (&["嘉峪关市", "", "新城镇"], Some("620201100000")),
            (&["嘉峪关市", "嘉峪关市", "新城"], Some("620201100000")),
            (&["临夏州", "临夏"], None),
            (&["临夏州", "临夏县"], Some("622921000000")),
            (&["临夏州", "东乡县"], Some("622926000000")),
            (&["临夏", "积石山县"], Some("622927000000")),
            (&["临 夏 州", "积石山"], Some("622927000000")),
            (&["", ""], None),
            (&[], None),
        ] {
            assert_eq!(register.by_path(path).as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn walks_up_and_down() {
        let register = sample();
        assert_eq!(register.name("622901"), Some("临夏市"));
        assert_eq!(register.county_name("620881100200"), Some("华亭市"));
        assert_eq!(register.county_name("620800"), None);
        assert_eq!(register.parent("620881"), Some("620800000000"));
        assert_eq!(register.parent("62"), None);
        let below: Vec<_> = register.children("620881").collect();
        assert_eq!(below, ["620881001000", "620881002000", "620881100000"]);
        assert_eq!(register.children("99").count(), 0);
        assert!(register.iter().is_sorted_by_key(|node| node.code.clone()));
    }

    #[test]
    fn reports_every_fault_at_once() {
        let rows = [
            ("62", "甘肃省", "", ""),
            ("62", "甘肃省", "", ""),
            ("6208", "平凉市", "", "3"),
            ("62a", "某市", "", ""),
            ("620881", " ", "", ""),
            ("622901", "临夏市", "6229", ""),
            ("622921", "临夏县", "622921", ""),
        ];
        assert_eq!(Divisions::build(rows, []).unwrap_err().len(), 6);
    }
}

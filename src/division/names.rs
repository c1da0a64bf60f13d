//! Names of divisions without what kind of place they are.

use unicode_normalization::UnicodeNormalization;

/// A name without what kind of place it is, and that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    pub stem: String,
    /// `' '` when the name does not say.
    pub kind: char,
    /// Bytes of the stem before a last 村, as in 大雁滩村社区.
    bare: usize,
}

impl Short {
    /// The stem, of a village also without a last 村.
    pub fn bare(&self) -> &str {
        &self.stem[..self.bare]
    }
}

/// A name in NFKC without spaces.
pub fn plain(name: &str) -> String {
    if name.chars().all(|c| matches!(c, '\u{4e00}'..='\u{9fff}')) {
        return name.to_owned();
    }
    name.nfkc().filter(|c| !c.is_whitespace()).collect()
}

/// Endings of names with the kind that they tell, longest first.
const PROVINCES: &[(&str, char)] =
    &[("自治区", '区'), ("特别行政区", '特'), ("省", '省'), ("市", '市')];
const CITIES: &[(&str, char)] =
    &[("自治州", '州'), ("地区", '地'), ("州", '州'), ("市", '市'), ("盟", '盟')];
const COUNTIES: &[(&str, char)] =
    &[("自治县", '县'), ("自治旗", '旗'), ("县", '县'), ("市", '市'), ("区", '区'), ("旗", '旗')];
const TOWNS: &[(&str, char)] = &[
    ("镇人民政府", '镇'),
    ("乡人民政府", '乡'),
    ("街道办事处", '街'),
    ("街道办", '街'),
    ("街道", '街'),
    ("镇", '镇'),
    ("乡", '乡'),
    ("苏木", '乡'),
];
const VILLAGES: &[(&str, char)] = &[
    ("村(居)委会", ' '),
    ("社区居民委员会", '社'),
    ("社区居委会", '社'),
    ("社区居委", '社'),
    ("居民委员会", '社'),
    ("社区委会", '社'),
    ("村民委员会", '村'),
    ("村民委会", '村'),
    ("村委员会", '村'),
    ("行政村", '村'),
    ("居委会", '社'),
    ("村委会", '村'),
    ("村委", '村'),
    ("居委", '社'),
    ("社区", '社'),
    ("村", '村'),
];
/// Peoples in the names of self-governing places.
const PEOPLES: [&str; 14] = [
    "哈萨克族",
    "维吾尔族",
    "柯尔克孜族",
    "蒙古族",
    "裕固族",
    "东乡族",
    "保安族",
    "撒拉族",
    "回族",
    "藏族",
    "土族",
    "满族",
    "羌族",
    "壮族",
];

/// Takes the kind of place off a name of a level, and the peoples of a self-governing one:
/// 积石山保安族东乡族撒拉族自治县 is 积石山, 东乡族自治县 is 东乡, 段村村委会 is 段.
pub fn shortened(name: &str, level: u8) -> Short {
    let endings = match level {
        1 => PROVINCES,
        2 => CITIES,
        3 => COUNTIES,
        4 => TOWNS,
        _ => VILLAGES,
    };
    let take = |name: &str| {
        endings.iter().find_map(|(ending, kind)| {
            let stem = name.strip_suffix(ending)?;
            (!stem.is_empty()).then(|| (stem.to_owned(), *kind))
        })
    };
    let (mut stem, kind) = take(name).unwrap_or_else(|| (name.to_owned(), ' '));
    let without_village = |stem: &str| stem.strip_suffix('村').map_or(0, str::len);
    if level < 5 && kind != ' ' {
        stem = without_peoples(&stem).to_owned();
    } else if kind == '村' && without_village(&stem) > 0 {
        stem.truncate(without_village(&stem));
    }
    let bare = match without_village(&stem) {
        shorter if level == 5 && shorter > 0 => shorter,
        _ => stem.len(),
    };
    Short { stem, kind, bare }
}

fn without_peoples(name: &str) -> &str {
    let mut name = name;
    while let Some(stem) = PEOPLES.iter().find_map(|people| name.strip_suffix(people)) {
        if stem.is_empty() {
            return name.strip_suffix('族').unwrap_or(name);
        }
        name = stem;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_kinds_and_peoples_off() {
        for (name, level, stem, kind) in [
            ("甘肃省", 1, "甘肃", '省'),
            ("宁夏回族自治区", 1, "宁夏", '区'),
            ("甘南藏族自治州", 2, "甘南", '州'),
            ("环县", 3, "环", '县'),
            ("积石山保安族东乡族撒拉族自治县", 3, "积石山", '县'),
            ("东乡族自治县", 3, "东乡", '县'),
            ("新城子藏族乡", 4, "新城子", '乡'),
            ("四族镇", 4, "四族", '镇'),
            ("酒泉路街道办事处", 4, "酒泉路", '街'),
            ("王坪村村民委员会", 5, "王坪", '村'),
            ("段村", 5, "段", '村'),
            ("大雁滩村社区", 5, "大雁滩村", '社'),
            ("虚拟生活区", 5, "虚拟生活区", ' '),
            ("村", 5, "村", ' '),
        ] {
            let short = shortened(name, level);
            assert_eq!((short.stem.as_str(), short.kind), (stem, kind));
        }
        assert_eq!(shortened("大雁滩村社区", 5).bare(), "大雁滩");
        assert_eq!(plain("东城嘉园村（居） 委会"), "东城嘉园村(居)委会");
    }
}

//! Pseudonyms and masks: how a person is counted and shown without being named.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::citizen_id::{CitizenId, holds_id};

/// Stands where an ID number stood.
pub const HIDDEN: &str = "〔证件号已隐去〕";

/// Surnames of two characters that are kept whole.
const COMPOUND: [&str; 60] = [
    "万俟", "司马", "上官", "欧阳", "夏侯", "诸葛", "闻人", "东方", "赫连", "皇甫", "尉迟", "公羊",
    "澹台", "公冶", "宗政", "濮阳", "淳于", "单于", "太叔", "申屠", "公孙", "仲孙", "轩辕", "令狐",
    "钟离", "宇文", "长孙", "慕容", "鲜于", "闾丘", "司徒", "司空", "亓官", "司寇", "仉督", "颛孙",
    "端木", "巫马", "公西", "漆雕", "乐正", "壤驷", "公良", "拓跋", "夹谷", "宰父", "谷梁", "段干",
    "百里", "东郭", "南门", "呼延", "羊舌", "微生", "梁丘", "左丘", "东门", "西门", "南宫", "第五",
];

/// A name for people to read: 张*, 张*明, 欧阳*明; of a dotted or longer name only the first
/// syllable (格**).
pub fn mask_name(name: &str) -> String {
    let name = name.trim();
    let mut chars = name.chars();
    let count = name.chars().count();
    let Some(first) = chars.next() else {
        return String::new();
    };
    if count > 4 || name.contains('·') {
        return format!("{first}**");
    }
    let compound = count > 2 && COMPOUND.iter().any(|surname| name.starts_with(surname));
    let surname: String = name.chars().take(1 + usize::from(compound)).collect();
    let given = count - surname.chars().count();
    match (given, name.chars().last()) {
        (0, _) => "*".to_owned(),
        (1, _) | (_, None) => format!("{surname}*"),
        (_, Some(last)) => format!("{surname}{}{last}", "*".repeat(given - 1)),
    }
}

/// A text for people to read, in which [`HIDDEN`] stands for every ID number, whatever column it came
/// from.
pub fn hide_ids(text: &str) -> String {
    let is_digit = |c: char| matches!(c, '0'..='9' | '０'..='９');
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_digit) {
        let (before, from) = rest.split_at(start);
        let digits = from.find(|c: char| !is_digit(c)).unwrap_or(from.len());
        let tail = from[digits..].chars().next().filter(|c| matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ'));
        let (run, after) = from.split_at(digits + tail.map_or(0, char::len_utf8));
        // A key of 16 hexadecimal digits may have 15 decimal ones, and is nobody's number.
        let hex = |c: char| matches!(c, 'a'..='f');
        let key = run.len() < 17 && (before.ends_with(hex) || after.starts_with(hex));
        out.push_str(before);
        out.push_str(if !key && holds_id(run) { HIDDEN } else { run });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Makes the keys by which the lake knows persons: HMAC-SHA-256 under the installation's secret,
/// so that the same person has the same key every night and nobody without the secret can go back.
#[derive(Clone)]
pub struct PersonKeys(Hmac<Sha256>);

impl PersonKeys {
    /// Keys under a secret of any length; 32 random bytes are right.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes a secret of any length"))
    }

    /// The key of an ID: the first 8 bytes, big-endian, of the HMAC of `id|` and the 18 characters,
    /// with the top bit cleared; never negative.
    pub fn key(&self, id: &CitizenId) -> i64 {
        let mut mac = self.0.clone();
        mac.update(b"id|");
        mac.update(id.as_str().as_bytes());
        first_bytes(mac)
    }

    /// A text that tells rows apart, such as the number of a bill, without the ID numbers that it holds: a
    /// keyed hash of the whole stands in their place, so that two texts never become one. What was hidden
    /// stays as it is.
    pub fn hide(&self, text: &str) -> String {
        let shown = hide_ids(text);
        if shown == text {
            return shown;
        }
        format!("{shown}#{}", key_text(self.derived("hidden", &[text])))
    }

    /// The key of a row that has no usable ID, from what there is. Every part goes in with its
    /// length, so that other parts never make the same text; never the key of an ID.
    pub fn derived(&self, domain: &str, parts: &[&str]) -> i64 {
        let mut mac = self.0.clone();
        mac.update(b"derived|");
        for part in std::iter::once(&domain).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        first_bytes(mac)
    }
}

/// A key as people and files have it: 16 hexadecimal digits.
pub fn key_text(key: i64) -> String {
    format!("{key:016x}")
}

impl fmt::Debug for PersonKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKeys(…)")
    }
}

fn first_bytes(mac: Hmac<Sha256>) -> i64 {
    let hash = mac.finalize().into_bytes();
    let first = hash.first_chunk().expect("SHA-256 has 32 bytes");
    i64::from_be_bytes(*first) & i64::MAX
}

/// A value that names a person. It cannot be printed or serialised by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call is a place to look at in a review.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pii(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> CitizenId {
        CitizenId::new(*b"629401195603140024").unwrap()
    }

    #[test]
    fn masks_names() {
        for (name, masked) in [
            ("张伟", "张*"),
            ("张建明", "张*明"),
            ("张王建明", "张**明"),
            ("欧阳明", "欧阳*"),
            ("欧阳建明", "欧阳*明"),
            ("欧阳", "欧*"),
            ("阿依古丽·买买提", "阿**"),
            ("扎西·次仁", "扎**"),
            ("扎西多杰才让", "扎**"),
            ("李", "*"),
            ("", ""),
            (" 张伟 ", "张*"),
        ] {
            assert_eq!(mask_name(name), masked);
        }
    }

    #[test]
    fn hides_ids_wherever_they_stand() {
        for (text, shown) in [
            ("629401195603140024", HIDDEN.to_owned()),
            ("629401195603140024_户口本.pdf", format!("{HIDDEN}_户口本.pdf")),
            ("证62940119900101001x号", format!("证{HIDDEN}号")),
            ("残疾证62940119560314002443，3人", format!("残疾证{HIDDEN}，3人")),
            ("ID629401560314002,E12", format!("ID{HIDDEN},E12")),
            ("6200000012300045 2026-11-10", "6200000012300045 2026-11-10".to_owned()),
            ("629401560314002a", "629401560314002a".to_owned()),
            ("d629401560314002", "d629401560314002".to_owned()),
            ("没有号码", "没有号码".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(hide_ids(text), shown);
        }
    }

    #[test]
    fn what_tells_rows_apart_still_does() {
        let keys = PersonKeys::new(b"secret of a test");
        let bills = ["629401195603140024", "629401195603140024-2", "62940119900101001X"];
        let hidden = bills.map(|bill| keys.hide(bill));
        for (at, text) in hidden.iter().enumerate() {
            assert!(text.starts_with(HIDDEN) && !text.contains("6294"), "{text}");
            assert!(!hidden[..at].contains(text), "{text}");
            assert_eq!(&keys.hide(text), text);
        }
        assert_ne!(PersonKeys::new(b"another").hide(bills[0]), hidden[0]);
        for other in ["V00000000000001", "620122100201", "08f90635ebafdf54", ""] {
            assert_eq!(keys.hide(other), other);
        }
    }

    /// Checked against Python's hmac module.
    #[test]
    fn keys_are_the_first_bytes_of_the_hmac() {
        let keys = PersonKeys::new(b"secret of a test");
        assert_eq!(keys.key(&id()), KEY);
        assert_eq!(keys.derived("row", &["a", "b"]), DERIVED);
        assert_ne!(PersonKeys::new(b"another").key(&id()), KEY);
    }

    #[test]
    fn parts_do_not_run_together() {
        let keys = PersonKeys::new(b"secret of a test");
        let all = [
            keys.derived("d", &["ab", "c"]),
            keys.derived("d", &["a", "bc"]),
            keys.derived("d", &["abc"]),
            keys.derived("d", &["abc", ""]),
            keys.derived("da", &["bc"]),
        ];
        for (at, key) in all.iter().enumerate() {
            assert!(*key >= 0 && !all[..at].contains(key));
        }
    }

    #[test]
    fn nothing_shows_by_accident() {
        assert_eq!(format!("{:?}", Pii::new("张伟")), "Pii(…)");
        assert_eq!(format!("{:?}", PersonKeys::new(b"x")), "PersonKeys(…)");
        assert_eq!(Pii::new(7).reveal(), &7);
    }

    const KEY: i64 = 2_452_321_253_792_730_551;
    const DERIVED: i64 = 3_576_521_809_661_830_677;
}

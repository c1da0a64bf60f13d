//! Personal names: one clean spelling, a form for comparison, and how far two names are apart.

mod tables;

use std::borrow::Cow;
use std::sync::LazyLock;

use pinyin::ToPinyin;
use unicode_normalization::UnicodeNormalization;

use tables::{MOVED, MOVED_FROM, SURNAME_READINGS, VARIANTS};

static FOLDS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let chars: Vec<char> = VARIANTS.chars().collect();
    let mut folds: Vec<_> = chars.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    folds.sort_unstable();
    folds
});

static MOVED_TO: LazyLock<Vec<char>> = LazyLock::new(|| MOVED.chars().collect());

/// How far two names are apart, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameMatch {
    /// Equal but for dots, spaces, variant and traditional characters.
    Same,
    /// Other characters of the same sound.
    Homophone,
    /// One slip apart, one cut off, or with a character that could not be written.
    Near,
    /// Different names, or one is missing.
    Clash,
}

/// The clean spelling of a name as received: NFKC, characters of old fonts (GB 18030-2000) at
/// their present place, without spaces (but between Latin words), notes in brackets and invisible
/// characters, every dot as `·`.
pub fn clean(raw: &str) -> Cow<'_, str> {
    if raw.chars().all(|c| matches!(c, '\u{4e00}'..='\u{9fff}')) {
        return Cow::Borrowed(raw);
    }
    let text: String =
        raw.chars().map(|c| if is_dot(c) { '·' } else { placed(c) }).nfkc().collect();
    match without_layout(&text, true) {
        // Nothing but a note: then the brackets are around the name.
        name if name.is_empty() => Cow::Owned(without_layout(&text, false)),
        name => Cow::Owned(name),
    }
}

/// The form in which clean names are compared: without dots and spaces, Latin letters small,
/// variant and traditional characters as their common form. 喆 and 哲 stay different.
pub fn fold(clean: &str) -> String {
    folded(clean).collect()
}

/// The toneless syllables of a clean name with a space between: `ou yang jian ming`; `ü` is
/// written `v`. What is not Chinese stays as it is, in small letters.
pub fn pinyin(clean: &str) -> String {
    let mut text = String::with_capacity(clean.len() * 2);
    let mut in_word = false;
    for (at, c) in clean.chars().enumerate() {
        if is_separator(c) {
            in_word = false;
            continue;
        }
        let syllable = reading(c, at == 0);
        let goes_on = in_word && syllable.is_none();
        if !text.is_empty() && !goes_on {
            text.push(' ');
        }
        in_word = syllable.is_none();
        match syllable {
            Some(syllable) => text.extend(syllable.chars().map(|c| if c == 'ü' { 'v' } else { c })),
            None => text.extend(c.to_lowercase()),
        }
    }
    text
}

/// How far two clean names are apart. A slip is one character more, less, other or swapped with
/// its neighbour, in names of at least 3; a cut name is the beginning, of at least 4 characters.
pub fn compare(a: &str, b: &str) -> NameMatch {
    if a.is_empty() || b.is_empty() {
        return NameMatch::Clash;
    }
    if a == b {
        return NameMatch::Same;
    }
    let (a, b): (Vec<char>, Vec<char>) = (folded(a).collect(), folded(b).collect());
    if a == b {
        NameMatch::Same
    } else if sound_alike(&a, &b) {
        NameMatch::Homophone
    } else if one_slip(&a, &b) || cut_off(&a, &b) || unreadable(&a, &b) {
        NameMatch::Near
    } else {
        NameMatch::Clash
    }
}

/// Where a character of a GB 18030 of before 2022 stands today.
fn placed(c: char) -> char {
    match c {
        '\u{e815}'..='\u{e864}' => MOVED_TO[(c as u32 - MOVED_FROM) as usize],
        '\u{e7c7}' => 'ḿ',
        _ => c,
    }
}

fn is_dot(c: char) -> bool {
    matches!(
        c,
        '·' | '•'
            | '・'
            | '･'
            | '‧'
            | '．'
            | '﹒'
            | '․'
            | '.'
            | '。'
            | '｡'
            | '-'
            | '－'
            | '‐'
            | '‑'
            | '–'
            | '—'
            | '―'
            | '−'
            | '_'
            | '∙'
            | '⋅'
            | '˙'
            | 'ㆍ'
            | '●'
            | '▪'
            | '᛫'
    )
}

fn is_separator(c: char) -> bool {
    c == '·' || c == ' '
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
        || matches!(c, '\'' | '`' | '"' | '‘' | '’' | '“' | '”')
}

/// Takes spaces, invisible characters, doubled and outer dots off, and notes when asked to.
fn without_layout(text: &str, skip_notes: bool) -> String {
    let mut name = String::with_capacity(text.len());
    let mut depth = 0_u32;
    let mut space = false;
    for c in text.chars() {
        match c {
            '(' | '[' | '{' | '<' | '【' | '〔' | '〖' | '《' | '〈' | '「' | '『' => {
                depth += 1
            }
            ')' | ']' | '}' | '>' | '】' | '〕' | '〗' | '》' | '〉' | '」' | '』' => {
                depth = depth.saturating_sub(1);
            }
            _ if depth > 0 && skip_notes => {}
            _ if c.is_whitespace() => space = true,
            _ if is_invisible(c) => {}
            _ if is_dot(c) => {
                if !name.is_empty() && !name.ends_with('·') {
                    name.push('·');
                }
            }
            _ => {
                let words = name.ends_with(|last: char| last.is_ascii_alphabetic());
                if space && words && c.is_ascii_alphabetic() {
                    name.push(' ');
                }
                space = false;
                name.push(c);
            }
        }
    }
    // A name cut in the middle of a character ends with the replacement character.
    let kept = name.trim_end_matches(['·', '\u{fffd}']).len();
    name.truncate(kept);
    name
}

fn folded(clean: &str) -> impl Iterator<Item = char> + '_ {
    clean.chars().filter(|c| !is_separator(*c)).map(|c| {
        match FOLDS.binary_search_by_key(&c, |(from, _)| *from) {
            Ok(at) => FOLDS[at].1,
            Err(_) => c.to_ascii_lowercase(),
        }
    })
}

/// The toneless syllable of a character; nothing for what is not Chinese.
pub fn syllable(c: char) -> Option<&'static str> {
    reading(c, false)
}

/// Whose child somebody is who has no name yet: 王丽 of 王丽之子.
pub fn child_of(clean: &str) -> Option<&str> {
    const SUFFIXES: [&str; 12] = [
        "之长子",
        "之次子",
        "之长女",
        "之次女",
        "的儿子",
        "的女儿",
        "之子",
        "之女",
        "之婴",
        "之孩",
        "儿子",
        "女儿",
    ];
    let parent = SUFFIXES.iter().find_map(|suffix| clean.strip_suffix(suffix))?;
    (parent.chars().count() >= 2).then_some(parent)
}

/// Other characters that are compared as this one.
pub fn other_forms(c: char) -> impl Iterator<Item = char> {
    FOLDS.iter().filter(move |(_, to)| *to == c).map(|(from, _)| *from)
}

fn reading(c: char, surname: bool) -> Option<&'static str> {
    if surname && let Some((_, syllable)) = SURNAME_READINGS.iter().find(|(name, _)| *name == c) {
        return Some(syllable);
    }
    c.to_pinyin().map(pinyin::Pinyin::plain)
}

fn sound_alike(a: &[char], b: &[char]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).enumerate().all(|(at, (a, b))| {
            a == b
                || reading(*a, at == 0)
                    .is_some_and(|syllable| reading(*b, at == 0) == Some(syllable))
        })
}

fn one_slip(a: &[char], b: &[char]) -> bool {
    if a.len().max(b.len()) < 3 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = |(a, b): &(&char, &char)| a == b;
    let front = a.iter().zip(b).take_while(same).count();
    let (a, b) = (&a[front..], &b[front..]);
    let back = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
    match (&a[..a.len() - back], &b[..b.len() - back]) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([a0, a1], [b0, b1]) => a0 == b1 && a1 == b0,
        _ => false,
    }
}

/// Is one the beginning of the other, as where a name was cut at so many bytes?
fn cut_off(a: &[char], b: &[char]) -> bool {
    a.len().min(b.len()) >= 4 && (a.starts_with(b) || b.starts_with(a))
}

/// Are they equal where both can be read, `?` and `□` standing for any character?
fn unreadable(a: &[char], b: &[char]) -> bool {
    let unknown = |c: &char| matches!(c, '?' | '□' | '■' | '〓' | '*' | '\u{fffd}');
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| a == b || unknown(a) || unknown(b))
        && a.iter().zip(b).any(|(a, b)| a == b && !unknown(a))
}

#[cfg(test)]
mod tests {
    use pinyin::ToPinyinMulti;

    use super::*;

    #[test]
    fn tables_are_sound() {
        let readings = |c: char| -> Vec<&str> {
            let multi = c.to_pinyin_multi().into_iter().flatten();
            multi.map(pinyin::Pinyin::plain).collect()
        };
        let wrong: Vec<_> = FOLDS
            .iter()
            .filter(|(from, to)| {
                let of_to = readings(*to);
                from == to || !readings(*from).iter().any(|syllable| of_to.contains(syllable))
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(FOLDS.windows(2).all(|pair| pair[0].0 < pair[1].0), "twice");
        assert!(FOLDS.iter().all(|(_, to)| FOLDS.iter().all(|(from, _)| from != to)), "chains");
        assert_eq!((VARIANTS.chars().count() % 2, MOVED.chars().count()), (0, 80));
        assert_eq!((placed('\u{e863}'), placed('\u{e81e}')), ('䶮', '\u{9fb4}'));
    }

    #[test]
    fn cleans() {
        for (raw, expected) in [
            ("张伟", "张伟"),
            (" 王　五 ", "王五"),
            ("王\u{200b}五\t", "王五"),
            ("李四(户主)", "李四"),
            ("李四（已故）", "李四"),
            ("李四[迁出]【注】", "李四"),
            ("李四（已", "李四"),
            ("（李四）", "李四"),
            ("扎西•次仁", "扎西·次仁"),
            ("扎西．次仁", "扎西·次仁"),
            ("扎西 - 次仁", "扎西·次仁"),
            ("扎西。。次仁。", "扎西·次仁"),
            ("买买提・艾力\u{fffd}", "买买提·艾力"),
            ("ＪＯＨＮ  ＳＭＩＴＨ", "JOHN SMITH"),
            ("陈\u{e863}", "陈䶮"),
            ("王\u{e000}", "王\u{e000}"),
            ("⼀凡", "一凡"),
            ("'王五", "王五"),
            ("", ""),
            ("-", ""),
        ] {
            assert_eq!(clean(raw), expected, "{raw}");
            assert_eq!(clean(expected), expected, "stays clean");
        }
    }

    #[test]
    fn folds_and_reads() {
        assert_eq!(fold("扎西·次仁"), "扎西次仁");
        assert_eq!(fold("蕭陞"), "肖升");
        assert_ne!(fold("王喆"), fold("王哲"));
        assert_eq!(pinyin("单建明"), "shan jian ming");
        assert_eq!(pinyin("扎西·次仁"), "zha xi ci ren");
        assert_eq!(pinyin("吕JOHN SMITH"), "lv john smith");
        assert_eq!(pinyin(""), "");
    }

    #[test]
    fn knows_children_without_a_name() {
        assert_eq!(child_of("王丽之子"), Some("王丽"));
        assert_eq!(child_of("欧阳小丽的女儿"), Some("欧阳小丽"));
        assert_eq!((child_of("王之子"), child_of("王丽")), (None, None));
    }

    #[test]
    fn compares() {
        use NameMatch::*;
        for (a, b, expected) in [
            ("张伟", "张伟", Same),
            ("扎西·次仁", "扎西次仁", Same),
            ("肖昇", "萧升", Same),
            ("張偉", "张伟", Same),
            ("王喆", "王哲", Homophone),
            ("张建国", "张剑国", Homophone),
            ("吕伟", "吕玮", Homophone),
            ("张建国", "张建军", Near),
            ("张建国", "张国建", Near),
            ("张建国", "张国", Near),
            ("阿依古丽·买买提", "阿依古丽", Near),
            ("阿依古丽买买提", "阿依古丽·买", Near),
            ("王□", "王喆", Near),
            ("张伟", "张军", Clash),
            ("张伟", "李伟", Clash),
            ("张建国", "张丽华", Clash),
            ("买买提", "买买提·艾力江", Clash),
            ("张?", "李伟", Clash),
            ("", "张伟", Clash),
            ("", "", Clash),
        ] {
            assert_eq!(compare(a, b), expected, "{a} {b}");
            assert_eq!(compare(b, a), expected, "{b} {a}");
        }
    }
}

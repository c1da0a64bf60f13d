//! Citizen IDs as they are mistyped, cut, borrowed and replaced.

use crate::citizen_id::{CitizenId, check_digit, parse};
use crate::fake::write::Dice;

/// Another text for an ID, by the class of its error; nothing when the class does not fit this ID.
pub(super) fn spoilt(class: &str, id: &str, dice: &mut Dice) -> Option<String> {
    let bytes = id.as_bytes();
    if bytes.len() != 18 {
        return None;
    }
    match class {
        "id_placeholder" => Some(
            (*dice.pick(&["999999", "0", "无", "111111111111111111", "123456789012345678"])).into(),
        ),
        "id_15" => (&id[6..8] == "19" && &id[14..17] < "996")
            .then(|| format!("{}{}", &id[..6], &id[8..17])),
        "id_check" => {
            let other: Vec<char> = "0123456789X".chars().filter(|c| !id.ends_with(*c)).collect();
            Some(format!("{}{}", &id[..17], dice.pick(&other)))
        }
        "id_digit" => Some(digits(id, 1, dice)),
        "id_two_digits" => (0..20).map(|_| digits(id, 2, dice)).find(|text| !taken(text, id)),
        "id_swapped" => {
            let places: Vec<usize> = (0..16).filter(|i| bytes[*i] != bytes[i + 1]).collect();
            let at = *places.get(dice.below(places.len().max(1)))?;
            let mut text = bytes.to_vec();
            text.swap(at, at + 1);
            String::from_utf8(text).ok()
        }
        "id_dropped" => {
            let mut text = id.to_owned();
            text.remove(dice.below(18));
            Some(text)
        }
        "id_added" => {
            let mut text = id.to_owned();
            text.insert(dice.below(18), char::from(b'0' + dice.below(10) as u8));
            Some(text)
        }
        "id_excel" => Some(match dice.below(3) {
            0 => format!("{}.{}e17", &id[..1], &id[1..15]),
            _ => format!("{}000", &id[..15]),
        }),
        "id_scientific" => Some(format!("{}.{}E+17", &id[..1], &id[1..6])),
        "id_wrong_valid" => wrong_valid(id, dice),
        "id_old" => old(id, dice),
        "id_look_alike" => {
            let text = id.replace('0', "O").replacen('1', "l", 1);
            (text != id).then_some(text)
        }
        _ => None,
    }
}

/// So many of the first seventeen digits are other digits.
fn digits(id: &str, count: usize, dice: &mut Dice) -> String {
    let mut text = id.as_bytes().to_vec();
    let mut done = Vec::new();
    while done.len() < count {
        let at = dice.below(17);
        if !done.contains(&at) {
            text[at] = b'0' + (text[at] - b'0' + 1 + dice.below(9) as u8) % 10;
            done.push(at);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// One digit is another, and the check digit fits: somebody else's number, or nobody's.
fn wrong_valid(id: &str, dice: &mut Dice) -> Option<String> {
    (0..20).find_map(|_| {
        let text = digits(id, 1, dice);
        valid(&text[..17]).filter(|text| !taken(text, id))
    })
}

/// May a number be that of somebody outside of the world? It is valid, and not of the areas that nobody has.
fn taken(text: &str, id: &str) -> bool {
    text[..3] != id[..3] && parse(text, &[]).id.is_some()
}

/// A number of the same person from before: another area or sequence, the same birth and sex.
fn old(id: &str, dice: &mut Dice) -> Option<String> {
    let sex = usize::from(id.as_bytes()[16] - b'0') % 2;
    let sequence = dice.below(500) * 2 + sex;
    let area =
        if dice.below(2) == 0 { id[..6].to_owned() } else { format!("629{:03}", dice.below(1000)) };
    valid(&format!("{area}{}{sequence:03}", &id[6..14])).filter(|text| text != id)
}

/// The first seventeen digits with their check character, if their date is real.
pub(super) fn valid(first17: &str) -> Option<String> {
    let mut bytes = [0; 18];
    bytes[..17].copy_from_slice(first17.as_bytes());
    bytes[17] = check_digit(&bytes[..17]);
    CitizenId::new(bytes).map(|id| id.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::citizen_id::Quality;

    /// A number that could be somebody's would be a real person's under a made-up name.
    #[test]
    fn no_spoilt_number_is_of_a_real_area() {
        let mut dice = Dice::new(7, &["test"]);
        for class in super::super::IDS {
            for text in (0..5000).filter_map(|_| spoilt(class, "629401195603140024", &mut dice)) {
                let read = parse(&text, &[]).id;
                assert!(read.is_none_or(|id| id.as_str().starts_with("629")), "{class}: {text}");
            }
        }
    }

    #[test]
    fn classes_are_what_they_say() {
        let id = "629401195603140024";
        let mut dice = Dice::new(7, &["test"]);
        for _ in 0..200 {
            let mut read = |class: &str| parse(&spoilt(class, id, &mut dice).unwrap(), &[]);
            assert_eq!(read("id_15").id.unwrap().as_str(), id);
            assert_eq!(read("id_look_alike").id.unwrap().as_str(), id);
            assert_eq!(read("id_excel").quality, Quality::Truncated15);
            assert_eq!(read("id_scientific").quality, Quality::Scientific);
            assert_eq!(read("id_placeholder").quality, Quality::Placeholder);
            assert_eq!(read("id_dropped").quality, Quality::Length);
            for class in ["id_check", "id_digit", "id_two_digits", "id_swapped", "id_added"] {
                let spoilt = read(class);
                assert!(spoilt.id.is_none_or(|i| i.as_str() != id), "{class}");
            }
            for class in ["id_wrong_valid", "id_old"] {
                let other = read(class).id.unwrap();
                assert_ne!(other.as_str(), id);
            }
        }
    }
}

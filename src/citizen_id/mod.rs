//! Citizen ID numbers (GB 11643): reads what departments send, repairs look-alikes, never guesses.

mod quality;
mod read;
mod spelling;

use std::fmt;

use chrono::NaiveDate;

pub use quality::Quality;
pub use read::{Parsed, characters, parse};

/// Weights of the first 17 digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check character by weighted sum modulo 11.
const CHECK: [u8; 11] = *b"10X98765432";

/// A citizen ID with a real birth date and the right check digit: 18 ASCII bytes, the last may be
/// `X`. No other value can be made. It has no readable `Debug`, `Display` or `Serialize`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenId([u8; 18]);

/// Sex as the 17th digit of an ID tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    Male,
    Female,
}

impl Sex {
    /// The code of GB/T 2261.1: `1` male, `2` female.
    pub fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }
}

impl CitizenId {
    /// The ID of exactly 18 bytes, if its date is real and its check digit right.
    pub fn new(bytes: [u8; 18]) -> Option<Self> {
        (judge18(&bytes) == Quality::Valid).then_some(Self(bytes))
    }

    /// The 18 characters. For keys and tables of the lake only, never for a text that people read.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII digits and X are let in")
    }

    /// Birth date, 1900 to 2099.
    pub fn birth(&self) -> NaiveDate {
        let (year, month, day) = date_parts(&self.0[6..14]);
        NaiveDate::from_ymd_opt(year as i32, month, day).expect("the date was checked when made")
    }

    /// Sex by the 17th digit, odd for men.
    pub fn sex(&self) -> Sex {
        if (self.0[16] - b'0') % 2 == 1 { Sex::Male } else { Sex::Female }
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenId(…)")
    }
}

/// Check character (`0`-`9` or `X`) of the first 17 ASCII digits; further bytes are not looked at.
pub fn check_digit(first17: &[u8]) -> u8 {
    let sum: u32 = first17
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
        .sum();
    CHECK[(sum % 11) as usize]
}

/// The 18-character form of a 15-digit number, whose year always is one of the 1900s.
pub fn upgrade15(fifteen: &[u8; 15]) -> Option<CitizenId> {
    let mut bytes = [0; 18];
    bytes[..6].copy_from_slice(&fifteen[..6]);
    bytes[6..8].copy_from_slice(b"19");
    bytes[8..17].copy_from_slice(&fifteen[6..]);
    bytes[17] = check_digit(&bytes);
    CitizenId::new(bytes)
}

/// Does a run of digits, also full-width ones, hold somebody's number? 18 characters do with a year of
/// birth in its place, or when one slip of the hand put right makes an ID of them; 15 with a real day of
/// birth. More do when they begin with a real day of birth in its place, as the number of a disability
/// card does, or have a right number among them. All else is the number of a bill or an organisation.
pub fn holds_id(run: &str) -> bool {
    // Full-width forms stand 0xFEE0 above their narrow ones.
    let narrow = |c: char| u8::try_from(u32::from(c) % 0xFEE0).unwrap_or(b'?').to_ascii_uppercase();
    let bytes: Vec<u8> = run.chars().map(narrow).collect();
    match bytes.iter().take_while(|b| b.is_ascii_digit()).count() {
        15 => bytes.first_chunk::<15>().and_then(upgrade15).is_some(),
        17 | 18 => bytes.first_chunk::<18>().is_some_and(is_somebodys),
        19.. => bytes.windows(18).enumerate().any(|(at, part)| {
            let quality = part.first_chunk::<18>().map_or(Quality::Length, judge18);
            quality == Quality::Valid || (at == 0 && quality == Quality::Checksum)
        }),
        _ => false,
    }
}

/// Is it an ID, or was it to be one: with a year of birth, or when one wrong digit, or two neighbours that
/// changed places, are put right?
fn is_somebodys(number: &[u8; 18]) -> bool {
    let (year, ..) = date_parts(&number[6..14]);
    let is_slip = |at: usize| {
        let mut other = *number;
        other.swap(at, at + 1);
        let mut right = judge18(&other) == Quality::Valid;
        other = *number;
        for digit in b'0'..=b'9' {
            other[at] = digit;
            right |= judge18(&other) == Quality::Valid;
        }
        right
    };
    (1900..=2099).contains(&year) || (0..17).any(is_slip)
}

fn is_shape18(bytes: &[u8]) -> bool {
    bytes[..17].iter().all(u8::is_ascii_digit) && matches!(bytes[17], b'0'..=b'9' | b'X')
}

fn judge18(bytes: &[u8; 18]) -> Quality {
    if !is_shape18(bytes) || bytes[0] == b'0' {
        Quality::Length
    } else if !real_birth(&bytes[6..14]) {
        Quality::BadDate
    } else if check_digit(bytes) != bytes[17] {
        Quality::Checksum
    } else {
        Quality::Valid
    }
}

/// Year, month and day of eight ASCII digits.
fn date_parts(digits: &[u8]) -> (u32, u32, u32) {
    let number = |part: &[u8]| part.iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    (number(&digits[..4]), number(&digits[4..6]), number(&digits[6..8]))
}

fn real_birth(digits: &[u8]) -> bool {
    let (year, month, day) = date_parts(digits);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1900..=2099).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "629401195603140024";

    fn made(first17: &str) -> String {
        format!("{first17}{}", char::from(check_digit(first17.as_bytes())))
    }

    #[test]
    fn reads_a_clean_number() {
        let id = parse(ID, &[]).id.unwrap();
        assert_eq!(id.as_str(), ID);
        assert_eq!(id.birth(), NaiveDate::from_ymd_opt(1956, 3, 14).unwrap());
        assert_eq!((id.sex(), id.sex().code()), (Sex::Female, "2"));
        assert_eq!(parse("62940119900101001X", &[]).id.unwrap().sex(), Sex::Male);
        assert_eq!(format!("{:?}", parse(ID, &[]).id), "Some(CitizenId(…))");
        for area in ["810000", "820000", "830000"] {
            assert_eq!(parse(&made(&format!("{area}19900101001")), &[]).quality, Quality::Valid);
        }
    }

    #[test]
    fn a_run_that_holds_a_number_is_seen() {
        for run in [
            ID,
            "62940119900101001x",
            "６２９４０１１９９００１０１００１Ｘ",
            "629401560314002",
            // A mistyped one is somebody's all the same; a card, also with a wrong check digit.
            "629401195613140024",
            "629401195600000024",
            "629401106503140021",
            "629401916503140021",
            "629401195630140024",
            "69240119900101001X",
            "62940119560314002443",
            "62940119560314002543",
            "1629401195603140024",
        ] {
            assert!(holds_id(run), "{run}");
        }
        for run in [
            "",
            "13800000000",
            "629401561314002",
            "6200000012300045",
            "62010020260000000123",
            // The numbers of an organisation, of an order, of a line of an account.
            "916201007127645312",
            "12620000438000123X",
            "620000000000012345",
        ] {
            assert!(!holds_id(run), "{run}");
        }
    }

    #[test]
    fn the_check_digit_sees_every_slip_of_one_digit() {
        for at in 0..17 {
            for digit in b'0'..=b'9' {
                let mut bytes: [u8; 18] = ID.as_bytes().try_into().unwrap();
                let same = std::mem::replace(&mut bytes[at], digit) == digit;
                assert_eq!(CitizenId::new(bytes).is_some(), same);
            }
        }
    }
}

//! What a received ID number can turn out to be.

/// What a received ID number turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// As the standard writes it.
    Valid,
    /// Valid after case, width, spaces and look-alikes were put right.
    Repaired,
    /// A valid 15-digit number of before 1999, brought to 18.
    Upgraded15,
    /// A disability card (20 or 22 characters) that begins with a valid ID.
    Disability,
    /// 18 characters with a real date and a wrong check digit.
    Checksum,
    /// The birth date does not exist or is not in 1900..=2099.
    BadDate,
    /// Wrong length, or characters that no ID has.
    Length,
    /// A number cell: only the first 15 digits are left.
    Truncated15,
    /// Displayed as `6.29E+17`: too few digits are left to find anybody.
    Scientific,
    /// Something that only stands in for a number.
    Placeholder,
    /// Nothing.
    Missing,
    /// A passport, birth certificate or travel permit.
    OtherDocument,
}

impl Quality {
    /// Every quality, the usable ones first.
    pub const ALL: [Self; 12] = [
        Self::Valid,
        Self::Repaired,
        Self::Upgraded15,
        Self::Disability,
        Self::Checksum,
        Self::BadDate,
        Self::Length,
        Self::Truncated15,
        Self::Scientific,
        Self::Placeholder,
        Self::Missing,
        Self::OtherDocument,
    ];

    /// The word that stands in `X_quality` columns.
    pub fn word(self) -> &'static str {
        self.words().0
    }

    /// Short Chinese label.
    pub fn zh(self) -> &'static str {
        self.words().1
    }

    /// The quality of a word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quality| quality.word() == word)
    }

    /// Does a value of this quality come with an ID?
    pub fn usable(self) -> bool {
        self <= Self::Disability
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Valid => ("valid", "有效"),
            Self::Repaired => ("repaired", "已修复"),
            Self::Upgraded15 => ("upgraded15", "15位升18位"),
            Self::Disability => ("disability", "残疾人证号"),
            Self::Checksum => ("checksum", "校验码不符"),
            Self::BadDate => ("bad_date", "出生日期无效"),
            Self::Length => ("length", "位数或字符不符"),
            Self::Truncated15 => ("truncated15", "数值截断(存前15位)"),
            Self::Scientific => ("scientific", "科学计数法"),
            Self::Placeholder => ("placeholder", "占位号码"),
            Self::Missing => ("missing", "缺失"),
            Self::OtherDocument => ("other_document", "其他证件"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for (place, quality) in Quality::ALL.into_iter().enumerate() {
            assert_eq!(Quality::from_word(quality.word()), Some(quality));
            assert_eq!(quality as usize, place);
        }
        assert_eq!(Quality::ALL.iter().filter(|quality| quality.usable()).count(), 4);
    }
}

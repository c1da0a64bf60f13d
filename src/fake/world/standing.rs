//! Where a household stands: the rural-revitalisation list, hardship groups, confirmed diseases.

use chrono::{Datelike, NaiveDate};

use super::World;
use super::draw::{Draw, coded, date, digits, plus};
use super::model::{Copy_, CoverKind, Group, Home, Illness, Listing, Monitored};
use super::wish::{ListWish, Wish};
use crate::fake::NO_PHONE;

/// Code, class, ICD, name of the diseases that the world knows.
pub(super) const HBP: (&str, &str, &str, &str) = ("hbp", "慢病", "I10.x00", "高血压病");
pub(super) const DM: (&str, &str, &str, &str) = ("dm", "慢病", "E11.900", "2型糖尿病");
const SMI: (&str, &str, &str, &str) = ("smi", "慢病", "F20.900", "精神分裂症");
const TB: (&str, &str, &str, &str) = ("tb", "慢病", "A15.000", "肺结核");
pub(super) const KIDNEY: (&str, &str, &str, &str) = ("d07", "大病", "N18.500", "终末期肾病");
pub(super) const STOMACH: (&str, &str, &str, &str) = ("d04", "大病", "C16.900", "胃恶性肿瘤");
const ADULT: [(&str, &str, &str, &str); 11] = [
    STOMACH,
    ("d03", "大病", "C15.900", "食管恶性肿瘤"),
    ("d05", "大病", "C18.900", "结肠恶性肿瘤"),
    ("d08", "大病", "C34.900", "肺恶性肿瘤"),
    ("d09", "大病", "C22.000", "肝细胞癌"),
    ("d12", "大病", "I21.900", "急性心肌梗死"),
    ("d23", "大病", "I63.900", "脑梗死"),
    ("d23", "大病", "I61.900", "脑出血"),
    ("d24", "大病", "J44.900", "慢性阻塞性肺疾病"),
    ("d30", "大病", "I05.900", "风湿性二尖瓣疾病"),
    KIDNEY,
];
const WOMEN: [(&str, &str, &str, &str); 2] =
    [("d10", "大病", "C50.900", "乳腺恶性肿瘤"), ("d11", "大病", "C53.900", "宫颈恶性肿瘤")];
const CATARACT: (&str, &str, &str, &str) = ("d13", "大病", "H25.900", "老年性白内障");
const CHILD: [(&str, &str, &str, &str); 2] =
    [("d01", "大病", "C91.000", "急性淋巴细胞白血病"), ("d02", "大病", "Q21.000", "室间隔缺损")];
const RARE: [(&str, &str, &str, &str); 3] = [
    ("rare", "罕见病", "E83.000", "肝豆状核变性"),
    ("rare", "罕见病", "G35.x00", "多发性硬化"),
    ("rare", "罕见病", "D59.500", "阵发性睡眠性血红蛋白尿症"),
];
const RISKS: [&[&str]; 6] = [
    &["因学"],
    &["因自然灾害"],
    &["因意外事故", "缺劳动力"],
    &["因务工就业不稳"],
    &["因产业项目失败"],
    &["因残", "缺劳动力"],
];

/// A confirmed disease of these words.
pub(super) fn illness(
    known: (&'static str, &'static str, &'static str, &'static str),
    since: NaiveDate,
) -> Illness {
    Illness { code: known.0, class: known.1, icd: known.2, name: known.3, since }
}

impl World {
    /// Diseases, list and groups of a household, in this order: the risks of the list rest on the diseases.
    pub(super) fn standing(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        self.diseases(home, wish, draw);
        self.listing(home, wish, draw);
        self.groups(home, wish, draw);
    }

    fn diseases(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        let first = self.first();
        for i in 0..home.persons.len() {
            let age = home.age(i, first);
            let born = home.persons[i].birth;
            let mut ills = Vec::new();
            let chronic = [0, 0, 0, 12, 28, 62, 118, 140, 130, 130][(age / 10).min(9) as usize];
            let since = |draw: &mut Draw| {
                draw.day(plus(first, -8 * 365), plus(first, -70)).max(plus(born, 20))
            };
            if draw.chance(chronic, 1000) {
                ills.push(illness(HBP, since(draw)));
            }
            if draw.chance(chronic / 3, 1000) {
                ills.push(illness(DM, since(draw)));
            }
            if age >= 18 && draw.chance(5, 1000) {
                ills.push(illness(SMI, since(draw)));
            }
            if age >= 18 && draw.chance(4, 10_000) {
                // Tuberculosis is treated for half a year and then closed.
                ills.push(illness(TB, draw.day(plus(first, -150), plus(first, -20))));
            }
            if draw.chance(if age >= 60 { 16 } else { 4 }, 1000) {
                ills.push(illness(major(age, home.persons[i].male, draw), since(draw)));
            }
            if age >= 12 && draw.chance(5, 10_000) {
                ills.push(illness(draw.pick(&RARE), since(draw)));
            }
            home.persons[i].ills = ills;
        }
        if wish.quiet {
            home.persons.iter_mut().for_each(|p| p.ills.clear());
        }
        let long_ago = plus(first, -900);
        if let (Some(code), Some(head)) = (wish.ill, home.persons.first_mut()) {
            let known = match code {
                "hbp" => HBP,
                "d07" => KIDNEY,
                "d04" => STOMACH,
                _ => DM,
            };
            head.ills = vec![illness(known, long_ago)];
        }
        if matches!(wish.list, ListWish::OpenIll | ListWish::New) && home.persons[0].ills.is_empty()
        {
            home.persons[0].ills.push(illness(HBP, long_ago));
        }
    }

    fn listing(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        let wanted = match wish.list {
            ListWish::Any => match draw.below(1000) {
                0..=197 => ListWish::Lifted,
                198..=206 => ListWish::Open,
                207..=210 => ListWish::OpenIll,
                211 => ListWish::New,
                212..=222 => ListWish::Cleared,
                _ => ListWish::Unlisted,
            },
            other => other,
        };
        if wanted == ListWish::Unlisted || home.persons[0].death.is_some() {
            return;
        }
        let lifted = wanted == ListWish::Lifted || draw.chance(1, 2);
        let ill = home
            .persons
            .iter()
            .any(|p| p.death.is_none() && p.ills.iter().any(|i| i.class != "罕见病"));
        let mon = match wanted {
            ListWish::Lifted => None,
            ListWish::OpenIll | ListWish::New if ill => {
                Some(self.monitored((wanted, wish.identified), lifted, &["因病"], draw))
            }
            _ if ill && draw.chance(1, 2) => {
                Some(self.monitored((wanted, wish.identified), lifted, &["因病", "缺劳动力"], draw))
            }
            _ => Some(self.monitored(
                (wanted, wish.identified),
                lifted,
                RISKS[draw.below(6) as usize],
                draw,
            )),
        };
        let mut hh_no = String::with_capacity(14);
        // The province's two digits.
        hh_no.extend(self.sites[home.county].code.chars().take(2));
        digits(&mut hh_no, home.number, 10);
        let mut helper_phone = String::from(NO_PHONE);
        digits(&mut helper_phone, draw.below(100_000_000), 8);
        home.list = Some(Listing {
            hh_no,
            lifted,
            mon,
            income: draw.between(1_050_000, 2_600_000),
            helper: coded("帮扶干部", draw.below(900) + 100, 3),
            helper_phone,
            size_error: 0,
            claim_error: None,
            copy: Copy_::Same,
        });
    }

    fn monitored(
        &self,
        (wanted, fixed): (ListWish, Option<NaiveDate>),
        lifted: bool,
        risks: &'static [&'static str],
        draw: &mut Draw,
    ) -> Monitored {
        let first = self.first();
        let identified = fixed.unwrap_or_else(|| match wanted {
            // Also in the nights to come: clocks must not ring before their time.
            ListWish::New => draw.day(plus(first, -60), self.last()),
            ListWish::Cleared => draw.day(plus(first, -900), plus(first, -400)),
            _ => draw.day(plus(first, -800), plus(first, -60)),
        });
        let kind = if lifted {
            "脱贫不稳定户"
        } else {
            ["边缘易致贫户", "突发严重困难户"][usize::from(draw.chance(3, 10))]
        };
        let measure =
            if risks[0] == "因病" { "慢病签约服务" } else { "其他健康帮扶" };
        let decided = plus(identified, draw.between(3, 12));
        let done = plus(decided, draw.between(1, 12));
        let mut measures = vec![(measure, decided, Some(done))];
        if draw.chance(1, 2) {
            measures.push(("参保缴费补贴", decided, Some(done)));
        }
        let cleared = (wanted == ListWish::Cleared).then(|| {
            let way = if draw.chance(9, 10) { "帮扶消除" } else { "自然消除" };
            (plus(identified, draw.between(220, 380)), way)
        });
        Monitored {
            kind,
            risks,
            identified,
            visited: Some(plus(identified, draw.between(1, 6))),
            measures,
            cleared,
            income_after: draw.between(1_000_000, 2_200_000),
            oop: if risks[0] == "因病" { draw.between(200_000, 900_000) } else { 0 },
        }
    }

    fn groups(&self, home: &mut Home, wish: &Wish, draw: &mut Draw) {
        let listed = home.list.is_some();
        let roll = if wish.quiet { 1000 } else { draw.below(1000) };
        let alone_old = home.persons.len() == 1 && home.age(0, self.first()) >= 60;
        let whole = match (listed, roll) {
            (true, 0..=399) if alone_old => Some("特困"),
            (true, 0..=239) => Some("低保"),
            (true, 240..=252) => Some("返贫致贫"),
            (false, 0..=29) if alone_old => Some("特困"),
            (false, 0..=13) => Some("低保"),
            (false, 14..=22) => Some("低保边缘"),
            (false, 23..=24) => Some("因病致贫"),
            _ => None,
        };
        let whole = if wish.quiet { None } else { whole };
        let start = self.group_start(draw);
        for i in 0..home.persons.len() {
            let age = home.age(i, self.first());
            let employee = home.persons[i].cover == CoverKind::Employee;
            let mut groups = Vec::new();
            if let Some(code) = whole.filter(|_| !employee) {
                groups.push(group(code, start.max(home.persons[i].birth)));
            }
            if !wish.quiet && age >= 8 && draw.chance(12, 1000) {
                groups.push(group("重度残疾", self.long_ago(draw).max(home.persons[i].birth)));
            }
            if !wish.quiet && groups.is_empty() && draw.chance(4, 1000) {
                // A right that ended before the period: nothing may be claimed from it.
                let from = plus(self.first(), -1800).max(home.persons[i].birth);
                groups.push(Group { end: Some(plus(self.first(), -800)), ..group("低保", from) });
                groups.retain(|g| g.end.is_none_or(|end| end > g.start));
            }
            home.persons[i].groups = groups;
        }
        if let (Some(code), Some(head)) = (wish.group, home.persons.first_mut()) {
            head.groups = vec![group(code, plus(self.first(), -1200))];
        }
    }

    fn long_ago(&self, draw: &mut Draw) -> NaiveDate {
        date(self.first().year() - 2, 1, 15).min(plus(self.first(), -draw.between(600, 3000)))
    }

    fn group_start(&self, draw: &mut Draw) -> NaiveDate {
        if draw.chance(1, 12) {
            // Too late for this year's subsidy of the premium.
            draw.day(plus(self.first(), -150), plus(self.first(), -20)).max(date(
                self.first().year(),
                3,
                2,
            ))
        } else {
            self.long_ago(draw)
        }
    }
}

fn group(code: &'static str, start: NaiveDate) -> Group {
    let (level, amount) = match code {
        "特困" => ("", 78_000),
        "低保" => ("B", 42_000),
        "返贫致贫" | "低保边缘" | "因病致贫" => ("", 0),
        _ => ("肢体二级", 10_000),
    };
    Group { code, level, start, end: None, amount }
}

fn major(
    age: u32,
    male: bool,
    draw: &mut Draw,
) -> (&'static str, &'static str, &'static str, &'static str) {
    match age {
        0..=15 => draw.pick(&CHILD),
        16..=29 => draw.pick(&ADULT[5..]),
        _ if !male && draw.chance(1, 4) => draw.pick(&WOMEN),
        60.. if draw.chance(1, 5) => CATARACT,
        _ => draw.pick(&ADULT),
    }
}

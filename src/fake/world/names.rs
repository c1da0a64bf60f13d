//! Names of made-up people: surnames by weight, given names by sex and age, Tibetan and Hui names where they live.

use super::draw::Draw;

const MALE_OLD: &str = "建国|国栋|德福|有福|万福|进财|满仓|长寿|永福|世明|生海|保田|占山|兆祥|廷玉|登科|得胜|治国|振华|兴旺|尚武|克俭|守业|宗义|怀仁|发祥|存良|应龙|天成|克勤";
const FEMALE_OLD: &str = "桂兰|玉兰|秀兰|桂英|玉梅|秀珍|菊花|翠花|月娥|银花|桂香|玉珍|淑兰|腊梅|春兰|香莲|改兰|秀梅|兰英|玉莲|彩云|存女|招弟|凤英|巧云|粉娥|金花|素珍|润娥|爱莲";
const MALE_YOUNG: &str = "伟强|浩然|子轩|宇航|鹏飞|俊杰|文博|志强|海龙|小军|瑞泽|嘉豪|晓东|明轩|建平|永强|彦龙|向阳|浩宇|梓豪|天佑|家乐|旭东|国强|小龙|亚军|学文|晨曦|文斌|立新";
const FEMALE_YOUNG: &str = "梓涵|欣怡|雨桐|诗涵|佳怡|晓燕|丽娟|海燕|雪梅|婷婷|雅琴|思雨|若曦|小红|晓霞|静怡|彩霞|红霞|亚楠|嘉欣|文静|玲玲|梦瑶|可馨|雨欣|慧敏|巧玲|莉莉|紫萱|海霞";
const SINGLE_MALE: &str = "伟军强磊勇刚辉斌鹏涛龙飞平波超杰健林海亮峰东宁毅江毓锋荣贵祥禄";
const SINGLE_FEMALE: &str = "丽霞娟敏燕芳静玲红艳萍梅雪莲琴云婷洁颖蓉兰花香娥凤莉娜瑞芬";
const MIDDLE: &str = "建志永国文海小玉春晓明秀红雪学世生正天成宝金万祥兴彦瑞思嘉宏廷振耀继尚鸿";
const TIBETAN: &str = "扎西|才让|次仁|多杰|旦增|桑吉|贡布|尼玛|达瓦|仁青|更登|索南|久西|道吉|完么|加羊|拉毛|卓玛|央金|德吉|旺姆|草吉|娘毛|仁增|格桑|班玛|曲吉|白玛";
const TIBETAN_TAIL: &str = "草|加|杰|吉|措|毛";
const HUI_MALE: &str =
    "哈桑|阿里|尤素夫|伊斯玛|麦苏|奴海|易卜拉|舍木苏|穆沙|苏来曼|努力|达吾德|一布拉";
const HUI_FEMALE: &str = "法图麦|阿依舍|麦日彦|热比亚|索菲燕|海迪哲|哈力麦|则乃拜|古力仙|米燕";
const HUI_SURNAMES: &str = "马马马马马马马马马妥丁哈穆沙苏白杨喇祁";

/// The people that a place's names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Han,
    Hui,
    Tibetan,
    Dongxiang,
}

impl Group {
    /// GB/T 3304 code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Group::Han => "01",
            Group::Hui => "03",
            Group::Tibetan => "04",
            Group::Dongxiang => "26",
        }
    }

    /// The group of a household of this county: Tibetan people live in Gannan, Hui and Dongxiang in Linxia.
    pub(super) fn of_county(county: &str, draw: &mut Draw) -> Self {
        let roll = draw.below(100);
        match county.get(..4) {
            Some("6230") if roll < 58 => Group::Tibetan,
            Some("6229") if county == "622926" && roll < 80 => Group::Dongxiang,
            Some("6229") if roll < 45 => Group::Hui,
            Some("6229") if roll < 62 => Group::Dongxiang,
            _ if roll < 3 => Group::Hui,
            _ => Group::Han,
        }
    }
}

/// The lists of names, split once.
pub(super) struct Names {
    surnames: Vec<String>,
    weights: Vec<u64>,
    lists: [Vec<&'static str>; 8],
    chars: [Vec<char>; 4],
}

const TIB: usize = 4;
const TAIL: usize = 5;
const HUI_M: usize = 6;
const HUI_F: usize = 7;

impl Names {
    /// Names with these surnames and weights.
    pub(super) fn new(surnames: Vec<(String, f64)>) -> Self {
        let mut total = 0;
        let mut texts = Vec::with_capacity(surnames.len() + 1);
        let mut weights = Vec::with_capacity(surnames.len() + 1);
        for (text, weight) in surnames {
            // Cumulative, so that a draw is one binary search.
            total += (weight.max(0.0) * 1e9) as u64 + 1;
            texts.push(text);
            weights.push(total);
        }
        if texts.is_empty() {
            texts.push("李".to_owned());
            weights.push(1);
        }
        let lists = [
            MALE_OLD,
            FEMALE_OLD,
            MALE_YOUNG,
            FEMALE_YOUNG,
            TIBETAN,
            TIBETAN_TAIL,
            HUI_MALE,
            HUI_FEMALE,
        ]
        .map(|list| list.split('|').collect());
        let chars =
            [SINGLE_MALE, SINGLE_FEMALE, MIDDLE, HUI_SURNAMES].map(|list| list.chars().collect());
        Self { surnames: texts, weights, lists, chars }
    }

    /// A surname of this group; empty for Tibetan people, who have none.
    pub(super) fn surname(&self, group: Group, draw: &mut Draw) -> String {
        match group {
            Group::Tibetan => String::new(),
            Group::Hui | Group::Dongxiang => draw.pick(&self.chars[3]).to_string(),
            Group::Han => {
                let at = draw.below(self.weights.last().copied().unwrap_or(1));
                let index = self.weights.partition_point(|w| *w <= at);
                self.surnames[index.min(self.surnames.len() - 1)].clone()
            }
        }
    }

    /// A full name.
    pub(super) fn full(
        &self,
        group: Group,
        surname: &str,
        male: bool,
        old: bool,
        draw: &mut Draw,
    ) -> String {
        let mut name = String::with_capacity(16);
        match group {
            Group::Tibetan => self.tibetan(&mut name, draw),
            Group::Hui | Group::Dongxiang if draw.chance(1, 2) => {
                name.push_str(surname);
                name.push_str(draw.pick(&self.lists[if male { HUI_M } else { HUI_F }]));
            }
            _ => {
                name.push_str(surname);
                self.given(&mut name, male, old, draw);
            }
        }
        name
    }

    fn tibetan(&self, name: &mut String, draw: &mut Draw) {
        let list = &self.lists[TIB];
        let first = draw.below(list.len() as u64) as usize;
        // Never the same word twice.
        let second = (first + 1 + draw.below(list.len() as u64 - 1) as usize) % list.len();
        name.push_str(list[first]);
        match draw.below(4) {
            0 => name.push_str(draw.pick(&self.lists[TAIL])),
            1 => name.push_str(list[second]),
            _ => {
                name.push('·');
                name.push_str(list[second]);
                if draw.chance(1, 3) {
                    name.push_str(draw.pick(&self.lists[TAIL]));
                }
            }
        }
    }

    fn given(&self, name: &mut String, male: bool, old: bool, draw: &mut Draw) {
        match draw.below(10) {
            0..=3 => {
                name.push_str(draw.pick(&self.lists[usize::from(!male) + if old { 0 } else { 2 }]))
            }
            4..=7 => {
                name.push(draw.pick(&self.chars[2]));
                name.push(draw.pick(&self.chars[usize::from(!male)]));
            }
            _ => name.push(draw.pick(&self.chars[usize::from(!male)])),
        }
    }
}

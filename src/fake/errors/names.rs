//! Names as they are misheard, misread, shortened and spelt otherwise.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::fake::write::Dice;
use crate::person_name;

/// Characters that given names are made of; those of one sound are taken for each other.
const COMMON: &str = "\
    伟维伟卫魏薇军君俊均钧骏强墙磊蕾雷勇永泳刚钢纲辉慧惠会晖斌彬宾滨鹏朋蓬涛韬飞菲非妃平萍苹屏波博\
    伯超潮杰洁捷节健建剑坚林琳霖临海亮良梁粱峰锋丰凤风东冬栋宁咛毅义艺怡宜逸江疆毓玉育宇雨裕荣蓉容\
    贵桂祥翔香详禄璐露路丽莉立力历霞侠夏娟鹃捐敏民旻燕艳雁彦晏芳方房静靖敬晶精玲灵凌铃岭红宏洪虹鸿\
    梅美媚雪学莲连联琴勤秦芹云芸韵筠婷亭廷庭颖英瑛樱映兰岚蓝花华化桦娥鹅凤奉娜纳瑞睿芬分粉志智治芷\
    国果文闻雯纹小晓笑校春纯淳明铭鸣秀绣修世士诗石生升声胜盛正政征珍贞真成诚承程宝保葆金锦今进万婉晚\
    兴星行新欣心馨思丝斯四嘉佳家加振镇震耀要瑶尧继季济尚上德得福富芙有友幼佑财才满仓长常昌寿首守保田\
    甜占站兆赵登灯科克治俭剪简业叶宗总仁人发祥存村良应营龙隆天添勤存女招昭弟娣粉巧桥彩润爱艾素苏淑书\
    数梓紫子欣怡诗桐彤涵晗含可珂柯若雅亚慧敏浩昊皓然轩宣萱豪毫航杭旭序绪晨辰臣曦希西熙";

/// Pairs of characters that look alike.
const SHAPES: &str = "\
    未末己已天夫王玉大太土士日目今令金全木本千干人入贝见午牛田由甲申白百兰三永水军车宇字子于小少力刀\
    平半文丈方万明朋国围海悔玲铃娟捐芳苦燕蒸霞霜婷停敏敢丽而梅侮伟苇强弱杰点辉挥鹏朋峰蜂建健东乐林森\
    成戎志忘生主正止世也学字庆床宝实春奉春泰祥样秀季红江雪雷桂挂英莫凤风珍诊萍苹艳绝花化振震宏宠晨震";

/// Spellings of one name in Chinese characters.
const SPELT: [[&str; 2]; 34] = [
    ["扎西", "札西"],
    ["才让", "才郎"],
    ["次仁", "才仁"],
    ["多杰", "多吉"],
    ["旦增", "丹增"],
    ["卓玛", "卓么"],
    ["尼玛", "尼麻"],
    ["桑吉", "桑杰"],
    ["加羊", "嘉央"],
    ["仁青", "仁钦"],
    ["道吉", "多吉"],
    ["拉毛", "拉姆"],
    ["德吉", "德杰"],
    ["格桑", "噶桑"],
    ["贡布", "贡保"],
    ["达瓦", "达娃"],
    ["更登", "根登"],
    ["索南", "索朗"],
    ["完么", "完玛"],
    ["央金", "杨金"],
    ["班玛", "白玛"],
    ["尤素夫", "优素福"],
    ["哈桑", "哈三"],
    ["阿里", "阿力"],
    ["伊斯玛", "依斯麻"],
    ["易卜拉", "依布拉"],
    ["舍木苏", "舍木素"],
    ["穆沙", "木沙"],
    ["法图麦", "法土麦"],
    ["阿依舍", "阿以舍"],
    ["麦日彦", "麦热彦"],
    ["热比亚", "热比牙"],
    ["索菲燕", "索非燕"],
    ["则乃拜", "则乃白"],
];

/// Surnames that are written in two ways.
const SURNAMES: &str = "肖萧付傅闫阎戴代邱丘于於贾甲蓝兰罗骆任壬";

static HOMOPHONES: LazyLock<BTreeMap<String, Vec<char>>> = LazyLock::new(|| {
    let mut map: BTreeMap<String, Vec<char>> = BTreeMap::new();
    for c in COMMON.chars() {
        let all = map.entry(person_name::pinyin(&format!("一{c}"))).or_default();
        if !all.contains(&c) {
            all.push(c);
        }
    }
    map
});

/// Another text for a name, by the class of its error; nothing when the class does not fit it.
pub(super) fn spoilt(class: &str, name: &str, dice: &mut Dice) -> Option<String> {
    let chars: Vec<char> = name.chars().collect();
    let count = chars.len();
    if count < 2 {
        return None;
    }
    let with = |at: usize, c: char| -> Option<String> {
        let mut other = chars.clone();
        other[at] = c;
        Some(other.into_iter().collect())
    };
    let given = 1 + dice.below(count - 1);
    match class {
        "name_homophone" => {
            let same = HOMOPHONES.get(&person_name::pinyin(&format!("一{}", chars[given])))?;
            let others: Vec<char> = same.iter().copied().filter(|c| *c != chars[given]).collect();
            with(given, *others.get(dice.below(others.len().max(1)))?)
        }
        "name_shape" => {
            let pairs: Vec<char> = SHAPES.chars().collect();
            let alike = |c: char| {
                pairs
                    .chunks_exact(2)
                    .find_map(|p| (p[0] == c).then_some(p[1]).or((p[1] == c).then_some(p[0])))
            };
            (1..count).find_map(|at| alike(chars[at]).and_then(|c| with(at, c)))
        }
        "name_variant" => (0..count)
            .find_map(|at| person_name::other_forms(chars[at]).next().and_then(|c| with(at, c))),
        "name_surname" => {
            let pairs: Vec<char> = SURNAMES.chars().collect();
            let at = pairs.iter().position(|c| *c == chars[0])?;
            with(0, pairs[at ^ 1])
        }
        "name_swapped" => {
            let (a, b) = (count - 2, count - 1);
            if count < 3 || chars[a] == chars[b] {
                return None;
            }
            let mut other = chars.clone();
            other.swap(a, b);
            Some(other.into_iter().collect())
        }
        "name_dropped" => (count >= 3).then(|| {
            chars.iter().enumerate().filter(|(i, _)| *i != given).map(|(_, c)| *c).collect()
        }),
        "name_added" => Some(format!("{name}{}", dice.pick(&['小', '儿', '生', '娃', '子']))),
        "name_nick" => Some(match dice.below(2) {
            0 => format!("{}{}", dice.pick(&["小", "阿"]), chars[count - 1]),
            _ => {
                let all: Vec<char> = COMMON.chars().collect();
                format!("{}{}{}", chars[0], dice.pick(&all), dice.pick(&all))
            }
        }),
        "name_no_dot" => name.contains('·').then(|| name.replace('·', "")),
        "name_spelt" => SPELT.iter().find_map(|[a, b]| {
            name.contains(a)
                .then(|| name.replace(a, b))
                .or_else(|| name.contains(b).then(|| name.replace(b, a)))
        }),
        "name_cut" => (count >= 4).then(|| chars[..count.min(4).min(count - 1)].iter().collect()),
        "name_glyph" => with(given, *dice.pick(&['□', '?'])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person_name::{NameMatch, compare};

    #[test]
    fn classes_are_what_they_say() {
        let mut dice = Dice::new(3, &["test"]);
        let mut read = |class: &str, name: &str| spoilt(class, name, &mut dice).unwrap();
        let heard = read("name_homophone", "张伟");
        assert_eq!(compare("张伟", &heard), NameMatch::Homophone);
        assert_eq!(compare("张伟", &read("name_variant", "张伟")), NameMatch::Same);
        assert_eq!(read("name_surname", "萧红"), "肖红");
        assert_eq!(read("name_swapped", "张海军"), "张军海");
        assert_eq!(read("name_no_dot", "扎西·次仁"), "扎西次仁");
        assert_eq!(read("name_spelt", "扎西·次仁"), "札西·次仁");
        assert_eq!(read("name_cut", "阿依古丽·买买提"), "阿依古丽");
        assert_eq!(spoilt("name_cut", "张伟", &mut dice), None);
    }
}

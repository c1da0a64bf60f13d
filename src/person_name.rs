//! Personal names: one clean spelling, a form for comparison, and how far two names are apart.

use std::sync::LazyLock;

use pinyin::ToPinyin;
use unicode_normalization::UnicodeNormalization;

/// The characters of U+E815..=U+E864, where fonts of before GB 18030 kept rare characters (䶮).
const MOVED: &str = "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱\
    䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻";
/// Where [`MOVED`] begins.
const MOVED_FROM: u32 = 0xE815;

/// Pairs of a variant or traditional character and the one that it is compared as. Only characters
/// that one person's papers mix; 喆 and 哲 are different names.
const VARIANTS: &str = "\
    昇升陞升凃涂塗涂萧肖蕭肖閆闫閻闫阎闫傢家喬乔亞亚亜亚側侧偉伟傑杰倫伦億亿儀仪優优兒儿兩两冊册\
    淨净凱凯劉刘剛刚創创勁劲動动勝胜勞劳勳勋勛勋匯汇區区華华協协單单盧卢衛卫厲厉參参雙双發发變变\
    葉叶號号吳吴呂吕員员國国圓圆園园聖圣壇坛壘垒壽寿夢梦奧奥奮奋孫孙學学寧宁寶宝寳宝實实審审將将\
    對对導导屬属嶺岭嶽岳島岛峯峰崑昆崙仑嵗岁歲岁歳岁帥帅師师幹干慶庆廣广廠厂廟庙強强彊强彙汇彥彦\
    恆恒愛爱慮虑憲宪懷怀戀恋戰战戲戏戶户拋抛揚扬擁拥捨舍擇择換换攜携數数斂敛時时曄晔晧皓曉晓曠旷\
    暉晖書书會会條条東东棟栋楊杨榮荣樹树橋桥樂乐樓楼權权歐欧歡欢歷历曆历歸归氣气漢汉湯汤溝沟滿满\
    漁渔潔洁潤润澤泽濤涛濟济瀟潇瀅滢灣湾煥焕燁烨燦灿爲为為为爾尔牆墙狀状獻献玨珏現现瑋玮瑩莹瑤瑶\
    環环瓊琼產产産产畢毕畫画異异當当瘋疯盡尽監监盤盘眞真睏困確确禎祯禮礼祿禄種种稱称穎颖頴颖積积\
    穩稳競竞筆笔節节範范築筑簡简籃篮糧粮約约紅红紀纪純纯紗纱紹绍細细終终組组結结絢绚統统經经綠绿\
    綱纲維维緒绪練练縣县績绩織织繼继續续纓缨羅罗義义習习翹翘聯联聰聪聲声肅肃脩修膚肤臨临興兴舉举\
    艷艳艶艳豔艳蘆芦蘇苏莊庄萬万葦苇蔣蒋蓮莲蓋盖薈荟薊蓟藍蓝藝艺蘭兰處处虛虚蟬蝉蠶蚕術术裏里裡里\
    補补製制覺觉覽览觀观訓训設设許许訊讯詠咏詩诗話话詳详誠诚語语說说誼谊調调談谈諾诺謙谦謝谢證证\
    譚谭譜谱議议護护讓让豐丰貝贝財财貴贵費费賀贺資资賈贾賓宾賢贤賜赐質质賴赖贊赞趙赵軍军軒轩載载\
    輝辉煇辉輪轮轉转農农連连進进運运過过達达遠远適适選选遲迟還还邊边鄭郑鄧邓鄔邬鄒邹鄉乡醫医針针\
    釗钊鈞钧鈴铃鉄铁鐵铁鋒锋銀银銘铭鋼钢錄录録录錢钱錦锦錫锡鍾钟鐘钟鎮镇鏡镜鑒鉴鑑鉴長长門门開开\
    閃闪閏闰間间閔闵閣阁闊阔關关陝陕陳陈陸陆陽阳隊队階阶際际隨随險险雋隽雜杂難难雲云電电霊灵靈灵\
    靜静韋韦韓韩響响頂顶項项順顺須须頌颂領领頓顿頗颇頤颐顏颜願愿顧顾顯显風风飛飞養养餘余馬马馮冯\
    駿骏騰腾驊骅驍骁驕骄驗验驥骥髙高魯鲁鮑鲍鮮鲜鳳凤鳴鸣鴻鸿鵬鹏鶴鹤鷹鹰麗丽麥麦黃黄黒黑點点齊齐\
    齡龄龍龙龐庞龔龚冨富剏创勅敕吿告巖岩嵓岩埜野姸妍婣姻尙尚嫺娴嫻娴愼慎慤悫敎教旹时晉晋曽曾朶朵\
    栢柏桺柳楳梅槑梅歩步毘毗淸清溫温淵渊牀床犂犁珎珍璡琎畵画皃貌皐皋盇盍祕秘竒奇筍笋緖绪羣群翆翠\
    聟婿肎肯脗吻臯皋荅答菴庵蔴麻虗虚衞卫覩睹訢欣諬启啟启啓启譱善讌燕豓艳賛赞贇赟踈疏逈迥逹达郞郎\
    酧酬銳锐鎭镇閱阅隣邻雞鸡霛灵靑青韻韵顔颜飜翻鬪斗鵞鹅麐麟黙默沖冲鎔镕煬炀偵侦儲储儉俭勵励嚴严\
    壯壮奪夺娛娱孌娈嬌娇嬋婵媧娲嶸嵘峽峡幣币徑径從从悅悦懇恳揀拣搖摇摯挚暢畅棗枣槍枪檢检櫻樱淺浅\
    渾浑澗涧瀾澜瀘泸煙烟燈灯營营爍烁璽玺瓏珑瓔璎璉琏盞盏碩硕禪禅箏筝緣缘編编繪绘縱纵臘腊舊旧芻刍\
    薩萨蘊蕴裝装諶谌貞贞貢贡貫贯賁贲賽赛贏赢輔辅遼辽鄺邝鈺钰鉅钜銓铨錚铮鍵键鏗铿鐸铎閎闳閩闽闖闯\
    陰阴雖虽霽霁鞏巩頎颀顥颢飄飘駱骆騫骞鯤鲲鴛鸳鵑鹃鷗鸥鸞鸾黨党張张聶聂竇窦繆缪闞阚車车計计諸诸\
    婁娄欒栾饒饶藺蔺來来業业綺绮絲丝緞缎繡绣鷺鹭釵钗釧钏鎖锁尋寻眾众憶忆應应倉仓備备傳传僑侨價价\
    儂侬勢势劍剑劇剧卻却問问墾垦姍姗嬰婴宮宫寬宽嵐岚彌弥徹彻惲恽撫抚晝昼曇昙朧胧極极標标樺桦檜桧\
    決决涼凉準准滄沧潯浔濃浓濱滨無无獅狮瑪玛璣玑瓚瓒皚皑礎础礪砺箋笺篤笃粵粤綏绥綸纶綽绰緋绯縈萦\
    總总纖纤聞闻蓀荪蘋苹蘿萝螢萤訥讷詡诩誌志謹谨譽誉貽贻蹤踪軾轼酈郦釋释鈕钮陣阵霧雾韜韬馳驰驪骊\
    魚鱼";

/// Surnames that are read otherwise than the character usually is.
const SURNAME_READINGS: [(char, &str); 15] = [
    ('单', "shan"),
    ('仇', "qiu"),
    ('曾', "zeng"),
    ('解', "xie"),
    ('查', "zha"),
    ('盖', "ge"),
    ('区', "ou"),
    ('朴', "piao"),
    ('翟', "zhai"),
    ('缪', "miao"),
    ('乐', "yue"),
    ('覃', "qin"),
    ('种', "chong"),
    ('员', "yun"),
    ('折', "she"),
];

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
pub fn clean(raw: &str) -> String {
    if raw.chars().all(|c| matches!(c, '\u{4e00}'..='\u{9fff}')) {
        return raw.to_owned();
    }
    let text: String =
        raw.chars().map(|c| if is_dot(c) { '·' } else { placed(c) }).nfkc().collect();
    match without_layout(&text, true) {
        // Nothing but a note: then the brackets are around the name.
        name if name.is_empty() => without_layout(&text, false),
        name => name,
    }
}

/// Does a clean name hold a private-use character, which only the sender's font can show? That is
/// a finding about the feed, not about the person.
pub fn has_private_use(clean: &str) -> bool {
    clean.chars().any(|c| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'))
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
            ("⼀凡", "一凡"),
            ("'王五", "王五"),
            ("", ""),
            ("-", ""),
        ] {
            assert_eq!(clean(raw), expected, "{raw}");
            assert_eq!(clean(expected), expected, "stays clean");
        }
        assert!(has_private_use(&clean("王\u{e000}")) && !has_private_use(&clean("陈\u{e863}")));
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

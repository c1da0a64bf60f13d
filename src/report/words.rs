//! Chinese for the words and reasons that the other stages write in English.

use maud::{Markup, html};

use super::summary::{DeliveryLine, Freshness};
use crate::citizen_id::Quality;
use crate::pipeline::spec::Severity;

/// Reasons of quarantined rows, as `feed` writes them.
const REASONS: [(&str, &str); 35] = [
    ("a value is required", "必填项为空"),
    ("not a date", "日期无法识别"),
    ("not a month", "月份无法识别"),
    ("not an amount", "金额无法识别"),
    ("an amount too large for its column", "金额超出该列位数"),
    ("not a whole number", "不是整数"),
    ("neither yes nor no", "是否项无法识别"),
    ("not in the code list", "不在代码表内"),
    ("no division code", "区划代码不存在"),
    ("no division of these names", "区划名称对不上"),
    ("the error of a formula", "公式的错误值"),
    ("a formula without its result", "公式没有结果，请用Excel或WPS打开并保存"),
    ("a long number of which a spreadsheet kept the first digits", "长数字被表格截断"),
    ("the key of an earlier row with other content", "主键重复而内容不同"),
    ("unclosed quote?", "引号未闭合"),
    ("a quote in the middle of a cell", "单元格中间出现引号"),
    ("a line break inside a cell", "单元格内有换行"),
    ("more fields than the heading", "列数多于表头"),
    ("fewer fields than the heading", "列数少于表头"),
    ("a cell longer than 64 KiB", "单元格过长（超过64 KiB）"),
    ("more than 16384 cells", "单元格过多（超过16384个）"),
    ("a line longer than 16 MiB", "行过长（超过16 MiB）"),
    ("bytes that are not UTF-8", "含非UTF-8字节"),
    ("bytes that are not GB18030", "含非GB18030字节"),
    ("a line of UTF-8 in a file of GB18030", "GB18030文件中混有UTF-8行"),
    ("bytes that are not Big5", "含非Big5字节"),
    ("bytes that are not of the declared encoding", "字节与约定编码不符"),
    ("a value that cannot be written as text", "值无法写成文字"),
    ("a character was lost in an earlier conversion (U+FFFD)", "转码时已丢字（U+FFFD）"),
    ("a NUL byte", "含空字节（NUL）"),
    ("a line shorter than its columns", "定长行偏短"),
    ("a line longer than its columns", "定长行偏长"),
    ("not a JSON object", "不是JSON对象"),
    ("a JSON key stands twice", "JSON键重复"),
    ("a JSON key that the first 100 objects do not have", "JSON键未在前100行出现"),
];

/// Parts of free English text that tell what it is about, the first that fits.
const NOTES: [(&str, &str); 62] = [
    ("passed over, ", "非数据，已略过"),
    ("in another file of this delivery", "疑似更正件与原件并存"),
    ("was never accepted", "收到的均被退回"),
    ("was never delivered", "从未收到"),
    ("no feed fills", "没有数据源报送"),
    ("files of a snapshot refused", "快照文件不全，整批不用"),
    ("no control total", "缺控制总数"),
    ("control total", "控制总数不符"),
    ("more than once", "视图主体重复"),
    ("could not be built", "视图未建成"),
    ("failed on a row", "规则求值失败"),
    ("of its rows are quarantined", "隔离率超限"),
    ("rows against the delivery before", "行数变化超限"),
    ("is too far ahead", "期别超前，疑似文件名日期有误"),
    ("the last line has no end", "末行不完整，疑似截断"),
    ("are merged over rows", "单元格纵向合并，只有首行有值"),
    ("stands twice", "表头重复"),
    ("no column", "缺列"),
    ("new column", "新增列"),
    ("no data rows", "无数据行"),
    ("rows can be used", "无可用行"),
    ("fits the file names of other feeds", "文件名符合多个数据源"),
    ("protected by a password", "文件加密"),
    ("is damaged", "文件损坏"),
    ("is empty", "空文件"),
    ("no heading row", "找不到表头"),
    ("no sheet holds the data", "没有数据工作表"),
    ("has no sheet", "缺约定的工作表"),
    ("has no cell", "工作簿无内容"),
    ("holds no file", "压缩包内无文件"),
    ("is a zip inside a zip", "压缩包嵌套"),
    ("is a folder", "是文件夹，不是文件"),
    ("is not a regular file", "不是普通文件"),
    ("cannot open", "无法打开"),
    ("made the reader give up", "文件损坏或异常"),
    ("is a fault of bidui", "程序缺陷，请反馈"),
    ("holds NUL bytes", "不是文本文件"),
    ("no JSON object", "不是按行的JSON"),
    ("is a JSON array", "不是按行的JSON"),
    ("expected an extract", "不是数据文件"),
    ("as the feed's format.kind says", "格式与约定不符"),
    ("passes a limit", "超出安全上限"),
    ("unknown encoding", "编码无法识别"),
    ("cannot be read", "无法读取"),
    ("not read", "格式不支持"),
    ("switched off", "规则已停用"),
    ("stale", "数据过期"),
    ("is late", "数据迟报"),
    ("missing", "数据缺失"),
    ("does not group by", "汇总未按人员键分组"),
    ("window is not partitioned", "窗口未按人员键分区"),
    ("DISTINCT does not hold", "去重未含人员键"),
    ("a join of person tables", "人员表未按人员键连接"),
    ("match no person", "连接保留了不属于任何人的行"),
    ("a UNION mixes", "人员表与普通表合并"),
    ("a LIMIT counts", "限量跨全部人员"),
    ("a NOT IN looks", "NOT IN须查看全部行"),
    ("a subquery reads", "子查询读取人员表"),
    ("which is built whole", "所读视图为整体构建"),
    ("it reads no ", "不读人员表"),
    ("is not known to be safe", "无法证明可分桶"),
    ("late: ", "部分单位迟报"),
];

/// A reason in Chinese, when it is known.
pub(super) fn reason_zh(english: &str) -> Option<&'static str> {
    REASONS.iter().find(|(en, _)| *en == english).map(|(_, zh)| *zh)
}

/// A reason in Chinese with the English beside it; as it is when it is not known.
pub(super) fn reason(english: &str) -> Markup {
    match reason_zh(english) {
        Some(zh) => html! { (zh) " " span.en lang="en" { (english) } },
        None => html! { (english) },
    }
}

/// What a free text is about, in Chinese.
pub(super) fn about(text: &str) -> Option<&'static str> {
    NOTES.iter().find(|(part, _)| text.contains(part)).map(|(_, zh)| *zh)
}

/// A free text with what it is about before it.
pub(super) fn note(text: &str) -> Markup {
    html! {
        @if let Some(zh) = about(text) { b { (zh) } " " }
        span.en lang="en" { (text) }
    }
}

/// `checksum` in Chinese, and whether the value still comes with an ID.
pub(super) fn quality(word: &str) -> (&str, bool) {
    Quality::from_word(word).map_or((word, false), |q| (q.zh(), q.usable()))
}

/// The lamp of a severity.
pub(super) fn severity(severity: Severity) -> Markup {
    lamp(severity.word(), severity.zh())
}

/// Class, Chinese and English of a freshness.
pub(super) fn freshness(freshness: Freshness) -> (&'static str, &'static str, &'static str) {
    match freshness {
        Freshness::Fresh => ("green", "及时", "fresh"),
        Freshness::Late => ("yellow", "迟报", "late"),
        Freshness::Stale => ("red", "过期", "stale"),
        Freshness::Missing => ("hollow", "缺失", "missing"),
    }
}

/// Class and Chinese of a delivery's verdict.
pub(super) fn verdict(delivery: &DeliveryLine) -> (&'static str, &str) {
    match delivery.verdict.as_str() {
        "accepted" => ("green", "接收"),
        "refused" => ("red", "退回"),
        "known" => ("hollow", "已收过"),
        other => ("hollow", other),
    }
}

/// A lamp and its word; the shape tells the colours apart on grey paper.
pub(super) fn lamp(class: &str, word: &str) -> Markup {
    html! {
        span.lamp {
            svg viewBox="0 0 12 12" aria-hidden="true" {
                @match class {
                    "red" => circle.red cx="6" cy="6" r="6" {},
                    "orange" => path.orange d="M6 0 12 6 6 12 0 6Z" {},
                    "yellow" => path.yellow d="M6 .5 12 11.5H0Z" {},
                    "blue" => rect.blue x="1" y="1" width="10" height="10" {},
                    "green" => circle.green cx="6" cy="6" r="5" {},
                    _ => circle.hollow cx="6" cy="6" r="4.5" {},
                }
            }
            (word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_reasons() {
        assert!(reason("not a date").into_string().starts_with("日期无法识别"));
        assert_eq!(reason("<new>").into_string(), "&lt;new&gt;");
        assert_eq!(quality("checksum"), ("校验码不符", false));
        assert!(quality("repaired").1);
        assert_eq!(quality("odd"), ("odd", false));
        assert_eq!(about("feed settlement is stale"), Some("数据过期"));
        let change = "-96 % rows against the delivery before, the limit is 40 %";
        assert_eq!(about(change), Some("行数变化超限"));
        let ahead = "its period, which ends on 2062-10-31, is too far ahead: is the date mistyped?";
        assert_eq!(about(ahead), Some("期别超前，疑似文件名日期有误"));
    }

    #[test]
    fn every_reason_of_the_readers_has_chinese() {
        use crate::feed::read::reason as r;
        for english in [
            r::OPEN_QUOTE,
            r::STRAY_QUOTE,
            r::LINE_BREAK,
            r::MORE,
            r::FEWER,
            r::LONG_CELL,
            r::MANY_CELLS,
            r::LONG_LINE,
            r::NOT_UTF8,
            r::NOT_GB18030,
            r::FOREIGN,
            r::NOT_BIG5,
            r::NOT_DECLARED,
            r::NO_TEXT,
            r::REPLACED,
            r::NUL,
            r::SHORT_LINE,
            r::LONG_FIXED,
            r::NOT_OBJECT,
            r::KEY_TWICE,
            r::NEW_KEY,
        ] {
            assert!(REASONS.iter().any(|(en, _)| *en == english), "{english}");
        }
    }
}

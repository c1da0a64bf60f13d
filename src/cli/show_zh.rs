//! What `bidui show` says on a terminal, in Chinese. CSV, JSON and Parquet keep the names and words that
//! programs read.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Field, FieldRef, Schema};

use crate::anomaly::State;
use crate::error::Result;
use crate::pipeline::spec::Severity;
use crate::report;

/// Names of columns, with their headings.
const HEADS: [(&str, &str); 47] = [
    ("anomaly", "异常编号"),
    ("rule", "规则"),
    ("severity", "风险"),
    ("state", "状态"),
    ("county", "县"),
    ("who", "对象"),
    ("message", "说明"),
    ("due", "期限"),
    ("feed", "数据源"),
    ("delivery", "批次"),
    ("file", "文件"),
    ("sheet", "工作表"),
    ("line", "行"),
    ("column", "列"),
    ("reason", "原因"),
    ("raw", "原文"),
    ("period", "期别"),
    ("part", "部分"),
    ("received", "接收日期"),
    ("verdict", "结论"),
    ("files", "文件数"),
    ("rows", "行数"),
    ("used", "采用"),
    ("quarantined", "隔离"),
    ("duplicate", "重复"),
    ("notes", "备注"),
    ("night", "夜次"),
    ("pipeline", "流程版本"),
    ("anomalies", "异常"),
    ("new", "新增"),
    ("persisting", "持续"),
    ("relapsed", "反弹"),
    ("cleared", "消除"),
    ("waived", "豁免"),
    ("not_run", "未运行"),
    ("off", "停用"),
    ("indicator", "指标"),
    ("title", "名称"),
    ("area", "区划"),
    ("name", "地区"),
    ("numerator", "分子"),
    ("denominator", "分母"),
    ("value", "数值"),
    ("unit", "单位"),
    ("rank", "名次"),
    ("change", "变化"),
    ("note", "备注"),
];

/// Words of verdicts and of the mark of the current night.
const WORDS: [(&str, &str); 3] = [("accepted", "接收"), ("refused", "退回"), ("current", "当前")];

/// A table with Chinese headings and words, without columns in which nothing stands.
///
/// # Errors
/// None: the columns stay as long as they were.
pub(super) fn chinese(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let field = |field: &FieldRef| {
        let name = known(&HEADS, field.name()).unwrap_or(field.name().as_str());
        Field::clone(field).with_name(name)
    };
    let fields: Vec<_> = schema.fields().iter().map(field).collect();
    let named = schema.fields().iter().zip(batch.columns());
    let columns = named.map(|(field, column)| said(field.name(), column)).collect();
    told(&RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// The columns in which something stands; all where there are no rows.
fn told(batch: &RecordBatch) -> Result<RecordBatch> {
    let says = |column: &ArrayRef| match column.as_string_opt::<i32>() {
        Some(texts) => texts.iter().flatten().any(|text| !text.is_empty()),
        None => true,
    };
    let all = 0..batch.num_columns();
    let kept: Vec<usize> =
        all.filter(|at| batch.num_rows() == 0 || says(batch.column(*at))).collect();
    Ok(batch.project(&kept)?)
}

fn known(list: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    list.iter().find(|(en, _)| *en == word).map(|(_, zh)| *zh)
}

/// The Chinese of a severity, a state, a verdict or the mark of the current night.
fn one_word(word: &str) -> Option<&'static str> {
    let severity = Severity::ALL.into_iter().find(|s| s.word() == word).map(Severity::zh);
    let state = State::ALL.into_iter().find(|s| s.word() == word).map(State::zh);
    severity.or(state).or_else(|| known(&WORDS, word))
}

/// The values of a column; free texts begin with what they are about.
fn said(name: &str, column: &ArrayRef) -> ArrayRef {
    let Some(texts) = column.as_string_opt::<i32>() else { return Arc::clone(column) };
    let chinese = |text: &str| -> String {
        match name {
            "severity" | "state" | "verdict" | "" => one_word(text).unwrap_or(text).to_owned(),
            "raw" => {
                match text.strip_prefix("*** (").and_then(|t| t.strip_suffix(" characters)")) {
                    Some(length) => format!("***（{length}字）"),
                    None => text.to_owned(),
                }
            }
            "reason" => report::reason(text).unwrap_or(text).to_owned(),
            "notes" | "note" => match report::about(text) {
                Some(zh) => format!("{zh} {text}"),
                None => text.to_owned(),
            },
            _ => text.to_owned(),
        }
    };
    Arc::new(texts.iter().map(|text| text.map(&chinese)).collect::<StringArray>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_which_nothing_stands_are_left_out() {
        let array = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let columns = [("rule", array("INS01")), ("sheet", array("")), ("line", array("7"))];
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let heads = |batch: &RecordBatch| -> Vec<String> {
            let batch = chinese(batch).expect("a batch");
            batch.schema().fields().iter().map(|f| f.name().clone()).collect()
        };
        assert_eq!(heads(&batch), ["规则", "行"]);
        assert_eq!(heads(&batch.slice(0, 0)), ["规则", "工作表", "行"]);
    }

    #[test]
    fn headings_and_words_are_chinese_and_others_stay() {
        let columns = [
            ("rule", "INS01"),
            ("severity", "red"),
            ("reason", "not a date"),
            ("notes", "a.csv is empty; ask the sender"),
            ("raw", "*** (5 characters)"),
            ("", "current"),
            ("odd", "red"),
        ];
        let array = |text: &str| Arc::new(StringArray::from(vec![Some(text), None])) as ArrayRef;
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, text)| (name, array(text), true)),
        );
        let batch = chinese(&batch.expect("a batch")).expect("a batch");
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["规则", "风险", "原因", "备注", "原文", "", "odd"]);
        let values: Vec<&str> =
            batch.columns().iter().map(|c| c.as_string::<i32>().value(0)).collect();
        let notes = "空文件 a.csv is empty; ask the sender";
        assert_eq!(values, ["INS01", "红", "日期无法识别", notes, "***（5字）", "当前", "red"]);
    }
}

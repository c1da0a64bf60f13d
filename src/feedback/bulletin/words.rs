//! Figures as the words of a bulletin.

use super::facts::{Facts, Standing};
use crate::indicator::figure::{Change, Figure, places, plain};
use crate::pipeline::indicators::{Indicator, Unit, YUAN};

/// What follows a value.
pub fn unit_zh(indicator: &Indicator) -> &str {
    match indicator.unit {
        Unit::Percent => "%",
        Unit::Permille => "‰",
        Unit::Yuan => YUAN,
        Unit::Days => "天",
        Unit::Count => &indicator.noun,
    }
}

/// What follows a difference of two values.
fn step_zh(indicator: &Indicator) -> &str {
    match indicator.unit {
        Unit::Percent => "个百分点",
        Unit::Permille => "个千分点",
        _ => unit_zh(indicator),
    }
}

/// `上升0.3个百分点`, `减少3件`, `持平`.
pub fn moved(indicator: &Indicator, change: Change) -> String {
    let shares = matches!(indicator.unit, Unit::Percent | Unit::Permille);
    let (up, down) = if shares { ("上升", "下降") } else { ("增加", "减少") };
    let text = |by| plain(by, places(indicator.unit));
    match change {
        Change::Same => "持平".into(),
        Change::Up(by) => format!("{up}{}{}", text(by), step_zh(indicator)),
        Change::Down(by) => format!("{down}{}{}", text(by), step_zh(indicator)),
    }
}

/// A list of names with 、 between them.
pub fn listed<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("、")
}

/// What ages up to these days are called: `7天以内`, `8至30天`, `31天以上`. Both 以内 and 以上 count the day
/// that they name.
pub fn age_words(bounds: &[u32]) -> Vec<String> {
    let between = |pair: &[u32]| format!("{}至{}天", pair[0] + 1, pair[1]);
    let first = bounds.first().map(|bound| format!("{bound}天以内"));
    let last = bounds.last().map(|bound| format!("{}天以上", bound + 1));
    first.into_iter().chain(bounds.windows(2).map(between)).chain(last).collect()
}

/// The Chinese for a reason why something was not run.
pub fn reason_zh(reason: &str) -> &'static str {
    let known = [
        ("stale", "报送数据过期"),
        ("is late", "报送数据迟报"),
        ("never accepted", "报送数据未通过校验"),
        ("never delivered", "数据未报送"),
        ("no feed fills", "无数据来源"),
        ("switched off", "已停用"),
        ("held back", "数据未通过核对"),
        ("more than once", "基础数据有重复"),
        ("view", "基础数据异常"),
    ];
    known.iter().find(|(part, _)| reason.contains(part)).map_or("未能计算", |(_, zh)| zh)
}

impl Facts<'_> {
    /// The value with its unit: `99.2%`; what stands there when there is none.
    pub fn value(&self, indicator: &Indicator, figure: &Figure) -> String {
        match self.material.reader.value(figure, indicator.unit) {
            Some(value) => format!("{value}{}", unit_zh(indicator)),
            None if figure.value(indicator.unit).is_some() => "数值较小不公开".into(),
            None => "无应计对象".into(),
        }
    }

    /// Is there a value that this reader must not see?
    pub fn hidden(&self, indicator: &Indicator, area: &str) -> bool {
        let figure = self.figure(&indicator.id, area);
        figure.is_some_and(|f| {
            let number = self.material.reader.number(f, indicator.unit);
            number.is_none() && f.value(indicator.unit).is_some()
        })
    }

    /// `景泰县（99.2%）`.
    pub fn named(&self, indicator: &Indicator, area: &str) -> String {
        let value = self.figure(&indicator.id, area).map(|figure| self.value(indicator, figure));
        format!("{}（{}）", self.name(area), value.unwrap_or_default())
    }

    /// `（995/1000人）`: only where people count something in whole numbers.
    pub fn fraction(&self, indicator: &Indicator, figure: &Figure) -> String {
        let whole = |n: i128| n % 10_000 == 0;
        let counted = figure.denominator.is_some_and(whole) && whole(figure.numerator);
        let shares = matches!(indicator.unit, Unit::Percent | Unit::Permille);
        // A share that is not shown could be worked out again from its two counts.
        let shown = self.material.reader.number(figure, indicator.unit).is_some();
        match self.material.reader.fraction(figure).filter(|_| shown) {
            Some(text) if counted && shares && !indicator.is_of_money() => {
                format!("（{text}{}）", indicator.noun)
            }
            _ => String::new(),
        }
    }

    /// `参保率99.2%（995/1000人）`, or that it was not run.
    pub fn said(&self, indicator: &Indicator, area: &str) -> String {
        let title = &indicator.title.zh;
        match self.figure(&indicator.id, area) {
            Some(figure) => {
                let value = self.value(indicator, figure);
                format!("{title}{value}{}", self.fraction(indicator, figure))
            }
            None => format!("{title}{}", self.absent(&indicator.id)),
        }
    }

    /// What is said of an indicator that has no figure: it was not run, or it found nothing to count,
    /// or nobody knows.
    pub fn absent(&self, id: &str) -> String {
        let note = self.material.notes.iter().find(|n| n.indicator == id);
        let counts = self.indicator(id).filter(|i| i.unit == Unit::Count);
        match (note.map(|n| n.not_run.as_deref()), counts) {
            (Some(Some(reason)), _) => format!("未运行（{}）", reason_zh(reason)),
            (Some(None), Some(indicator)) => format!("0{}", indicator.noun),
            (Some(None), None) => "无应计对象".into(),
            (None, _) => "无数据".into(),
        }
    }

    /// `，比上月上升0.3个百分点，同比下降1.0个百分点`; nothing for a first period.
    pub fn changes(&self, indicator: &Indicator, area: &str) -> String {
        let last = self.material.period.last();
        let mut text = String::new();
        match self.change(self.before.as_ref(), indicator, "", area) {
            Some(Change::Same) => text.push_str(&format!("，与{last}持平")),
            Some(change) => text.push_str(&format!("，比{last}{}", moved(indicator, change))),
            None => {}
        }
        if let Some(change) = self.change(self.year.as_ref(), indicator, "", area) {
            text.push_str(&format!("，同比{}", moved(indicator, change)));
        }
        text
    }

    /// The change of a figure as a sign for a table: `↑0.3`, `↓0.1`, `持平`, `—`.
    pub fn arrow(&self, then: Option<&Standing>, indicator: &Indicator, area: &str) -> String {
        let text = |by| plain(by, places(indicator.unit));
        match self.change(then, indicator, "", area) {
            None => "—".into(),
            Some(Change::Same) => "持平".into(),
            Some(Change::Up(by)) => format!("↑{}", text(by)),
            Some(Change::Down(by)) => format!("↓{}", text(by)),
        }
    }

    /// A number of persons, households or cases for this reader.
    pub fn count(&self, count: u64) -> String {
        self.material.reader.count(i128::from(count))
    }
}

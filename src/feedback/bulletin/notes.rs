//! 附件3: where the ledger of the cases goes, what each figure counts, and the rules of the words.

use chrono::NaiveDate;
use maud::{Markup, html};

use super::facts::Facts;
use super::page::due;
use crate::calendar::zh_date;

/// The third annex.
pub fn notes(facts: &Facts<'_>) -> Markup {
    let material = facts.material;
    let policy = facts.policy();
    let named = policy.items.iter().flat_map(|i| std::iter::once(&i.lead).chain(&i.also));
    let from = material.pipeline.settings.publish.rank_from;
    html! {
        p { "一、" (material.filled(&policy.annex)) }
        p.over { "二、指标口径" }
        ol.about {
            @for indicator in named.filter_map(|id| facts.indicator(id)) {
                li { b { (indicator.title.zh) } "（" (indicator.id) "）：" (indicator.about) }
            }
        }
        p.over { "三、编制说明" }
        ol.about {
            li { "环比与" (material.period.last()) "比，同比与上年同期比，取各期末次比对结果；本期数据日期为" (zh_date(facts.now.day)) "。" }
            li { "上升、下降、增加、减少和持平按公布的数值（百分比保留一位小数，四舍五入）相减得出；相减为零的为持平。" }
            li { (material.cities()) "和" (material.word("place")) "数值由各县（市、区）分子、分母分别相加后计算；归属不明的对象只计入" (material.word("place")) "。" }
            li { "排名按指标优劣排列，数值相同的分母大者在前；分母不足" (from) "的县（市、区）基数过小，不参与排名。" }
            li { "综合得分为列入考评各指标的加权平均（" (weights(facts)) "），分母不足" (from) "的不计；有数据的指标权重不足" (policy.score.from) "%的不计得分；得分相同的名次并列。" }
            li { "红、黄、绿灯按项目设定的指标线判定，仅供工作调度参考。" }
            li { "成因优先取本期县（市、区）反馈的原因类别，按件计，一件取最后一次反馈；没有反馈的取有关规则在本期末次比对发现的异常件数，不含已豁免。" }
            li { "“未运行”“无数据”“—”均不等于零。" }
            @if !material.pipeline.settings.off.is_empty() {
                li { "本流程停用比对规则" (material.pipeline.settings.off.len()) "条，未作比对，不表示无问题。" }
            }
            @if let Some(until) = unlisted(facts) {
                li { "工作日历只到" (zh_date(until)) "，其后的完成时限未计节假日和调休，以正式安排为准。" }
            }
            @if material.reader.is_public() {
                li { "公开文本对小于" (material.pipeline.settings.publish.suppress_below) "的件数和人数予以隐藏，其余按" (material.pipeline.settings.publish.round_to) "取整；平均数由取整后的合计和人数（件数）算得，金额比率的分子、分母不公布（*）；涉及人数小于" (material.pipeline.settings.publish.suppress_below) "的金额指标不公布，由合计减去其他地区可推出的，其中人数最少的地区一并不公布（*）；可能推出隐藏数的比率及其分子、分母不公布（*），不参与排名；红、黄、绿灯和排名按公布的数值判定；综合得分按公布的数值计算，计分指标有不公布的，不列得分和名次（—）。" }
            }
            @for note in &policy.notes { li { (material.filled(note)) } }
        }
    }
}

/// The last day of the list of working days, when a task of the bulletin ends after it.
fn unlisted(facts: &Facts<'_>) -> Option<NaiveDate> {
    let until = facts.material.policy.workdays.until()?;
    let mut days = facts.policy().demands.iter().filter_map(|d| due(facts, d));
    days.any(|day| day > until).then_some(until)
}

/// The weights in words.
fn weights(facts: &Facts<'_>) -> String {
    let said: Vec<String> = facts
        .policy()
        .score
        .weights
        .iter()
        .filter_map(|(id, w)| Some(format!("{}{w}", facts.indicator(id)?.title.zh)))
        .collect();
    said.join("、")
}

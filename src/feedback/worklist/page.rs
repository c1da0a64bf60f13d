//! The list on paper: one A4 page or more for each village, to be taken along and filled in.

use chrono::NaiveDate;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Mark, Material, NOBODY, Visit};
use crate::pipeline::spec::Severity;

/// Everything about the pages' looks. Lamps have words, for printers without colours.
const STYLE: &str = "\
*{box-sizing:border-box}\
body{margin:0;background:#e9e9e6;color:#000;font:10.5pt/1.5 \"Noto Sans CJK SC\",\"Microsoft YaHei\",\"SimHei\",sans-serif;\
-webkit-print-color-adjust:exact;print-color-adjust:exact}\
section{background:#fff;width:297mm;min-height:200mm;margin:8mm auto;padding:14mm 13mm}\
h1{font-size:17pt;line-height:1.3;margin:0;text-align:center}\
h2{font-size:11.5pt;margin:10pt 0 4pt}\
p{margin:3pt 0}.sub{text-align:center;color:#444;margin-bottom:8pt}.demo{text-align:center;color:#c8161d;border:1px solid #c8161d}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
thead{display:table-header-group}tr{break-inside:avoid}\
th,td{border:.6pt solid #666;padding:3pt 5pt;text-align:left;vertical-align:top}th{background:#f2f2f0;white-space:nowrap}\
.k{white-space:nowrap}.no{font-size:8.5pt}.fill{width:46mm;min-width:46mm}\
.red{background:#f4c4bd}.orange{background:#fbdcc0}.yellow{background:#fbeeb2}.blue{background:#d6e5f4}\
.late{color:#c8161d;font-weight:700}.sign{margin-top:16pt;text-align:right}.small{font-size:9pt;color:#555}\
@page{size:A4 landscape;margin:12mm 11mm}\
@media print{body{background:none}section{width:auto;min-height:0;margin:0;padding:0}\
section+section{break-before:page}}";

/// The pages of a list.
pub fn html(material: &Material<'_>, visits: &[Visit]) -> String {
    let villages: Vec<&[Visit]> = visits.chunk_by(|a, b| a.village == b.village).collect();
    let page = html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content="bidui";
                title { "入户核查清单 " (material.day) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if villages.is_empty() {
                    section { h1 { "入户核查清单" } p.sub { (until(material)) " · 没有需要核查的事项" } }
                }
                @for village in villages { (section(material, village)) }
            }
        }
    };
    page.into_string()
}

fn section(material: &Material<'_>, visits: &[Visit]) -> Markup {
    let (gone, open): (Vec<&Visit>, Vec<&Visit>) =
        visits.iter().partition(|v| v.mark == Mark::Gone);
    let county = material.divisions.county_name(&visits[0].village).unwrap_or_default();
    let count = |mark| visits.iter().filter(|v| v.mark == mark).count();
    let late = open.iter().filter(|v| v.overdue).count();
    // A list for one doctor says so once; the list of a village has several.
    let same = |v: &&Visit| v.doctor == visits[0].doctor;
    let doctor = (visits.iter().all(|v| same(&v)) && visits[0].doctor != NOBODY)
        .then_some(visits[0].doctor.as_str());
    html! {
        section {
            @if material.demo { p.demo { "样例数据，仅供演示" } }
            h1 { (county) (visits[0].village_name) "入户核查清单" }
            p.sub {
                (until(material)) "，" (since(material.since)) " · 待核查" (open.len()) "件（新增"
                (count(Mark::New)) "、变化" (count(Mark::Changed)) "、持续" (count(Mark::Carried))
                "），逾期" (late) "件，已消除" (gone.len()) "件"
            }
            @if let Some(doctor) = doctor { p.sub { "责任医生：" (doctor) } }
            @if !open.is_empty() {
                table {
                    thead { tr {
                        @for head in ["灯", "标记", "对象", "有什么问题", "怎么办", "期限", "责任医生", "督办编号", "核查情况"] {
                            th { (head) }
                        }
                    } }
                    tbody { @for visit in &open { (line(visit)) } }
                }
            }
            @if !gone.is_empty() {
                h2 { "已消除，不必再去（" (gone.len()) "件）" }
                table {
                    thead { tr { @for head in ["督办编号", "对象", "说明"] { th { (head) } } } }
                    tbody {
                        @for visit in &gone {
                            tr { td.k { (visit.number) } td.k { (visit.who) } td { (visit.action) } }
                        }
                    }
                }
            }
            p.sign { "核查人：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日" }
            p.small { "姓名已脱敏，完整信息凭督办编号在系统内查询。用后交回，不得转发。" }
        }
    }
}

fn line(visit: &Visit) -> Markup {
    html! {
        tr {
            td class={ "k " (visit.severity.word()) } { (lamp(visit.severity)) }
            td { (visit.mark.zh()) @if !visit.change.is_empty() { br; (visit.change) } }
            td.k { (visit.who) }
            td { (visit.message) }
            td { (visit.action) }
            td.k {
                @if let Some(due) = visit.due { (due) br; }
                @if visit.overdue { span.late { (visit.term) } } @else { (visit.term) }
            }
            td { (visit.doctor) }
            td.k.no { (visit.number) }
            td.fill {}
        }
    }
}

fn lamp(of: Severity) -> String {
    format!("{}灯", of.zh())
}

/// Of when the data are, and at which day lateness is counted where that is another one.
fn until(material: &Material<'_>) -> String {
    let (night, day) = (material.night, material.day);
    let counted = if day == night { String::new() } else { format!("，逾期按{day}计") };
    format!("数据截至{night}{counted}")
}

fn since(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "首次清单".into(), |d| format!("与{d}的清单比较"))
}

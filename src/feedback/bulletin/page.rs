//! The page: red head, title, the five parts, the annexes, and how it looks on paper.

use chrono::{Datelike, NaiveDate};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::facts::Facts;
use super::{annex, cities, items, notes, overview, problems};
use crate::calendar::zh_date;
use crate::pipeline::bulletins::Demand;

/// Everything about the page's looks.
const STYLE: &str = include_str!("style.css");

/// 一, 二 … 二十九.
pub fn ordinal(number: usize) -> String {
    let digits = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match (number / 10, number % 10) {
        (0, ones) => digits[ones].to_owned(),
        (1, ones) => format!("十{}", digits[ones]),
        (tens, ones) => format!("{}十{}", digits.get(tens).unwrap_or(&""), digits[ones]),
    }
}

/// The whole page.
pub fn page(facts: &Facts<'_>) -> Markup {
    let material = facts.material;
    let policy = facts.policy();
    let lines = material.filled(&policy.title);
    let title = whole(&lines);
    let (last, tasks) = demands(facts);
    let by_city = format!("分{}情况", material.cities().replace(['（', '）'], ""));
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content="bidui";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @if material.demo_secret { p.demo { "样例数据，仅供演示，不是真实情况" } }
                    header {
                        p.head { (material.filled(&policy.head)) }
                        p.number { (material.filled(&policy.number)) }
                        hr.red;
                    }
                    h1 { @for line in lines.split('|') { span.line { (line) } } }
                    p.to { (material.filled(&policy.addressees)) "：" }
                    p { (material.filled(&policy.purpose)) }
                    (part(1, "总体情况", overview::overview(facts)))
                    (part(2, "分项监测情况", items::items(facts)))
                    (part(3, &by_city, cities::cities(facts)))
                    (part(4, "存在的主要问题", problems::problems(facts)))
                    (part(5, "下一步工作要求", tasks))
                    // No sheet of paper holds a signature alone.
                    div.close { (last) (end(facts)) }
                }
                (annexes(facts))
            }
        }
    }
}

/// A title without the marks where its lines may end.
pub fn whole(title: &str) -> String {
    title.replace('|', "")
}

fn part(number: usize, title: &str, body: Markup) -> Markup {
    html! { section { h2 { (ordinal(number)) "、" (title) } (body) } }
}

/// The day of a task: the end of its term, or a day of the next period or the working day after it.
pub fn due(facts: &Facts<'_>, demand: &Demand) -> Option<NaiveDate> {
    let material = facts.material;
    match (&demand.term, demand.day) {
        (Some(term), _) => Some(material.policy.after(term, facts.now.day)),
        (None, Some(day)) => {
            let next = material.period.next();
            let wanted = next.with_day(day).unwrap_or(next);
            let mut days = wanted.iter_days().take(60);
            days.find(|d| material.policy.workdays.works(*d)).or(Some(wanted))
        }
        (None, None) => None,
    }
}

/// The last task, and those before it, with their dates.
fn demands(facts: &Facts<'_>) -> (Markup, Markup) {
    let says = |(at, demand): (usize, &Demand)| {
        let date = due(facts, demand).map_or_else(String::new, zh_date);
        let text = facts.material.filled(&demand.text.replace("{date}", &date));
        html! { p { span.second { "（" (ordinal(at + 1)) "）" (demand.title) "。" } (text) } }
    };
    let mut all: Vec<Markup> = facts.policy().demands.iter().enumerate().map(says).collect();
    let last = all.pop().unwrap_or_else(|| html! {});
    (last, html! { @for one in all { (one) } })
}

/// List of the annexes, signature and a date for the office to fill in.
fn end(facts: &Facts<'_>) -> Markup {
    let material = facts.material;
    html! {
        div.list {
            p { "附件：1.　各" (material.cities()) "监测指标表" }
            p { "2.　各县（市、区）排名" }
            p { "3.　指标口径和编制说明（异常数据台账另发）" }
        }
        div.sign {
            p { (material.word("office")) }
            p { "　　　　年　　月　　日" }
        }
    }
}

fn annexes(facts: &Facts<'_>) -> Markup {
    let (cities, counties) = (annex::cities(facts), annex::counties(facts));
    html! {
        @for grid in [&cities, &counties] {
            section.wide {
                p.annex-no { (grid.name) }
                h1.sub { (grid.title) }
                (annex::table(grid))
                p.small {
                    "红、黄、绿底色为指标状态；“—”为无数据或无应计对象，“未运行”为数据不全未计算，均不等于零。"
                    @if facts.material.reader.is_public() { "“*”为数值较小不公开，计分指标有“*”的不列综合得分和名次。" }
                }
            }
        }
        section.tall {
            p.annex-no { "附件3" }
            h1.sub { "指标口径和编制说明" }
            (notes::notes(facts))
        }
    }
}

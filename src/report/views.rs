//! Section: the views that were built, and how.

use maud::{Markup, html};

use super::numbers::count;
use super::summary::Summary;
use super::words;

/// Every view: rows, the way it was built, how often it was passed over.
pub(super) fn views(summary: &Summary) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th { "视图" } th.n { "行数" } th { "构建方式" } th.n { "扫描次数" } th.n { "规则" }
            } }
            tbody {
                @for view in &summary.views {
                    @let own = summary.rules.iter().filter(|r| r.view == view.view);
                    @let rules = own.filter(|r| r.off().is_none()).count();
                    tr {
                        td.full {
                            b { (view.title.zh) } " " span.en lang="en" { (view.title.en) } " "
                            code { (view.view) }
                        }
                        td.n data-l="行数" { (count(view.rows)) }
                        td.wide data-l="构建方式" {
                            @match &view.whole {
                                None => "分桶构建",
                                Some(why) => { "整体构建：" (words::note(why)) },
                            }
                        }
                        td.n data-l="扫描次数" { (count(view.scans)) }
                        td.n data-l="规则" { (rules) }
                    }
                }
            }
        }
        p.note { "同一视图上的全部规则在一次扫描中判定；分桶构建按人员键逐桶计算。" }
    }
}

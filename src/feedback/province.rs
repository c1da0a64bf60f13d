//! The province's folder of a batch: an index to look at, and a manifest for machines.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::book::{Book, Look, Page, Paper};
use super::city::{rank_page, summary};
use super::county::Setting;
use super::cover::{NAME, top};
use super::issue::{FileLine, Order, Written};
use crate::error::Result;
use crate::lake::durable;
use crate::ledger::case::Case;
use crate::ledger::chain::Head;

/// Folder of the province inside a batch's folder.
const FOLDER: &str = "province";
/// The manifest's path inside a batch's folder. It is written last: a folder that has it is whole.
pub const MANIFEST: &str = "province/manifest.json";

/// What a batch consists of.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub month: String,
    pub batch: usize,
    pub issued: String,
    /// Which form the counties got, and the first digits of its file's BLAKE3.
    pub form: String,
    pub form_version: String,
    pub pipeline: String,
    pub pipeline_version: String,
    /// The night whose anomalies the texts are from.
    pub night: String,
    /// The end of the ledger before the batch.
    pub ledger: Head,
    /// `masked` or `revealed`.
    pub shown: String,
    pub files: Vec<FileLine>,
    pub totals: Sums,
}

/// Sums over the counties.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sums {
    pub counties: u64,
    pub rows: u64,
    pub issued: u64,
    pub overdue: u64,
    /// Open cases whose county nobody knows; in no pack.
    pub nowhere: u64,
    pub states: BTreeMap<String, u64>,
}

/// Writes index and manifest.
///
/// # Errors
/// The disk.
pub(super) fn write(order: &Order<'_>, written: &mut Written, staged: &Path) -> Result<()> {
    let (setting, selection) = (order.setting, order.selection);
    let folder = staged.join(FOLDER);
    durable::create_dir_all(&folder)?;
    let sums = sums(&written.files, selection.nowhere.len() as u64);
    let bytes = index(order, written, &sums, &folder)?;
    let path = format!("{FOLDER}/index.xlsx");
    durable::write(&staged.join(&path), &bytes)?;
    written.files.push(FileLine {
        path,
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        division: String::new(),
        name: setting.shower.pipeline.settings.title.zh.clone(),
        pack: String::new(),
        rows: sums.rows,
        overdue: sums.overdue,
        issued: sums.issued,
        states: sums.states.clone(),
    });
    let (batch, pipeline) = (setting.batch, setting.shower.pipeline);
    let manifest = Manifest {
        month: batch.month_word(),
        batch: batch.number,
        issued: batch.day.to_string(),
        form: setting.form.id.clone(),
        form_version: setting.form.version.clone(),
        pipeline: pipeline.id.clone(),
        pipeline_version: pipeline.version.clone(),
        night: setting.night.to_owned(),
        ledger: setting.head.clone(),
        shown: setting.shown().into(),
        files: written.files.clone(),
        totals: sums,
    };
    durable::write_json(&staged.join(MANIFEST), &manifest)
}

fn sums(files: &[FileLine], nowhere: u64) -> Sums {
    let mut sums = Sums { nowhere, ..Sums::default() };
    for file in files.iter().filter(|f| !f.pack.is_empty()) {
        sums.counties += 1;
        sums.rows += file.rows;
        sums.issued += file.issued;
        sums.overdue += file.overdue;
        for (state, count) in &file.states {
            *sums.states.entry(state.clone()).or_default() += count;
        }
    }
    sums
}

fn index(order: &Order<'_>, written: &Written, sums: &Sums, folder: &Path) -> Result<Vec<u8>> {
    let setting = order.setting;
    let batch = setting.batch;
    let author = &setting.shower.pipeline.settings.title.zh;
    let title = format!("{author}反馈包目录");
    let mut book = Book::new(&title, author, batch.day, folder)?;
    let about = format!(
        "{}　第{}批 · {}下发 · {}个县 · {}件（本次下发{}件，逾期{}件，归属不明{}件）",
        batch.month_zh(),
        batch.number,
        batch.day,
        sums.counties,
        sums.rows,
        sums.issued,
        sums.overdue,
        sums.nowhere
    );
    files(&mut book.page("目录")?, setting, (&title, &about), &written.files)?;
    if let Some(form) = order.city {
        let [whole, ranks] = ["汇总", "排名"].map(|what| format!("{author}督办件{what}"));
        summary(&mut book.page("汇总")?, setting, form, (&whole, &about), &written.counties)?;
        rank_page(&mut book.page("排名")?, form, (&ranks, &about), &written.counties)?;
    }
    if !order.selection.nowhere.is_empty() {
        nowhere(&mut book.page("归属不明")?, setting, &order.selection.nowhere)?;
    }
    book.bytes()
}

/// The list of files.
fn files(
    page: &mut Page<'_>,
    setting: &Setting<'_>,
    head: (&str, &str),
    files: &[FileLine],
) -> Result<()> {
    let heads =
        ["序号", "县（市、区）", "反馈包编号", "件数", "本次下发", "逾期", "文件", "BLAKE3"];
    page.widths(&[6.0, NAME, 24.0, 8.0, 9.0, 8.0, 66.0, 68.0])?;
    top(page, setting.secrecy(), head, 8)?;
    page.height(3, 20.0)?;
    page.heads(3, 0, &heads)?;
    for (at, file) in (4_u32..).zip(files) {
        page.fit(at, [(file.name.as_str(), NAME)])?;
        page.number(at, 0, u64::from(at) - 3, Look::Number)?;
        page.text(at, 1, &file.name, Look::PlainCentre)?;
        let pack = if file.pack.is_empty() { "（汇总）" } else { &file.pack };
        page.text(at, 2, pack, Look::PlainCentre)?;
        for (place, count) in (3..).zip([file.rows, file.issued, file.overdue]) {
            page.number(at, place, count, Look::Number)?;
        }
        page.text(at, 6, &file.path, Look::Plain)?;
        page.text(at, 7, &file.blake3, Look::Plain)?;
    }
    page.freeze(4, 3)?;
    page.paper(Paper::Across);
    page.protect();
    Ok(())
}

/// Cases that no county can answer: the province has to find out whose they are.
fn nowhere(page: &mut Page<'_>, setting: &Setting<'_>, cases: &[&Case]) -> Result<()> {
    page.widths(&[32.0, 9.0, 34.0, 7.0, 12.0, 9.0])?;
    page.heads(0, 0, &["督办编号", "规则", "问题名称", "风险", "立案日期", "状态"])?;
    for (at, case) in (1_u32..).zip(cases) {
        // The id of a sensitive rule says what the case is about.
        let rule = if setting.shower.sensitive(case) { "—" } else { case.rule.as_str() };
        page.text(at, 0, &case.number, Look::PlainCentre)?;
        page.text(at, 1, rule, Look::PlainCentre)?;
        page.text(at, 2, &setting.shower.title_of(case), Look::Plain)?;
        page.text(at, 3, case.severity.zh(), Look::PlainCentre)?;
        page.text(at, 4, &case.opened.to_string(), Look::PlainCentre)?;
        page.text(at, 5, case.state.zh(), Look::PlainCentre)?;
    }
    page.freeze(1, 1)?;
    page.paper(Paper::A4);
    page.protect();
    Ok(())
}

//! One county's workbook: cover, a sheet for each theme, the hidden page.

use std::collections::BTreeMap;
use std::path::Path;

use super::batch::Batch;
use super::book::{Book, Look, Page};
use super::cover::{self, Cover};
use super::seal;
use super::select::Row;
use super::sheet::{self, Head};
use super::show::Shower;
use crate::error::Result;
use crate::ledger::chain::Head as Link;
use crate::ledger::flow::Flow;
use crate::pipeline::packs::{COVER, Pack, SYSTEM};
use crate::privacy::PersonKeys;

/// What all workbooks of a batch share.
pub struct Setting<'a> {
    pub batch: &'a Batch,
    pub form: &'a Pack,
    pub shower: &'a Shower<'a>,
    pub keys: &'a PersonKeys,
    /// The end of the ledger before the batch.
    pub head: &'a Link,
    pub flows: &'a BTreeMap<String, Flow>,
    /// Name of the night that the texts are from.
    pub night: &'a str,
}

impl Setting<'_> {
    /// Whether names stand in the pack.
    pub fn shown(&self) -> &'static str {
        if self.shower.names.is_empty() { "masked" } else { "revealed" }
    }

    /// What stands above the title.
    pub fn secrecy(&self) -> &'static str {
        if self.shower.names.is_empty() {
            "内部资料 妥善保管（个人信息已脱敏）"
        } else {
            "内部资料 含个人信息，专人保管，严禁外传，用毕销毁"
        }
    }
}

/// The workbook of a county.
///
/// # Errors
/// The disk.
pub fn workbook(
    setting: &Setting<'_>,
    county: &str,
    rows: &[Row],
    folder: &Path,
) -> Result<Vec<u8>> {
    let (batch, form) = (setting.batch, setting.form);
    let pack = batch.pack(county);
    let place = setting.shower.place(county);
    let title = format!("{}{}", setting.shower.county(county), form.title.zh);
    let author = &setting.shower.pipeline.settings.title.zh;
    let mut book = Book::new(&title, author, batch.day, folder)?;
    front(&mut book.page(COVER)?, setting, county, &title, rows)?;
    let about = format!("反馈包 {pack} · {place} · {} · {}下发", batch.month_zh(), batch.day);
    let mut seals = Vec::with_capacity(rows.len());
    for (number, theme) in form.themes.iter().enumerate() {
        let own: Vec<&Row> = rows.iter().filter(|r| r.theme == number).collect();
        if own.is_empty() {
            continue;
        }
        let title = format!("{title}·{}", theme.sheet);
        let head = Head { title: &title, about: &about, day: batch.day };
        let mut page = book.page(&theme.sheet)?;
        sheet::write(&mut page, form, setting.shower, &head, &own, |number, cells| {
            let seal = seal::row(setting.keys, &pack, number, cells);
            seals.push([number.to_owned(), theme.sheet.clone(), seal]);
        })?;
    }
    hidden(&mut book.page(SYSTEM)?, setting, county, &seals)?;
    book.bytes()
}

fn front(
    page: &mut Page<'_>,
    setting: &Setting<'_>,
    county: &str,
    title: &str,
    rows: &[Row],
) -> Result<()> {
    let batch = setting.batch;
    let facts = [
        ("反馈包编号", batch.pack(county)),
        ("县（市、区）", setting.shower.place(county)),
        ("下发日期", batch.day.to_string()),
        ("反馈截止", term(rows)),
        ("本批件数", format!("{} 件", rows.len())),
        ("其中本次下发", format!("{} 件", rows.iter().filter(|r| r.issue.is_some()).count())),
        ("数据截至", setting.night.get(..10).unwrap_or(setting.night).to_owned()),
        ("台账序号", setting.head.seq.to_string()),
    ];
    let subtitle = format!("（{}　第{}批）", batch.month_zh(), batch.number);
    let cover = Cover {
        title,
        subtitle: &subtitle,
        facts: &facts,
        secrecy: setting.secrecy(),
        flow: setting.flows.get(county).copied().unwrap_or_default(),
        flow_days: &format!("{} 至 {}", batch.month, batch.day),
        rows,
    };
    cover::write(page, setting.form, setting.shower, &cover)
}

/// By when answers are wanted. The clock of an answered case stands: its term may be long over.
pub(super) fn term(rows: &[Row]) -> String {
    let waiting: Vec<&Row> = rows.iter().filter(|r| r.case.state.is_waiting()).collect();
    let dues = || waiting.iter().filter(|r| r.overdue == 0).filter_map(|r| r.case.due);
    match (dues().min(), dues().max()) {
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first} 至 {last}"),
        _ if waiting.is_empty() => "本批无待反馈件".into(),
        _ => "均已逾期".into(),
    }
}

/// The page by which a return is recognised.
fn hidden(
    page: &mut Page<'_>,
    setting: &Setting<'_>,
    county: &str,
    seals: &[[String; 3]],
) -> Result<()> {
    let batch = setting.batch;
    let mut values: Vec<String> = vec![
        seal::LAYOUT.into(),
        batch.pack(county),
        setting.form.id.clone(),
        setting.form.version.clone(),
        batch.month_word(),
        batch.number.to_string(),
        county.to_owned(),
        batch.day.to_string(),
        setting.head.seq.to_string(),
        setting.head.hash.clone(),
        setting.shown().into(),
        seals.len().to_string(),
    ];
    let texts: Vec<&str> = values.iter().map(String::as_str).collect();
    values.push(seal::head(setting.keys, &texts));
    let mut at = 0;
    for (name, value) in seal::HEAD.iter().zip(&values) {
        page.text(at, 0, name, Look::Plain)?;
        page.text(at, 1, value, Look::Plain)?;
        at += 1;
    }
    at += 1;
    for (place, name) in (0..).zip(seal::COLUMNS) {
        page.text(at, place, name, Look::Plain)?;
    }
    for line in seals {
        at += 1;
        for (place, value) in (0..).zip(line) {
            page.text(at, place, value, Look::Plain)?;
        }
    }
    page.protect();
    page.hide();
    Ok(())
}

//! Clean and dirty extracts of one small feed.

mod formats;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::NaiveDate;

use super::*;
use crate::fake::world::Value;
use crate::pipeline::spec::{
    Cadence, Column, ColumnType, Delivery, DeliveryKind, Fake, FeedColumn, Format, Grain, Limits,
    Privacy, Title, Unit,
};
use crate::{amount, citizen_id, person_name};

const IDS: [&str; 3] = ["62910519491231001X", "629524188001010016", "62910219200508003X"];

pub(super) fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

fn codes() -> BTreeMap<String, CodeList> {
    let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let sex = CodeList {
        columns: text(&["code", "label", "aliases"]),
        rows: vec![
            text(&["1", "男", "男性|M"]),
            text(&["2", "女", "女性"]),
            text(&["9", "未说明", "无"]),
        ],
        ..CodeList::default()
    };
    BTreeMap::from([("sex".to_owned(), sex)])
}

fn table() -> Table {
    let column = |name: &str, kind: ColumnType, codes: Option<&str>| Column {
        name: name.into(),
        kind,
        title: name.into(),
        about: String::new(),
        privacy: Privacy::Open,
        codes: codes.map(Into::into),
    };
    let money = ColumnType::Decimal { precision: 16, scale: 2 };
    Table {
        source: None,
        id: "claim".into(),
        title: Title::default(),
        about: String::new(),
        grain: Grain::Person,
        key: vec!["no".into()],
        person: Some(crate::pipeline::spec::PersonRoles {
            id: "id_no".into(),
            name: Some("name".into()),
            ..Default::default()
        }),
        ended_after_days: None,
        columns: vec![
            column("no", ColumnType::Text, None),
            column("id_no", ColumnType::CitizenId, None),
            column("name", ColumnType::Name, None),
            column("sex", ColumnType::Code, Some("sex")),
            column("village", ColumnType::Division, None),
            column("on", ColumnType::Date, None),
            column("ym", ColumnType::Month, None),
            column("fee", money.clone(), None),
            column("wan", money, None),
            column("days", ColumnType::Int, None),
            column("flag", ColumnType::Bool, None),
            column("risks", ColumnType::Set, None),
        ],
    }
}

fn feed() -> Feed {
    let from = |to: &str, heading: &str| FeedColumn {
        to: to.into(),
        from: vec![heading.into()],
        ..FeedColumn::default()
    };
    let path =
        ["市(州)|市", "县(市、区)|县", "乡(镇)|乡镇", "行政村|村"].map(str::to_owned).to_vec();
    Feed {
        id: "claim".into(),
        title: Title { zh: "结算".into(), en: "Claims".into() },
        sender: "省医保局".into(),
        table: "claim".into(),
        files: "结算_{period:%Y%m}*.{csv,xlsx,txt,ndjson,parquet}".into(),
        format: Format::default(),
        delivery: Delivery {
            kind: DeliveryKind::Append,
            cadence: Cadence::Monthly,
            due_day: None,
            stale_after_days: None,
            control_totals: Vec::new(),
        },
        limits: Limits { quarantine_percent: Some(50.0), ..Limits::default() },
        columns: vec![
            FeedColumn { required: true, ..from("no", "结算号") },
            from("id_no", "身份证号"),
            from("name", "姓名"),
            from("sex", "性别"),
            FeedColumn { to: "village".into(), path, ..FeedColumn::default() },
            from("on", "日期"),
            from("ym", "月份"),
            from("fee", "总费用(元)"),
            FeedColumn { unit: Some(Unit::WanYuan), ..from("wan", "收入") },
            from("days", "天数"),
            from("flag", "是否"),
            from("risks", "风险"),
        ],
        constants: BTreeMap::new(),
        fake: Fake::default(),
    }
}

fn record(number: usize) -> Record<'static> {
    let text = |t: &str| Value::Text(t.to_owned().into());
    Record {
        table: "claim",
        person: None,
        fields: vec![
            ("no", text(&format!("S{number:07}"))),
            ("id_no", text(IDS[number % 3])),
            ("name", text(["王五", "买买提·吐尔逊", "欧阳修远"][number % 3])),
            ("sex", text(["1", "2", "9"][number % 3])),
            ("village", text("620102001200")),
            ("on", Value::Date(day(2026, 1, 9))),
            ("ym", Value::Date(day(2026, 10, 1))),
            ("fee", Value::Cents(1_234_550 - 3_000_000 * (number % 2) as i64)),
            ("wan", Value::Cents(120_000)),
            ("days", Value::Int(12)),
            ("flag", Value::Bool(number.is_multiple_of(2))),
            ("risks", if number % 3 == 1 { Value::Null } else { text("因病|因残") }),
        ],
    }
}

fn names(_: &str) -> [String; 4] {
    ["兰州市", "城关区", "雁滩乡", "大水䃎村"].map(str::to_owned)
}

fn write(feed: &Feed, dirt: &Dirt, seed: u64, rows: usize, folder: &Path) -> Vec<WrittenFile> {
    let (table, codes) = (table(), codes());
    let mut writer =
        FeedWriter::open(feed, &table, &codes, &names, folder, day(2026, 11, 10), dirt, seed)
            .unwrap();
    for county in 0..2 {
        writer.county(&format!("62010{county}"), ["城关区", "七里河区"][county]).unwrap();
        (0..rows).for_each(|i| writer.row(&record(county * rows + i)).unwrap());
    }
    writer.finish().unwrap()
}

#[test]
fn clean_csv_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&feed(), &Dirt::none(), 1, 1, folder.path());
    assert_eq!(written[0].path.file_name().unwrap(), "结算_202610.csv");
    assert_eq!(
        fs::read_to_string(&written[0].path).unwrap(),
        "结算号,身份证号,姓名,性别,市(州),\"县(市、区)\",乡(镇),行政村,日期,月份,总费用(元),收入,天数,是否,风险\n\
         S0000000,62910519491231001X,王五,男,兰州市,城关区,雁滩乡,大水䃎村,2026-01-09,2026-10,12345.50,0.12,12,是,\"因病,因残\"\n\
         S0000001,629524188001010016,买买提·吐尔逊,女,兰州市,城关区,雁滩乡,大水䃎村,2026-01-09,2026-10,-17654.50,0.12,12,否,\n"
            .replace("\"县(市、区)\"", "县(市、区)")
    );
    assert_eq!(written[0].planted, Planted { rows: 2, ..Planted::default() });
}

#[test]
fn same_inputs_give_same_bytes() {
    let kinds = [FileKind::Csv, FileKind::Xlsx, FileKind::Ndjson, FileKind::Parquet];
    for (kind, zip) in kinds.into_iter().flat_map(|k| [(k, false), (k, true)]) {
        let mut feed = feed();
        (feed.fake.kind, feed.fake.zip) = (kind, zip);
        if zip {
            feed.files = "结算_{period:%Y%m}*.zip".into();
        }
        let bytes = |seed| {
            let folder = tempfile::tempdir().unwrap();
            fs::read(&write(&feed, &Dirt::default(), seed, 300, folder.path())[0].path).unwrap()
        };
        assert_eq!(bytes(1), bytes(1), "{kind:?} {zip}");
        assert_ne!(bytes(1), bytes(2), "{kind:?} {zip}");
    }
}

/// The cells of a file whose fields are never quoted: nothing dirty holds a comma here.
fn columns(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|l| l.split('|').map(str::to_owned).collect()).collect()
}

#[test]
fn dirt_keeps_the_meaning() {
    let mut feed = feed();
    feed.fake.delimiter = "|".into();
    let quiet = Dirt {
        duplicate: 0.0,
        blank: 0.0,
        quote_all: 0.0,
        page_header: 0.0,
        serial_column: 0.0,
        ..Dirt::default()
    };
    let mut dirt = quiet.scale(15.0);
    dirt.broken = Broken::default();
    dirt.protect.push("claim".into());
    let folder = tempfile::tempdir().unwrap();
    let written = write(&feed, &dirt, 7, 2000, folder.path());
    let planted = written[0].planted;
    assert!(
        planted.ids > 100 && planted.names > 100 && planted.dates > 100 && planted.amounts > 100,
        "{planted:?}"
    );
    let mut forms: BTreeSet<String> = BTreeSet::new();
    for (number, cells) in columns(&written[0].path).iter().enumerate() {
        let trimmed = cells[0].trim();
        assert_eq!(trimmed, format!("S{number:07}"));
        let id = citizen_id::parse(&cells[1], &[]).id;
        if number % 3 != 1 {
            assert_eq!(id.unwrap().as_str(), IDS[number % 3], "{}", cells[1]);
        }
        assert_eq!(
            person_name::clean(&cells[2]),
            ["王五", "买买提·吐尔逊", "欧阳修远"][number % 3],
            "{}",
            cells[2]
        );
        let sex: &[&str] = [
            &["1", "男", "男性", "M", "1-男"][..],
            &["2", "女", "女性", "2-女"],
            &["9", "未说明", "9-未说明"],
        ][number % 3];
        assert!(sex.contains(&cells[3].as_str()), "{}", cells[3]);
        forms.insert(cells[8].clone());
        let fee = amount::parse_decimal(&cells[10], 2);
        assert_eq!(
            fee,
            Some(if number.is_multiple_of(2) { 1_234_550 } else { -1_765_450 }),
            "{}",
            cells[10]
        );
        assert_eq!(amount::parse_decimal(&cells[11], 6), Some(120_000), "{}", cells[11]);
        assert_eq!(amount::parse_int(&cells[12]), Some(12), "{}", cells[12]);
        assert_eq!(amount::parse_bool(&cells[13]), Some(number.is_multiple_of(2)), "{}", cells[13]);
    }
    assert!(
        forms.len() > 8 && forms.contains("46031") && forms.contains("2026年1月9日"),
        "{forms:?}"
    );
}

#[test]
fn everything_planted_is_counted() {
    let mut feed = feed();
    feed.fake.title_rows = 1;
    feed.fake.total_row = true;
    let mut dirt = Dirt { duplicate: 0.02, blank: 0.02, page_header: 1.0, ..Dirt::none() };
    dirt.broken = Broken { extra_field: 0.01, missing_field: 0.01, bad_date: 0.01, ..dirt.broken };
    let folder = tempfile::tempdir().unwrap();
    let file = write(&feed, &dirt, 3, 5000, folder.path()).remove(0);
    let planted = file.planted;
    assert!(
        planted.duplicates > 100 && planted.blank_rows > 100 && planted.page_headers > 1,
        "{planted:?}"
    );
    assert_eq!(
        planted.broken_rows,
        planted.extra_fields + planted.missing_fields + planted.bad_dates
    );
    let text = fs::read_to_string(&file.path).unwrap();
    let lines = text.lines().count() as u64;
    assert_eq!(
        lines,
        1 + planted.data_rows() + planted.blank_rows + planted.page_headers + planted.layout_rows
    );
    assert_eq!(planted.layout_rows, 3);
    let mut seen = BTreeSet::new();
    let good: Vec<&str> =
        text.lines().filter(|l| l.starts_with('S') && l.contains("2026-01-09")).collect();
    let twice = good.iter().filter(|line| !seen.insert(**line)).count() as u64;
    assert_eq!(twice, planted.duplicates);

    dirt.protect.push("claim".into());
    assert_eq!(write(&feed, &dirt, 3, 5000, folder.path())[0].planted.broken_rows, 0);
}

/// The total row says what a reader of all lines comes to: repeats and broken copies too.
#[test]
fn totals_are_those_of_all_lines() {
    let mut feed = feed();
    (feed.fake.delimiter, feed.fake.total_row) = ("|".into(), true);
    let mut dirt = Dirt { duplicate: 0.02, ..Dirt::default() };
    dirt.broken = Broken { extra_field: 0.0, missing_field: 0.0, ..dirt.broken };
    dirt.broken = Broken { stray_quote: 0.0, unclosed_quote: 0.0, ..dirt.broken };
    dirt.broken =
        Broken { bad_date: 0.01, bad_amount: 0.03, missing_required: 0.01, ..dirt.broken };
    (dirt.serial_column, dirt.page_header, dirt.quote_all, dirt.null_spelling) =
        (0.0, 0.0, 0.0, 0.0);
    let folder = tempfile::tempdir().unwrap();
    let file = write(&feed, &dirt, 3, 2000, folder.path()).remove(0);
    assert!(file.planted.duplicates > 20 && file.planted.bad_amounts > 20, "{:?}", file.planted);
    let lines = columns(&file.path);
    let total = lines.iter().position(|cells| cells[0] == "合计").unwrap();
    for (at, places) in [(10, 2), (11, 6), (12, 0)] {
        let read = |cells: &Vec<String>| amount::parse_decimal(cells.get(at)?, places);
        let sum: i128 = lines[..total].iter().filter_map(read).sum();
        assert_eq!(read(&lines[total]), Some(sum), "column {at}: {:?}", lines[total]);
    }
}

#[test]
fn the_quarantine_limit_is_kept() {
    let mut feed = feed();
    feed.limits.quarantine_percent = Some(1.0);
    let mut dirt = Dirt::none();
    dirt.broken.bad_date = 1.0;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(write(&feed, &dirt, 3, 500, folder.path())[0].planted.broken_rows, 5);
    feed.columns[5].on_bad = crate::pipeline::spec::OnBad::Null;
    feed.columns[6].on_bad = crate::pipeline::spec::OnBad::Null;
    assert_eq!(write(&feed, &dirt, 3, 500, folder.path())[0].planted.broken_rows, 0);
}

#[test]
fn names_and_periods_follow_the_contract() {
    let mut feed = feed();
    let night = day(2026, 1, 10);
    assert_eq!(period_of(&feed, night), day(2025, 12, 1));
    feed.delivery.cadence = Cadence::Quarterly;
    assert_eq!(period_of(&feed, day(2026, 11, 10)), day(2026, 9, 1));
    feed.delivery.cadence = Cadence::Yearly;
    assert_eq!(period_of(&feed, day(2026, 11, 10)), day(2025, 12, 1));
    feed.delivery.cadence = Cadence::Monthly;
    feed.fake.split = Split::County;
    let folder = tempfile::tempdir().unwrap();
    let written = write(&feed, &Dirt::none(), 1, 2, folder.path());
    let files: Vec<_> =
        written.iter().map(|w| w.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(files, ["结算_202610_城关区.csv", "结算_202610_七里河区.csv"]);
    assert_eq!(written[1].county.as_deref(), Some("七里河区"));
    feed.files = "名单_*_{period:%Y%m%d}.{xls,csv}".into();
    assert_eq!(period_of(&feed, night), night);
    assert_eq!(
        write(&feed, &Dirt::none(), 1, 2, folder.path())[0].path.file_name().unwrap(),
        "名单_城关区_20261110.csv"
    );
    feed.files = "名单.csv".into();
    let (table, codes, dirt) = (table(), codes(), Dirt::none());
    let mut writer =
        FeedWriter::open(&feed, &table, &codes, &names, folder.path(), night, &dirt, 1).unwrap();
    assert!(writer.county("620102", "城关区").unwrap_err().message.contains("no {part} and no *"));
}

#[test]
fn an_unknown_table_gets_plausible_rows() {
    use rand::SeedableRng;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let who = Who {
        number: Some(4),
        id: IDS[0],
        name: "王五",
        birth: day(1949, 12, 31),
        village: "620102001200",
        household: "1",
    };
    let generic = Generic::new(&table(), &feed(), &codes());
    let record = generic.record(&who, day(2026, 11, 10), &mut rng);
    assert_eq!((record.table, record.person), ("claim", Some(4)));
    let get = |name: &str| &record.fields.iter().find(|(n, _)| *n == name).unwrap().1;
    assert_eq!(*get("id_no"), Value::Text(IDS[0].into()));
    assert!(matches!(get("no"), Value::Text(t) if t.len() == 16));
    assert!(matches!(get("fee"), Value::Cents(_)) && matches!(get("on"), Value::Date(_)));
    let (feed, table, codes, dirt) = (feed(), table(), codes(), Dirt::default());
    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        FeedWriter::open(&feed, &table, &codes, &names, folder.path(), day(2026, 11, 10), &dirt, 1)
            .unwrap();
    writer.row(&record).unwrap();
    assert_eq!(writer.finish().unwrap()[0].planted.rows, 1);
}

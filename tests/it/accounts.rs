//! The account of a delivery closes, whatever is in its file.

use std::path::Path;
use std::sync::OnceLock;

use bidui::citizen_id::CitizenId;
use bidui::division::Divisions;
use bidui::feed::Received;
use bidui::lake::Lake;
use bidui::lake::rows::{Part, RowsFile};
use bidui::pipeline::Pipeline;
use bidui::privacy::PersonKeys;
use proptest::prelude::*;

use crate::support::{scratch, take_in, temp};

const PIPELINE: &str = "
title: {zh: 试, en: Trial}
buckets: 4
identity: {spine: [visit], secret: {demo: a secret of a test}}
";

const TABLE: &str = "
title: {zh: 就诊, en: Visit}
about: One visit.
grain: person
key: [visit_no]
person: {id: id_no, name: name}
columns:
  - {name: visit_no, type: text, title: 编号, about: Number.}
  - {name: id_no, type: citizen_id, title: 身份证号, privacy: direct, about: ID.}
  - {name: name, type: name, title: 姓名, privacy: direct, about: Name.}
  - {name: day, type: date, title: 日期, about: Day.}
  - {name: fee, type: \"decimal(16,2)\", title: 费用, about: Fee.}
";

const FEED: &str = "
title: {zh: 就诊, en: Visits}
sender: 医院
table: visit
files: \"就诊_{period:%Y%m}*.csv\"
format: {kind: csv}
delivery: {kind: append, cadence: monthly}
columns:
  - {to: visit_no, from: [编号], required: true}
  - {to: id_no, from: [身份证号]}
  - {to: name, from: [姓名]}
  - {to: day, from: [日期]}
  - {to: fee, from: [费用], on_bad: \"null\"}
";

fn pipeline() -> &'static Pipeline {
    static PIPELINE_OF: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE_OF.get_or_init(|| {
        let dir = scratch().join("trial");
        for (name, text) in
            [("pipeline.yaml", PIPELINE), ("tables/visit.yaml", TABLE), ("feeds/visit.yaml", FEED)]
        {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        bidui::night::setup::load(&dir).expect("the pipeline loads")
    })
}

/// A cell that is good, bad, empty, quoted or broken.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "A1", "A2", "A3", "62910119900101123X", "629001196001010011", "张建明", "李四",
            "2026-10-01", "20261032", "12.50", "1,234.5", "-", "", "NULL", "合计", "填表人：某",
            "\"a,b\"", "\"two\nlines\"", "\"he said \"\"no\"\"\"", "\"open", "close\"", "x\"y",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,6}",
        1 => "[\u{4e00}-\u{4e20}\u{ff10}-\u{ff19}\t]{0,4}",
    ]
}

/// Rows of mostly five cells, some of which are wholly good and some repeated.
fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let random = prop_oneof![8 => prop::collection::vec(cell(), 5), 2 => prop::collection::vec(cell(), 0..8)];
    let good = (0..40_u32).prop_map(|n| {
        [
            "N".to_owned() + &n.to_string(),
            String::new(),
            "王某某".into(),
            "2026-10-05".into(),
            "8".into(),
        ]
        .to_vec()
    });
    prop::collection::vec(prop_oneof![2 => random, 3 => good], 0..40)
}

fn encode(text: &str, encoding: usize) -> Vec<u8> {
    match encoding {
        1 => [&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat(),
        2 => encoding_rs::GB18030.encode(text).0.into_owned(),
        3 => {
            [&b"\xFF\xFE"[..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()]
                .concat()
        }
        _ => text.as_bytes().to_vec(),
    }
}

fn receive(lake: &Path, file: &Path) -> bidui::error::Result<Received> {
    take_in(pipeline(), &Divisions::default(), lake, file)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_110),
        ..ProptestConfig::default()
    })]

    /// R8.
    #[test]
    fn every_row_is_used_quarantined_or_a_duplicate(
        rows in rows(),
        encoding in 0..4_usize,
        end in prop::sample::select(vec!["\n", "\r\n"]),
        cut in 0..12_usize,
        flip in prop::option::weighted(0.2, (0..4000_usize, any::<u8>())),
    ) {
        let mut text = format!("编号,身份证号,姓名,日期,费用{end}");
        for row in &rows {
            text.push_str(&row.join(","));
            text.push_str(end);
        }
        let mut bytes = encode(&text, encoding);
        // Some files are cut short, some have a byte that is no character.
        if cut == 0 {
            bytes.truncate(bytes.len() * 3 / 4);
        }
        if let Some((at, byte)) = flip && at > 40 && at < bytes.len() {
            bytes[at] = byte;
        }
        let home = temp();
        let file = home.path().join("就诊_202610.csv");
        std::fs::write(&file, &bytes).expect("written");
        let lake = home.path().join("lake");
        let Received::New(receipt) = receive(&lake, &file).expect("received") else {
            panic!("a new lake knows nothing");
        };
        prop_assert_eq!(receipt.rows, receipt.used + receipt.quarantined + receipt.duplicate);
        for part in &receipt.parts {
            prop_assert_eq!(part.rows, part.used + part.quarantined + part.duplicate);
        }
        let reasons: u64 = receipt.reject_reasons.values().sum();
        prop_assert_eq!(reasons, receipt.quarantined);
        // The account speaks of what is really there.
        let folder = Lake::at(&lake).deliveries("visit").join(&receipt.delivery);
        let stored = |name: &str| RowsFile::open(&folder.join(name)).expect("a file").rows();
        prop_assert_eq!(stored("rows.parquet"), receipt.used);
        prop_assert_eq!(stored("rejects.parquet"), receipt.quarantined);
        // Nothing vanishes: every line is data, layout, or the inside of a quoted cell.
        if flip.is_none() && cut != 0 && receipt.files[0].refused.is_none() {
            let part = &receipt.parts[0];
            let lines = text.lines().count() as u64;
            prop_assert!(part.rows + part.layout <= lines);
            let filled = rows.iter().filter(|r| !r.join(",").trim().is_empty()).count() as u64;
            prop_assert!(part.rows + part.layout >= filled, "{} rows of {filled}", part.rows);
        }
        // Taken in once more it is known.
        prop_assert!(matches!(receive(&lake, &file), Ok(Received::Known(_))));
    }
}

/// A quote that is not closed in its line, another one three lines below, and good rows between.
#[test]
fn a_stray_quote_costs_its_own_line_and_swallows_no_other() {
    for before in [0, 40] {
        let mut text = String::from("编号,身份证号,姓名,日期,费用\n");
        for row in 0..before {
            text.push_str(&format!("B{row},,王某某,2026-10-05,8\n"));
        }
        text.push_str("N1,,\"王某,2026-10-05,8\nN2,,李某某,2026-10-05,8\n");
        text.push_str(
            "N3,,张某某,2026-10-05,8\nN4,,赵某\",2026-10-05,8\nN5,,钱某某,2026-10-05,8\n",
        );
        let home = temp();
        let file = home.path().join("就诊_202610.csv");
        std::fs::write(&file, text).expect("written");
        let Ok(Received::New(receipt)) = receive(&home.path().join("lake"), &file) else {
            panic!("a new lake takes it in");
        };
        let account = (receipt.rows, receipt.used, receipt.quarantined);
        assert_eq!(account, (before + 5, before + 3, 2), "{before} rows before it");
    }
}

/// Rows are told apart when all have come; what is left out is not counted as used, as waiting for its
/// person, or as repaired.
#[test]
fn a_row_that_says_its_key_again_is_a_duplicate_or_quarantined_where_it_stands() {
    let home = temp();
    let file = home.path().join("就诊_202610.csv");
    let text = "编号,身份证号,姓名,日期,费用\n\
        N1,,王某某,2026-10-05,8\n\
        N2,62910119900101123x,李某某,2026-10-05,8\n\
        N1,,王某某,2026-10-05,9\n\
        N1,,王某某,2026-10-05,8\n\
        N2,62910119900101123x,李某某,2026-10-05,8\n\
        N3,,张某某,2026-10-05,8\n\
        N1,,王某某,2026-10-05,9\n\
        N3,无此证,张某某,2026-10-05,8\n\
        N4,629401195603140024,赵某某,2026-10-05,8\n\
        N4,　６29401195603140024,赵某某,2026-10-05,8\n";
    std::fs::write(&file, text).expect("written");
    let lake = home.path().join("lake");
    let Ok(Received::New(receipt)) = receive(&lake, &file) else {
        panic!("a new lake takes it in");
    };
    let part = &receipt.parts[0];
    assert_eq!((part.rows, part.used, part.quarantined, part.duplicate), (10, 4, 3, 3));
    let of_used = |word: &str| receipt.amendments.get(word).copied();
    let unusable = receipt.pending;
    assert_eq!(of_used("id:missing"), Some(2), "{:?}", receipt.amendments);
    assert_eq!(receipt.amendments.values().sum::<u64>(), 3, "{:?}", receipt.amendments);
    let folder = Lake::at(&lake).deliveries("visit").join(&receipt.delivery);
    let rejects = RowsFile::open(&folder.join("rejects.parquet")).expect("a file");
    let names = ["line", "column", "reason", "raw"].map(str::to_owned);
    let batches = rejects.scan(Part::All, &names, &Default::default()).expect("a scan");
    let mut told = Vec::new();
    for batch in batches {
        let batch = batch.expect("rows");
        let cell = |at: usize, row: usize| {
            arrow::util::display::array_value_to_string(batch.column(at), row).expect("a text")
        };
        told.extend((0..batch.num_rows()).map(|row| [0, 1, 2, 3].map(|at| cell(at, row))));
    }
    let reason = "the key of an earlier row with other content";
    let other = |line, key| [line, "visit_no", reason, key];
    assert_eq!(told, [other("4", "N1"), other("8", "N1"), other("9", "N3")]);
    let rows = RowsFile::open(&folder.join("rows.parquet")).expect("a file");
    assert_eq!(rows.rows(), receipt.used);
    let waiting = rows.scan(Part::Pending, &["visit_no".to_owned()], &Default::default());
    let waiting = waiting.expect("a scan").map(|batch| batch.expect("rows").num_rows() as u64);
    assert_eq!(waiting.sum::<u64>(), unusable);
}

/// Whoever stands in neighbouring rows, or comes again later, has one key.
#[test]
fn a_row_has_the_key_of_its_person_whoever_stands_above_it() {
    let home = temp();
    let file = home.path().join("就诊_202610.csv");
    let (one, other) = (*b"629401195603140024", *b"62940119900101001X");
    let ids = [Some(one), Some(one), Some(other), None, Some(other), Some(one)];
    let mut text = String::from("编号,身份证号,姓名,日期,费用\n");
    for (row, id) in ids.iter().enumerate() {
        let id = id.map_or(String::new(), |id| String::from_utf8_lossy(&id).into_owned());
        text.push_str(&format!("N{row},{id},王某某,2026-10-05,8\n"));
    }
    std::fs::write(&file, text).expect("written");
    let lake = home.path().join("lake");
    let Ok(Received::New(receipt)) = receive(&lake, &file) else {
        panic!("a new lake takes it in");
    };
    let folder = Lake::at(&lake).deliveries("visit").join(&receipt.delivery);
    let rows = RowsFile::open(&folder.join("rows.parquet")).expect("a file");
    let names = ["src_row", "person_key"].map(str::to_owned);
    let mut found = vec![String::new(); ids.len()];
    for batch in rows.scan(Part::All, &names, &Default::default()).expect("a scan") {
        let batch = batch.expect("rows");
        let cell = |at: usize, row: usize| {
            arrow::util::display::array_value_to_string(batch.column(at), row).expect("a text")
        };
        for row in 0..batch.num_rows() {
            let number: usize = cell(0, row).parse().expect("a number");
            found[number] = cell(1, row);
        }
    }
    let keys = PersonKeys::new(b"a secret of a test");
    let key = |id| keys.key(&CitizenId::new(id).expect("a number")).to_string();
    assert_eq!(found, ids.map(|id| id.map(key).unwrap_or_default()));
}

/// As when the share of the inbox goes away in the middle of a run: were it refused as a file that
/// cannot be opened, a night would be published without all that came.
#[test]
fn a_file_that_vanished_is_not_refused() {
    let home = temp();
    let lake = home.path().join("lake");
    let error = receive(&lake, &home.path().join("就诊_202610.csv")).expect_err("it is not there");
    assert!(error.exit_code() == 3 && error.message.contains("vanished"), "{error}");
    assert!(!lake.exists(), "nothing is taken in");
}

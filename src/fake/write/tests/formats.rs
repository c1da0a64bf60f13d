//! Encodings, fixed width and workbooks.

use super::*;

#[test]
fn encodings_and_widths_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut feed = feed();
    let clean = fs::read(&write(&feed, &Dirt::none(), 1, 9, folder.path())[0].path).unwrap();
    let clean = String::from_utf8(clean).unwrap();
    for (label, decoder) in [
        ("gb18030", encoding_rs::GB18030),
        ("utf-16le", encoding_rs::UTF_16LE),
        ("utf-8-bom", encoding_rs::UTF_8),
    ] {
        feed.fake.encoding = label.into();
        let bytes = fs::read(&write(&feed, &Dirt::none(), 1, 9, folder.path())[0].path).unwrap();
        assert_eq!(decoder.decode(&bytes).0, clean, "{label}");
    }
    feed.format.kind = FileKind::Fixed;
    feed.format.encoding = "gb18030".into();
    feed.format.widths = vec![10, 20, 30, 8, 10, 10, 10, 14, 12, 8, 12, 8, 4, 4, 12];
    let width: usize = feed.format.widths.iter().sum();
    let file = write(&feed, &Dirt::default().scale(20.0), 1, 500, folder.path()).remove(0);
    assert!(file.path.to_str().unwrap().ends_with(".txt"));
    let bytes = fs::read(&file.path).unwrap();
    let lines: Vec<&[u8]> =
        bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
    assert!(
        lines.iter().all(|l| l.is_empty() || l.len() == width),
        "{:?}",
        lines.iter().map(|l| l.len()).collect::<BTreeSet<_>>()
    );
    feed.format.widths[2] = 3;
    let (table, codes) = (table(), codes());
    let dirt = Dirt::none();
    let mut writer =
        FeedWriter::open(&feed, &table, &codes, &names, folder.path(), day(2026, 11, 10), &dirt, 1)
            .unwrap();
    let error = writer.row(&record(0)).unwrap_err();
    assert_eq!(
        error.message,
        "feed claim: column name: a value of 4 bytes does not fit a width of 3"
    );
}

#[test]
fn workbooks_have_merged_headings_and_totals() {
    use calamine::Reader;
    let mut feed = feed();
    feed.fake = Fake {
        kind: FileKind::Xlsx,
        split: Split::Sheet,
        title_rows: 2,
        total_row: true,
        ..Fake::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let file =
        write(&feed, &Dirt { serial_column: 1.0, ..Dirt::none() }, 1, 4, folder.path()).remove(0);
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&file.path).unwrap();
    assert_eq!(book.sheet_names(), ["城关区", "七里河区"]);
    let sheet = book.worksheet_range("七里河区").unwrap();
    let cell = |r, c| sheet.get_value((r, c)).map(ToString::to_string).unwrap_or_default();
    assert_eq!(cell(0, 0), "七里河区2026年10月结算");
    assert_eq!(
        (cell(2, 0), cell(2, 5), cell(3, 5), cell(3, 8)),
        ("序号".into(), "行政区划".into(), "市(州)".into(), "行政村".into())
    );
    assert_eq!(
        (cell(4, 0), cell(4, 1), cell(4, 11)),
        ("1".into(), "S0000004".into(), "12345.5".into())
    );
    assert_eq!((cell(8, 0), cell(8, 11)), ("合计".into(), "-10618".into()));
    assert!(cell(9, 0).starts_with("填表人"));
    assert_eq!(file.planted.rows, 8);
}

#[test]
fn long_sheets_go_on_in_the_next() {
    use calamine::Reader;
    let mut feed = feed();
    feed.fake.kind = FileKind::Xlsx;
    let (table, codes, dirt) = (table(), codes(), Dirt::none());
    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        FeedWriter::open(&feed, &table, &codes, &names, folder.path(), day(2026, 11, 10), &dirt, 1)
            .unwrap();
    writer.county("620102", "城关区").unwrap();
    writer.file.as_mut().unwrap().limit_sheets(10);
    (0..20).for_each(|i| writer.row(&record(i)).unwrap());
    let file = writer.finish().unwrap().remove(0);
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&file.path).unwrap();
    assert_eq!(book.sheet_names(), ["Sheet1", "Sheet2", "Sheet3"]);
    let rows: usize = book.worksheets().iter().map(|(_, r)| r.height() - 1).sum();
    assert_eq!(rows, 20);
}

#[test]
fn spoilt_ids_pass_as_they_are() {
    let (table, codes, dirt) = (table(), codes(), Dirt { id_spaces: 1.0, ..Dirt::none() });
    let folder = tempfile::tempdir().unwrap();
    for (kind, expected) in [(FileKind::Csv, "6.29001E+17"), (FileKind::Xlsx, "629001196001011000")]
    {
        let mut feed = feed();
        feed.fake.kind = kind;
        let mut writer = FeedWriter::open(
            &feed,
            &table,
            &codes,
            &names,
            folder.path(),
            day(2026, 11, 10),
            &dirt,
            1,
        )
        .unwrap();
        for id in ["#num:629001196001011234", "629001196001011000", "999999"] {
            let mut row = record(0);
            row.fields[1].1 = Value::Text(id.into());
            writer.row(&row).unwrap();
        }
        let file = writer.finish().unwrap().remove(0);
        assert_eq!((file.planted.excel_numbers, file.planted.ids), (1, 0));
        let cells = if kind == FileKind::Csv {
            let text = fs::read_to_string(&file.path).unwrap();
            text.lines()
                .skip(1)
                .map(|l| l.split(',').nth(1).unwrap().to_owned())
                .collect::<Vec<_>>()
        } else {
            use calamine::Reader;
            let mut book: calamine::Xlsx<_> = calamine::open_workbook(&file.path).unwrap();
            let range = book.worksheet_range("Sheet1").unwrap();
            assert!(matches!(range.get_value((1, 1)), Some(calamine::Data::Float(_))));
            range.rows().skip(1).map(|r| r[1].to_string()).collect()
        };
        assert_eq!(cells, [expected, "629001196001011000", "999999"]);
    }
}

//! Delimited and fixed-width text, NDJSON, and their headings.

use bidui::feed::read::{
    Next, NoTable, ROW_CELLS, RawRow, Table, find_header, open, open_extract, reason,
};
use bidui::pipeline::spec::{FeedColumn, FileKind, Format};
use encoding_rs::GB18030;

use super::{Files, column, dump, joined, read, table_rows};

#[test]
fn a_stray_quote_costs_one_row() {
    let files = Files::new();
    let text = "id,name,fee\n1,\"a\nb\",3\n2,\"x,4\n\n3,y,5\r\n4,z\"z,6\n5,w,7,\n6,v\n7,\"q,r\",8";
    let path = files.put("a.csv", text);
    let columns = [column("id", &["id"]), column("name", &["name"])];
    let (table, all) = table_rows(&path, &columns);
    let expected = [
        // Below the heading a cell over two lines is two broken lines, near it and far from it.
        format!("!2 {}", reason::OPEN_QUOTE),
        format!("!3 {}", reason::STRAY_QUOTE),
        format!("!4 {}", reason::OPEN_QUOTE),
        "6 3|y|5".into(),
        format!("!7 {}", reason::STRAY_QUOTE),
        format!("!8 {}", reason::MORE),
        format!("!9 {}", reason::FEWER),
        "10 7|q,r|8".into(),
    ];
    assert_eq!(all, expected);
    assert!(table.part().unterminated);
    assert_eq!(table.header().data_line, 2);
}

/// Of keys without end the headings took hours.
#[test]
fn an_object_has_as_many_keys_as_a_sheet_has_columns() {
    let files = Files::new();
    let keys: Vec<String> = (0..=ROW_CELLS).map(|n| format!("\"k{n}\":1")).collect();
    let opened = |count: usize| {
        let path = files.put("a.ndjson", format!("{{{}}}\n", keys[..count].join(",")));
        read(&path, &Format::default())
    };
    assert_eq!(opened(ROW_CELLS).expect("the most").len(), 1);
    let error = opened(ROW_CELLS + 1).expect_err("one more");
    assert!(error.message.contains("passes a limit"), "{error}");
}

#[test]
fn far_from_the_heading_every_line_stands_for_itself() {
    let files = Files::new();
    let mut text = String::from("id,name\n");
    (0..40).for_each(|i| text.push_str(&format!("{i},n\n")));
    text.push_str("40,\"a\nb\"\n41,n\n42,\"n\n43,n\n");
    let path = files.put("a.csv", &text);
    let (_, all) = table_rows(&path, &[column("id", &["id"]), column("name", &["name"])]);
    let tail = [
        format!("!42 {}", reason::OPEN_QUOTE),
        format!("!43 {}", reason::STRAY_QUOTE),
        "44 41|n".into(),
        format!("!45 {}", reason::OPEN_QUOTE),
        "46 43|n".into(),
    ];
    assert_eq!(all[40..], tail);
}

#[test]
fn offsets_point_into_the_original_bytes() {
    let files = Files::new();
    let text = "姓名,县\n张三,临夏\n李四,东乡䃎\n";
    for (name, bytes) in [
        ("utf8.csv", text.as_bytes().to_vec()),
        ("bom.csv", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("gb.csv", GB18030.encode(text).0.into_owned()),
        ("gbbom.csv", [b"\xEF\xBB\xBF", &*GB18030.encode(text).0].concat()),
    ] {
        let path = files.put(name, &bytes);
        let mut parts = open(&path, &Format::default()).expect(name);
        let mut row = RawRow::default();
        for _ in 0..3 {
            assert_eq!(parts[0].next(&mut row).expect(name), Next::Row);
        }
        assert_eq!(joined(&row), "李四|东乡䃎", "{name}");
        let at = row.byte as usize;
        let tail = &bytes[at..];
        let expected = if name.starts_with("gb") {
            GB18030.encode("李四").0.into_owned()
        } else {
            "李四".as_bytes().to_vec()
        };
        assert!(tail.starts_with(&expected), "{name}: offset {at}");
    }
}

#[test]
fn encodings_are_found() {
    let files = Files::new();
    let text = "姓名\t县\t金额\n张三\t临夏\t12\n";
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let big5 = encoding_rs::BIG5
        .encode("姓名\t縣市\t金額\n張三豐的醫療費用\t臺北市大安區\t十二萬元整\n")
        .0
        .into_owned();
    for (name, bytes, finding) in [
        ("a.txt", [b"\xFF\xFE".to_vec(), le.clone()].concat(), "utf-16le"),
        ("b.txt", [b"\xFE\xFF".to_vec(), be].concat(), "utf-16be"),
        ("c.txt", le, "utf-16le, without a mark"),
        ("d.txt", big5, "big5"),
    ] {
        let path = files.put(name, bytes);
        let mut parts = open(&path, &Format::default()).expect(name);
        assert_eq!(parts[0].part().encoding.as_deref(), Some(finding), "{name}");
        assert_eq!(parts[0].part().delimiter, Some('\t'));
        let all = dump(parts[0].as_mut()).expect(name);
        assert_eq!(all.len(), 2, "{name}");
        if name != "d.txt" {
            assert_eq!(all[1], "2 张三|临夏|12");
        }
    }
}

/// The first Chinese character may stand far behind, and half of it at the end of what is looked at.
#[test]
fn one_byte_does_not_decide_about_the_encoding() {
    let files = Files::new();
    let ascii = "no,name\n".to_owned() + &"1,x\n".repeat(400_000);
    let chinese = "涛测试\n".to_owned() + &"3,李四\n".repeat(50);
    for (place, at) in [("the head", 1024 * 1024), ("a block", 1280 * 1024)] {
        let mut bytes = ascii.as_bytes()[..at - 4].to_vec();
        bytes.extend(b"\n2,");
        bytes.extend_from_slice(&GB18030.encode(&chinese).0);
        let mut parts = open(&files.put("a.csv", &bytes), &Format::default()).expect("opens");
        assert_eq!(parts[0].part().encoding.as_deref(), Some("gb18030"), "{place}");
        let all = dump(parts[0].as_mut()).expect("reads");
        assert!(all.iter().any(|row| row.ends_with(" 2|涛测试")), "{place}");
        assert!(all.last().is_some_and(|row| row.ends_with(" 3|李四")), "{place}");
    }
}

#[test]
fn a_declared_encoding_does_not_turn_utf8_into_noise() {
    let files = Files::new();
    let path = files.put("a.csv", "姓名,县\n张三,临夏\n");
    let format = Format { encoding: "gb18030".into(), ..Format::default() };
    let mut parts = open(&path, &format).expect("opens");
    let finding = parts[0].part().encoding.clone().expect("found");
    assert_eq!(finding, "utf-8, but the feed says gb18030");
    assert_eq!(dump(parts[0].as_mut()).expect("reads")[1], "2 张三|临夏");
    // Nor does one character that is cut.
    let bytes = ["姓名,县\n张三,临夏\n李四,".as_bytes(), b"\xE4\xB8", b",\n"].concat();
    let all = read(&files.put("cut.csv", bytes), &format).expect("reads");
    let expected = [format!("!3 {}", reason::NOT_UTF8)];
    assert_eq!((all[1].as_str(), &all[2..]), ("2 张三|临夏", &expected[..]));
    // What is of the declared encoding stays so.
    let bytes = GB18030.encode("姓名,县\n张三,临夏\n李四,东乡\n").0;
    assert_eq!(read(&files.put("gb.csv", &*bytes), &format).expect("reads")[2], "3 李四|东乡");
}

#[test]
fn chinese_that_comes_late_is_still_read() {
    let files = Files::new();
    let mut bytes = b"id,name,county\n".to_vec();
    (0..100_000).for_each(|i| bytes.extend(format!("{i},abcdef,ghijkl\n").bytes()));
    bytes.extend(&*GB18030.encode("9,张三丰,临夏回族自治州\n8,李四,东乡族自治县\n").0);
    let path = files.put("late.csv", bytes);
    let all = read(&path, &Format::default()).expect("reads");
    assert_eq!(all.last().expect("rows"), "100003 8|李四|东乡族自治县");
}

#[test]
fn bad_bytes_cost_their_row() {
    let files = Files::new();
    let mut bytes = GB18030.encode("姓名,县\n张三,临夏\n").0.into_owned();
    bytes.extend(b"\xD5\xC5\xC8,x\n");
    bytes.extend(&*GB18030.encode("李四,东乡\n").0);
    let path = files.put("a.csv", bytes);
    let all = read(&path, &Format::default()).expect("reads");
    assert_eq!(all[2..], [format!("!3 {}", reason::NOT_GB18030), "4 李四|东乡".into()]);
}

/// Counties' files are joined as they come. Read as GB18030 a name in UTF-8 is another one, 李四 is 鏉庡洓.
#[test]
fn a_line_of_utf8_among_gb18030_costs_its_row() {
    let files = Files::new();
    let gb = |text: &str| GB18030.encode(text).0.into_owned();
    let bytes = [gb("姓名,县\n张三,临夏\n"), "李四,东乡\n".into(), gb("王五,和政\n")].concat();
    let all = read(&files.put("a.csv", bytes), &Format::default()).expect("reads");
    let foreign = format!("!3 {}", reason::FOREIGN);
    assert_eq!(all[1..], ["2 张三|临夏", foreign.as_str(), "4 王五|和政"]);
}

#[test]
fn a_bar_inside_a_gbk_character_is_no_delimiter() {
    let files = Files::new();
    // 亅 is 81 7C: its second byte is a bar.
    let bytes = GB18030.encode("姓名|县\n亅三|临夏\n张四|东乡\n").0.into_owned();
    assert!(bytes.windows(2).any(|w| w == [0x81, 0x7C]));
    let all = read(&files.put("a.txt", bytes), &Format::default()).expect("reads");
    assert_eq!(all[1], "2 亅三|临夏");
}

#[test]
fn long_lines_and_cells_are_quarantined() {
    let files = Files::new();
    let mut text = String::from("a,b\n1,2\n");
    text.push_str(&"x".repeat(70_000));
    text.push_str(",y\n");
    text.push_str(&"z".repeat(17 * 1024 * 1024));
    text.push_str("\n3,4\n");
    let all = read(&files.put("a.csv", text), &Format::default()).expect("reads");
    let expected =
        [format!("!3 {}", reason::LONG_CELL), format!("!4 {}", reason::LONG_LINE), "5 3|4".into()];
    assert_eq!(all[2..], expected);
}

#[test]
fn headings_are_found_below_titles_and_in_two_rows() {
    let files = Files::new();
    let text = "临夏县参保台账,,,,,\n填报单位：县医保局,,,,,\n\
        序号,姓名,住址,,\"住\n院\",\n,,县(市、区),村,次数,费用（元）\n1,2,3,4,5,6\n\
        1,张三,临夏县,王坪村,2,10\n序号,姓名,住址,,住院,\n,,县(市、区),村,次数,费用（元）\n\
        2,李四,临夏县,李家村,1,20\n合 计,,,,3,30\n填表人：某某\n";
    let path = files.put("a.csv", text);
    let place = FeedColumn {
        to: "village".into(),
        path: vec!["县(市、区)|县".into(), "行政村|村".into()],
        ..FeedColumn::default()
    };
    let columns = [
        column("name", &["姓名"]),
        place,
        column("times", &["住院|次数"]),
        column("fee", &["住院费用(元)"]),
        column("phone", &["联系电话"]),
    ];
    let (table, all) = table_rows(&path, &columns);
    assert_eq!(all, ["7 1|张三|临夏县|王坪村|2|10", "10 2|李四|临夏县|李家村|1|20"]);
    let header = table.header();
    assert_eq!(header.binding.source, [Some(1), None, Some(4), Some(5), None]);
    assert_eq!(header.binding.path[1], [Some(2), Some(3)]);
    assert_eq!(header.unmapped, ["序号"]);
    assert_eq!(header.missing.len(), 1);
    assert_eq!(header.missing[0].heading, "联系电话");
    assert_eq!((header.layout_rows, header.header_line, header.data_line), (4, 5, 6));
    assert_eq!(table.layout_rows(), 4 + 1 + 2 + 2);
}

#[test]
fn a_data_row_is_no_second_heading_row() {
    let files = Files::new();
    let note = FeedColumn { optional: true, ..column("note", &["备注"]) };
    let columns = [column("no", &["编号"]), column("fee", &["费用"]), note];
    for (text, first) in [
        // A cell reads like the heading that the file lacks,
        ("编号,费用,说明,联系人\nJ1,1,备注,测试甲\nJ2,2,x,测试乙\n", "2 J1|1|备注|测试甲"),
        // with blanks beside it,
        ("编号,费用,说明,联系人\n,,备注,测试甲\nJ2,2,x,测试乙\n", "2 ||备注|测试甲"),
        // and beside a column without a heading.
        ("编号,费用,说明,,联系人\nJ1,1,备注,y,测试甲\nJ2,2,x,y,测试乙\n", "2 J1|1|备注|y|测试甲"),
    ] {
        let (table, all) = table_rows(&files.put("a.csv", text), &columns);
        assert_eq!((all.len(), all[0].as_str()), (2, first));
        let header = table.header();
        assert_eq!(header.binding.source, [Some(0), Some(1), None]);
        assert_eq!(header.unmapped, ["说明", "联系人"]);
        assert_eq!(header.header_line, 1);
    }
}

#[test]
fn one_name_in_the_second_heading_row_is_enough() {
    let files = Files::new();
    let places = [column("name", &["姓名"]), column("village", &["村"])];
    let units = [column("no", &["编号"]), column("fee", &["费用(元)"])];
    for (text, columns, bound) in [
        ("姓名,住址,\n,县,村\n测试甲,临夏,王坪\n", places, [Some(0), Some(2)]),
        ("编号,费用\n,（元）\nJ1,5\n", units, [Some(0), Some(1)]),
    ] {
        let (table, all) = table_rows(&files.put("a.csv", text), &columns);
        assert_eq!(table.header().binding.source, bound);
        assert_eq!((all.len(), table.header().header_line), (1, 2));
    }
}

#[test]
fn a_heading_that_stands_twice_is_not_guessed() {
    let files = Files::new();
    let path = files.put("a.csv", "姓名,县,姓名\n张三,临夏,李四\n");
    let (table, _) = table_rows(&path, &[column("name", &["姓名"]), column("county", &["县"])]);
    assert_eq!(table.header().binding.source, [None, Some(1)]);
    assert_eq!(table.header().ambiguous[0].heading, "姓名");
}

#[test]
fn two_numbers_below_the_heading_are_a_row() {
    let files = Files::new();
    let path = files.put("a.csv", "单号,数\n1,2\n3,4\n");
    let (table, all) = table_rows(&path, &[column("no", &["单号"]), column("n", &["数"])]);
    assert_eq!((all, table.layout_rows()), (vec!["2 1|2".into(), "3 3|4".into()], 1));
    let path = files.put("b.csv", "单号,数,甲,乙\n1,2,3,4\n3,4,5,6\n");
    let (table, all) = table_rows(&path, &[column("no", &["单号"]), column("n", &["数"])]);
    assert_eq!((all, table.layout_rows()), (vec!["3 3|4|5|6".into()], 2));
}

#[test]
fn a_named_heading_row_is_obeyed() {
    let files = Files::new();
    let path = files.put("a.csv", "a,b\n姓名,县\n张三,临夏\n");
    let format = Format { header_row: "2".into(), ..Format::default() };
    let columns = [column("name", &["姓名"]), column("x", &["b"])];
    let mut rows = open(&path, &format).expect("opens").remove(0);
    let header = find_header(rows.as_mut(), &columns, &format).expect("found");
    assert_eq!((header.header_line, header.data_line), (2, 3));
    let format = Format { header_row: "7".into(), ..Format::default() };
    let mut rows = open(&path, &format).expect("opens").remove(0);
    assert!(find_header(rows.as_mut(), &columns, &format).is_err());
}

#[test]
fn fixed_width_counts_bytes() {
    let files = Files::new();
    let bytes = GB18030.encode("张三  临夏县12 \n李四光东乡县\n王五  和政\n一二三四五六七八九\n").0;
    let format = Format { kind: FileKind::Fixed, widths: vec![6, 6, 3], ..Format::default() };
    let all = read(&files.put("a.dat", &*bytes), &format).expect("reads");
    let expected = [
        "1 张三|临夏县|12".to_owned(),
        "2 李四光|东乡县|".into(),
        format!("!3 {}", reason::SHORT_LINE),
        format!("!4 {}", reason::LONG_FIXED),
    ];
    assert_eq!(all, expected);
}

#[test]
fn ndjson_takes_its_headings_from_keys() {
    let files = Files::new();
    let text = "{\"姓名\":\"张三\",\"fee\":12.50}\n{\"fee\":3,\"id\":629121195603140021,\"x\":{\"a\":[1]}}\n\
        [1]\n{\"fee\":1,\"fee\":2}\n{\"姓名\":null,\"fee\":true}\n";
    let path = files.put("a.ndjson", text);
    let (table, all) = table_rows(&path, &[column("name", &["姓名"]), column("id", &["ID"])]);
    let expected = [
        "1 张三|12.5||".to_owned(),
        "2 |3|629121195603140021|{\"a\":[1]}".into(),
        format!("!3 {}", reason::NOT_OBJECT),
        format!("!4 {}", reason::KEY_TWICE),
        "5 |true||".into(),
    ];
    assert_eq!(all, expected);
    assert_eq!(table.header().binding.source, [Some(0), Some(2)]);
    assert_eq!(table.header().unmapped, ["fee", "x"]);
}

#[test]
fn an_array_is_a_set() {
    let files = Files::new();
    let text = "{\"no\":1,\"set\":[\"I10\",\"E11\",null,2.50,true]}\n\
        {\"no\":2,\"set\":[]}\n{\"no\":3,\"set\":[[1],2]}\n";
    let all = read(&files.put("a.ndjson", text), &Format::default()).expect("reads");
    assert_eq!(all, ["1 1|I10|E11|2.5|true", "2 2|", "3 3|[[1],2]"]);
}

/// What is nothing is often left out.
#[test]
fn a_key_of_the_contract_is_never_new() {
    let files = Files::new();
    let columns = [
        column("no", &["no"]),
        column("fee", &["金额", "fee"]),
        FeedColumn { optional: true, ..column("note", &["note"]) },
    ];
    let first = "{\"no\":1}\n".repeat(120);
    let late = "{\"no\":2,\"Fee\":3}\n{\"no\":3,\"note\":\"x\",\"金额\":4}\n{\"no\":4,\"new\":1}\n\
        {\"no\":5,\"fee\":1,\"金额\":1}\n";
    let path = files.put("a.ndjson", format!("{first}{late}"));
    let (table, all) = table_rows(&path, &columns);
    let expected = [
        "120 1||".to_owned(),
        "121 2|3|".into(),
        "122 3|4|x".into(),
        format!("!123 {}", reason::NEW_KEY),
        format!("!124 {}", reason::KEY_TWICE),
    ];
    assert_eq!(all[119..], expected);
    assert_eq!(table.header().binding.source, [Some(0), Some(1), Some(2)]);
    assert!(table.header().missing.is_empty() && table.header().unmapped.is_empty());
}

#[test]
fn a_key_that_has_to_come_and_does_not_refuses_the_file() {
    let files = Files::new();
    let format = Format::default();
    let open = |text: &str, columns: &[FeedColumn]| {
        let path = files.put("a.ndjson", text);
        let rows = open_extract(&path, &format, columns).expect("opens").remove(0);
        Table::new(rows, columns, &format)
    };
    let columns = [column("no", &["no"]), column("fee", &["金额"])];
    let mut table = open("{\"no\":1}\n{\"no\":2}\n", &columns).expect("a table");
    let mut row = RawRow::default();
    assert_eq!(table.next(&mut row).expect("reads"), Next::Row);
    assert_eq!(table.next(&mut row).expect("reads"), Next::Row);
    let refused = table.next(&mut row).expect_err("refused").to_string();
    assert!(refused.contains("a.ndjson: no column 金额"), "{refused}");
    // Another table is none of these columns.
    let other = open("{\"a\":1}\n{\"b\":2}\n", &columns).map(|_| ());
    assert!(matches!(other, Err(NoTable::NoHeading(_))), "{other:?}");
}

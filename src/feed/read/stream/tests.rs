//! Frames of the stream: what is written comes back, and what contradicts itself does not.

use super::super::batch::TakingRows;
use super::super::reason;
use super::*;

fn row() -> RawRow {
    let mut row = RawRow::at(7);
    ["张三", "", "x\ny"].iter().for_each(|cell| row.push(cell));
    row
}

#[test]
fn frames_come_back_and_damage_is_seen() {
    let mut bytes = Vec::new();
    let names = Some(vec!["姓名".to_owned()]);
    let part = PartInfo { sheet: Some("临夏县".into()), names, since_1904: true, first: row() };
    write(&mut bytes, &Message::Parts(vec![part, PartInfo::default()])).expect("written");
    let mut batch = Batch::default();
    batch.push(&row(), None);
    batch.push(&RawRow::at(8), None);
    batch.push(&row(), Some(reason::NOT_UTF8));
    write(&mut bytes, &Message::Rows(batch)).expect("written");
    write(&mut bytes, &Message::Merged(vec![[1, 0, 3, 2], [4, 5, 6, 7]])).expect("written");
    write(&mut bytes, &Message::Failed(Error::gate("a").hint("b"))).expect("written");
    let mut from = bytes.as_slice();
    let Some(Message::Parts(parts)) = read(&mut from) else { panic!("parts") };
    assert_eq!(parts[0].names.as_deref(), Some(&["姓名".to_owned()][..]));
    assert_eq!((&parts[0].first, &parts[1]), (&row(), &PartInfo::default()));
    assert!(parts[0].since_1904);
    let Some(Message::Rows(batch)) = read(&mut from) else { panic!("rows") };
    let mut taking = TakingRows::new(batch);
    let mut next = || {
        let mut row = RawRow::default();
        taking.next(&mut row).map(|wrong| (row, wrong))
    };
    assert_eq!(next(), Some((row(), None)));
    assert_eq!(next(), Some((RawRow::at(8), None)));
    assert_eq!(next(), Some((row(), Some(reason::NOT_UTF8))));
    assert_eq!(next(), None);
    let Some(Message::Merged(regions)) = read(&mut from) else { panic!("merged cells") };
    assert_eq!(regions, [[1, 0, 3, 2], [4, 5, 6, 7]]);
    let Some(Message::Failed(error)) = read(&mut from) else { panic!("a refusal") };
    assert_eq!((error.kind, error.hints), (Kind::Gate, vec!["b".to_owned()]));
    assert!(read(&mut from).is_none());
    for cut in 0..bytes.len() {
        let mut from = &bytes[..cut];
        let whole = std::iter::from_fn(|| read(&mut from)).count();
        assert!(whole < 4, "{cut}");
    }
    let frame = |lengths: [u32; 2], rest: &[u8]| {
        let mut bytes = vec![b'R'];
        bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
        bytes.extend(rest);
        read(&mut bytes.as_slice()).is_some()
    };
    assert!(frame([8, 0], &[0; 8]), "no rows");
    assert!(!frame([u32::MAX, 0], &[]) && !frame([0, u32::MAX], &[]), "too long");
    assert!(!frame([4, 0], &[0xFF; 4]), "more than there is");
    assert!(!frame([8, 1], &[0, 0, 0, 0, 0, 0, 0, 0, 0xFF]), "not UTF-8");
}

#[test]
fn a_batch_that_contradicts_itself_is_none() {
    let good = |change: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::default();
        batch.push(&row(), None);
        batch.push(&row(), Some(reason::LONG_CELL));
        change(&mut batch);
        let mut bytes = Vec::new();
        write(&mut bytes, &Message::Rows(batch)).expect("written");
        read(&mut bytes.as_slice()).is_some()
    };
    assert!(good(&|_| ()));
    assert!(!good(&|batch| batch.rows[0].cells = 7), "more cells than there are");
    assert!(!good(&|batch| batch.rows[1].wrong = 9), "no such reason");
    assert!(!good(&|batch| batch.ends[0] = 1), "in the middle of a character");
    assert!(!good(&|batch| batch.ends.swap(0, 2)), "backwards");
    assert!(!good(&|batch| batch.text.push('x')), "text of no cell");
}

fn columns() -> Columns {
    let mut columns = Columns { line: 3, rows: 3, wrong: [(1, 2)].into(), ..Columns::default() };
    columns.begin(None);
    ["张三", "", "李四"].iter().for_each(|text| columns.put(text));
    columns.begin(Some(vec![1, 0, 1]));
    ["女", "男"].iter().for_each(|text| columns.put(text));
    columns
}

#[test]
fn columns_come_back_unless_they_contradict_themselves() {
    let back = |change: &dyn Fn(&mut Columns)| {
        let (mut columns, mut bytes) = (columns(), Vec::new());
        change(&mut columns);
        write(&mut bytes, &Message::Columns(columns)).expect("written");
        match read(&mut bytes.as_slice())? {
            Message::Columns(columns) => Some(columns),
            other => panic!("{other:?}"),
        }
    };
    let same = back(&|_| ()).expect("columns");
    assert_eq!(same, columns());
    assert_eq!((same.cell(0, 2), same.cell(1, 2), same.cell(2, 2)), ("李四", "男", ""));
    assert_eq!([0, 1, 2].map(|row| same.wrong(row)), [None, Some(reason::NOT_UTF8), None]);
    type Change = fn(&mut Columns);
    let bad: [(&str, Change); 8] = [
        ("more rows than texts", |c| c.rows = 4),
        ("no such text", |c| c.columns[1].numbers = Some(vec![0, 1, 2])),
        ("a number for some rows", |c| c.columns[1].numbers = Some(vec![0, 1])),
        ("in the middle of a character", |c| c.columns[0].ends[0] = 1),
        ("backwards", |c| c.columns[0].ends.swap(0, 2)),
        ("text of no cell", |c| c.text.push('x')),
        ("no such row", |c| c.wrong = [(3, 1)].into()),
        ("no such reason", |c| c.wrong = [(1, 9)].into()),
    ];
    for (what, change) in bad {
        assert_eq!(back(&change), None, "{what}");
    }
}

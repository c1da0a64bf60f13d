//! Files of rows that came in any order: what ranges, cursors and scans give of them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::super::{Cursor, Edits, Part, RowsFile, SRC_ROW};
use super::*;

/// Key and number of the rows of a part, as they are read.
fn read(file: &RowsFile, part: Part) -> Vec<(Option<i64>, i64)> {
    let columns = [SRC_ROW.to_owned(), PERSON_KEY.to_owned()];
    let mut rows = Vec::new();
    for batch in file.scan(part, &columns, &Arc::default()).unwrap() {
        let batch = batch.unwrap();
        let numbers = batch.column(0).as_primitive::<Int64Type>().values();
        rows.extend(batch.column(1).as_primitive::<Int64Type>().iter().zip(numbers.to_vec()));
    }
    rows
}

#[test]
fn rows_in_any_order_lie_together_and_are_read_by_any_range() {
    let home = tempfile::tempdir().unwrap();
    let fields = [PERSON_KEY, SRC_ROW].map(|n| Field::new(n, DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let mixed = |n: i64| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
    let key = |n: i64| (n % 1000 != 0).then(|| mixed(n) as i64);
    let all: Vec<(Option<i64>, i64)> = (0..200_000).map(|n| (key(n), n)).collect();
    let mut files = Vec::new();
    for limit in [1 << 16, HEAP_BYTES] {
        let path = home.path().join(format!("{limit}.parquet"));
        let mut gather = Gather::create(&path, schema.clone(), 4, None).unwrap();
        gather.limit = limit;
        for rows in all.chunks(3000) {
            let keys: Int64Array = rows.iter().map(|r| r.0).collect();
            let numbers: Int64Array = rows.iter().map(|r| Some(r.1)).collect();
            let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(numbers)];
            gather.push(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        }
        assert_eq!(gather.aside.is_some(), limit < HEAP_BYTES);
        assert_eq!(gather.finish().unwrap(), 200_000);
        files.push(std::fs::read(&path).unwrap());
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "nothing stays aside");
    assert!(files[0] == files[1], "what waited on disk makes no difference");

    let file = RowsFile::open(&home.path().join(format!("{HEAP_BYTES}.parquet"))).unwrap();
    let groups = (0..file.footer.groups()).map(|group| file.footer.keys_of(group));
    let keyed: Vec<_> = groups.filter(|keys| keys.first >= 0).collect();
    assert!(keyed.len() > 4, "a bucket of many rows is split: {keyed:?}");
    assert!(keyed.windows(2).all(|two| two[0].last < two[1].first), "no two meet: {keyed:?}");
    // More ranges than buckets and than groups: each row comes once.
    for range in (0..64).map(|n| keys_of(n, 64)) {
        let own = |r: &&(Option<i64>, i64)| r.0.is_some_and(|k| range.contains(k));
        let mut found = read(&file, Part::Keys(range));
        assert!(found.len() > 1000);
        found.sort_by_key(|r| r.1);
        assert_eq!(found, all.iter().filter(own).copied().collect::<Vec<_>>());
    }
    let waiting: Vec<_> = all.iter().filter(|r| r.0.is_none()).copied().collect();
    assert_eq!(read(&file, Part::Pending), waiting, "in the order that they came");
}

#[test]
fn groups_begin_and_end_where_jobs_do() {
    let home = tempfile::tempdir().unwrap();
    let fields = [PERSON_KEY, SRC_ROW].map(|n| Field::new(n, DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    for (buckets, all) in
        [(64, 0), (64, 10), (64, 20_000), (4, 300_000), (8192, 300_000), (64, 30 << 20)]
    {
        let path = home.path().join("rows.parquet");
        let gather = Gather::create(&path, schema.clone(), buckets, None).unwrap();
        let (span, together) = gather.spans(all);
        let finest = MOST_JOBS.max(buckets);
        assert!(span.is_power_of_two() && span <= finest && buckets % together == 0);
        assert!(together == (span / (finest / buckets)).max(1), "whole groups are written at once");
        let rows = all * span / finest;
        let enough = LEAST_GROUP_ROWS.max(all / GROUPS_WANTED).min(GROUP_ROWS);
        assert!(rows >= enough.min(all) && (rows < 2 * enough || span == 1), "{all}: {rows}");
    }
}

#[test]
fn a_cursor_gives_what_scans_give() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("rows.parquet");
    let fields = [PERSON_KEY, SRC_ROW].map(|n| Field::new(n, DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let mut gather = Gather::create(&path, schema.clone(), 8, None).unwrap();
    let mixed = |n: i64| ((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1) as i64;
    let keys: Int64Array = (0..50_000).map(mixed).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(Int64Array::from_iter(0..50_000))];
    gather.push(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    gather.finish().unwrap();
    let file = RowsFile::open(&path).unwrap();
    let mut edits = Edits::default();
    (0..50_000).step_by(7).for_each(|row| edits.drop.insert(row));
    (1..50_000).step_by(14).for_each(|row| edits.moved.insert(row));
    edits.rekey.insert(2, mixed(2) ^ 1);
    let edits = Arc::new(edits);
    let columns = [SRC_ROW.to_owned()];
    let flat = |batches: Vec<RecordBatch>| -> Vec<i64> {
        let rows = |b: &RecordBatch| b.column(0).as_primitive::<Int64Type>().values().to_vec();
        batches.iter().flat_map(rows).collect()
    };
    // Fewer ranges than groups, more, and every other one only.
    for (ranges, step) in [(4, 1), (64, 1), (1024, 1), (1024, 2)] {
        let mut cursor = Cursor::new(&file, &columns, &edits).unwrap();
        let mut all = 0;
        for range in (0..ranges).step_by(step).map(|n| keys_of(n, ranges)) {
            let scan = file.scan(Part::Keys(range), &columns, &edits).unwrap();
            let scanned = flat(scan.collect::<Result<_>>().unwrap());
            assert_eq!(flat(cursor.keys(range).unwrap()), scanned);
            all += scanned.len();
        }
        let left = (0..50_000).filter(|n| n % 7 != 0 && n % 14 != 1).count();
        assert!(if step == 1 { all == left } else { all < left });
    }
}

#[test]
fn a_group_ends_when_it_has_many_bytes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("rows.parquet");
    let mut fields = [PERSON_KEY, SRC_ROW].map(|n| Field::new(n, DataType::Int64, true)).to_vec();
    fields.push(Field::new("text", DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields));
    let mixed = |n: i64| ((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1) as i64;
    // A third waits, a third is of one person, and one row alone has more bytes than a group.
    let key = |n: i64| [None, Some(mixed(1)), Some(mixed(n))][n as usize % 3];
    let text = |n: i64| "x".repeat(if n == 101 { 5000 } else { n as usize % 100 });
    let columns: Vec<ArrayRef> = vec![
        Arc::new((0..6000).map(key).collect::<Int64Array>()),
        Arc::new(Int64Array::from_iter_values(0..6000)),
        Arc::new(StringArray::from_iter_values((0..6000).map(text))),
    ];
    let mut gather = Gather::create(&path, schema.clone(), 4, None).unwrap();
    gather.group_bytes = 1 << 12;
    gather.push(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    let mut gone = Numbers::default();
    (0..6000).step_by(5).for_each(|row| gone.insert(row));
    let mut shown = Vec::new();
    let written = gather.finish_without(&gone, |batch| {
        shown.push(batch.num_rows());
        Ok(())
    });
    assert_eq!((written.unwrap(), shown.iter().sum::<usize>()), (4800, 1200));
    let file = RowsFile::open(&path).unwrap();
    let groups = (0..file.footer.groups()).map(|group| file.footer.rows_of(group));
    let most = groups.chain(shown).max().unwrap();
    assert!((50..200).contains(&most), "{most} rows of 70 bytes, about, in 4096");

    let left: Vec<_> = (0..6000).filter(|n| n % 5 != 0).map(|n| (key(n), n)).collect();
    let mut cursor = Cursor::new(&file, &[SRC_ROW.to_owned()], &Arc::default()).unwrap();
    for range in (0..64).map(|n| keys_of(n, 64)) {
        let own = |r: &&(Option<i64>, i64)| r.0.is_some_and(|k| range.contains(k));
        let mut found = read(&file, Part::Keys(range));
        let batches = cursor.keys(range).unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), found.len());
        found.sort_by_key(|r| r.1);
        assert_eq!(found, left.iter().filter(own).copied().collect::<Vec<_>>());
    }
    let waiting: Vec<_> = left.iter().filter(|r| r.0.is_none()).copied().collect();
    assert_eq!(read(&file, Part::Pending), waiting, "in the order that they came");
}

#[test]
fn rows_of_no_persons_keep_their_order_however_they_waited() {
    let home = tempfile::tempdir().unwrap();
    let schema = Arc::new(Schema::new(vec![Field::new(SRC_ROW, DataType::Int64, true)]));
    let mut gone = Numbers::default();
    (0..200_000).step_by(7).for_each(|row| gone.insert(row));
    let left: Vec<i64> = (0..200_000).filter(|row| row % 7 != 0).collect();
    let mut files = Vec::new();
    for limit in [1 << 12, HEAP_BYTES] {
        let path = home.path().join(format!("{limit}.parquet"));
        let mut gather = Gather::create(&path, schema.clone(), 4, None).unwrap();
        gather.limit = limit;
        let rows: ArrayRef = Arc::new(Int64Array::from_iter_values(0..200_000));
        gather.push(&RecordBatch::try_new(schema.clone(), vec![rows]).unwrap()).unwrap();
        assert_eq!(gather.aside.is_some(), limit < HEAP_BYTES);
        let mut shown = 0;
        let written = gather.finish_without(&gone, |batch| {
            shown += batch.num_rows();
            Ok(())
        });
        assert_eq!((written.unwrap() as usize, shown), (left.len(), 200_000 - left.len()));
        files.push(std::fs::read(&path).unwrap());
    }
    assert!(files[0] == files[1], "what waited on disk makes no difference");
    let file = RowsFile::open(&home.path().join(format!("{HEAP_BYTES}.parquet"))).unwrap();
    let groups: Vec<_> = (0..file.footer.groups()).map(|g| file.footer.rows_of(g)).collect();
    let rest = left.len() as u64 - 2 * PLAIN_ROWS as u64;
    assert_eq!(groups.len() as u64, 3, "{groups:?}, the last of {rest}");
    let columns = [SRC_ROW.to_owned()];
    let scan = file.scan(Part::All, &columns, &Arc::default()).unwrap();
    let numbers =
        |batch: RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(scan.flat_map(|batch| numbers(batch.unwrap())).collect::<Vec<_>>(), left);
}

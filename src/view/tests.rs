//! The order of a view's rows, and their slices.

use arrow::array::{AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use arrow::util::display::ArrayFormatter;

use super::*;
use crate::engine::{Piece, Rows, Slice, Stored};
use crate::lake::rows::{Part, RowsFile, RowsWriter};

fn rows(of: &[(&str, i64)]) -> RecordBatch {
    let names = Arc::new(of.iter().map(|(name, _)| Some(*name)).collect::<StringArray>());
    let numbers = Arc::new(of.iter().map(|(_, number)| Some(*number)).collect::<Int64Array>());
    RecordBatch::try_from_iter([("hh", names as _), ("n", numbers as _)]).unwrap()
}

fn ordered(batches: &[RecordBatch]) -> Vec<(String, i64)> {
    let mut all = Vec::new();
    let mut take = |batch: &RecordBatch| {
        let names = batch.column(0).as_string::<i32>();
        let numbers = batch.column(1).as_primitive::<Int64Type>();
        all.extend((0..batch.num_rows()).map(|at| (names.value(at).into(), numbers.value(at))));
        Ok(())
    };
    in_order("hh", batches, &mut take).unwrap();
    all
}

#[test]
fn rows_come_by_subject_however_the_engine_gave_them() {
    let all: Vec<(String, i64)> = (0..20_000).map(|n| (format!("{n:05}"), n)).collect();
    let line = |n: &usize| (all[*n].0.as_str(), all[*n].1);
    let shuffled: Vec<usize> = (0..all.len()).map(|n| n * 7 % all.len()).collect();
    for order in [(0..all.len()).collect(), shuffled] {
        let lines: Vec<_> = order.iter().map(line).collect();
        let batches: Vec<RecordBatch> = lines.chunks(777).map(rows).collect();
        assert_eq!(ordered(&batches), all);
    }
    assert_eq!(ordered(&[]), []);
}

/// Households, and what others know of them; one number stands nowhere else.
fn tables(home: &std::path::Path) -> Vec<(&'static str, Vec<Piece>)> {
    let hh = |n: i64| format!("H{:04}", n % 700);
    let members: Vec<(String, i64)> = (0..3_000).map(|n| (hh(n), n)).collect();
    let visits: Vec<(String, i64)> = (0..2_000).map(|n| (hh(n * 3 + 1), n)).collect();
    let plain: Vec<(String, i64)> = (0..3_000).step_by(2).map(|n| ("x".into(), n)).collect();
    let piece = |(name, of): (&'static str, Vec<(String, i64)>)| {
        let path = home.join(name);
        let lines: Vec<(&str, i64)> = of.iter().map(|(hh, n)| (hh.as_str(), *n)).collect();
        let batch = rows(&lines);
        RowsWriter::one(&path, &batch).unwrap();
        let file = RowsFile::open(&path).unwrap();
        (name, vec![Piece { file, part: Part::All, edits: Arc::default() }])
    };
    [("member", members), ("visit", visits), ("plain", plain)].map(piece).into()
}

#[test]
fn slices_of_a_view_are_the_view() {
    const SQL: &str = "SELECT m.hh, count(*) AS n, max(v.last) AS last, sum(p.n) AS sum FROM member m \
        LEFT JOIN (SELECT hh, max(n) AS last FROM visit GROUP BY hh) v ON v.hh = m.hh \
        LEFT JOIN (SELECT n FROM plain) p ON p.n = m.n GROUP BY m.hh";
    let home = tempfile::tempdir().unwrap();
    let pieces = tables(home.path());
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let engine = Engine::new(day, None, &Default::default()).unwrap();
    let stored = |pieces: &Vec<Piece>| {
        Arc::new(Stored::new(pieces[0].file.schema().clone(), pieces.clone()))
    };
    let tables: Vec<_> = pieces.iter().map(|(name, pieces)| (*name, stored(pieces))).collect();
    let named = tables.iter().map(|(name, table)| ((*name).to_owned(), table.clone() as _));
    let program = Program::new(&engine, SQL, named).unwrap();
    let mut whole = None;
    for of in [1, 2, 7] {
        let (mut all, mut least) = (Vec::new(), usize::MAX);
        for number in 0..of {
            for ((name, table), (_, pieces)) in tables.iter().zip(&pieces) {
                if *name != "plain" {
                    let slice = Slice { column: "hh".into(), number, of };
                    table.hold(Rows::Lake(pieces.clone(), Some(slice)));
                }
            }
            let batches = program.run().unwrap();
            let shown = batches.iter().flat_map(|batch| {
                let options = Default::default();
                let columns = batch.columns().iter();
                let columns: Vec<_> =
                    columns.map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
                let line = |row| columns.iter().map(|c| c.value(row).to_string()).collect();
                (0..batch.num_rows()).map(line).collect::<Vec<Vec<String>>>()
            });
            let before = all.len();
            all.extend(shown);
            least = least.min(all.len() - before);
        }
        all.sort();
        assert!(all.len() == 700 && least > 60, "{of}: {least}");
        assert_eq!(whole.get_or_insert(all.clone()), &all, "{of}");
    }
}

/// What is proved of a query over tables of persons `a` and `b` and a view `v` of them.
fn proof(sql: &str, other: &[&str]) -> Result<Vec<usize>, String> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let engine = Engine::new(day, None, &Default::default()).unwrap();
    let context = engine.session().unwrap();
    let fields = [PERSON_KEY, "n"].map(|n| arrow::datatypes::Field::new(n, DataType::Int64, true));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields.to_vec()));
    for name in ["a", "b", "v"] {
        register(&context, name, Arc::new(EmptyTable::new(schema.clone()))).unwrap();
    }
    let plan = engine::wait(context.sql(sql)).unwrap().unwrap().into_optimized_plan().unwrap();
    let other = other.iter().copied().collect();
    let tables = BTreeSet::from(["a", "b", "v"]);
    let keys = safety::apart(&plan, &Apart { tables, other, key: PERSON_KEY, noun: "person" });
    Ok(keys?.into_iter().collect())
}

#[test]
fn the_key_is_proved_and_not_believed() {
    let none = "SELECT 1 FROM b WHERE a.person_key = b.person_key";
    let joined = "FROM a LEFT JOIN b ON a.person_key = b.person_key";
    for (sql, keys) in [
        ("SELECT n, person_key FROM a".to_owned(), vec![1]),
        (format!("SELECT a.person_key AS owner, b.person_key, b.n {joined}"), vec![0]),
        (format!("SELECT b.person_key, b.n {joined}"), vec![]),
        (format!("SELECT person_key, n FROM a WHERE NOT EXISTS ({none})"), vec![0]),
    ] {
        assert_eq!(proof(&sql, &[]), Ok(keys), "{sql}");
    }
    let grouped = "SELECT person_key, count(*) FROM v GROUP BY person_key";
    assert_eq!(proof(grouped, &[]), Ok(vec![0]));
    assert!(proof(grouped, &["v"]).unwrap_err().contains("does not group by"));
    // A NULL anywhere in `b` leaves no row; one bucket does not see that of another.
    let not_in = "SELECT person_key FROM a WHERE person_key NOT IN (SELECT person_key FROM b)";
    assert!(proof(not_in, &[]).unwrap_err().contains("NOT IN"));
}

#[test]
fn names_are_read_as_the_engine_reads_them() {
    let sql = "WITH v AS (SELECT 1 FROM Person) SELECT 1 FROM v, public.LINK, \"Odd\" o";
    let names: Vec<String> = relations(sql).unwrap().into_iter().collect();
    assert_eq!(names, ["Odd", "link", "person", "v"]);
}

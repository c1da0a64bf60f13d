//! Ways of writing days and months, and what is none.

use super::super::{counted_from_1904, parse_date, parse_month};
use super::*;

#[test]
fn reads_every_way_of_writing_a_day() {
    let expected = DateCell::Value(day(2022, 1, 2));
    for raw in [
        "20220102",
        "2022-01-02",
        "2022-1-2",
        "2022/01/02",
        "2022/1/2",
        "2022.1.2",
        "2022.01.02",
        "2022年1月2日",
        "2022年01月02号",
        "2022 年 1 月 2 日",
        "２０２２－０１－０２",
        "44563",
        "44563.75",
        "20220102.0",
        "2022-01-02 00:00:00.0",
        "2022-01-02T08:30:00+08:00",
        "2022/1/2 0:00",
        "2022-01-02 上午10:00:00",
        "20220102120000",
        "20220102 120000",
        "202201021200",
        "02-JAN-22",
        "02-Jan-2022",
        "02-1月-22",
        "02-1月 -22",
        "22-01-02",
        "22年1月2日",
        "220102",
        "Jan 2, 2022",
        "02-JAN-22 12:00:00",
        "2022年1月2日 星期日",
        "2022-01-02 (日)",
        " 2022-01-02\t",
        "'2022-01-02",
        "2022 01 02",
    ] {
        assert_eq!(parse_date(raw), expected, "{raw}");
    }
    assert_eq!(parse_date("01-OCT-99 12:00"), DateCell::Value(day(1999, 10, 1)));
    assert_eq!(parse_date("1988-07-01"), DateCell::Value(day(1988, 7, 1)), "summer time");
    assert_eq!(parse_date("12/31/2022"), DateCell::Value(day(2022, 12, 31)));
    assert_eq!(parse_date("31/12/2022"), DateCell::Value(day(2022, 12, 31)));
    assert_eq!(parse_date("1/31/22"), DateCell::Value(day(2022, 1, 31)));
    for raw in ["2022-01", "202201", "2022年1月", "2022.1"] {
        assert_eq!(parse_date(raw), DateCell::Value(day(2022, 1, 1)), "{raw}");
    }
}

/// Programs write a day as the moment at which it began, by the clock of UTC.
#[test]
fn a_moment_is_the_day_that_it_was_in_china() {
    for (raw, (year, month, of_month)) in [
        ("2021-12-31T16:00:00.000Z", (2022, 1, 1)),
        ("2021-12-31T15:59:59Z", (2021, 12, 31)),
        ("2021-12-31T16:00:00.000+0000", (2022, 1, 1)),
        ("2021-12-31 16:00:00+00", (2022, 1, 1)),
        ("2021/12/31 16:00Z", (2022, 1, 1)),
        ("20211231T160000Z", (2022, 1, 1)),
        ("2022-01-01T00:00+08:00", (2022, 1, 1)),
        ("2022-01-01T00:30:00+09:00", (2021, 12, 31)),
        ("2021-12-31T11:00:00-05:00", (2022, 1, 1)),
        ("2022-01-01 08:00-12:00", (2022, 1, 1)),
        ("2022-01-01T08:00:00.000", (2022, 1, 1)),
        // A day in summer time began at three in the afternoon; those beside it did not.
        ("1988-06-30T15:00:00Z", (1988, 7, 1)),
        ("1988-06-30T23:00:00+08:00", (1988, 7, 1)),
        ("1988-04-16T16:00:00Z", (1988, 4, 17)),
        ("1988-04-17T15:00:00Z", (1988, 4, 18)),
        ("1988-09-10T15:00:00Z", (1988, 9, 11)),
        ("1988-09-11T15:00:00Z", (1988, 9, 11)),
        ("1985-06-30T15:00:00Z", (1985, 6, 30)),
        ("1943-12-31T15:00:00Z", (1944, 1, 1)),
        ("9999-12-31T16:00:00Z", (9999, 12, 31)),
    ] {
        assert_eq!(parse_date(raw), DateCell::Value(day(year, month, of_month)), "{raw}");
    }
    assert_eq!(parse_date("1899-12-31T16:00:00Z"), DateCell::Missing);
    assert_eq!(parse_month("2022-03-31T16:00:00Z"), DateCell::Value(day(2022, 4, 1)));
}

#[test]
fn days_that_are_counted_from_1904() {
    for (raw, counted) in [
        ("43132", "44594"),
        ("43132.5", "44594.5"),
        ("18538", "20000"),
        ("18537", "18537"),
        ("98650", "98650"),
        ("20220202", "20220202"),
        ("2022.2.2", "2022.2.2"),
        ("43132x", "43132x"),
        ("", ""),
    ] {
        assert_eq!(counted_from_1904(raw), counted);
    }
    assert_eq!(parse_date("44594"), DateCell::Value(day(2022, 2, 2)));
}

#[test]
fn knows_no_end_nothing_and_nonsense() {
    for raw in ["长期", "至今", "9999-12-31", "99991231", "9999/12/31 00:00:00", "9999年12月31日"]
    {
        assert_eq!(parse_date(raw), DateCell::Value(forever()), "{raw}");
    }
    for raw in [
        "",
        " ",
        "0",
        "0000-00-00",
        "00000000",
        "0000-00-00 00:00:00",
        "1900-01-01",
        "19000101",
        "1900/1/0",
        "1899-12-30",
    ] {
        assert_eq!(parse_date(raw), DateCell::Missing, "{raw}");
    }
    for raw in [
        "2022-02-30",
        "20220230",
        "19600000",
        "1899-01-01",
        "2101-01-01",
        "01/02/2022",
        "1/2/22",
        "01/12/22",
        "2022",
        "1月22日",
        "200512",
        "190812",
        "２００５１２",
        "1月1日",
        "19999",
        "80001",
        "1640966400000",
        "-",
        "abc",
        "2022-01-01x",
        "2022-1-2-3",
        "MAY",
        "二〇二二年一月一日",
        "2022-",
        "年月日",
    ] {
        assert_eq!(parse_date(raw), DateCell::Bad, "{raw}");
    }
    assert_eq!(parse_date("20000").value(), Some(day(1954, 10, 3)));
    assert_eq!(parse_date("1950-01-01").value(), Some(day(1950, 1, 1)));
    assert_eq!(parse_date("500101").value(), Some(day(1950, 1, 1)));
    // One of the two readings is no day.
    assert_eq!(parse_date("200531").value(), Some(day(2020, 5, 31)));
    assert_eq!(parse_date("201311").value(), Some(day(2013, 11, 1)));
}

#[test]
fn reads_months() {
    let expected = DateCell::Value(day(2022, 4, 1));
    for raw in [
        "202204",
        "20224",
        "2022-04",
        "2022-4",
        "2022/04",
        "2022.4",
        "2022年4月",
        "2022年04月份",
        "２０２２０４",
        "Apr-22",
        "4月-22",
        "2022-04-15",
        "20220415",
    ] {
        assert_eq!(parse_month(raw), expected, "{raw}");
    }
    let month = |raw, year, month| {
        assert_eq!(parse_month(raw), DateCell::Value(day(year, month, 1)), "{raw}");
    };
    month("20001", 2000, 1);
    month("20261", 2026, 1);
    month("20269", 2026, 9);
    month("21009", 2100, 9);
    // In a column of days it could be one.
    month("200512", 2005, 12);
    month("２００５１２", 2005, 12);
    month("200531", 2020, 5);
    // Five digits that are no month are a day of Excel's count, as in a column of days.
    month("20260", 1955, 6);
    month("21011", 1957, 7);
    month("44563", 2022, 1);
    assert_eq!(parse_date("20261"), DateCell::Value(day(1955, 6, 21)));
    assert_eq!(parse_month("19991"), DateCell::Bad);
    assert_eq!(parse_month("202213"), DateCell::Bad);
    assert_eq!(parse_month("0000-00"), DateCell::Missing);
}

#[test]
fn a_month_alone_is_told_from_its_first_day() {
    for raw in ["2022-01", "2022.1", "2022年1月", "２０２２年１月份", "202201", "JAN-22"]
    {
        assert!(is_month(raw) && crate::calendar::is_month(raw), "{raw}");
    }
    for raw in ["2022-01-01", "20220101", "20220101.0", "220101", "44562.75", "01-JAN-22"] {
        assert_eq!(parse_date(raw), DateCell::Value(day(2022, 1, 1)), "{raw}");
        assert!(!crate::calendar::is_month(raw), "{raw}");
    }
    assert!(!crate::calendar::is_month("2022-13") && !crate::calendar::is_month(""));
}

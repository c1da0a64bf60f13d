//! Files that are made to exhaust whoever opens them: each is refused with its name and the next
//! step, and costs no more than a small file may.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use bidui::lake::names_in;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::bad_input::but_for_refusals;
use crate::mini::mini;
use crate::read::xls;
use crate::support::{copy, list, log_dir, temp, text};

/// What a bomb may cost beyond a harmless refused file.
const MEMORY_KIB: u64 = 256 * 1024;
const SECONDS: f64 = 5.0;

/// A file, and what must be said of it.
struct Bomb {
    name: &'static str,
    bytes: Vec<u8>,
    says: &'static str,
}

/// A part of a zip that is made block by block.
struct Member<'a> {
    name: &'a str,
    block: &'a [u8],
    times: usize,
}

fn member<'a>(name: &'a str, block: &'a (impl AsRef<[u8]> + ?Sized)) -> Member<'a> {
    Member { name, block: block.as_ref(), times: 1 }
}

fn zipped(members: &[Member<'_>]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_level(Some(1));
    for Member { name, block, times } in members {
        zip.start_file(*name, options).expect("started");
        (0..*times).for_each(|_| zip.write_all(block).expect("written"));
    }
    zip.finish().expect("finished").into_inner()
}

/// Headings of the feed: what is read after them is believed to be data.
const HEADINGS: [&str; 4] = ["单号", "号码", "姓名", "金额"];

/// A workbook of one sheet, with the parts that every one has, and others.
fn xlsx(rows: &str, others: &[Member<'_>]) -> Vec<u8> {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        r#"<workbook xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    let package = format!(
        r#"<Relationships><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let relations = format!(
        r#"<Relationships><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#
    );
    let heading = HEADINGS.map(|h| format!(r#"<c t="inlineStr"><is><t>{h}</t></is></c>"#)).concat();
    let sheet = format!(
        r#"<worksheet><sheetData><row r="1">{heading}</row>{rows}</sheetData></worksheet>"#
    );
    let mut members = vec![
        member("[Content_Types].xml", "<Types/>"),
        member("_rels/.rels", &package),
        member("xl/workbook.xml", &book),
        member("xl/_rels/workbook.xml.rels", &relations),
        member("xl/worksheets/sheet1.xml", &sheet),
    ];
    members.extend(others.iter().map(|m| Member { ..*m }));
    zipped(&members)
}

fn shared_strings(texts: &str) -> String {
    format!(r#"<sst count="1" uniqueCount="1"><si><t>{texts}</t></si></sst>"#)
}

/// One text that every cell repeats.
fn echo(columns: usize, rows: usize) -> Vec<u8> {
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(columns);
    let rows = format!("<row>{cells}</row>").repeat(rows);
    let strings = shared_strings(&"某".repeat(10_000));
    xlsx(&rows, &[member("xl/sharedStrings.xml", &strings)])
}

/// One cell of 128 MiB, with just enough noise to keep the ratio.
fn long_cell() -> Vec<u8> {
    let noise: String = (0..4000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_string()).collect();
    let block = noise + &"0".repeat(1 << 20);
    xlsx(&format!(r#"<row><c t="inlineStr"><is><t>{}</t></is></c></row>"#, block.repeat(128)), &[])
}

fn laughs() -> Vec<u8> {
    let mut entities = String::from("<!ENTITY a0 \"lol\">");
    for i in 1..30 {
        let before = format!("&a{};", i - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{i} \"{before}\">"));
    }
    let strings = format!("<?xml version=\"1.0\"?><!DOCTYPE sst [{entities}]>");
    let strings = strings + &shared_strings("&a29;");
    xlsx(r#"<row><c t="s"><v>0</v></c></row>"#, &[member("xl/sharedStrings.xml", &strings)])
}

/// A spreadsheet whose one cell stands for a billion.
fn ods() -> Vec<u8> {
    let content = r#"<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet><table:table table:name="a"><table:table-row><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="1000000000"/></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#;
    let kind = "application/vnd.oasis.opendocument.spreadsheet";
    zipped(&[member("mimetype", kind), member("content.xml", content)])
}

/// A zip that says that its member is small; what is in it is not.
fn lying() -> Vec<u8> {
    let block = vec![b'1'; 1 << 20];
    let mut bytes = zipped(&[Member { name: "a.csv", block: &block, times: 200 }]);
    for at in 0..bytes.len() - 30 {
        let sizes = match &bytes[at..at + 4] {
            b"PK\x03\x04" => at + 22,
            b"PK\x01\x02" => at + 24,
            _ => continue,
        };
        bytes[sizes..sizes + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    bytes
}

/// A hundred members that all lie in the bytes of the first.
fn overlapping() -> Vec<u8> {
    let digits: String =
        (0..200_000_u32).map(|i| (i.wrapping_mul(2_654_435_761)).to_string()).collect();
    let one = zipped(&[member("a.csv", &digits)]);
    let start = one.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    let end = one.windows(4).position(|w| w == b"PK\x05\x06").expect("its end");
    let mut bytes = one[..start].to_vec();
    for i in 0..100 {
        let entry = one[start..end].to_vec();
        let at = entry.windows(5).position(|w| w == b"a.csv").expect("its name");
        let name = format!("{i:02}csv");
        bytes.extend([&entry[..at], name.as_bytes(), &entry[at + 5..]].concat());
    }
    let mut last = one[end..].to_vec();
    last[8..12].copy_from_slice(&[100, 0, 100, 0]);
    last[12..16].copy_from_slice(&(((end - start) * 100) as u32).to_le_bytes());
    bytes.extend(last);
    bytes
}

fn parquet(column: arrow::array::ArrayRef) -> Vec<u8> {
    use parquet::basic::{Compression, ZstdLevel};

    // The same in every column.
    let columns = HEADINGS.map(|heading| (heading, column.clone()));
    let batch = arrow::array::RecordBatch::try_from_iter(columns).expect("a batch");
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None);
    let mut bytes = Vec::new();
    let writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build()));
    let mut writer = writer.expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    bytes
}

fn parquet_bombs() -> Vec<Bomb> {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    let small = parquet(Arc::new(Int64Array::from_iter_values(0..1000)));
    let mut footer = small.clone();
    let length = footer.len() - 8;
    footer[length..length + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    // The first page's size, a number of two bytes there, becomes 2 GiB.
    let mut page = small;
    assert_eq!((page[4], page[6]), (0x15, 0x15), "a page header stands at its place");
    page.splice(7..9, [0xFE, 0xFF, 0xFF, 0xFF, 0x0F]);
    let cell = "0".repeat(64 << 20);
    let cell = parquet(Arc::new(StringArray::from(vec![cell.as_str()])));
    let rows = parquet(Arc::new(Int64Array::from(vec![7; 1_000_000])));
    vec![
        Bomb { name: "footer.parquet", bytes: footer, says: "Parquet" },
        Bomb { name: "page.parquet", bytes: page, says: "page.parquet" },
        Bomb { name: "cell.parquet", bytes: cell, says: "more memory than" },
        Bomb { name: "rows.parquet", bytes: rows, says: "100:1" },
    ]
}

fn workbook_bombs() -> Vec<Bomb> {
    let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    let nuls = vec![b'0'; 1 << 20];
    let big = Member { name: "xl/sharedStrings.xml", block: &nuls, times: 512 };
    let deep = "<a>".repeat(300_000);
    let whole = xlsx("<row><c><v>1</v></c></row>", &[]);
    let claimed = r#"<sst uniqueCount="99999999999"><si><t>a</t></si></sst>"#;
    let numbers = [(0, 0, 1.0), (9, 1, 2.0)];
    vec![
        Bomb { name: "far.xlsx", bytes: xlsx(far, &[]), says: "probably cut" },
        Bomb { name: "string.xlsx", bytes: xlsx("", &[big]), says: "100:1" },
        Bomb { name: "cell.xlsx", bytes: long_cell(), says: "more memory than" },
        Bomb { name: "echo.xlsx", bytes: echo(20, 1200), says: "100:1" },
        Bomb { name: "wide.xlsx", bytes: echo(16_000, 1), says: "longer than 16 MiB" },
        Bomb { name: "laughs.xlsx", bytes: laughs(), says: "entities" },
        Bomb { name: "deep.xlsx", bytes: xlsx(&deep, &[]), says: "inside one another" },
        Bomb { name: "cut.xlsx", bytes: whole[..whole.len() / 2].to_vec(), says: "again" },
        Bomb {
            name: "claimed.xlsx",
            bytes: xlsx("", &[member("xl/sharedStrings.xml", claimed)]),
            says: "shared strings claimed",
        },
        Bomb { name: "ods.xlsx", bytes: ods(), says: "cells" },
        Bomb {
            name: "size.xls",
            bytes: xls::workbook((u32::MAX, u16::MAX), &numbers),
            says: "more memory than",
        },
        Bomb {
            name: "far.xls",
            bytes: xls::workbook((1, 1), &[(0, 0, 1.0), (65_535, 255, 1.0)]),
            says: "more memory than",
        },
        Bomb {
            name: "ring.xls",
            bytes: xls::compound("Book".encode_utf16().flat_map(u16::to_le_bytes).collect(), 1),
            says: "more memory than",
        },
    ]
}

fn zip_bombs() -> Vec<Bomb> {
    let names: Vec<String> = (0..2000).map(|i| format!("{i}.csv")).collect();
    let many: Vec<Member<'_>> = names.iter().map(|name| member(name, "a,b\n1,2\n")).collect();
    let inner = zipped(&[member("a.csv", "a,b\n")]);
    let zeros = vec![b'0'; 1 << 20];
    let small: Vec<Member<'_>> = names[..200].iter().map(|name| member(name, &zeros)).collect();
    vec![
        Bomb { name: "many.zip", bytes: zipped(&many), says: "2000 members" },
        Bomb { name: "zip.zip", bytes: zipped(&[member("in.zip", &inner)]), says: "inside a zip" },
        Bomb { name: "lies.zip", bytes: lying(), says: "larger than" },
        Bomb { name: "shared.zip", bytes: overlapping(), says: "one another" },
        Bomb {
            name: "ratio.zip",
            bytes: zipped(&[Member { name: "a.csv", block: &zeros, times: 64 }]),
            says: "100:1",
        },
        Bomb { name: "small.zip", bytes: zipped(&small), says: "100:1" },
        Bomb {
            name: "book.zip",
            bytes: zipped(&[member("far.xls", &xls::workbook((u32::MAX, 9), &[(0, 0, 1.0)]))]),
            says: "more memory than",
        },
        Bomb { name: "gzip.zip", bytes: b"\x1F\x8B\x08\0\0\0\0\0".to_vec(), says: "a gzip file" },
    ]
}

/// The small world, whose payments may come as any file.
pub fn pipeline(home: &Path) -> PathBuf {
    let folder = home.join("pipeline");
    copy(&mini().pipeline, &folder);
    let feed = folder.join("feeds/payment.yaml");
    let text = std::fs::read_to_string(&feed).expect("a feed");
    let open = r#"files: "缴费_{period:%Y%m%d}*.{csv,zip,xlsx,xls,parquet}""#;
    let line = text.lines().find(|l| l.starts_with("files:")).expect("its files");
    std::fs::write(&feed, text.replace(line, open)).expect("written");
    folder
}

/// What a night cost and said.
struct Cost {
    peak_kib: u64,
    seconds: f64,
    night: Value,
}

/// Runs the last night of the small world with more files in its folder.
fn night_with(bombs: &[&Bomb]) -> Cost {
    let home = temp();
    let folder = home.path().join("input/2026-11-12");
    copy(&mini().input.join("2026-11-12"), &folder);
    for bomb in bombs {
        let path = folder.join(format!("缴费_20261111{}", bomb.name));
        std::fs::write(path, &bomb.bytes).expect("written");
    }
    let (out, err) = (
        home.path().join("out"),
        log_dir().join(format!("bombs-{}", home.path().file_name().expect("a name").display())),
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_bidui"));
    command.env_clear().env("HOME", home.path()).current_dir(home.path());
    command.arg("run").arg(pipeline(home.path())).arg("--input").arg(home.path().join("input"));
    command.arg("--lake").arg(home.path().join("lake"));
    command.args(["--output", "json", "--quiet", "--threads", "2"]);
    command.stdin(Stdio::null());
    command.stdout(File::create(&out).expect("a file")).stderr(File::create(&err).expect("a file"));
    let mut child = command.spawn().expect("the binary runs");
    let (mut peak_kib, mut seconds) = (0, 0.0);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        peak_kib = peak_kib.max(memory(child.id()));
        seconds = processor(child.id()).unwrap_or(seconds);
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = std::fs::read_to_string(&out).expect("text");
    let log = std::fs::read_to_string(&err).expect("text");
    assert_eq!(status.code(), Some(0), "{status}\n{said}\n{log}");
    for word in ["panicked", "memory allocation", "RUST_BACKTRACE"] {
        assert!(!log.contains(word), "{log}");
    }
    let night = said.lines().last().map(|line| serde_json::from_str(line).expect("JSON"));
    Cost { peak_kib, seconds, night: night.expect("a night") }
}

/// The most that a process and those below it ever held, together, in KiB.
fn memory(pid: u32) -> u64 {
    let own = Path::new("/proc").join(pid.to_string());
    let status = std::fs::read_to_string(own.join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let threads = names_in(&own.join("task"));
    let below = threads.iter().flat_map(|thread| {
        let path = own.join("task").join(thread).join("children");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
    });
    most.unwrap_or(0) + below.map(memory).sum::<u64>()
}

/// Processor seconds of a process and of those below it that are over.
fn processor(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(4).map(|t| t.parse::<f64>().unwrap_or(0.0));
    Some(ticks.sum::<f64>() / 100.0)
}

/// What the night says of the refused payments.
fn refusal(night: &Value) -> String {
    let refused = |d: &&Value| text(d, "verdict") == "refused";
    let all: Vec<&Value> = list(night, "deliveries").iter().filter(refused).collect();
    assert!(!all.is_empty(), "{}", night["deliveries"]);
    all.iter().map(|d| d["notes"].to_string()).collect()
}

fn bombs() -> &'static [Bomb] {
    static BOMBS: OnceLock<Vec<Bomb>> = OnceLock::new();
    BOMBS.get_or_init(|| {
        [workbook_bombs(), zip_bombs(), parquet_bombs()].into_iter().flatten().collect()
    })
}

#[test]
fn a_bomb_is_refused_and_costs_no_more_than_a_small_file_may() {
    let harmless = Bomb { name: "none.zip", bytes: b"7z\xBC\xAF\x27\x1C".to_vec(), says: "" };
    let base = night_with(&[&harmless]);
    let mut faults = Vec::new();
    for bomb in bombs() {
        let cost = night_with(&[bomb]);
        let notes = refusal(&cost.night);
        let name = format!("缴费_20261111{}", bomb.name);
        if !notes.contains(&name) || !notes.contains(bomb.says) || !notes.contains("; ") {
            faults.push(format!("{name}: {notes}"));
        }
        let memory = cost.peak_kib.saturating_sub(base.peak_kib);
        let seconds = cost.seconds - base.seconds;
        println!("{name}: {} MiB, {seconds:.1} s more; {notes}", memory / 1024);
        if memory > MEMORY_KIB || seconds > SECONDS {
            faults.push(format!("{name}: {} MiB, {seconds:.1} s", memory / 1024));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_night_of_bombs_is_a_night_without_them() {
    let all = bombs();
    let quiet = night_with(&[]);
    let loud = night_with(&all.iter().collect::<Vec<_>>());
    let notes = refusal(&loud.night);
    for bomb in all {
        assert!(notes.contains(bomb.name), "{}: {notes}", bomb.name);
    }
    for name in ["feeds", "rules", "anomalies"] {
        let [loud, quiet] = [&loud, &quiet].map(|third| but_for_refusals(&third.night[name]));
        assert_eq!(loud, quiet, "{name}");
    }
}

//! XLS workbooks made by hand: a compound file with one stream of BIFF8 records.

use bidui::pipeline::spec::Format;

use super::{Files, read, refusal};

const SECTOR: usize = 512;
const END: u32 = 0xFFFF_FFFE;
const FREE: u32 = 0xFFFF_FFFF;

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat()
}

/// A sheet of numbers under the size that it claims: rows and columns.
pub fn workbook(claims: (u32, u16), cells: &[(u16, u16, f64)]) -> Vec<u8> {
    let start = |kind: u16| {
        let words = [0x0600, kind, 0x0DBB, 0x07CC, 0, 0, 0, 0];
        record(0x0809, &words.map(u16::to_le_bytes).concat())
    };
    let mut sheet = start(0x10);
    let (rows, columns) = claims;
    let claim = [&[0; 4], &rows.to_le_bytes()[..], &[0; 2], &columns.to_le_bytes(), &[0; 2]];
    sheet.extend(record(0x0200, &claim.concat()));
    for (row, column, value) in cells {
        let head = [*row, *column, 0].map(u16::to_le_bytes).concat();
        sheet.extend(record(0x0203, &[head, value.to_le_bytes().to_vec()].concat()));
    }
    sheet.extend(record(0x000A, &[]));
    let mut book = start(0x05);
    let name = b"\x04\x00data";
    // Its place is known by now: what is there, this record, and the end of the globals.
    let at = book.len() + 4 + 6 + name.len() + 4;
    book.extend(record(0x0085, &[&(at as u32).to_le_bytes(), &[0; 2][..], name].concat()));
    book.extend(record(0x000A, &[]));
    book.extend(sheet);
    compound(book, END)
}

/// A compound file whose directory goes on at `after`: its end, or for ever at itself.
pub fn compound(mut stream: Vec<u8>, after: u32) -> Vec<u8> {
    stream.resize(stream.len().max(4096).next_multiple_of(SECTOR), 0);
    let sectors = stream.len() / SECTOR;
    let mut header = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    header.resize(24, 0);
    header.extend([0x3E, 3, 0xFFFE, 9, 6].map(u16::to_le_bytes).concat());
    header.resize(44, 0);
    // One sector of the table, the directory in sector 1, no small streams.
    header.extend([1, 1, 0, 4096, END, 0, END, 0, 0].map(u32::to_le_bytes).concat());
    header.resize(SECTOR, 0xFF);
    let mut table = vec![0xFFFF_FFFD, after];
    table.extend((0..sectors).map(|i| if i + 1 == sectors { END } else { i as u32 + 3 }));
    table.resize(SECTOR / 4, FREE);
    let entry = |name: &str, kind: u8, start: u32, length: u32| {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let named = entry.len() as u16 + 2;
        entry.resize(64, 0);
        entry.extend(named.to_le_bytes());
        entry.extend([kind, 1]);
        entry.extend([FREE; 3].map(u32::to_le_bytes).concat());
        entry.resize(116, 0);
        entry.extend([start, length, 0].map(u32::to_le_bytes).concat());
        entry
    };
    let mut directory = entry("Root Entry", 5, END, 0);
    directory.extend(entry("Workbook", 2, 2, stream.len() as u32));
    directory.resize(SECTOR, 0);
    let table = table.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, table, directory, stream].concat()
}

#[test]
fn an_xls_sheet_is_read_and_a_broken_one_refused() {
    let files = Files::new();
    let whole = workbook((2, 2), &[(0, 0, 1.0), (1, 1, 2.5), (3, 0, 62.0)]);
    let path = files.put("a.xls", &whole);
    assert_eq!(read(&path, &Format::default()).expect("reads"), ["1 1", "2 |2.5", "4 62"]);
    // A record that ends early makes the library panic; that is a refusal of this file.
    let mut short = whole;
    let at = short.windows(4).position(|w| w == [0x85, 0, 12, 0]).expect("the list of sheets");
    short[at + 2] = 2;
    refusal(&files.put("short.xls", short));
}

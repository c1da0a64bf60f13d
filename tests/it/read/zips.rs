//! Zips of many members.

use std::path::Path;
use std::time::Duration;

use bidui::feed::read::open;
use bidui::pipeline::spec::Format;

use super::books::zipped;
use super::{Files, dump};

/// How often this process has a file open.
fn open_files(path: &Path) -> usize {
    let path = path.canonicalize().expect("a file");
    let own = std::fs::read_dir("/proc/self/fd").expect("Linux").flatten();
    own.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|file| file == path)).count()
}

#[test]
fn a_member_is_not_opened_before_it_is_read() {
    let files = Files::new();
    let mut text = String::from("\u{FEFF}编号,金额\n");
    (0..80_000).for_each(|i| text.push_str(&format!("{i},{}\n", i * 7_919 % 100_003)));
    let names: Vec<String> = (0..6).map(|n| format!("{n}.csv")).collect();
    let members: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), text.as_bytes())).collect();
    let path = files.put("z.zip", zipped(&members));
    let mut parts = open(&path, &Format::default()).expect("opens");
    // What looked at their beginnings ends by itself.
    let closed = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        open_files(&path) == 0
    });
    assert!(closed, "{} members are open", open_files(&path));
    for part in &mut parts {
        let all = dump(part.as_mut()).expect("reads");
        assert_eq!((all.len(), all[0].as_str()), (80_001, "1 编号|金额"));
    }
}

//! Zips of many members: none is opened before its turn, and none of them is lost.

use std::path::Path;
use std::time::Duration;

use bidui::feed::read::open;
use bidui::pipeline::spec::Format;
use serde_json::Value;

use super::books::zipped;
use super::{Files, dump};
use crate::bombs::pipeline;
use crate::support::{Bidui, number, temp, text};

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

/// What a try-out says of a zip.
fn tried(members: &[(&str, &str)], verdict: &str) -> Value {
    let home = temp();
    let members: Vec<(&str, &[u8])> =
        members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let file = home.path().join("缴费_20261101.zip");
    std::fs::write(&file, zipped(&members)).expect("written");
    let command = Bidui::new("try").arg("--pipeline").arg(pipeline(home.path())).arg(&file);
    let code = i32::from(verdict == "refused");
    let said = command.args(&["-o", "json"]).go().ended(code).json().remove(0);
    assert_eq!(text(&said, "verdict"), verdict, "{said}");
    said
}

#[test]
fn a_member_without_headings_is_not_passed_over() {
    let first = "单号,号码,姓名,金额\nP1,,测试甲,8.00\n";
    let next = "P2,,测试乙,9.00\nP3,,测试丙,7.00\n";
    for [one, other] in [["part-0.csv", "part-1.csv"], ["part-0.txt", "part-1.txt"]] {
        let said = tried(&[(one, first), (other, next)], "refused");
        let reasons = said["reasons"].to_string();
        assert!(reasons.contains("no heading row") && reasons.contains(other), "{reasons}");
    }
    // What is for people is no data.
    for note in ["填表说明.txt", "README.MD"] {
        let said = tried(&[("a.csv", first), (note, "金额以元为单位\n")], "accepted");
        assert_eq!(number(&said, "used"), 1);
        assert!(said["warnings"].to_string().contains(note), "{said}");
    }
}

//! House rules, read from the source tree: what may use what, how files begin, how long they are,
//! what they may not call, and what may not stand in the repository at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bidui::citizen_id::CitizenId;
use regex::Regex;

use crate::support::root;

/// Files of more than [`LINES`] lines, with the reason; at most three.
const LONG: [(&str, &str); 0] = [];
const LINES: usize = 400;

/// Files below a folder, without what is built, stored or not ours.
fn files(dir: &Path) -> Vec<PathBuf> {
    // There is a module named like the folder of lakes.
    let not_ours = ["target", ".git", "lake"].map(|name| root().join(name));
    let mut found = Vec::new();
    let mut names = bidui::lake::names_in(dir);
    names.sort();
    for name in names {
        let path = dir.join(&name);
        if path.is_dir() && !path.is_symlink() {
            if name != "proptest-regressions" && !not_ours.contains(&path) {
                found.extend(files(&path));
            }
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

fn inside(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Is it a file of unit tests?
fn is_test(path: &Path) -> bool {
    path.components().any(|c| matches!(c.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

/// The Rust files of src, without those of unit tests.
fn sources() -> Vec<(PathBuf, String)> {
    let rust = |p: &PathBuf| p.extension().is_some_and(|e| e == "rs") && !is_test(p);
    files(&root().join("src"))
        .into_iter()
        .filter(rust)
        .map(|p| (p.clone(), code(&read(&p))))
        .collect()
}

/// The text up to the tests at its end; `#[cfg(test)] mod tests;` in the middle alone is skipped.
fn code(text: &str) -> String {
    let mut lines = Vec::new();
    let mut all = text.lines().peekable();
    while let Some(line) = all.next() {
        if line.trim() == "#[cfg(test)]" {
            match all.peek() {
                Some(next) if next.trim_end().ends_with(';') => _ = all.next(),
                _ if line.starts_with('#') => break,
                _ => {}
            }
            continue;
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// Lines that are no comment, with their numbers.
fn statements(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = code.lines().enumerate().map(|(n, l)| (n + 1, l));
    lines.filter(|(_, l)| !l.trim_start().starts_with("//"))
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Modules in the order of src/lib.rs.
fn modules() -> Vec<String> {
    let lib = read(&root().join("src/lib.rs"));
    let name = |l: &str| Some(l.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    lib.lines().filter_map(name).collect()
}

/// Modules that some code names after `crate::`.
fn used(code: &str) -> Vec<String> {
    let text: Vec<&str> = statements(code).map(|(_, l)| l).collect();
    let text = text.join("\n");
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = text[at + "crate::".len()..].trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_i32;
            let mut word = String::new();
            let mut first = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => first = true,
                    c if depth == 0 && first && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ if depth == 0 && !word.is_empty() => {
                        names.push(std::mem::take(&mut word));
                        first = false;
                    }
                    _ => {}
                }
                if first && c == ',' && !word.is_empty() {
                    names.push(std::mem::take(&mut word));
                }
            }
            if !word.is_empty() {
                names.push(word);
            }
        } else {
            names.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    names
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let modules = modules();
    assert!(modules.len() > 15, "{modules:?}");
    let place: BTreeMap<&str, usize> =
        modules.iter().enumerate().map(|(n, m)| (m.as_str(), n)).collect();
    let mut faults = Vec::new();
    for (path, code) in sources() {
        let own = inside(&path);
        let module = own["src/".len()..].split(['/', '.']).next().unwrap_or_default();
        let Some(here) = place.get(module) else {
            if !matches!(module, "lib" | "main") {
                faults.push(format!("{own} belongs to no module of src/lib.rs"));
            }
            continue;
        };
        for name in used(&code) {
            match place.get(name.as_str()) {
                Some(there) if there > here => {
                    faults.push(format!("{own} uses crate::{name}, which stands below {module}"));
                }
                Some(_) => {}
                None => faults.push(format!("{own} uses crate::{name}, which is no module")),
            }
        }
    }
    none(&faults);
}

#[test]
fn groups_of_imports_are_seen_through() {
    let code = "use crate::{lake::{self, rows}, error::Error};\nlet x = crate::codes::split;";
    assert_eq!(used(code), ["lake", "error", "codes"]);
    assert_eq!(used("// use crate::cli;\nuse crate::night;"), ["night"]);
}

#[test]
fn every_rust_file_says_what_it_is() {
    let rust = |p: &PathBuf| p.extension().is_some_and(|e| e == "rs");
    let all = ["src", "tests", "benches", "examples"].map(|d| files(&root().join(d))).concat();
    let bare = |p: &PathBuf| !read(p).starts_with("//! ");
    let faults: Vec<String> = all
        .into_iter()
        .filter(rust)
        .filter(bare)
        .map(|p| format!("{} does not begin with //! and a sentence", inside(&p)))
        .collect();
    none(&faults);
}

/// The build script, whose hash of the sources stands in the program.
#[path = "../../build.rs"]
#[allow(dead_code, reason = "its `main` is cargo's")]
mod build;

/// A night that a fixed program would make otherwise must not pass for its own.
#[test]
fn the_program_knows_its_sources() {
    let own = build::sources(&root()).expect("sources");
    assert_eq!(own, bidui::night::SOURCES);
    let copy = tempfile::tempdir().expect("a folder");
    for name in build::MADE_OF {
        let from = root().join(name);
        for file in if from.is_dir() { files(&from) } else { vec![from] } {
            let to = copy.path().join(file.strip_prefix(root()).expect("in the repository"));
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            std::fs::copy(&file, to).expect("a copy");
        }
    }
    let hash = || build::sources(copy.path()).expect("sources");
    assert_eq!(own, hash());
    let mark = copy.path().join("src/night/mark.rs");
    std::fs::write(&mark, format!("{} ", read(&mark))).expect("a change");
    assert_ne!(own, hash());
}

#[test]
fn files_are_short() {
    assert!(LONG.len() <= 3, "three exemptions are enough");
    let mut faults = Vec::new();
    for (path, code) in sources() {
        let (own, lines) = (inside(&path), code.lines().count());
        let exempt = LONG.iter().any(|(name, _)| *name == own);
        if lines > LINES && !exempt {
            faults.push(format!("{own} has {lines} lines, the limit is {LINES}"));
        } else if lines <= LINES && exempt {
            faults.push(format!("{own} has {lines} lines and needs no exemption"));
        }
    }
    none(&faults);
}

#[test]
fn nothing_is_printed_or_unwrapped() {
    let banned =
        Regex::new(r"\.unwrap\(\)|\b(todo|unimplemented|dbg|e?print(ln)?)!").expect("regex");
    let mut faults = Vec::new();
    for (path, code) in sources() {
        for (number, line) in statements(&code) {
            if let Some(found) = banned.find(line) {
                faults.push(format!("{}:{number}: {}", inside(&path), found.as_str()));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_rule_has_its_worked_example() {
    let mut faults = Vec::new();
    for path in files(&root().join("pipelines")) {
        let own = inside(&path);
        let other = if let Some(stem) = own.strip_suffix(".test.yaml") {
            format!("{stem}.sql")
        } else if let Some(stem) = own.strip_suffix(".sql").filter(|s| s.contains("/rules/")) {
            format!("{stem}.test.yaml")
        } else {
            continue;
        };
        // A pipeline may replace a rule and keep its example, or the other way round.
        let name = other.rsplit_once('/').map_or("", |(_, name)| name);
        let shared = root().join("pipelines/basic-medical/rules").join(name);
        if !root().join(&other).is_file() && !shared.is_file() {
            faults.push(format!("{own} lacks {other}"));
        }
    }
    none(&faults);
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = read(&root().join("Cargo.toml"));
    let mut section = "";
    let mut faults = Vec::new();
    let mut count = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies") && line.contains(" = ") {
            count += 1;
            if !line.contains(" # ") {
                faults.push(line.to_owned());
            }
        }
    }
    assert!(count > 20, "{count} dependencies");
    none(&faults);
}

/// Text of a repository file without the zero bytes of UTF-16; nothing of what is packed.
fn plain_bytes(path: &Path) -> Option<Vec<u8>> {
    let packed = ["xlsx", "xls", "ods", "zip", "parquet", "png", "ico", "woff2"];
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if packed.contains(&extension.as_str()) {
        return None;
    }
    let mut bytes = std::fs::read(path).ok()?;
    bytes.retain(|b| *b != 0);
    Some(bytes)
}

/// Valid citizen IDs of real places. Sample IDs begin with 629, where no place is.
fn real_ids(bytes: &[u8]) -> Vec<(usize, String)> {
    let id = regex::bytes::Regex::new(r"(?-u)\b[1-9]\d{16}[\dXx]\b").expect("a regex");
    let mut found = Vec::new();
    for hit in id.find_iter(bytes) {
        let mut digits: [u8; 18] = hit.as_bytes().try_into().expect("18 bytes");
        digits.make_ascii_uppercase();
        if !digits.starts_with(b"629") && CitizenId::new(digits).is_some() {
            let line = bytes[..hit.start()].iter().filter(|b| **b == b'\n').count() + 1;
            found.push((line, String::from_utf8_lossy(&digits[..6]).into_owned()));
        }
    }
    found
}

#[test]
fn no_citizen_id_of_a_real_place_is_in_the_repository() {
    let mut faults = Vec::new();
    for path in files(&root()) {
        for (line, prefix) in plain_bytes(&path).map(|b| real_ids(&b)).unwrap_or_default() {
            faults.push(format!("{}:{line}: a valid ID of {prefix}", inside(&path)));
        }
    }
    none(&faults);
}

#[test]
fn a_planted_citizen_id_is_seen() {
    // Put together here, so that the test above does not see it in this file.
    let with_check = |start: &str| {
        let digits = format!("{start}19491231002");
        let check = bidui::citizen_id::check_digit(digits.as_bytes());
        format!("身份证号{digits}{},", char::from(check))
    };
    assert_eq!(real_ids(with_check("110105").as_bytes()).len(), 1);
    assert_eq!(real_ids(with_check("629105").as_bytes()).len(), 0);
    assert_eq!(real_ids(b"110105194912310020 1101051949123100201").len(), 0);
}

#[test]
fn no_file_names_this_machine_or_a_registry_host() {
    // In pieces, so that this file does not name them.
    let needles = [
        ["https://", "static.crates"].concat(),
        ["index.", "crates.io"].concat(),
        ["/ro", "ot/"].concat(),
        ["/wo", "rk/"].concat(),
    ];
    let mut faults = Vec::new();
    for path in files(&root()) {
        let Some(bytes) = plain_bytes(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in text.lines().enumerate() {
            for needle in needles.iter().filter(|n| line.contains(n.as_str())) {
                faults.push(format!("{}:{}: {needle}", inside(&path), number + 1));
            }
        }
    }
    none(&faults);
}

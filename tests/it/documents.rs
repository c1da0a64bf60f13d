//! What documents print: command lines that can be obeyed, and policy files that are in order.

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::{Bidui, Policies, root};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The documents that show commands.
fn documents() -> Vec<PathBuf> {
    let mut names = bidui::lake::names_in(&root().join("docs"));
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    let own = names.into_iter().map(|name| format!("docs/{name}"));
    let more = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "pipelines/README.md"];
    own.chain(more.map(str::to_owned)).map(|name| root().join(name)).collect()
}

/// Lines of a document's blocks of code; one that goes on after a `\` is one line.
fn code_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            let (own, more) = line.strip_suffix('\\').map_or((line, false), |own| (own, true));
            match lines.last_mut().filter(|_| goes_on) {
                Some(last) => last.push_str(own),
                None => lines.push(own.to_owned()),
            }
            goes_on = more;
        }
    }
    lines
}

/// The arguments of each call of bidui in a line of a shell, or of a file that has one in it.
fn calls(line: &str) -> Vec<Vec<String>> {
    let call = r#"(?:^|[\s"'=(])(?:[^\s"'=(]*/)?bidui +|cargo run (?:--release )?-- +"#;
    let call = Regex::new(call).expect("a regex");
    let day = Regex::new(r"\$\$?\([^()]*\)").expect("a regex");
    let line = day.replace_all(line, "2026-11-10");
    let all = call.find_iter(&line).map(|found| arguments(&line[found.end()..]));
    all.filter(|arguments| !arguments.is_empty()).collect()
}

/// The words up to the end of a command.
fn arguments(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\'' => match rest.as_str().split_once(c) {
                Some((inside, after)) => {
                    word.push_str(inside);
                    rest = after.chars();
                }
                // It ends what the command stands in.
                None => break,
            },
            '>' if word.chars().all(|c| c.is_ascii_digit()) => return words,
            '#' if word.is_empty() => break,
            '|' | '>' | '<' | ';' | '&' | ')' => break,
            c if !c.is_whitespace() => word.push(c),
            _ if !word.is_empty() => words.push(std::mem::take(&mut word)),
            _ => {}
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// Why a call cannot be obeyed, if it cannot.
fn fault(arguments: Vec<String>) -> Option<String> {
    let all = std::iter::once("bidui".to_owned()).chain(arguments);
    Some(bidui::cli::commands().try_get_matches_from(all).err()?.to_string())
}

#[test]
fn commands_in_documents_are_commands() {
    let (mut count, mut faults) = (0, Vec::new());
    for path in documents() {
        let text = read(&path);
        for line in code_lines(&text) {
            for call in calls(&line) {
                count += 1;
                let why = fault(call);
                faults.extend(why.map(|why| format!("{}: {line}\n{why}", path.display())));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(count > 50, "{count} commands");
    let readme = code_lines(&read(&root().join("README.md")));
    for needed in ["cargo run -- run pipelines/gansu", "cargo test"] {
        assert!(readme.iter().any(|l| l.starts_with(needed)), "README.md names `{needed}`");
    }
}

#[test]
fn a_command_that_cannot_be_obeyed_is_seen() {
    let one = |line: &str| calls(line).pop().unwrap_or_else(|| panic!("no call in {line}"));
    for right in [
        "bidui fake pipelines/gansu --out /tmp/big   # some",
        "30 22 * * * . env && bin/bidui run a --date \"$(date +\\%F)\" >> log 2>> err || echo no",
        "ExecStart=/bin/sh -c 'exec bin/bidui run a --date \"$$(date +%%F)\" --quiet'",
        "bash_command=\"bin/bidui run a --date $(TZ=Asia/Shanghai date +%F)\",",
        "cargo run -- case list --state open",
    ] {
        assert_eq!(fault(one(right)), None, "{right}");
    }
    for wrong in [
        "bidui fake pipelines/gansu",
        "bidui run --day 2026-11-10",
        "bidui run a --date tomorrow",
        "bidui bulletin --annex a.xlsx",
        "bidui pack issue pipelines/gansu --month 2026-11",
        "cargo run --release -- tell",
    ] {
        assert!(fault(one(wrong)).is_some(), "{wrong}");
    }
    assert!(calls("journalctl -u bidui   # the log").is_empty());
    assert_eq!(code_lines("bidui no\n```sh\nbidui a \\\n  b\n```\nbidui no"), ["bidui a b"]);
}

/// The blocks of code of a kind below a heading, up to the next one.
fn blocks(text: &str, heading: &str, kind: &str) -> Vec<String> {
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or_default();
    let open = format!("\n```{kind}\n");
    let found = section.split(&open).skip(1).filter_map(|rest| rest.split_once("\n```"));
    found.map(|(block, _)| format!("{block}\n")).collect()
}

/// Who copies the files of the two tutorials has files that are in order.
#[test]
fn the_files_of_the_tutorials_are_in_order() {
    let text = read(&root().join("pipelines/README.md"));
    let policies = Policies::new();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(policies.file(name).parent().expect("a folder")).expect("made");
        std::fs::write(policies.file(name), text).expect("written");
    };
    let feed = blocks(&text, "A feed in ten minutes", "yaml");
    write("gansu/feeds/settlement_offsite.yaml", &feed[0]);
    let rule = "A rule in five minutes";
    let params = policies.file("gansu/codes/param.csv");
    let params = read(&params) + &blocks(&text, rule, "csv")[0];
    write("gansu/codes/param.csv", &params);
    write("gansu/rules/TEL90.sql", &blocks(&text, rule, "sql")[0]);
    write("gansu/rules/TEL90.test.yaml", &blocks(&text, rule, "yaml")[0]);
    let check = Bidui::new("check").arg(policies.gansu()).go().ended(0);
    assert_eq!(check.stderr, "");
    let test = Bidui::new("test").arg(policies.gansu()).args(&["--rule", "TEL90"]).go().ended(0);
    assert!(test.stdout.contains(" 1 passed, 0 failed"), "{}", test.stdout);
}

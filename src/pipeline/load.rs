//! Reads a pipeline folder and those that it extends, child over parent, and reports every fault.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::bulletins::Bulletin;
use super::indicators::Indicator;
use super::packs::Pack;
use super::spec::{Feed, Rule, Table, View};
use super::{
    Pipeline, bulletins, check, example, groups, indicators, lists, names, packs, parse, settings,
    spellings,
};
use crate::codes::CodeList;
use crate::cores;
use crate::diagnostic::{Fault, Source, nearest};

/// Folders of a pipeline and the extension of their files.
const SECTIONS: [(&str, &str); 8] = [
    ("tables", "yaml"),
    ("feeds", "yaml"),
    ("views", "sql"),
    ("rules", "sql"),
    ("packs", "yaml"),
    ("indicators", "sql"),
    ("bulletins", "yaml"),
    ("codes", "csv"),
];

/// Reads and checks the pipeline in `dir`. Reads only files under `dir` and its parents in `extends`.
///
/// # Errors
/// Every fault of the folder at once.
pub fn load(dir: &Path) -> Result<Pipeline, Vec<Fault>> {
    let (pipeline, faults) = read_folder(dir);
    pipeline.filter(|_| faults.is_empty()).ok_or(faults)
}

/// The pipeline in `dir` without its faulty files, and every fault. Nothing where it is not known
/// which folders belong to it.
pub fn read_folder(dir: &Path) -> (Option<Pipeline>, Vec<Fault>) {
    let layers = match layers(dir) {
        Ok(layers) => layers,
        Err(fault) => return (None, vec![fault]),
    };
    let mut faults = Vec::new();
    let mut unread = BTreeSet::new();
    let sources = collect(&layers, &mut unread, &mut faults);
    let settings = parse::settings(&layers, &mut faults);
    let mut pipeline = Pipeline {
        id: layers[0].dir.file_name().map_or_else(String::new, |n| n.to_string_lossy().into()),
        dir: layers[0].dir.clone(),
        settings,
        tables: BTreeMap::new(),
        feeds: BTreeMap::new(),
        views: BTreeMap::new(),
        rules: BTreeMap::new(),
        codes: BTreeMap::new(),
        packs: BTreeMap::new(),
        indicators: BTreeMap::new(),
        bulletins: BTreeMap::new(),
        version: version(&layers, &sources),
        sources,
        unread,
    };
    parse_all(&mut pipeline, &layers, &mut faults);
    check::check(&pipeline, &mut faults);
    example::check(&pipeline, &mut faults);
    names::check(&pipeline, &mut faults);
    settings::check(&pipeline, &layers, &mut faults);
    groups::check(&pipeline, &layers, &mut faults);
    lists::check(&pipeline, &mut faults);
    spellings::check(&pipeline, &mut faults);
    packs::check(&pipeline, &mut faults);
    indicators::check(&pipeline, &mut faults);
    bulletins::check(&pipeline, &mut faults);
    (Some(pipeline), faults)
}

/// One folder of the chain of `extends`, the child first.
pub(super) struct Layer {
    pub dir: PathBuf,
    pub yaml: Source,
}

/// Follows `extends` from the child to the last parent.
fn layers(dir: &Path) -> Result<Vec<Layer>, Fault> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut seen = BTreeSet::new();
    // `.` has no name, and nothing stands beside it.
    let own = dir.file_name().is_none().then(|| dir.canonicalize().ok()).flatten();
    let mut next = Some(own.unwrap_or_else(|| dir.to_owned()));
    while let Some(dir) = next {
        if !dir.is_dir() {
            return Err(Fault::of(&dir, "there is no such pipeline folder")
                .hint("name a folder that holds a pipeline.yaml, such as pipelines/gansu"));
        }
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let path = dir.join("pipeline.yaml");
        let yaml = read(&path)?;
        if !seen.insert(real) {
            let last = &layers[layers.len() - 1];
            let span = last.yaml.find("extends");
            return Err(Fault::at(&last.yaml, span, "`extends` goes round in a circle")
                .hint("a pipeline may extend a chain of others, never itself"));
        }
        let parent = parse::extends(&yaml)?;
        let sibling = |name: &str| dir.parent().unwrap_or(Path::new(".")).join(name);
        next = parent.as_deref().map(sibling);
        if let (Some(next), Some(name)) = (&next, &parent)
            && !next.is_dir()
        {
            let span = yaml.find_value("extends", name);
            return Err(Fault::at(&yaml, span, format!("there is no pipeline `{name}` to extend"))
                .hint(format!("expected a folder {}", next.display())));
        }
        layers.push(Layer { dir, yaml });
    }
    Ok(layers)
}

/// Reads a text file for showing its lines later.
fn read(path: &Path) -> Result<Source, Fault> {
    let bytes = std::fs::read(path).map_err(|error| {
        let fault = Fault::of(path, format!("cannot be read: {error}"));
        match error.kind() {
            ErrorKind::NotFound => fault.hint("a pipeline is a folder that holds a pipeline.yaml"),
            _ => fault,
        }
    })?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            Ok(Source { path: path.to_owned(), text: text.into() })
        }
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            Err(Fault::of(path, format!("line {line} is not UTF-8")).hint(
                "save the file in the encoding UTF-8; a spreadsheet calls it \u{201c}CSV UTF-8\u{201d}",
            ))
        }
    }
}

/// All policy files by `section/stem`; the child's file hides the parent's.
fn collect(
    layers: &[Layer],
    unread: &mut BTreeSet<String>,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    for (depth, layer) in layers.iter().enumerate() {
        strangers(&layer.dir, faults);
        for (section, extension) in SECTIONS {
            for path in files(&layer.dir.join(section)) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let test = extension == "sql" && section != "views" && name.ends_with(".test.yaml");
                let Some(stem) = name
                    .strip_suffix(&format!(".{extension}"))
                    .or_else(|| name.strip_suffix(".yaml").filter(|_| test))
                else {
                    if !name.ends_with(".md") && !name.starts_with('.') {
                        let examples = matches!(section, "rules" | "indicators");
                        let also = if examples { " or .test.yaml" } else { "" };
                        faults.push(
                            Fault::of(&path, format!("not a file of `{section}`"))
                                .hint(format!("files here end in .{extension}{also}")),
                        );
                    }
                    continue;
                };
                let mut key = format!("{section}/{stem}");
                // Parameters are joined over the layers, the child's rows first.
                if key == "codes/param" && depth > 0 {
                    key = format!("codes/param@{depth}");
                }
                if sources.contains_key(&key) || unread.contains(&key) {
                    continue;
                }
                match read(&path) {
                    Ok(source) => _ = sources.insert(key, source),
                    Err(fault) => {
                        faults.push(fault);
                        unread.insert(key);
                    }
                }
            }
        }
    }
    sources
}

/// What nobody would read: a folder whose name is nearly that of a section, one inside a section, and
/// policy that lies beside the sections.
fn strangers(dir: &Path, faults: &mut Vec<Fault>) {
    let sections: Vec<&str> = SECTIONS.iter().map(|(section, _)| *section).collect();
    for name in folders(dir) {
        if !sections.contains(&name.as_str()) {
            if let Some(near) = nearest(&name, sections.iter().copied()) {
                let fault = Fault::of(&dir.join(&name), "no folder of a pipeline");
                faults.push(fault.hint(format!("did you mean `{near}`?")));
            }
            continue;
        }
        for inner in folders(&dir.join(&name)) {
            let path = dir.join(&name).join(inner);
            faults.push(
                Fault::of(&path, format!("a folder inside of `{name}` is not read"))
                    .hint(format!("put its files into `{name}` itself, or move it away")),
            );
        }
    }
    for path in files(dir) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let policy = [".sql", ".csv", ".yaml", ".yml"].into_iter().any(|end| name.ends_with(end));
        if policy && name != "pipeline.yaml" && !name.starts_with('.') {
            let fault = Fault::of(&path, "a file beside pipeline.yaml is not read");
            faults.push(fault.hint(format!("put it into its folder: {}", sections.join(", "))));
        }
    }
}

/// Names of the folders of a folder, in their order, but for hidden ones.
fn folders(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let folders = entries.flatten().filter(|e| e.path().is_dir());
    let names = folders.map(|e| e.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|n| !n.starts_with(['.', '_'])).collect();
    names.sort();
    names
}

/// Files of a folder in the order of their names; none when it does not exist.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    paths.sort();
    paths
}

/// What a file says.
enum Said {
    Table(Table),
    Feed(Feed),
    View(View),
    Rule(Rule),
    Pack(Pack),
    Indicator(Indicator),
    Bulletin(Bulletin),
    Codes(CodeList),
    /// Its text is for others: a worked example.
    Nothing,
}

/// Turns each file into its spec.
fn parse_all(pipeline: &mut Pipeline, layers: &[Layer], faults: &mut Vec<Fault>) {
    let sources: Vec<(&String, &Source)> = pipeline.sources.iter().collect();
    let said = cores::each(&sources, |(key, source)| parse_one(key, source));
    let mut params = Vec::new();
    for ((key, _), said) in sources.into_iter().zip(said) {
        let name = key.split_once('/').map_or("", |(_, stem)| stem).to_owned();
        match said {
            Ok(Said::Table(table)) => _ = pipeline.tables.insert(name, table),
            Ok(Said::Feed(feed)) => _ = pipeline.feeds.insert(name, feed),
            Ok(Said::View(view)) => _ = pipeline.views.insert(name, view),
            Ok(Said::Rule(rule)) => _ = pipeline.rules.insert(name, rule),
            Ok(Said::Pack(pack)) => _ = pipeline.packs.insert(name, pack),
            Ok(Said::Indicator(indicator)) => _ = pipeline.indicators.insert(name, indicator),
            Ok(Said::Bulletin(bulletin)) => _ = pipeline.bulletins.insert(name, bulletin),
            Ok(Said::Codes(list)) if name.starts_with("param@") => params.push(list),
            Ok(Said::Codes(list)) => _ = pipeline.codes.insert(name, list),
            Ok(Said::Nothing) => {}
            Err(own) => faults.extend(own),
        }
    }
    join_params(pipeline, params, layers, faults);
}

/// What the file `section/stem` says.
fn parse_one(key: &str, source: &Source) -> Result<Said, Vec<Fault>> {
    let (section, stem) = key.split_once('/').expect("keys are made with a slash");
    match section {
        "codes" => lists::read(source).map(Said::Codes),
        _ => parse_spec(section, stem, source).map_err(|fault| vec![fault]),
    }
}

/// What a file that is no list says.
fn parse_spec(section: &str, stem: &str, source: &Source) -> Result<Said, Fault> {
    let example = stem.ends_with(".test");
    Ok(match section {
        "tables" => Said::Table(parse::table(stem, source)?),
        "feeds" => Said::Feed(parse::feed(stem, source)?),
        "views" => Said::View(parse::view(stem, source)?),
        "rules" if !example => Said::Rule(parse::rule(stem, source)?),
        "packs" => Said::Pack(packs::pack(stem, source)?),
        "indicators" if !example => Said::Indicator(indicators::indicator(stem, source)?),
        "bulletins" => Said::Bulletin(bulletins::bulletin(stem, source)?),
        _ => Said::Nothing,
    })
}

/// Appends the parents' parameters below the child's.
fn join_params(
    pipeline: &mut Pipeline,
    parents: Vec<CodeList>,
    layers: &[Layer],
    faults: &mut Vec<Fault>,
) {
    for parent in parents {
        let own = pipeline.codes.entry("param".into()).or_default();
        if own.columns.is_empty() {
            *own = parent;
        } else if own.columns == parent.columns {
            own.rows.extend(parent.rows);
            own.version.push_str(&parent.version);
        } else {
            let path = layers[0].dir.join("codes/param.csv");
            faults.push(
                Fault::of(&path, "has other columns than the param.csv that it adds to")
                    .hint(format!("expected the columns {}", parent.columns.join(","))),
            );
        }
    }
}

/// BLAKE3 over names and contents of all files.
fn version(layers: &[Layer], sources: &BTreeMap<String, Source>) -> String {
    let mut hasher = blake3::Hasher::new();
    for layer in layers {
        hasher.update(layer.yaml.text.as_bytes());
    }
    for (key, source) in sources {
        hasher.update(key.as_bytes());
        hasher.update(&[0]);
        hasher.update(source.text.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

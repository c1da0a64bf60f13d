//! From the text of one policy file to its spec.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;

use super::cases::CaseSettings;
use super::groups::RuleGroup;
use super::indicators::PublishSettings;
use super::load::Layer;
use super::spec::{
    Basis, Column, ColumnType, Delivery, Evidence, Fake, Feed, FeedColumn, Format, Grain, Limits,
    PersonRoles, Privacy, Route, Rule, Severity, System, Table, Title, View,
};
use super::{IdentityPolicy, Settings, WaiverPolicy, yaml};
use crate::diagnostic::{Fault, Source};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    title: Title,
    /// Read by itself, before the rest.
    #[serde(rename = "extends")]
    _extends: Option<String>,
    division_root: Option<String>,
    #[serde(default)]
    divisions: Vec<String>,
    division_history: Option<String>,
    input: Option<PathBuf>,
    lake: Option<PathBuf>,
    buckets: Option<usize>,
    #[serde(default)]
    identity: RawIdentity,
    #[serde(default)]
    retention: RawRetention,
    #[serde(default)]
    off: BTreeMap<String, String>,
    waivers: Option<WaiverPolicy>,
    groups: Option<Vec<RuleGroup>>,
    cases: Option<CaseSettings>,
    publish: Option<PublishSettings>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawIdentity {
    spine: Vec<String>,
    secret: RawSecret,
    placeholders: Vec<String>,
    link: Option<super::LinkPolicy>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawSecret {
    env: Option<String>,
    file: Option<String>,
    demo: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawRetention {
    nights: Option<usize>,
}

/// What has to be known of a pipeline before its other files can be found.
#[derive(Deserialize)]
struct RawExtends {
    extends: Option<String>,
}

/// The pipeline that this one extends. What else is wrong with it is told with all other faults.
pub(super) fn extends(source: &Source) -> Result<Option<String>, Fault> {
    yaml::read::<RawExtends>(source, &source.text, 0).map(|raw| raw.extends)
}

/// Settings of the chain of pipelines: the child's word counts, else its parent's.
pub(super) fn settings(layers: &[Layer], faults: &mut Vec<Fault>) -> Settings {
    let mut settings = Settings { buckets: 64, retention_nights: 14, ..Settings::default() };
    for layer in layers.iter().rev() {
        let raw: RawSettings = match yaml::read(&layer.yaml, &layer.yaml.text, 0) {
            Ok(raw) => raw,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        settings.title = raw.title;
        settings.off.extend(raw.off);
        if let Some(root) = raw.division_root {
            settings.division_root = root;
        }
        if !raw.divisions.is_empty() {
            settings.divisions = raw.divisions;
        }
        settings.division_history = raw.division_history.or(settings.division_history);
        settings.input = raw.input.map(|p| beside(&layer.dir, &p)).or(settings.input);
        settings.lake = raw.lake.map(|p| beside(&layer.dir, &p)).or(settings.lake);
        settings.retention_nights = raw.retention.nights.unwrap_or(settings.retention_nights);
        if let Some(buckets) = raw.buckets {
            settings.buckets = buckets;
            if !buckets.is_power_of_two() || buckets > 4096 {
                let span = layer.yaml.find_value("buckets", &buckets.to_string());
                faults.push(Fault::at(
                    &layer.yaml,
                    span,
                    "buckets must be a power of two, at most 4096",
                ));
            }
        }
        identity(&mut settings.identity, raw.identity);
        settings.waivers = raw.waivers.or(settings.waivers);
        settings.groups = raw.groups.unwrap_or(settings.groups);
        settings.cases = raw.cases.unwrap_or(settings.cases);
        settings.publish = raw.publish.unwrap_or(settings.publish);
    }
    settings
}

/// The child's word counts for each setting that it gives; a secret is one setting.
fn identity(policy: &mut IdentityPolicy, raw: RawIdentity) {
    if !raw.spine.is_empty() {
        policy.spine = raw.spine;
    }
    if !raw.placeholders.is_empty() {
        policy.placeholders = raw.placeholders;
    }
    if let Some(link) = raw.link {
        policy.link = link;
    }
    let RawSecret { env, file, demo } = raw.secret;
    if env.is_some() || file.is_some() || demo.is_some() {
        (policy.secret_env, policy.secret_file, policy.secret_demo) = (env, file, demo);
    }
}

/// A path that is meant from a folder on, without its `..`.
fn beside(dir: &Path, path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = dir.components().collect();
    for part in path.components() {
        match part {
            Component::ParentDir if matches!(parts.last(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            Component::RootDir => parts = vec![part],
            other => parts.push(other),
        }
    }
    parts.iter().collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    title: Title,
    about: String,
    source: Option<System>,
    grain: Grain,
    #[serde(default)]
    key: Vec<String>,
    person: Option<PersonRoles>,
    ended_after_days: Option<u32>,
    columns: Vec<RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    privacy: Privacy,
    codes: Option<String>,
}

/// Reads `tables/<stem>.yaml`.
///
/// # Errors
/// A fault: YAML of another shape, or a type that there is not.
pub(super) fn table(stem: &str, source: &Source) -> Result<Table, Fault> {
    let raw: RawTable = yaml::read(source, &source.text, 0)?;
    let asks = raw.source == Some(System::Feeds) && raw.columns.iter().any(|c| c.name == "ended");
    if asks != raw.ended_after_days.is_some() {
        let text = "`ended_after_days` and the column `ended` of `source: feeds` go together";
        return Err(Fault::at(source, source.find("source:"), text)
            .hint("a feed that is so many days behind another of its table has ended"));
    }
    let mut columns = Vec::with_capacity(raw.columns.len());
    for column in raw.columns {
        let Some(kind) = column_type(&column.kind) else {
            let span = source.find_value("type", &column.kind);
            let known = "text, code, citizen_id, name, division, date, month, decimal(p,s) with s \
                         of its p digits behind the point, int, bool, set";
            return Err(Fault::at(source, span, format!("unknown type `{}`", column.kind))
                .hint(format!("types are {known}")));
        };
        columns.push(Column {
            name: column.name,
            kind,
            title: column.title,
            about: column.about,
            privacy: column.privacy,
            codes: column.codes,
        });
    }
    Ok(Table {
        id: stem.into(),
        source: raw.source,
        title: raw.title,
        about: raw.about,
        grain: raw.grain,
        key: raw.key,
        person: raw.person,
        ended_after_days: raw.ended_after_days,
        columns,
    })
}

/// The type behind its word in a table file.
fn column_type(word: &str) -> Option<ColumnType> {
    Some(match word {
        "text" => ColumnType::Text,
        "code" => ColumnType::Code,
        "citizen_id" => ColumnType::CitizenId,
        "name" => ColumnType::Name,
        "division" => ColumnType::Division,
        "date" => ColumnType::Date,
        "month" => ColumnType::Month,
        "int" => ColumnType::Int,
        "bool" => ColumnType::Bool,
        "set" => ColumnType::Set,
        _ => {
            let inner = word.strip_prefix("decimal(")?.strip_suffix(')')?;
            let (precision, scale) = inner.split_once(',')?;
            let precision: u8 = precision.trim().parse().ok().filter(|p| (1..=38).contains(p))?;
            let scale: i8 = scale.trim().parse().ok().filter(|s| (0..=10).contains(s))?;
            if scale.unsigned_abs() > precision {
                return None;
            }
            ColumnType::Decimal { precision, scale }
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFeed {
    title: Title,
    sender: String,
    table: String,
    files: String,
    #[serde(default)]
    format: Format,
    delivery: Delivery,
    #[serde(default)]
    limits: Limits,
    columns: Vec<FeedColumn>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    #[serde(default)]
    fake: Fake,
}

/// Reads `feeds/<stem>.yaml`.
///
/// # Errors
/// A fault at the place that the parser or the shape complains of.
pub(super) fn feed(stem: &str, source: &Source) -> Result<Feed, Fault> {
    let raw: RawFeed = yaml::read(source, &source.text, 0)?;
    Ok(Feed {
        id: stem.into(),
        title: raw.title,
        sender: raw.sender,
        table: raw.table,
        files: raw.files,
        format: raw.format,
        delivery: raw.delivery,
        limits: raw.limits,
        columns: raw.columns,
        constants: raw.constants,
        fake: raw.fake,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawView {
    title: Title,
    subject: String,
    division: String,
    name: Option<String>,
    #[serde(default)]
    large: bool,
    #[serde(default)]
    trace: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    within: BTreeMap<String, String>,
}

/// Reads `views/<stem>.sql`.
///
/// # Errors
/// A fault: no header, or YAML of another shape in it.
pub(super) fn view(stem: &str, source: &Source) -> Result<View, Fault> {
    let (header, offset, sql) = yaml::split_header(source)?;
    let raw: RawView = yaml::read(source, header, offset)?;
    Ok(View {
        id: stem.into(),
        title: raw.title,
        subject: raw.subject,
        division: raw.division,
        name: raw.name,
        large: raw.large,
        trace: raw.trace,
        within: raw.within,
        sql: sql.trim_end_matches(';').into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    title: Title,
    over: String,
    applies: String,
    needs: Vec<String>,
    #[serde(default)]
    in_time: bool,
    severity: Severity,
    route: Route,
    #[serde(default)]
    evidence: Vec<Json>,
    message: String,
    anchor: Option<String>,
    #[serde(default)]
    waivers: Vec<String>,
    basis: Basis,
    #[serde(default)]
    alias: Vec<String>,
    #[serde(default)]
    sensitive: bool,
}

/// Reads `rules/<stem>.sql`.
///
/// # Errors
/// A fault: no header, YAML of another shape in it, or evidence that is none.
pub(super) fn rule(stem: &str, source: &Source) -> Result<Rule, Fault> {
    let (header, offset, predicate) = yaml::split_header(source)?;
    let raw: RawRule = yaml::read(source, header, offset)?;
    let mut evidence = Vec::new();
    for item in &raw.evidence {
        match item {
            Json::String(name) => {
                evidence.push(Evidence { name: name.clone(), expr: name.clone() });
            }
            Json::Object(map) if map.len() == 1 && map.values().all(Json::is_string) => {
                let (name, expr) = map.iter().next().expect("the map has one entry");
                let expr = expr.as_str().unwrap_or_default().to_owned();
                evidence.push(Evidence { name: name.clone(), expr });
            }
            other => {
                return Err(Fault::at(
                    source,
                    source.find("evidence"),
                    format!("evidence `{other}` is neither a column nor `name: expression`"),
                ));
            }
        }
    }
    Ok(Rule {
        id: stem.into(),
        title: raw.title,
        over: raw.over,
        applies: raw.applies,
        needs: raw.needs,
        in_time: raw.in_time,
        severity: raw.severity,
        route: raw.route,
        evidence,
        message: raw.message,
        anchor: raw.anchor,
        waivers: raw.waivers,
        basis: raw.basis,
        alias: raw.alias,
        sensitive: raw.sensitive,
        predicate: predicate.trim_end_matches(';').into(),
        version: blake3::hash(source.text.as_bytes()).to_hex()[..8].to_owned(),
    })
}

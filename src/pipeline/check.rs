//! What can be wrong with a pipeline without looking at its SQL or its data.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::pattern::{Parts, Pattern};
use super::schema::{CASE_COLUMNS, DELIVERY_COLUMNS, FEED_COLUMNS, LINK_TABLE, table_schema};
use super::spec::{
    Against, ColumnType, ControlTotal, Feed, FeedColumn, FileKind, Grain, Privacy, Rule, System,
    TOTAL_WORDS, Table, View,
};
use super::{Pipeline, constants, layout};
use crate::calendar::{Due, Workdays};
use crate::diagnostic::{Fault, Source};

/// Columns that every table has besides its own.
const MADE_COLUMNS: [&str; 7] =
    ["person_key", "link", "src_delivery", "src_row", "src_part", "src_line", "src_byte"];

/// Adds every fault of references between files.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    for table in pipeline.tables.values() {
        Checker::new(pipeline, "tables", &table.id, faults).table(table);
    }
    for feed in pipeline.feeds.values() {
        Checker::new(pipeline, "feeds", &feed.id, faults).feed(feed);
        constants::check(pipeline, feed, faults);
    }
    same_files(pipeline, faults);
    for view in pipeline.views.values() {
        Checker::new(pipeline, "views", &view.id, faults).view(view);
    }
    for rule in pipeline.rules.values() {
        Checker::new(pipeline, "rules", &rule.id, faults).rule(rule);
    }
}

/// Feeds that were copied and still take the files of the first one: a file goes to one feed alone.
fn same_files(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for feed in pipeline.feeds.values() {
        let first = *known.entry(&feed.files).or_insert(&feed.id);
        if first != feed.id {
            let source = pipeline.source("feeds", &feed.id);
            let text = format!("the feed `{first}` takes files of these names");
            let span = source.find_value("files:", &feed.files);
            faults.push(Fault::at(source, span, text).hint("give each feed names of its own"));
        }
    }
}

/// One file under check.
struct Checker<'a> {
    pipeline: &'a Pipeline,
    source: &'a Source,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn new(pipeline: &'a Pipeline, section: &str, id: &str, faults: &'a mut Vec<Fault>) -> Self {
        Self { pipeline, source: pipeline.source(section, id), faults }
    }

    /// `value` of `key` is not one of `known`.
    fn unknown<'k>(
        &mut self,
        key: &str,
        value: &str,
        what: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let span = self.source.find_value(key, value);
        let fault = Fault::at(self.source, span, format!("there is no {what} `{value}`"));
        self.faults.push(fault.did_you_mean(value, known));
    }

    fn wrong(&mut self, key: &str, value: &str, message: String, hint: &str) {
        let span = self.source.find_value(key, value);
        self.faults.push(Fault::at(self.source, span, message).hint(hint));
    }

    fn table(&mut self, table: &Table) {
        let names: BTreeSet<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let mut seen = BTreeSet::new();
        for column in &table.columns {
            let name = column.name.as_str();
            if !seen.insert(name) {
                self.wrong("name:", name, format!("column `{name}` stands twice"), "drop one");
            }
            if let Some(offered) = offered(table).filter(|o| !o.contains(&name)) {
                self.unknown("name:", name, "column of this source", offered.iter().copied());
            }
            if MADE_COLUMNS.contains(&name) {
                let text = format!("column `{name}` is made by bidui");
                self.wrong("name:", name, text, "choose another name");
            }
            match (&column.kind, &column.codes) {
                (ColumnType::Code, None) => {
                    let text = format!("code column `{name}` names no list");
                    self.wrong("name:", name, text, "add `codes: <list>`");
                }
                (_, Some(list)) if !self.pipeline.has("codes", list) => {
                    let known = self.pipeline.codes.keys().map(String::as_str);
                    self.unknown("codes:", list, "code list", known);
                }
                _ => {}
            }
        }
        for key in &table.key {
            if !names.contains(key.as_str()) {
                self.unknown("key:", key, "column", names.iter().copied());
            }
        }
        self.roles(table, &names);
        let (word, text) = match (table.grain, &table.person) {
            (Grain::Person, None) => ("person", "nothing says by which columns persons are known"),
            (Grain::Plain, Some(_)) => ("plain", "its rows are of nobody, whatever `person:` says"),
            _ => return,
        };
        let hint = "a table of persons has `grain: person` and `person: {id: …}`";
        self.wrong("grain:", word, text.into(), hint);
    }

    /// The columns by which a person is known are there, and of a kind that can be held together.
    fn roles(&mut self, table: &Table, names: &BTreeSet<&str>) {
        let roles = table.person.iter().flat_map(|p| {
            [
                (Some(&p.id), Some((ColumnType::CitizenId, "citizen_id"))),
                (p.name.as_ref(), Some((ColumnType::Name, "name"))),
                (p.birth.as_ref(), Some((ColumnType::Date, "date"))),
                (p.village.as_ref(), Some((ColumnType::Division, "division"))),
                (p.household.as_ref(), None),
                (p.sex.as_ref(), None),
                (p.phone.as_ref(), None),
            ]
        });
        for (role, kind) in roles {
            let Some(role) = role else { continue };
            let Some(column) = table.column(role) else {
                self.unknown("person:", role, "column", names.iter().copied());
                continue;
            };
            if let Some((_, word)) = kind.filter(|(kind, _)| *kind != column.kind) {
                let text = format!("`{role}` is no column of the type `{word}`");
                self.wrong("person:", role, text, "persons are told apart by columns of this type");
            }
        }
    }

    fn feed(&mut self, feed: &Feed) {
        layout::check(feed, self.source, self.faults);
        let Some(table) = self.pipeline.tables.get(&feed.table) else {
            if !self.pipeline.has("tables", &feed.table) {
                let known = self.pipeline.tables.keys().map(String::as_str);
                self.unknown("table:", &feed.table, "table", known);
            }
            return;
        };
        if table.source.is_some() {
            let text = format!("`{}` is filled by bidui", table.id);
            self.wrong("table:", &feed.table, text, "no feed can fill a table with `source`");
        }
        let mut filled = BTreeSet::new();
        for column in &feed.columns {
            let Some(target) = table.column(&column.to) else {
                let known = table.columns.iter().map(|c| c.name.as_str());
                self.unknown("to:", &column.to, &format!("column of {}", table.id), known);
                continue;
            };
            if !filled.insert(column.to.as_str()) {
                let text = format!("column `{}` is filled twice", column.to);
                self.wrong("to:", &column.to, text, "list the headings in one `from`");
            }
            if column.from.is_empty() == column.path.is_empty() {
                let text = format!("column `{}` needs either `from` or `path`", column.to);
                self.wrong("to:", &column.to, text, "`from: [heading, …]`");
            }
            if !column.path.is_empty() && target.kind != ColumnType::Division {
                let text = format!("`path` makes a division, `{}` is none", column.to);
                self.wrong("to:", &column.to, text, "use `from`");
            }
        }
        let mapped =
            feed.columns.iter().flat_map(|c| c.map.values().map(move |code| (&c.to, code)));
        for (name, code) in mapped.chain(&feed.constants) {
            self.code(table, name, code);
        }
        for name in feed.constants.keys() {
            if table.column(name).is_none() {
                let known = table.columns.iter().map(|c| c.name.as_str());
                self.unknown("constants:", name, &format!("column of {}", table.id), known);
            }
            filled.insert(name);
        }
        for key in &table.key {
            if !filled.contains(key.as_str()) {
                let text = format!("the key column `{key}` of {} is not filled", table.id);
                self.wrong("table:", &feed.table, text, "map it in `columns`");
            }
        }
        match Pattern::new(&feed.files) {
            Err(reason) => {
                self.wrong("files:", &feed.files, reason, "such as 名单_{period:%Y%m}*.{csv,xlsx}");
            }
            Ok(pattern) if pattern.parts() == Parts::Optional && table.key.is_empty() => {
                let text = format!(
                    "a part that comes after a whole delivery replaces the rows of its keys, but \
                     {} has no key",
                    table.id
                );
                let hint = "write {part} with its separator outside: then every file is a part";
                self.wrong("files:", &feed.files, text, hint);
            }
            Ok(_) => {}
        }
        for total in &feed.delivery.control_totals {
            self.control_total(feed, table, total);
        }
    }

    /// What a contract puts into a column of codes is one.
    fn code(&mut self, table: &Table, name: &str, code: &str) {
        let Some(id) = table.column(name).and_then(|column| column.codes.as_ref()) else { return };
        let Some(list) = self.pipeline.codes.get(id) else { return };
        let Some(at) = list.position("code") else { return };
        let known = || list.rows.iter().map(move |row| row[at].as_str());
        if !known().any(|own| own == code) {
            let span = self.source.find_value(name, code);
            let fault = Fault::at(self.source, span, format!("`{code}` is no code of `{id}`"));
            self.faults.push(fault.did_you_mean(code, known()));
        }
    }

    fn control_total(&mut self, feed: &Feed, table: &Table, total: &ControlTotal) {
        let key = "control_totals:";
        if total.sum.is_some() == total.count.is_some() {
            let text = "a control total is either a `sum` or a `count`".to_owned();
            self.wrong(key, "", text, "such as {sum: total_fee, equals: trailer}");
        }
        if let Some(name) = &total.sum {
            let numeric = |c: &FeedColumn| {
                let kind = table.column(&c.to).map(|t| &t.kind);
                matches!(kind, Some(ColumnType::Decimal { .. } | ColumnType::Int))
            };
            match total.column(&feed.columns) {
                Some((_, column)) if numeric(column) => {}
                Some((_, column)) => {
                    let text = format!("`{}` is no number and has no sum", column.to);
                    self.wrong(key, name, text, "name a decimal or int column");
                }
                None => {
                    let all = feed.columns.iter().filter(|c| numeric(c));
                    let known = all.flat_map(|c| c.from.iter().chain([&c.to]));
                    self.unknown(key, name, "column", known.map(String::as_str));
                }
            }
        }
        if total.equals == Against::Trailer {
            let word = |w: &String| TOTAL_WORDS.iter().any(|t| w.contains(t));
            if matches!(feed.format.kind, FileKind::Fixed | FileKind::Ndjson | FileKind::Parquet) {
                let text = "such files have no total row".to_owned();
                self.wrong(key, "trailer", text, "use `equals: manifest`");
            } else if !feed.format.skip_rows_like.iter().any(word) {
                let text = "the total row would be read as data".to_owned();
                self.wrong(key, "trailer", text, "add 合计 to format.skip_rows_like");
            }
        }
    }

    fn view(&mut self, view: &View) {
        if self.pipeline.tables.contains_key(&view.id) {
            let text = format!("a table is called `{}` too", view.id);
            self.faults.push(Fault::at(self.source, 0..1, text).hint("rename the view"));
        }
        let traced = view.trace.iter().map(|(id, own)| ("trace:", id, own.as_slice()));
        let within = view.within.iter().map(|(id, own)| ("within:", id, std::slice::from_ref(own)));
        for (key, id, columns) in traced.chain(within) {
            let Some(table) = self.pipeline.tables.get(id) else {
                if !self.pipeline.has("tables", id) {
                    let known = self.pipeline.tables.keys().map(String::as_str);
                    self.unknown(key, id, "table", known);
                }
                continue;
            };
            let schema = table_schema(table);
            for column in columns.iter().filter(|column| schema.index_of(column).is_err()) {
                let known = schema.fields().iter().map(|field| field.name().as_str());
                self.unknown(key, column, &format!("column of {id}"), known);
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        if !self.pipeline.has("views", &rule.over) {
            let known = self.pipeline.views.keys().map(String::as_str);
            self.unknown("over:", &rule.over, "view", known);
        }
        // The table of links is made each night: it is never stale.
        for need in rule.needs.iter().filter(|need| *need != LINK_TABLE) {
            if !self.pipeline.has("tables", need) {
                let known = self.pipeline.tables.keys().map(String::as_str);
                self.unknown("needs:", need, "table", known);
            }
        }
        let pipeline = self.pipeline;
        let offices = || pipeline.offices().map(|(code, _)| code);
        if offices().next().is_some() && !offices().any(|code| code == rule.route.to) {
            self.unknown("route:", &rule.route.to, "office", offices());
        }
        for due in std::iter::once(&rule.route.due).chain(&rule.route.escalate) {
            if Due::parse(due).is_none() {
                let text = format!("`{due}` is not a time");
                self.wrong("route:", due, text, "write 7d for days, 3wd for working days");
            }
        }
        let route = std::iter::once(&rule.route.due).chain(&rule.route.escalate);
        for (before, term) in route.clone().zip(route.skip(1)) {
            if !goes_on(before, term) {
                let text = format!("the letter of `{term}` may go out with that of `{before}`");
                let hint = "terms count from the day of the pack: write a longer one";
                self.wrong("route:", term, text, hint);
            }
        }
        let direct = direct_columns(self.pipeline, rule);
        let evidence = rule.evidence.iter().map(|e| ("evidence", &e.name, &e.expr));
        for (key, name, expr) in evidence.chain(rule.anchor.iter().map(|a| ("anchor", a, a))) {
            if let Some(word) = words(expr).find(|w| direct.contains(&w.to_ascii_lowercase())) {
                let text = format!("{key} `{name}` shows `{word}`, which names a person");
                self.wrong(key, name, text, "leave it out");
            }
        }
        for (at, evidence) in rule.evidence.iter().enumerate() {
            if rule.evidence[..at].iter().any(|other| other.name == evidence.name) {
                let text = format!("evidence `{}` stands twice", evidence.name);
                self.wrong("evidence:", &evidence.name, text, "drop one, or give it another name");
            }
        }
        for place in placeholders(&rule.message) {
            if !rule.evidence.iter().any(|e| e.name == place) {
                let known = rule.evidence.iter().map(|e| e.name.as_str());
                self.unknown("message:", place, "evidence", known);
            }
        }
        if rule.message.split('{').skip(1).any(|rest| !rest.contains('}')) {
            let text = "a brace `{` of the message is not closed".to_owned();
            self.wrong("message:", "{", text, "write {name} of a piece of evidence");
        }
        if rule.predicate.is_empty() {
            let text = "the file holds no predicate below its header";
            self.faults
                .push(Fault::at(self.source, 0..1, text).hint("write what is wrong, in SQL"));
        }
        if !self.pipeline.has("rules", &format!("{}.test", rule.id)) {
            let test = self.source.path.with_extension("test.yaml");
            self.faults.push(
                Fault::of(&self.source.path, "the rule has no worked example")
                    .hint(format!("write {} with given and expect", test.display())),
            );
        }
    }
}

/// The columns that a table without feeds may declare.
fn offered(table: &Table) -> Option<&'static [&'static str]> {
    table.source.map(|source| match source {
        System::Ledger => &CASE_COLUMNS[..],
        System::Deliveries => &DELIVERY_COLUMNS[..],
        System::Feeds => &FEED_COLUMNS[..],
    })
}

/// Does a term end after another that begins on the same day, whatever weekday that is? What is no
/// term is said elsewhere.
fn goes_on(before: &str, term: &str) -> bool {
    let (Some(before), Some(term)) = (Due::parse(before), Due::parse(term)) else { return true };
    let plain = Workdays::default();
    let end = |due: Due, from| due.after(from, |day| plain.works(day));
    NaiveDate::default().iter_days().take(7).all(|from| end(before, from) < end(term, from))
}

/// Columns that name a person, in small letters: those of any table, ID numbers also as they came, and
/// the name in the rule's own view.
fn direct_columns(pipeline: &Pipeline, rule: &Rule) -> BTreeSet<String> {
    let columns = pipeline.tables.values().flat_map(|t| &t.columns);
    let direct = columns.filter(|c| c.privacy == Privacy::Direct).map(|c| c.name.as_str());
    let all = direct.chain(pipeline.views.get(&rule.over).and_then(|v| v.name.as_deref()));
    all.map(str::to_ascii_lowercase).flat_map(|name| [format!("{name}_raw"), name]).collect()
}

/// Identifiers in an SQL expression.
fn words(expr: &str) -> impl Iterator<Item = &str> {
    expr.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty())
}

/// Names in braces in a message.
pub(super) fn placeholders(message: &str) -> impl Iterator<Item = &str> {
    message.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

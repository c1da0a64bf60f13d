//! Nights whose ledger is PostgreSQL: it has the chain that a file would have, whatever a kill left, and a
//! night without it publishes nothing.

use std::path::Path;

use bidui::ledger::store::{Store, file_address};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::mini::{NIGHTS, mini};
use crate::support::{current, run, temp};

/// A schema of its own in a PostgreSQL server, dropped with it.
struct Schema {
    name: String,
    base: String,
}

impl Schema {
    fn new() -> Result<Self, sqlx::Error> {
        let base = std::env::var("BIDUI_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into());
        let own = Self { name: format!("bidui_it_{}", std::process::id()), base };
        own.say(format!("CREATE SCHEMA {}", own.name))?;
        Ok(own)
    }

    fn address(&self) -> String {
        format!("{}?options[search_path]={}", self.base, self.name)
    }

    fn say(&self, sql: String) -> Result<(), sqlx::Error> {
        let work = async {
            let mut server = PgConnection::connect(&self.base).await?;
            sqlx::query(AssertSqlSafe(sql)).execute(&mut server).await?;
            server.close().await
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        _ = self.say(format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

/// What stands in a ledger: its end, and the nights that it recorded.
fn told(address: &str) -> String {
    let store = Store::open_existing(address).expect("a ledger");
    assert_eq!(store.verify(&[]).expect("it reads"), None);
    format!("{:?}, {:?}", store.head(), store.nights())
}

/// Runs the nights up to a date, with the ledger at an address or in the lake.
fn nights(lake: &Path, date: &str, address: Option<&str>) {
    let mut call = run(&mini().pipeline, &mini().input, lake).args(&["--date", date]);
    if let Some(address) = address {
        call = call.env("BIDUI_LEDGER", address);
    }
    call.go().ended(0);
}

#[test]
fn nights_on_postgresql_are_those_of_a_file_and_are_recorded_once() {
    let schema = match Schema::new() {
        Ok(schema) => schema,
        Err(why) => return println!("skipped: {why}"),
    };
    let home = temp();
    let [lake, other] = ["lake", "other"].map(|name| home.path().join(name));
    let address = schema.address();
    let shared = Some(address.as_str());
    nights(&other, NIGHTS[2], None);
    for date in &NIGHTS[..2] {
        nights(&lake, date, shared);
    }
    // As a kill leaves it between the ledger and the pointer.
    let before = told(&address);
    let second = current(&lake);
    let first = bidui::lake::names_in(&lake.join("nights"));
    let first = first.iter().find(|name| name.starts_with(NIGHTS[0])).expect("the first night");
    std::fs::remove_file(lake.join("current")).expect("removed");
    let target = Path::new("nights").join(first);
    std::os::unix::fs::symlink(target, lake.join("current")).expect("a link");
    nights(&lake, NIGHTS[1], shared);
    assert_eq!((current(&lake), told(&address)), (second, before));
    nights(&lake, NIGHTS[2], shared);
    assert_eq!(told(&address), told(&file_address(&other.join("ledger.sqlite"))));
    assert_eq!(current(&lake).file_name(), current(&other).file_name());
    assert!(!lake.join("ledger.sqlite").exists());
}

#[test]
fn without_its_ledger_a_night_is_not_published() {
    let home = temp();
    let lake = home.path().join("lake");
    let call = run(&mini().pipeline, &mini().input, &lake);
    let nowhere = "postgres://somebody:secret@127.0.0.1:1/none";
    let said = call.env("BIDUI_LEDGER", nowhere).go().ended(3);
    assert!(said.stderr.contains("127.0.0.1:1/none"), "{}", said.stderr);
    assert!(!said.stderr.contains("secret"), "{}", said.stderr);
    assert!(!lake.join("current").exists() && !lake.join("nights").exists());
}

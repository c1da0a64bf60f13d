//! One blocking connection to SQLite or PostgreSQL. Nothing here knows what a case is.
//!
//! Statements are the same for both: `$1` placeholders, BIGINT and TEXT, `ON CONFLICT … DO UPDATE`.
//! Migrations are run by SQLx's own migrator, which takes the same files on both; they are listed
//! in [`migrations`], because the macro that reads a folder would need SQLx's macros, and with
//! them all its drivers, in the build.

use std::borrow::Cow;

use futures::TryStreamExt;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, Row, SqlSafeStr};
use tokio::runtime::Runtime;

use crate::error::{Error, Result};

/// Placeholders of one statement, about. SQLite finds each by going through all of their names, so
/// that many rows in one statement are slower than some.
const PLACES: usize = 320;

/// What is given to a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    Nothing,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

/// A connection and the runtime that it lives in.
pub(super) struct Database {
    runtime: Runtime,
    /// Nothing only while it is being dropped.
    connection: Option<AnyConnection>,
    /// Where it is, without a password.
    place: String,
}

type Query<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

fn migrations() -> Migrator {
    let first = include_str!("../migrations/0001_ledger.sql").into_sql_str();
    let second = include_str!("../migrations/0002_fold.sql").into_sql_str();
    let third = include_str!("../migrations/0003_fold.sql").into_sql_str();
    let fourth = include_str!("../migrations/0004_fold.sql").into_sql_str();
    let fifth = include_str!("../migrations/0005_fold.sql").into_sql_str();
    let nights = include_str!("../migrations/0006_nights.sql").into_sql_str();
    let ground = include_str!("../migrations/0007_ground.sql").into_sql_str();
    let lake = include_str!("../migrations/0008_lake.sql").into_sql_str();
    let one = |number, name, sql| {
        Migration::new(number, Cow::from(name), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(vec![
        one(1, "ledger", first),
        one(2, "fold", second),
        one(3, "third fold", third),
        one(4, "fourth fold", fourth),
        one(5, "fifth fold", fifth),
        one(6, "order of nights", nights),
        one(7, "ground", ground),
        one(8, "lake", lake),
    ])
}

/// An address without what may be secret in it: who, before the host, and all settings behind it.
pub(super) fn shown(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) if scheme != "sqlite" => {
            let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
            format!("{scheme}://{}", place.split('?').next().unwrap_or_default())
        }
        // In the name of a file it stands as %3F.
        _ => address.split('?').next().unwrap_or_default().to_owned(),
    }
}

impl Database {
    /// Connects, and brings the tables up to date.
    ///
    /// # Errors
    /// It cannot be reached, or its tables are of a newer program.
    pub fn connect(address: &str) -> Result<Self> {
        let mut database = Self::join(address)?;
        database.migrate()?;
        Ok(database)
    }

    /// Connects.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn join(address: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let place = shown(address);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::environment(format!("cannot start the ledger's runtime: {e}")))?;
        let connection = runtime.block_on(AnyConnection::connect(address)).map_err(|e| {
            Error::environment(format!("cannot open the ledger {place}: {e}")).hint(
                "an address is sqlite:///folder/ledger.sqlite or postgres://user@host/database",
            )
        })?;
        let mut database = Self { runtime, connection: Some(connection), place };
        if database.is_sqlite() {
            // A writer that ends badly leaves the last whole transaction; readers do not wait.
            database.script(
                "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
            )?;
        }
        Ok(database)
    }

    fn migrate(&mut self) -> Result<()> {
        let migrator = migrations();
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        let mut done = self.runtime.block_on(migrator.run_direct(None, connection, false));
        if done.is_err() {
            // Another process may have made the same tables at the same moment.
            done = self.runtime.block_on(migrator.run_direct(None, connection, false));
        }
        done.map_err(|e| {
            let (place, text) = (&self.place, e.to_string());
            if is_of_the_disk(&text) {
                return Error::environment(format!("the ledger {place}: {text}")).hint(ROOM);
            }
            Error::environment(format!("the tables of the ledger {place} do not fit: {text}"))
                .hint("a newer bidui may have written it: use that one")
        })
    }

    /// Where it is, without a password.
    pub fn place(&self) -> &str {
        &self.place
    }

    fn is_sqlite(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.backend_name() == "SQLite")
    }

    /// Runs statements that have no placeholders.
    ///
    /// # Errors
    /// What the database says.
    pub fn script(&mut self, sql: &'static str) -> Result<()> {
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        let done = self.runtime.block_on(sqlx::raw_sql(sql).execute(connection));
        done.map(drop).map_err(|e| failed(&self.place, &e))
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// What the database says.
    pub fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<u64> {
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        let done = self.runtime.block_on(query(sql, values).execute(connection));
        done.map(|d| d.rows_affected()).map_err(|e| failed(&self.place, &e))
    }

    /// The rows of one query.
    ///
    /// # Errors
    /// What the database says; what `read` says of a row.
    pub fn rows<T>(
        &mut self,
        sql: &str,
        values: Vec<Value>,
        read: impl Fn(&Line) -> sqlx::Result<T>,
    ) -> Result<Vec<T>> {
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        let all = async {
            let mut found = Vec::new();
            let mut rows = query(sql, values).fetch(connection);
            while let Some(row) = rows.try_next().await? {
                found.push(read(&Line(row))?);
            }
            Ok(found)
        };
        self.runtime.block_on(all).map_err(|e| failed(&self.place, &e))
    }

    /// Inserts rows, many with each statement. `tail` may say what to do with those that are there.
    ///
    /// # Errors
    /// What the database says.
    pub fn insert(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: impl Iterator<Item = Vec<Value>>,
        tail: &str,
    ) -> Result<()> {
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let chunk: Vec<Vec<Value>> = rows.by_ref().take(PLACES / columns.len()).collect();
            let places = places(chunk.len(), columns.len());
            let sql = format!("INSERT INTO {table} ({}) VALUES {places} {tail}", columns.join(","));
            self.run(&sql, chunk.into_iter().flatten().collect())?;
        }
        Ok(())
    }

    /// The rows whose `column` is one of `keys`.
    ///
    /// # Errors
    /// What the database says; what `read` says of a row.
    pub fn among<T>(
        &mut self,
        select: &str,
        column: &str,
        keys: &[&str],
        read: impl Fn(&Line) -> sqlx::Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        for chunk in keys.chunks(PLACES) {
            let sql = format!("{select} WHERE {column} IN {}", places(1, chunk.len()));
            found.extend(self.rows(&sql, chunk.iter().map(|k| (*k).into()).collect(), &read)?);
        }
        Ok(found)
    }

    /// All or nothing, and alone: takes the turn to write first.
    ///
    /// # Errors
    /// What `work` says, or the database.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.script("BEGIN")?;
        let turn = self.run("UPDATE ledger_turn SET turn = turn + 1 WHERE one = 1", Vec::new());
        let done = turn.and_then(|_| work(self)).and_then(|done| {
            self.script("COMMIT")?;
            Ok(done)
        });
        if done.is_err() {
            // A connection that is gone has rolled back by itself.
            _ = self.script("ROLLBACK");
        }
        done
    }

    /// All that is read in `work` is of one moment, though others may write meanwhile. It writes nothing.
    ///
    /// # Errors
    /// What `work` says, or the database.
    pub fn snapshot<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        // SQLite's log keeps what the first query saw; PostgreSQL has to be told to.
        let begin = match self.is_sqlite() {
            true => "BEGIN",
            false => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        self.script(begin)?;
        let done = work(self);
        // There is nothing to keep; a connection that is gone has rolled back by itself.
        _ = self.script("ROLLBACK");
        done
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Whatever was committed is safe; SQLite tidies up its log.
            _ = self.runtime.block_on(connection.close());
        }
    }
}

/// A row of a result.
pub(super) struct Line(AnyRow);

impl Line {
    /// The text of a column, from 0.
    ///
    /// # Errors
    /// There is no such column, or no text in it.
    pub fn text(&self, at: usize) -> sqlx::Result<String> {
        self.0.try_get(at)
    }

    /// The text of a column, from 0, if it has one.
    ///
    /// # Errors
    /// There is no such column, or something else in it.
    pub fn option(&self, at: usize) -> sqlx::Result<Option<String>> {
        self.0.try_get(at)
    }

    /// The whole number of a column, from 0.
    ///
    /// # Errors
    /// There is no such column, or no whole number in it.
    pub fn number(&self, at: usize) -> sqlx::Result<i64> {
        self.0.try_get(at)
    }
}

/// `sql` is put together from words of this program only.
fn query(sql: &str, values: Vec<Value>) -> Query<'static> {
    let query: Query<'static> = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Number(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Nothing => query.bind(None::<String>),
    })
}

/// `($1,$2),($3,$4)`.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let own: Vec<String> = (1..=columns).map(|c| format!("${}", row * columns + c)).collect();
        format!("({})", own.join(","))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(",")
}

fn failed(place: &str, error: &sqlx::Error) -> Error {
    let text = error.to_string();
    let failed = Error::environment(format!("the ledger {place}: {text}"));
    if is_of_the_disk(&text) {
        failed.hint(ROOM)
    } else if is_of_permissions(&text) {
        failed
            .hint("SQLite writes beside its file also to read it: is the folder read-only?")
            .hint("to look only, copy `ledger.sqlite*` to a folder of your own and name that one")
    } else {
        failed
    }
}

/// What to do where a database finds no room.
const ROOM: &str = "free some space where the ledger lies and run again";

/// Does a database complain of its disk?
fn is_of_the_disk(text: &str) -> bool {
    ["disk is full", "disk I/O error", "No space left"].iter().any(|words| text.contains(words))
}

/// Does SQLite complain that it may not write?
fn is_of_permissions(text: &str) -> bool {
    ["unable to open database file", "readonly database"].iter().any(|words| text.contains(words))
}

fn closed() -> Error {
    Error::bug("the ledger is closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_who_and_how() {
        for (address, place) in [
            ("postgres://host/ledger", "postgres://host/ledger"),
            ("postgres://me:p@ss@host:5432/ledger", "postgres://host:5432/ledger"),
            ("postgres://host/ledger?user=me&password=secret", "postgres://host/ledger"),
            ("postgres://me:secret@host/ledger?sslmode=require", "postgres://host/ledger"),
            ("sqlite:///data/lake/ledger.sqlite", "sqlite:///data/lake/ledger.sqlite"),
            ("sqlite:///lake%3F/ledger.sqlite?mode=rwc", "sqlite:///lake%3F/ledger.sqlite"),
        ] {
            assert_eq!(shown(address), place);
        }
    }

    #[test]
    fn who_may_not_write_beside_a_file_is_told_what_to_do() {
        for (said, told) in [
            ("(code: 14) unable to open database file", "read-only"),
            ("(code: 1544) attempt to write a readonly database", "read-only"),
            ("(code: 13) database or disk is full", "free some space"),
        ] {
            let error = failed("sqlite:///lake/ledger.sqlite", &sqlx::Error::Protocol(said.into()));
            assert_eq!(error.exit_code(), 3);
            assert!(error.hints[0].contains(told), "{error:?}");
        }
    }
}

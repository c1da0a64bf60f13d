//! Brings the cases of an older ledger up to date: what its events say and an older fold did not
//! keep. Events are never touched.

use std::collections::BTreeMap;

use super::database::{Database, Value};
use super::rows;
use crate::error::Result;
use crate::ledger::case::{Case, Cases};

/// The fold of this program. 2: a case keeps the day on which it was opened again.
const FOLD: i64 = 2;

/// Does what is to be done, once. A row that is wrong for another reason stays as it is: `verify`
/// is to find it.
pub(super) fn upgrade(database: &mut Database) -> Result<()> {
    if fold_of(database)? >= FOLD {
        return Ok(());
    }
    database.transaction(|database| {
        if fold_of(database)? >= FOLD {
            return Ok(());
        }
        // A damaged ledger can be opened, or nobody could find its fault.
        let events = rows::events(database, "ORDER BY seq", Vec::new());
        let Ok(fold) = events.and_then(|events| Cases::fold(&events)) else { return Ok(()) };
        let Ok(stored) = rows::cases(database, "", Vec::new()) else { return Ok(()) };
        let stored: BTreeMap<String, Case> =
            stored.into_iter().map(|case| (case.number.clone(), case)).collect();
        let older = |case: &&Case| {
            let known = |own: &Case| Case { reopened: case.reopened, ..own.clone() } == **case;
            stored.get(&case.number).is_some_and(|own| own != *case && known(own))
        };
        rows::put_cases(database, fold.by_number.values().filter(older))?;
        let now = "UPDATE ledger_fold SET fold = $1 WHERE one = 1";
        database.run(now, vec![Value::Number(FOLD)]).map(drop)
    })
}

fn fold_of(database: &mut Database) -> Result<i64> {
    let sql = "SELECT fold FROM ledger_fold WHERE one = 1";
    Ok(database.rows(sql, Vec::new(), |r| r.number(0))?.pop().unwrap_or(FOLD))
}

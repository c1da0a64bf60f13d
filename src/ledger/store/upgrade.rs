//! Brings the cases of an older ledger up to date: what its events say and an older fold did not
//! keep. Events are never touched.

use std::collections::BTreeMap;

use super::database::{Database, Value};
use super::rows;
use crate::error::Result;
use crate::ledger::case::{Case, Cases};

/// The fold of this program. 2: a case keeps the day on which it was opened again. 3: it is
/// issued anew when it comes back, letters move with a term that is longer, an answer takes away the
/// fault of the one before it, and the reason of that is kept. 4: a waiver that lapsed has taken the
/// place of the answer before it, and ends with its case. 5: a case keeps the day on which it was sent
/// back, and what was sent back to the sender is not told of the receiver.
/// 6: a case knows whether somebody opened it again.
const FOLD: i64 = 6;

/// Does what is to be done, once. A row that is wrong for another reason stays as it is: `verify`
/// is to find it.
///
/// # Errors
/// What the database says.
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
            stored.get(&case.number).is_some_and(|own| own != *case && as_now(own, case) == **case)
        };
        rows::put_cases(database, fold.by_number.values().filter(older))?;
        let now = "UPDATE ledger_fold SET fold = $1 WHERE one = 1";
        database.run(now, vec![Value::Number(FOLD)]).map(drop)
    })
}

/// A case as it was stored, with what an older fold did not know.
fn as_now(stored: &Case, case: &Case) -> Case {
    Case {
        reopened: case.reopened,
        by_hand: case.by_hand,
        issued: case.issued,
        steps: case.steps.clone(),
        answer: case.answer.clone(),
        answered: case.answered,
        fault: case.fault,
        sent_back: case.sent_back,
        back_reason: case.back_reason.clone(),
        sent_back_on: case.sent_back_on,
        waived_until: case.waived_until,
        ..stored.clone()
    }
}

fn fold_of(database: &mut Database) -> Result<i64> {
    let sql = "SELECT fold FROM ledger_fold WHERE one = 1";
    Ok(database.rows(sql, Vec::new(), |r| r.number(0))?.pop().unwrap_or(FOLD))
}

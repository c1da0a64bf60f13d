//! Panics of the engine and of readers: caught where they arise, silenced, and told as an error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::error::{Error, Result};

thread_local! {
    /// Guards that are open on this thread.
    static OPEN: Cell<u32> = const { Cell::new(0) };
}

/// Does work in which a function of the engine may panic; a panic becomes an error. Whatever the
/// work had begun to change is the caller's to throw away.
///
/// # Errors
/// What the work says, or that it panicked, without the panic's text.
pub fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    quietly(work).unwrap_or_else(|| {
        Err(Error::bug("the engine panicked, as it may when a value leaves the range of its type")
            .hint("look for casts, dates and lengths that no real row should reach"))
    })
}

/// Does work that may panic: nothing when it did, and nothing of what the panic says is shown.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    silence();
    OPEN.set(OPEN.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    OPEN.set(OPEN.get() - 1);
    done.ok()
}

/// The standard hook writes a panic's text to stderr, and that text may hold a value of somebody's
/// row. Under a guard nothing is written; anywhere else panics stay as loud as they were. A session
/// works on the thread that waits for it, so one mark for each thread is enough.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if OPEN.get() == 0 {
                usual(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_without_its_text() {
        let said = guarded(|| -> Result<u8> { panic!("somebody's value") });
        let error = said.expect_err("it panicked");
        assert!(!error.message.contains("somebody"), "{error}");
        assert_eq!(guarded(|| Ok(1)).expect("no panic"), 1);
    }

    #[test]
    fn guards_nest_and_close_again() {
        let outer = guarded(|| {
            _ = guarded(|| -> Result<()> { panic!("inside") });
            Ok(OPEN.get())
        });
        assert_eq!(outer.expect("the inner one was caught"), 1);
        assert_eq!(OPEN.get(), 0);
    }
}

//! Many small works on all cores at once.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each item, in their order. They are begun in this order too: what takes long
/// should come first. If it panics for one, so does this.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(items.len())));
    let some = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let made = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, made));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 1..cores.min(items.len()) {
            scope.spawn(some);
        }
        some();
    });
    let mut done: Vec<(usize, R)> = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_items() {
        let items: Vec<u64> = (0..500).collect();
        let slow_first = |n: &u64| {
            thread::sleep(std::time::Duration::from_micros(if *n < 2 { 2000 } else { 1 }));
            n * n
        };
        assert_eq!(each(&items, slow_first), items.iter().map(|n| n * n).collect::<Vec<_>>());
        assert_eq!(each(&[] as &[u64], |n| *n), Vec::<u64>::new());
    }

    #[test]
    fn a_panic_is_no_result() {
        let died = std::panic::catch_unwind(|| each(&[1, 2, 3], |n| assert_ne!(*n, 2)));
        assert!(died.is_err());
    }
}

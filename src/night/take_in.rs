//! Receives what lies in the inbox, the largest parcels first, several at a time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;

use super::archive::again;
use super::{Progress, Setup, TakenIn};
use crate::engine;
use crate::error::{Error, Kind, Result};
use crate::feed::inbox::{self, Parcel};
use crate::feed::receipt::{Receipt, Verdict, contracts, every_receipt};
use crate::feed::{Named, Receiver};
use crate::privacy::hide_ids;
use crate::report::summary::DeliveryLine;

/// Receives every parcel of the nights up to `night`.
///
/// # Errors
/// The first error of any parcel, by feed and period.
pub fn take_in(setup: &Setup, night: NaiveDate, progress: &dyn Progress) -> Result<TakenIn> {
    let Some(input) = &setup.input else { return Ok((Vec::new(), Vec::new())) };
    let inbox = inbox::look(&setup.pipeline, input, Some(night))?;
    let mut parcels = inbox.parcels;
    let today = contracts(&setup.pipeline, &setup.keys);
    let todays = |r: &Receipt| r.contract == today[r.feed.as_str()];
    let receipts = every_receipt(&setup.lake, &setup.pipeline, night)?;
    let kept = again(setup, &receipts, &todays, &parcels);
    parcels.extend(kept.last);
    let size = |p: &Parcel| -> u64 {
        p.files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    };
    parcels.sort_by_cached_key(|p| {
        (std::cmp::Reverse(size(p)), p.feed.clone(), p.period, p.part.clone())
    });
    progress.stage("接收", "receive", (parcels.len() + kept.earlier.len()) as u64);
    let receiver = Receiver {
        pipeline: &setup.pipeline,
        lake: &setup.lake,
        divisions: &setup.divisions,
        keys: &setup.keys,
        buckets: setup.pipeline.settings.buckets,
    };
    let mut named = names(setup, &receiver, &kept.earlier)?;
    let mut own = names(setup, &receiver, &parcels)?;
    let there: BTreeSet<_> = own.iter().map(|(p, n)| (order(p), n.delivery.clone())).collect();
    named.retain(|(p, n)| !there.contains(&(order(p), n.delivery.clone())));
    named.append(&mut own);
    receiver.number(&mut named, &receipts);
    // The same content may lie in two folders: the first night that had it takes it in.
    named.sort_by_key(|(p, n)| (p.feed.clone(), n.delivery.clone(), p.received));
    let mut firsts = named.clone();
    firsts.dedup_by_key(|(p, n)| (p.feed.clone(), n.delivery.clone()));
    firsts.sort_by_key(|(p, _)| std::cmp::Reverse(size(p)));
    let is_earlier = |p: &Parcel| kept.earlier.iter().any(|one| std::ptr::eq(one, p));
    // Were a run killed that has what came later alone, the next one would take it for what came before.
    let (earlier, rest): (Vec<_>, Vec<_>) = firsts.into_iter().partition(|(p, _)| is_earlier(p));
    for some in [earlier, rest] {
        receive(setup, &receiver, some, progress)?;
    }
    named.sort_by_key(|(p, _)| order(p));
    let all = setup.receipts(night)?;
    let mut lines = Vec::new();
    for (parcel, name) in named {
        let home = setup.lake.deliveries(&parcel.feed).join(&name.delivery);
        let receipt = Receipt::read(&home)?;
        // A killed run of the same night may have received it: what counts is the night it came in.
        if parcel.received == night && !is_earlier(parcel) {
            let mut line = line(&receipt, receipt.received < night);
            line.notes.extend(volume_note(setup, &receipt, &all));
            line.notes.extend(parcel.files.iter().filter_map(|f| also_note(f, inbox.also.get(f)?)));
            lines.push(line);
        }
    }
    let name = |p: PathBuf| hide_ids(&p.file_name().unwrap_or_default().to_string_lossy());
    let of_tonight = |p: &PathBuf| {
        p.parent().and_then(|d| d.file_name()).is_none_or(|d| {
            let day = d.to_string_lossy().parse::<NaiveDate>();
            day.is_err() || day == Ok(night)
        })
    };
    Ok((lines, inbox.unknown.into_iter().filter(of_tonight).map(name).collect()))
}

/// Reads the contents of parcels.
fn names<'p>(
    setup: &Setup,
    receiver: &Receiver<'_>,
    parcels: &'p [Parcel],
) -> Result<Vec<(&'p Parcel, Named)>> {
    let names = each(setup.threads, parcels, |p| receiver.name(p))?;
    let named = parcels.iter().zip(names);
    named.map(|(parcel, name)| Ok((parcel, name.map_err(|e| about(parcel, e))?))).collect()
}

/// Receives parcels, several at a time.
fn receive(
    setup: &Setup,
    receiver: &Receiver<'_>,
    parcels: Vec<(&Parcel, Named)>,
    progress: &dyn Progress,
) -> Result<()> {
    let received = each(setup.threads, &parcels, |(parcel, name)| {
        let received = receiver.receive(parcel, name);
        progress.step(&parcel.feed);
        received
    })?;
    let mut results: Vec<_> = parcels.into_iter().zip(received).collect();
    results.sort_by_key(|((p, _), _)| order(p));
    for ((parcel, _), result) in results {
        result.map_err(|e| about(parcel, e))?;
    }
    Ok(())
}

/// A feed, a period, the night that took it in, a part.
pub(super) type Order = (String, NaiveDate, NaiveDate, Option<String>);

/// The order in which parcels are spoken of.
pub(super) fn order(parcel: &Parcel) -> Order {
    (parcel.feed.clone(), parcel.period, parcel.received, parcel.part.clone())
}

/// A mistake of bidui does not say in which delivery it was made.
fn about(parcel: &Parcel, error: Error) -> Error {
    if error.kind != Kind::Bug {
        return error;
    }
    let message = format!("{} {}: {}", parcel.feed, parcel.period, error.message);
    Error { message, ..error }
}

/// Does something with each item, `threads` at a time; what came of them in their order. What panics
/// is an error of its item.
fn each<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<Result<R>>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return };
            let result = engine::guarded(|| work(item));
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, result));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let ends = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        ends.collect::<Result<Vec<()>, _>>().map_err(|_| Error::bug("a receiver panicked"))
    })?;
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

/// Says of a file which other feeds its name fits.
fn also_note(file: &Path, others: &[String]) -> Option<String> {
    let name = hide_ids(&file.file_name()?.to_string_lossy());
    let others = others.join(", ");
    Some(format!(
        "{name} fits the file names of other feeds too: {others}; mend `files` in one of them"
    ))
}

/// Says when a delivery has far more or fewer rows than the one before it, a part than the same part;
/// `all` are the receipts until tonight.
fn volume_note(setup: &Setup, receipt: &Receipt, all: &[Receipt]) -> Option<String> {
    let feed = &setup.pipeline.feeds[&receipt.feed];
    let limit = feed.limits.row_count_change_percent;
    let limit = limit.filter(|_| receipt.verdict == Verdict::Accepted)?;
    let order = |r: &Receipt| (r.period, r.received, r.arrival, r.delivery.clone());
    let same = |r: &&Receipt| r.feed == receipt.feed && r.part == receipt.part;
    let before = all
        .iter()
        .filter(|r| same(r) && r.received <= receipt.received && r.verdict == Verdict::Accepted)
        .filter(|r| order(r) < order(receipt))
        .max_by_key(|r| order(r));
    let before = before.filter(|b| b.rows > 0)?;
    let change = 100.0 * (receipt.rows as f64 - before.rows as f64) / before.rows as f64;
    (change.abs() > limit)
        .then(|| format!("{change:+.0} % rows against the delivery before, the limit is {limit} %"))
}

fn line(receipt: &Receipt, known: bool) -> DeliveryLine {
    let mut encodings: Vec<String> =
        receipt.parts.iter().filter_map(|p| p.encoding.clone()).collect();
    encodings.sort();
    encodings.dedup();
    // A file may be called by somebody's number.
    let names = receipt.files.iter().map(|file| hide_ids(&file.name)).collect();
    let mut notes: Vec<String> = receipt.reasons.iter().chain(&receipt.warnings).cloned().collect();
    let mut new: Vec<&String> = receipt.parts.iter().flat_map(|p| &p.new_columns).collect();
    new.sort();
    new.dedup();
    if !new.is_empty() {
        let names: Vec<&str> = new.iter().map(|n| n.as_str()).collect();
        notes.push(format!("new columns: {}", names.join(", ")));
    }
    // They name files and headings, and these may be called by somebody's number.
    notes.iter_mut().for_each(|note| *note = hide_ids(note));
    let verdict = if known { "known" } else { receipt.verdict.word() };
    DeliveryLine {
        feed: receipt.feed.clone(),
        delivery: receipt.delivery.clone(),
        period: receipt.period.to_string(),
        part: receipt.part.as_deref().map(hide_ids),
        verdict: verdict.into(),
        files: receipt.files.len(),
        names: if verdict == "refused" { names } else { Vec::new() },
        encodings,
        rows: receipt.rows,
        used: receipt.used,
        quarantined: receipt.quarantined,
        duplicate: receipt.duplicate,
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_costs_its_own_item_and_says_nothing_of_it() {
        let work = |n: &u32| if *n == 2 { panic!("somebody's value") } else { Ok(*n) };
        let done = each(2, &[1, 2, 3], work).expect("the workers end");
        assert_eq!((done[0].as_ref().ok(), done[2].as_ref().ok()), (Some(&1), Some(&3)));
        let error = done[1].clone().expect_err("it panicked");
        assert!(error.kind == Kind::Bug && !error.message.contains("somebody"), "{error}");
    }
}

//! Receives what lies in the inbox, the largest parcels first, several at a time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;

use super::{Progress, Setup, TakenIn};
use crate::engine;
use crate::error::{Error, Kind, Result};
use crate::feed::Receiver;
use crate::feed::inbox::{self, Parcel};
use crate::feed::receipt::{Receipt, Verdict, contracts, every_receipt};
use crate::pipeline::pattern::Pattern;
use crate::pipeline::spec::Feed;
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
    let (known, before): (Vec<_>, Vec<_>) = receipts.into_iter().partition(todays);
    parcels.extend(from_archive(setup, &before, &parcels));
    let size = |p: &Parcel| -> u64 {
        p.files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    };
    parcels.sort_by_cached_key(|p| {
        (std::cmp::Reverse(size(p)), p.feed.clone(), p.period, p.part.clone())
    });
    progress.stage("接收", "receive", parcels.len() as u64);
    let receiver = Receiver {
        pipeline: &setup.pipeline,
        lake: &setup.lake,
        divisions: &setup.divisions,
        keys: &setup.keys,
        buckets: setup.pipeline.settings.buckets,
    };
    let names = each(setup.threads, &parcels, |p| receiver.name(p))?;
    let mut named = Vec::new();
    for (parcel, name) in parcels.iter().zip(names) {
        named.push((parcel, name.map_err(|e| about(parcel, e))?));
    }
    receiver.number(&mut named, &known);
    // The same content may lie in two folders: the first night that had it takes it in.
    named.sort_by_key(|(p, n)| (p.feed.clone(), n.delivery.clone(), p.received));
    let mut firsts = named.clone();
    firsts.dedup_by_key(|(p, n)| (p.feed.clone(), n.delivery.clone()));
    firsts.sort_by_key(|(p, _)| std::cmp::Reverse(size(p)));
    let received = each(setup.threads, &firsts, |(parcel, name)| {
        let received = receiver.receive(parcel, name);
        progress.step(&parcel.feed);
        received
    })?;
    let mut results: Vec<_> = firsts.into_iter().zip(received).collect();
    results.sort_by_key(|((p, _), _)| order(p));
    for ((parcel, _), result) in results {
        result.map_err(|e| about(parcel, e))?;
    }
    named.sort_by_key(|(p, _)| order(p));
    let all = setup.receipts(night)?;
    let mut lines = Vec::new();
    for (parcel, name) in named {
        let home = setup.lake.deliveries(&parcel.feed).join(&name.delivery);
        let receipt = Receipt::read(&home)?;
        // A killed run of the same night may have received it: what counts is the night it came in.
        if parcel.received == night {
            let mut line = line(&receipt, receipt.received < night);
            line.notes.extend(volume_note(setup, &receipt, &all));
            lines.push(line);
        }
    }
    let name =
        |p: std::path::PathBuf| hide_ids(&p.file_name().unwrap_or_default().to_string_lossy());
    let of_tonight = |p: &std::path::PathBuf| {
        p.parent().and_then(|d| d.file_name()).is_none_or(|d| {
            let day = d.to_string_lossy().parse::<NaiveDate>();
            day.is_err() || day == Ok(night)
        })
    };
    Ok((lines, inbox.unknown.into_iter().filter(of_tonight).map(name).collect()))
}

/// The order in which parcels are spoken of.
fn order(parcel: &Parcel) -> (String, NaiveDate, NaiveDate, Option<String>) {
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

/// Deliveries that were read under another contract and are no longer in the inbox: their files
/// were kept and are read again.
fn from_archive(setup: &Setup, receipts: &[Receipt], inbox: &[Parcel]) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    // Of several that came in one night the last counts.
    for receipt in receipts.iter().rev() {
        let feed = &setup.pipeline.feeds[&receipt.feed];
        let raw = setup.lake.deliveries(&receipt.feed).join(&receipt.delivery).join("raw");
        for (part, names) in by_part(feed, receipt) {
            let (period, received) = (receipt.period, receipt.received);
            let files = names.into_iter().map(|n| raw.join(n)).collect();
            let own = Parcel { feed: receipt.feed.clone(), period, part, received, files };
            if !inbox.iter().chain(&parcels).any(|p| order(p) == order(&own)) {
                parcels.push(own);
            }
        }
    }
    parcels
}

/// The files of a delivery by the part that today's contract sees in their names: a contract that
/// learns of parts reads what it once took as a whole in parts, as it would from the inbox.
fn by_part(feed: &Feed, receipt: &Receipt) -> BTreeMap<Option<String>, Vec<String>> {
    let pattern = Pattern::new(&feed.files).ok();
    let mut parts: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for file in &receipt.files {
        let name = pattern.as_ref().and_then(|p| p.matches(&file.name));
        let part = name.map_or_else(|| receipt.part.clone(), |n| n.part);
        parts.entry(part).or_default().push(file.name.clone());
    }
    parts
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
    let verdict = match (known, receipt.verdict) {
        (true, _) => "known",
        (false, Verdict::Accepted) => "accepted",
        (false, Verdict::Refused) => "refused",
    };
    DeliveryLine {
        feed: receipt.feed.clone(),
        delivery: receipt.delivery.clone(),
        period: receipt.period.to_string(),
        part: receipt.part.as_deref().map(hide_ids),
        verdict: verdict.into(),
        files: receipt.files.len(),
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

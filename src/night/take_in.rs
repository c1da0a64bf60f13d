//! Receives what lies in the inbox, the largest parcels first, several at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;

use super::{Progress, Setup, TakenIn};
use crate::error::{Error, Result};
use crate::feed::inbox::{self, Parcel};
use crate::feed::receipt::{Receipt, Verdict, receipts};
use crate::feed::{Received, Receiver};
use crate::report::summary::DeliveryLine;

/// Receives every parcel of the nights up to `night`.
///
/// # Errors
/// The first error of any parcel, by feed and period.
pub fn take_in(setup: &Setup, night: NaiveDate, progress: &dyn Progress) -> Result<TakenIn> {
    let Some(input) = &setup.input else { return Ok((Vec::new(), Vec::new())) };
    let inbox = inbox::look(&setup.pipeline, input, Some(night))?;
    let mut parcels = inbox.parcels;
    let size = |p: &Parcel| -> u64 {
        p.files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    };
    parcels.sort_by_cached_key(|p| (std::cmp::Reverse(size(p)), p.feed.clone(), p.period));
    progress.stage("接收", "receive", parcels.len() as u64);
    let receiver = Receiver {
        pipeline: &setup.pipeline,
        lake: &setup.lake,
        divisions: &setup.divisions,
        keys: &setup.keys,
        buckets: setup.pipeline.settings.buckets,
    };
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(parcel) = parcels.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            let received = receiver.receive(parcel);
            progress.step(&parcel.feed);
            let mut all = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            all.push((parcel.clone(), received));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..setup.threads).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        ends.collect::<Result<Vec<()>, _>>().map_err(|_| Error::bug("a receiver panicked"))
    })?;
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by(|(a, _), (b, _)| {
        (&a.feed, a.period, a.received).cmp(&(&b.feed, b.period, b.received))
    });
    let mut lines = Vec::new();
    for (parcel, received) in results {
        let folder = setup.lake.deliveries(&parcel.feed);
        let (receipt, known) = match received? {
            Received::New(receipt) => (*receipt, false),
            Received::Known(delivery) => (Receipt::read(&folder.join(delivery))?, true),
        };
        // A killed run of the same night may have received it: what counts is the night it came in.
        if parcel.received == night {
            let mut line = line(&receipt, known && receipt.received < night);
            line.notes.extend(volume_note(setup, &receipt)?);
            lines.push(line);
        }
    }
    let name =
        |p: std::path::PathBuf| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let of_tonight = |p: &std::path::PathBuf| {
        p.parent().and_then(|d| d.file_name()).is_none_or(|d| {
            let day = d.to_string_lossy().parse::<NaiveDate>();
            day.is_err() || day == Ok(night)
        })
    };
    Ok((lines, inbox.unknown.into_iter().filter(of_tonight).map(name).collect()))
}

/// Says when a delivery has far more or fewer rows than the one before it.
fn volume_note(setup: &Setup, receipt: &Receipt) -> Result<Option<String>> {
    let feed = &setup.pipeline.feeds[&receipt.feed];
    let Some(limit) = feed.limits.row_count_change_percent else { return Ok(None) };
    let all = receipts(&setup.lake, &setup.pipeline, receipt.received)?;
    let order = |r: &Receipt| (r.period, r.received, r.delivery.clone());
    let before = all
        .iter()
        .filter(|r| r.feed == receipt.feed && r.verdict == Verdict::Accepted)
        .filter(|r| order(r) < order(receipt))
        .max_by_key(|r| order(r));
    let Some(before) = before.filter(|b| b.rows > 0) else { return Ok(None) };
    let change = 100.0 * (receipt.rows as f64 - before.rows as f64) / before.rows as f64;
    Ok((change.abs() > limit).then(|| {
        format!("{change:+.0} % rows against the delivery before, the limit is {limit} %")
    }))
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
    let verdict = match (known, receipt.verdict) {
        (true, _) => "known",
        (false, Verdict::Accepted) => "accepted",
        (false, Verdict::Refused) => "refused",
    };
    DeliveryLine {
        feed: receipt.feed.clone(),
        delivery: receipt.delivery.clone(),
        period: receipt.period.to_string(),
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

//! Extracts that were read under another contract: their files were kept, and are read again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Setup;
use super::take_in::{Order, order};
use crate::feed::inbox::Parcel;
use crate::feed::receipt::{Receipt, Verdict};
use crate::pipeline::pattern::Pattern;
use crate::pipeline::spec::Feed;

/// What is read again.
pub(super) struct Kept {
    /// Of each night, feed, period and part what came last, where the inbox does not have it any more.
    pub last: Vec<Parcel>,
    /// What was accepted before that, or before what the inbox has now: either may be refused.
    pub earlier: Vec<Parcel>,
}

/// Files that were kept, by the part and with the contract of the delivery that has them.
type Shares<'a> = BTreeMap<Option<&'a str>, (&'a str, Vec<PathBuf>)>;

/// Finds what is to be read again; `todays` knows receipts under today's contracts.
pub(super) fn again(
    setup: &Setup,
    receipts: &[Receipt],
    todays: &dyn Fn(&Receipt) -> bool,
    inbox: &[Parcel],
) -> Kept {
    // Of several that came in one night the last counts, whatever it was read under. Older versions did
    // not note which that was.
    let mut receipts: Vec<&Receipt> = receipts.iter().collect();
    receipts.sort_by_key(|r| (r.turn, todays(r), r.arrival, &r.delivery));
    let mut last: BTreeMap<Order, (&Receipt, Shares<'_>)> = BTreeMap::new();
    let mut accepted: BTreeMap<Order, (&Receipt, Vec<PathBuf>)> = BTreeMap::new();
    let mut before = BTreeSet::new();
    for receipt in receipts {
        let feed = &setup.pipeline.feeds[&receipt.feed];
        let raw = setup.lake.deliveries(&receipt.feed).join(&receipt.delivery).join("raw");
        for (part, names) in by_part(feed, receipt) {
            // Today's contract may take as a whole what came in parts.
            let joined = part.is_none() && receipt.part.is_some();
            let own = (receipt.feed.clone(), receipt.period, receipt.received, part);
            let files: Vec<PathBuf> = names.into_iter().map(|n| raw.join(n)).collect();
            if !todays(receipt) {
                before.insert(own.clone());
            }
            if joined {
                accepted.remove(&own);
            } else if receipt.verdict == Verdict::Accepted {
                accepted.insert(own.clone(), (receipt, files.clone()));
            }
            let (newest, shares) = last.entry(own).or_insert((receipt, Shares::new()));
            *newest = receipt;
            shares.retain(|part, (contract, _)| {
                joined && (part.is_some() || *contract == receipt.contract)
            });
            shares.insert(receipt.part.as_deref(), (receipt.contract.as_str(), files));
        }
    }
    let inbox: BTreeSet<Order> = inbox.iter().map(order).collect();
    // What was accepted under today's contract is in the lake.
    accepted.retain(|own, one| {
        let receipt: &Receipt = one.0;
        !todays(receipt) && (inbox.contains(own) || last[own].0.delivery != receipt.delivery)
    });
    last.retain(|own, _| before.contains(own) && !inbox.contains(own));
    let together = |shares: Shares<'_>| -> Vec<PathBuf> {
        shares.into_values().flat_map(|(_, files)| files).collect()
    };
    Kept {
        last: last.into_iter().map(|(own, (_, shares))| parcel(own, together(shares))).collect(),
        earlier: accepted.into_iter().map(|(own, (_, files))| parcel(own, files)).collect(),
    }
}

/// A parcel of files by name.
fn parcel((feed, period, received, part): Order, mut files: Vec<PathBuf>) -> Parcel {
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Parcel { feed, period, part, received, files }
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

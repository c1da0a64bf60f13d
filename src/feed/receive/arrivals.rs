//! Which delivery each parcel is: what comes again after something else was sent counts anew.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{Named, Receiver};
use crate::error::{Error, Result};
use crate::feed::control::manifests;
use crate::feed::inbox::{Parcel, hash_all};
use crate::feed::receipt::{Receipt, Verdict, contracts};
use crate::lake::{MANIFEST, hash_file, sound};
use crate::pipeline::spec::Feed;

/// One delivery of a scope: a feed, a period, a part.
struct Arrival {
    received: NaiveDate,
    arrival: u32,
    turn: u32,
    content: String,
    delivery: String,
    /// Nothing rests on one that was refused.
    used: bool,
}

/// A feed, a period, a part.
type Scope<'a> = (&'a str, NaiveDate, Option<&'a str>);

impl Receiver<'_> {
    /// Reads the contents of a parcel and says which delivery it is, if nothing came in its place since:
    /// see [`Receiver::number`].
    ///
    /// # Errors
    /// A file cannot be read, or vanished since the inbox was looked through; a copy that the lake
    /// kept is damaged.
    pub fn name(&self, parcel: &Parcel) -> Result<Named> {
        let feed = &self.pipeline.feeds[&parcel.feed];
        let (content, hashes) = content(feed, &parcel.files, &hash_file)?;
        for (file, hash) in parcel.files.iter().zip(&hashes) {
            if file.starts_with(self.lake.root()) {
                held_to_its_hash(file, hash)?;
            } else if is_gone(file) {
                let (feed, period) = (&parcel.feed, parcel.period);
                let text = format!("a file of {feed} {period} vanished while the inbox was read");
                return Err(Error::environment(text).hint(
                    "is the disk or the share of the inbox still there? run again when it is",
                ));
            }
        }
        let delivery = self.delivery_id(parcel, &content);
        Ok(Named { delivery, content, hashes, arrival: 1, turn: 1 })
    }

    /// Numbers parcels in the order in which they came. `receipts` are those of the lake, oldest first.
    /// What the lake has under today's contract is the delivery that it was, unless another one was
    /// accepted in its place since: then it is a delivery of its own.
    pub fn number(&self, parcels: &mut [(&Parcel, Named)], receipts: &[Receipt]) {
        let mut scopes: BTreeMap<Scope<'_>, Vec<Arrival>> = BTreeMap::new();
        let today = contracts(self.pipeline, self.keys);
        let (todays, before): (Vec<&Receipt>, Vec<&Receipt>) =
            receipts.iter().partition(|r| r.contract == today[r.feed.as_str()]);
        for receipt in todays {
            let scope = (receipt.feed.as_str(), receipt.period, receipt.part.as_deref());
            scopes.entry(scope).or_default().push(Arrival {
                received: receipt.received,
                arrival: receipt.arrival,
                turn: receipt.turn,
                content: receipt.content.clone(),
                delivery: receipt.delivery.clone(),
                used: receipt.verdict == Verdict::Accepted,
            });
        }
        parcels.sort_by_key(|(parcel, _)| parcel.received);
        for (parcel, named) in parcels {
            let parcel: &Parcel = parcel;
            let scope = (parcel.feed.as_str(), parcel.period, parcel.part.as_deref());
            let came = scopes.entry(scope).or_default();
            let day = parcel.received;
            let until = came.iter().filter(|one| one.received <= day).count();
            let same = came[..until].iter().rposition(|one| one.content == named.content);
            if let Some(at) = same
                && !came[at + 1..until].iter().any(|one| one.used)
            {
                named.delivery.clone_from(&came[at].delivery);
                continue;
            }
            let that_day = || came.iter().filter(|one| one.received == day);
            named.arrival = that_day().map(|one| one.arrival).max().unwrap_or(0) + 1;
            let turns = that_day().map(|one| one.turn).chain(turns(&before, parcel));
            named.turn = turns.max().unwrap_or(0) + 1;
            if same.is_some() {
                let again = format!("{} again {day} {}", named.content, named.arrival);
                named.delivery = self.delivery_id(parcel, &again);
            }
            let (content, delivery) = (named.content.clone(), named.delivery.clone());
            let (arrival, turn, used) = (named.arrival, named.turn, true);
            came.insert(until, Arrival { received: day, arrival, turn, content, delivery, used });
        }
    }
}

/// Is a file that was listed no longer there? Taken for one that cannot be opened, its delivery would
/// be refused, and with an inbox whose disk is gone all of them would.
fn is_gone(file: &Path) -> bool {
    let gone = [ErrorKind::NotFound, ErrorKind::NotConnected, ErrorKind::StaleNetworkFileHandle];
    file.symlink_metadata().is_err_and(|e| gone.contains(&e.kind()))
}

/// Holds a copy that the lake kept to the hash that was noted when it came, if one was: read again
/// under another contract, a damaged one would be an extract that nobody sent.
fn held_to_its_hash(file: &Path, hash: &str) -> Result<()> {
    let Some(folder) = file.ancestors().nth(2) else { return Ok(()) };
    let noted = sound::noted(folder, MANIFEST).unwrap_or_default();
    let own = noted.iter().find(|noted| folder.join(&noted.path) == *file);
    if own.is_none_or(|own| own.blake3 == hash) {
        return Ok(());
    }
    let text = format!("the copy of an extract in {} is not what was written", folder.display());
    Err(Error::environment(text)
        .hint("`bidui verify` names every file that is not what was written")
        .hint("put it back from a backup")
        .hint("or remove the delivery's folder, and lay its extract into the inbox again"))
}

/// The turns of what came that night under other contracts and is of the same share of the period, or of
/// one that the other contract or today's did not tell apart.
fn turns(before: &[&Receipt], parcel: &Parcel) -> impl Iterator<Item = u32> {
    before
        .iter()
        .filter(move |r| {
            (&r.feed, r.period, r.received) == (&parcel.feed, parcel.period, parcel.received)
                && (r.part.is_none() || parcel.part.is_none() || r.part == parcel.part)
        })
        .map(|r| r.turn)
}

/// A hash of what files and their manifests say, whatever their names, and of each file as `hash` gives it.
///
/// # Errors
/// Those of `hash`.
pub(super) fn content(
    feed: &Feed,
    files: &[PathBuf],
    hash: &dyn Fn(&Path) -> Result<String>,
) -> Result<(String, Vec<String>)> {
    let (mut content, hashes) = hash_all(files, hash)?;
    let manifests = manifests(feed, files);
    if !manifests.is_empty() {
        // A corrected manifest is another delivery of the same rows.
        let both = format!("{content}\n{}", hash_all(&manifests, hash)?.0);
        content = blake3::hash(both.as_bytes()).to_hex().to_string();
    }
    Ok((content, hashes))
}

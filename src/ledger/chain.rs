//! The hash chain over the events: an edit, a deletion, a swap or a cut is found.

use super::act::{Draft, Event};
use crate::error::Result;

/// What the first event follows.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The end of a chain at some time, kept outside the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Number of the last event; 0 when there is none.
    pub seq: i64,
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: START.into() }
    }
}

/// The text of an act as it is kept and hashed.
///
/// # Errors
/// Never; acts are plain values.
pub fn text(draft: &Draft) -> Result<String> {
    serde_json::to_string(draft)
        .map_err(|e| crate::error::Error::bug(format!("an act is no JSON: {e}")))
}

/// Links acts to the end of a chain.
///
/// # Errors
/// Never; acts are plain values.
pub fn link(head: &Head, drafts: Vec<Draft>, night: Option<&str>, at: &str) -> Result<Vec<Event>> {
    let mut events: Vec<Event> = Vec::with_capacity(drafts.len());
    let mut last = head.clone();
    for draft in drafts {
        let mut event = Event {
            seq: last.seq + 1,
            night: night.map(str::to_owned),
            at: at.to_owned(),
            text: text(&draft)?,
            draft,
            prev: last.hash,
            hash: String::new(),
        };
        event.hash = hash(&event);
        last = Head { seq: event.seq, hash: event.hash.clone() };
        events.push(event);
    }
    Ok(events)
}

/// The event's hash: over its number, the hash before it, night, time and act, each with its length.
pub fn hash(event: &Event) -> String {
    let mut hasher = blake3::Hasher::new();
    let night = event.night.as_deref().unwrap_or_default();
    let seq = event.seq.to_string();
    for part in [&event.prev, &seq, night, &event.at, &event.text] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    pub seq: i64,
    pub what: String,
}

/// Holds events, in their order, against their hashes and against ends that were noted elsewhere.
/// The first fault, if there is one.
pub fn verify(events: &[Event], anchors: &[(String, Head)]) -> Option<Break> {
    let mut last = Head::default();
    for event in events {
        let at = |what: String| Some(Break { seq: last.seq + 1, what });
        if event.seq != last.seq + 1 {
            return at(format!("event {} is missing", last.seq + 1));
        }
        if event.prev != last.hash {
            return at("it does not follow the event before it".into());
        }
        if hash(event) != event.hash {
            return at("its content was changed".into());
        }
        last = Head { seq: event.seq, hash: event.hash.clone() };
    }
    anchored(events, anchors)
}

/// Holds events that are whole against ends that were noted elsewhere: a cut, or another history
/// whose hashes were made anew.
pub fn anchored(events: &[Event], anchors: &[(String, Head)]) -> Option<Break> {
    for (place, head) in anchors.iter().filter(|(_, h)| h.seq > 0) {
        let found = usize::try_from(head.seq - 1).ok().and_then(|at| events.get(at));
        let what = match found {
            None => format!("{place} knows {} events, the ledger has {}", head.seq, events.len()),
            Some(event) if event.hash != head.hash => {
                format!("{place} knows another event {}", head.seq)
            }
            Some(_) => continue,
        };
        return Some(Break { seq: head.seq, what });
    }
    None
}

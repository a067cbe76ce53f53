//! Answering a guest's calls from the journal.

use super::{Entry, Hash, Journal, Phase};
use std::collections::BTreeMap;

/// What the journal knows of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It was answered: the body of its result.
    Answered { body: String },
    /// It has begun.
    Begun {
        /// The question to a person since the last intent, if there was one.
        asked: Option<String>,
        /// Its answer, if it was taken over.
        decided: Option<String>,
        /// How often the call was about to be made; what became of it is not known.
        intents: u32,
        /// The body of the last intent.
        intent: Option<String>,
    },
    /// It is new.
    Fresh,
}

/// The guest does not do what it did when the journal was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Diverged {
    #[error("call {ordinal} was {was}, and is now {is}")]
    OtherCall { ordinal: u32, was: String, is: String },
    #[error("call {ordinal} ({kind}) has other arguments than it had")]
    OtherArguments { ordinal: u32, kind: String },
    #[error("it ended after {made} calls, but has made {recorded}")]
    EndedEarly { made: u32, recorded: u32 },
    #[error("call {ordinal} has more than one result")]
    TwoResults { ordinal: u32 },
}

/// What was recorded of one call.
#[derive(Clone, Debug)]
struct Recorded {
    kind: String,
    request: Hash,
    asked: Option<String>,
    decided: Option<String>,
    intents: u32,
    intent: Option<String>,
    result: Option<String>,
}

/// Where a run is in its journal.
#[derive(Clone, Debug)]
pub struct Replay {
    recorded: BTreeMap<u32, Recorded>,
    next: u32,
}

impl Replay {
    /// From the beginning.
    ///
    /// # Errors
    /// When the journal contradicts itself.
    pub fn of(journal: &Journal) -> Result<Self, Diverged> {
        let mut recorded: BTreeMap<u32, Recorded> = BTreeMap::new();
        for entry in journal.entries() {
            add(&mut recorded, entry)?;
        }
        Ok(Self { recorded, next: 0 })
    }

    /// The guest makes a call: its ordinal, and what is known of it.
    ///
    /// # Errors
    /// When it is another call than the one recorded.
    pub fn call(&mut self, kind: &str, request: Hash) -> Result<(u32, Next), Diverged> {
        let ordinal = self.next;
        let Some(known) = self.recorded.get(&ordinal) else {
            self.next += 1;
            return Ok((ordinal, Next::Fresh));
        };
        if known.kind != kind {
            return Err(Diverged::OtherCall { ordinal, was: known.kind.clone(), is: kind.to_owned() });
        }
        if known.request != request {
            return Err(Diverged::OtherArguments { ordinal, kind: kind.to_owned() });
        }
        self.next += 1;
        let next = match &known.result {
            Some(body) => Next::Answered { body: body.clone() },
            None => Next::Begun {
                asked: known.asked.clone(),
                decided: known.decided.clone(),
                intents: known.intents,
                intent: known.intent.clone(),
            },
        };
        Ok((ordinal, next))
    }

    /// The guest has ended.
    ///
    /// # Errors
    /// When it had made more calls before.
    pub fn ended(&self) -> Result<(), Diverged> {
        match self.recorded.last_key_value() {
            Some((last, _)) if *last >= self.next => Err(Diverged::EndedEarly { made: self.next, recorded: last + 1 }),
            _ => Ok(()),
        }
    }

    /// Calls made so far.
    pub const fn made(&self) -> u32 {
        self.next
    }
}

fn add(recorded: &mut BTreeMap<u32, Recorded>, entry: &Entry) -> Result<(), Diverged> {
    let ordinal = entry.ordinal;
    let known = recorded.entry(ordinal).or_insert_with(|| Recorded {
        kind: entry.kind.clone(),
        request: entry.request,
        asked: None,
        decided: None,
        intents: 0,
        intent: None,
        result: None,
    });
    if known.kind != entry.kind {
        return Err(Diverged::OtherCall { ordinal, was: known.kind.clone(), is: entry.kind.clone() });
    }
    if known.request != entry.request {
        return Err(Diverged::OtherArguments { ordinal, kind: entry.kind.clone() });
    }
    let body = Some(entry.body.clone());
    match entry.phase {
        Phase::Asked => known.asked = body,
        Phase::Decided => known.decided = body,
        // A question asked from here on is what has become of it.
        Phase::Intent => {
            known.asked = None;
            known.decided = None;
            known.intents += 1;
            known.intent = body;
        }
        Phase::Result if known.result.is_some() => return Err(Diverged::TwoResults { ordinal }),
        Phase::Result => known.result = body,
    }
    Ok(())
}

//! The journal of a run: what its host calls were and how they were answered, each row chained to the one before.

use super::Hash;
use serde::{Deserialize, Serialize};

/// What a row says about its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A person is asked whether it may be made.
    Asked,
    /// The person's answer was taken over.
    Decided,
    /// It is about to be made. A second one of the same call means that nobody knows what became of the first.
    Intent,
    /// How it was answered. Calls that change nothing outside have only this.
    Result,
}

impl Phase {
    /// Every phase, in the order in which they come.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Decided, Self::Intent, Self::Result];

    /// As stored.
    pub const fn code(self) -> u8 {
        match self {
            Self::Asked => 0,
            Self::Decided => 1,
            Self::Intent => 2,
            Self::Result => 3,
        }
    }

    /// From what is stored.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.code() == code)
    }
}

/// A row to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Which host call of the run, from 0, in the order in which the guest makes them.
    pub ordinal: u32,
    pub phase: Phase,
    /// What kind of call it is.
    pub kind: String,
    /// Of the call's arguments.
    pub request: Hash,
    /// JSON text.
    pub body: String,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 0, without gaps.
    pub seq: u64,
    pub ordinal: u32,
    pub phase: Phase,
    pub kind: String,
    pub request: Hash,
    pub body: String,
    /// Of everything above and of the row before.
    pub hash: Hash,
}

/// A journal that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {seq} of the journal is not what was written")]
pub struct BrokenJournal {
    pub seq: u64,
}

/// The rows of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    entries: Vec<Entry>,
    head: Hash,
}

impl Journal {
    /// An empty one. Its first row is chained to the run's name, so that no run's rows pass for another's.
    pub fn new(run: &str) -> Self {
        Self { entries: Vec::new(), head: Self::seed(run) }
    }

    /// The head of a run without rows.
    pub fn seed(run: &str) -> Hash {
        Hash::of(&[b"run", run.as_bytes()])
    }

    /// Takes over rows as they were stored, and checks that they are what was written: nothing changed, left out, put in
    /// or moved.
    ///
    /// # Errors
    /// The first row that does not fit, or the end when rows are missing there.
    pub fn verified(run: &str, entries: Vec<Entry>, head: Hash) -> Result<Self, BrokenJournal> {
        let mut journal = Self::new(run);
        for entry in entries {
            let seq = journal.entries.len() as u64;
            if entry.seq != seq || entry.hash != chained(journal.head, &entry) {
                return Err(BrokenJournal { seq });
            }
            journal.head = entry.hash;
            journal.entries.push(entry);
        }
        if journal.head != head {
            return Err(BrokenJournal { seq: journal.entries.len() as u64 });
        }
        Ok(journal)
    }

    /// Rows as they would be stored behind the present ones.
    pub fn chain(&self, new: impl IntoIterator<Item = NewEntry>) -> Vec<Entry> {
        let mut head = self.head;
        let first = self.entries.len() as u64;
        let entry = |(seq, NewEntry { ordinal, phase, kind, request, body })| {
            let mut entry = Entry { seq, ordinal, phase, kind, request, body, hash: Hash::default() };
            entry.hash = chained(head, &entry);
            head = entry.hash;
            entry
        };
        (first..).zip(new).map(entry).collect()
    }

    /// Takes over rows of [`Self::chain`] that are stored now.
    pub fn push(&mut self, chained: Vec<Entry>) {
        if let Some(last) = chained.last() {
            self.head = last.hash;
        }
        self.entries.extend(chained);
    }

    /// Both at once.
    pub fn append(&mut self, new: impl IntoIterator<Item = NewEntry>) {
        let rows = self.chain(new);
        self.push(rows);
    }

    /// Hash of the last row, and through it of all.
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// All rows.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn chained(before: Hash, entry: &Entry) -> Hash {
    Hash::of(&[
        before.bytes(),
        &entry.seq.to_be_bytes(),
        &entry.ordinal.to_be_bytes(),
        &[entry.phase.code()],
        entry.kind.as_bytes(),
        entry.request.bytes(),
        entry.body.as_bytes(),
    ])
}

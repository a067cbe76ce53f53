use super::Hash;
use std::collections::VecDeque;

/// Calls looked back on.
const WINDOW: usize = 20;

/// Notices an agent that goes round in circles: the same call with the same answer, again and again. Polling something
/// that changes is no circle.
#[derive(Clone, Debug)]
pub struct Repeats {
    most: u32,
    seen: VecDeque<Hash>,
}

impl Repeats {
    /// The `most`-th time within the window is a loop. 0 never is.
    pub fn new(most: u32) -> Self {
        Self { most, seen: VecDeque::new() }
    }

    /// A call was answered; whether the run is in a loop now.
    pub fn answered(&mut self, call: Hash, answer: Hash) -> bool {
        let both = Hash::of(&[call.bytes(), answer.bytes()]);
        if self.seen.len() == WINDOW {
            self.seen.pop_front();
        }
        self.seen.push_back(both);
        let times = self.seen.iter().filter(|seen| **seen == both).count();
        self.most > 0 && times >= self.most as usize
    }
}

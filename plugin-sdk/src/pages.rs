//! Cursors turned into iterators.

use std::collections::VecDeque;

use crate::HostError;
use crate::bindings::types;

/// Fetches the next page only when the last one is used up; ends after an error.
pub(crate) struct Pages<T, F> {
    fetch: F,
    items: VecDeque<T>,
    next: Next,
}

enum Next {
    First,
    After(String),
    Nothing,
}

impl<T, F> Pages<T, F>
where
    F: FnMut(Option<&str>) -> Result<(Vec<T>, Option<String>), types::HostError>,
{
    pub(crate) fn new(fetch: F) -> Self {
        Self { fetch, items: VecDeque::new(), next: Next::First }
    }
}

impl<T, F> Iterator for Pages<T, F>
where
    F: FnMut(Option<&str>) -> Result<(Vec<T>, Option<String>), types::HostError>,
{
    type Item = Result<T, HostError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(Ok(item));
            }
            let cursor = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::First => None,
                Next::After(cursor) => Some(cursor),
                Next::Nothing => return None,
            };
            match (self.fetch)(cursor.as_deref()) {
                Ok((items, next)) => {
                    self.items = items.into();
                    self.next = next.map_or(Next::Nothing, Next::After);
                }
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

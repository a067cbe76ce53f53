//! What an agent keeps from run to run.

use super::RunHost;
use super::host::{Along, Refused};
use crate::model::MemoryChange;
use crate::ports::{Halt, MemoryEntry};
use crate::session::HostError;
use serde::{Deserialize, Serialize};
use stepwright_engine::RawJson;
use stepwright_engine::agent::Hash;

/// Bytes of a key.
const MAX_KEY: usize = 200;
/// Bytes of a value.
const MAX_VALUE: usize = 64 << 10;
/// Keys of one agent.
const MAX_KEYS: u32 = 10_000;
/// Entries in one list.
const MAX_LISTED: u32 = 100;
/// Entries one search finds.
const MAX_FOUND: u32 = 20;

/// A host error as it is journalled.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Journalled<T> {
    Done(T),
    Conflict(u64),
    Limit(String),
}

impl<T> From<Journalled<T>> for Result<T, HostError> {
    fn from(journalled: Journalled<T>) -> Self {
        match journalled {
            Journalled::Done(value) => Ok(value),
            Journalled::Conflict(version) => Err(HostError::Conflict(version)),
            Journalled::Limit(text) => Err(HostError::Limit(text)),
        }
    }
}

fn check_key(key: &str) -> Result<(), HostError> {
    if (1..=MAX_KEY).contains(&key.len()) && !key.chars().any(char::is_control) {
        return Ok(());
    }
    Err(HostError::Invalid(format!("key must have 1 to {MAX_KEY} bytes and no control characters")))
}

impl RunHost {
    pub(super) async fn recall(&mut self, key: String) -> Result<Result<Option<MemoryEntry>, HostError>, Halt> {
        if let Err(wrong) = check_key(&key) {
            return Ok(Err(wrong));
        }
        let request = Hash::of(&[key.as_bytes()]);
        match self.known("memory_get", request)? {
            (_, Some(known)) => Ok(Ok(known)),
            (ordinal, None) => {
                let found = self.stored(&key).await?;
                Ok(Ok(self.value(ordinal, "memory_get", request, &found).await?))
            }
        }
    }

    async fn stored(&mut self, key: &str) -> Result<Option<MemoryEntry>, Halt> {
        let (tenant, agent) = (self.run.tenant_id, self.run.agent.id);
        let found = self.around.app.store().memory(tenant, agent, key).await;
        found.map_err(|error| self.unavailable(&error))
    }

    pub(super) async fn keep(
        &mut self,
        key: String,
        value: String,
        expected: Option<u64>,
    ) -> Result<Result<u64, HostError>, Halt> {
        if let Err(wrong) = check_key(&key) {
            return Ok(Err(wrong));
        }
        if value.len() > MAX_VALUE {
            return Ok(Err(HostError::Limit(format!("a value has at most {MAX_VALUE} bytes"))));
        }
        let Ok(json) = RawJson::parse_text(value) else {
            return Ok(Err(HostError::Invalid("value must be JSON".into())));
        };
        let named = expected.map_or(u64::MAX, |version| version);
        let request = Hash::of(&[key.as_bytes(), json.as_str().as_bytes(), &named.to_be_bytes()]);
        let (ordinal, known) = self.known::<Journalled<u64>>("memory_put", request)?;
        if let Some(known) = known {
            return Ok(known.into());
        }
        loop {
            let current = self.stored(&key).await?.map_or(0, |entry| entry.version);
            let answer = if expected.is_some_and(|expected| expected != current) {
                Journalled::Conflict(current)
            } else if current == 0 && self.is_full().await? {
                Journalled::Limit(format!("an agent keeps at most {MAX_KEYS} keys"))
            } else {
                Journalled::Done(current + 1)
            };
            let memory = matches!(answer, Journalled::Done(_)).then(|| MemoryChange {
                agent: self.run.agent.id,
                key: key.clone(),
                value: Some(json.clone()),
                expected: current,
            });
            let along = Along { memory, ..Along::default() };
            match self.answer(ordinal, "memory_put", request, &answer, along).await {
                Ok(done) => return Ok(done.into()),
                // Another run was faster: look again.
                Err(Refused::Memory) => {}
                Err(refused) => return Err(self.ended_by(refused)),
            }
        }
    }

    async fn is_full(&mut self) -> Result<bool, Halt> {
        let (tenant, agent) = (self.run.tenant_id, self.run.agent.id);
        let found = self.around.app.store().memories(tenant, agent, "", None, MAX_KEYS).await;
        Ok(found.map_err(|error| self.unavailable(&error))?.len() >= MAX_KEYS as usize)
    }

    pub(super) async fn forget(&mut self, key: String) -> Result<Result<bool, HostError>, Halt> {
        if let Err(wrong) = check_key(&key) {
            return Ok(Err(wrong));
        }
        let request = Hash::of(&[key.as_bytes()]);
        let (ordinal, known) = self.known("memory_delete", request)?;
        if let Some(known) = known {
            return Ok(Ok(known));
        }
        loop {
            let current = self.stored(&key).await?;
            let memory = current.as_ref().map(|entry| MemoryChange {
                agent: self.run.agent.id,
                key: key.clone(),
                value: None,
                expected: entry.version,
            });
            let along = Along { memory, ..Along::default() };
            match self.answer(ordinal, "memory_delete", request, &current.is_some(), along).await {
                Ok(done) => return Ok(Ok(done)),
                Err(Refused::Memory) => {}
                Err(refused) => return Err(self.ended_by(refused)),
            }
        }
    }

    pub(super) async fn listed(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt> {
        let limit = limit.clamp(1, MAX_LISTED);
        let behind = after.as_deref().unwrap_or_default();
        let request = Hash::of(&[prefix.as_bytes(), behind.as_bytes(), &limit.to_be_bytes()]);
        match self.known("memory_list", request)? {
            (_, Some(known)) => Ok(Ok(known)),
            (ordinal, None) => {
                let (tenant, agent) = (self.run.tenant_id, self.run.agent.id);
                let found = self.around.app.store().memories(tenant, agent, &prefix, after.as_deref(), limit).await;
                let found = found.map_err(|error| self.unavailable(&error))?;
                Ok(Ok(self.value(ordinal, "memory_list", request, &found).await?))
            }
        }
    }

    pub(super) async fn found(
        &mut self,
        query: String,
        limit: u32,
    ) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt> {
        let limit = limit.clamp(1, MAX_FOUND);
        let request = Hash::of(&[query.as_bytes(), &limit.to_be_bytes()]);
        match self.known("memory_search", request)? {
            (_, Some(known)) => Ok(Ok(known)),
            (ordinal, None) => {
                let (tenant, agent) = (self.run.tenant_id, self.run.agent.id);
                let all = self.around.app.store().memories(tenant, agent, "", None, MAX_KEYS).await;
                let best = best(all.map_err(|error| self.unavailable(&error))?, &query, limit as usize);
                Ok(Ok(self.value(ordinal, "memory_search", request, &best).await?))
            }
        }
    }
}

/// Those with most of the words, ties in the order of keys.
fn best(entries: Vec<MemoryEntry>, query: &str, most: usize) -> Vec<MemoryEntry> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let score = |entry: &MemoryEntry| {
        let text = format!("{} {}", entry.key, entry.value.as_str()).to_lowercase();
        words.iter().filter(|word| text.contains(word.as_str())).count()
    };
    let mut scored: Vec<(usize, MemoryEntry)> = entries.into_iter().map(|entry| (score(&entry), entry)).collect();
    scored.retain(|(score, _)| *score > 0);
    scored.sort_by(|(a, left), (b, right)| b.cmp(a).then_with(|| left.key.cmp(&right.key)));
    scored.into_iter().take(most).map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_search_gives_what_has_most_of_the_words_first() {
        let entry =
            |key: &str, value: &str| MemoryEntry { key: key.into(), version: 1, value: RawJson::from(json!(value)) };
        let all = vec![entry("a", "likes tea"), entry("b", "likes Tea and cake"), entry("c", "nothing")];
        let found = best(all, "tea CAKE", 5);
        assert_eq!(found.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    }
}

use crate::bindings::{memory, types};
use crate::hosts::told;
use crate::state::State;
use stepwright_app::ports::MemoryEntry;

type Answer<T> = wasmtime::Result<Result<T, types::HostError>>;

impl memory::Host for State {
    async fn get(&mut self, key: String) -> Answer<Option<memory::Entry>> {
        Ok(self.agent()?.memory_get(key).await?.map(|found| found.map(entry)).map_err(told))
    }

    async fn put(&mut self, key: String, value: String, expected: Option<u64>) -> Answer<u64> {
        Ok(self.agent()?.memory_put(key, value, expected).await?.map_err(told))
    }

    async fn delete(&mut self, key: String) -> Answer<bool> {
        Ok(self.agent()?.memory_delete(key).await?.map_err(told))
    }

    async fn list(&mut self, prefix: String, after: Option<String>, limit: u32) -> Answer<Vec<memory::Entry>> {
        Ok(self.agent()?.memory_list(prefix, after, limit).await?.map(entries).map_err(told))
    }

    async fn search(&mut self, query: String, limit: u32) -> Answer<Vec<memory::Entry>> {
        Ok(self.agent()?.memory_search(query, limit).await?.map(entries).map_err(told))
    }
}

fn entries(found: Vec<MemoryEntry>) -> Vec<memory::Entry> {
    found.into_iter().map(entry).collect()
}

fn entry(found: MemoryEntry) -> memory::Entry {
    memory::Entry { key: found.key, version: found.version, value: found.value.as_str().to_owned() }
}

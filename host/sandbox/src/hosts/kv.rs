use super::Refusal;
use crate::bindings::kv;
use crate::state::State;
use stepwright_app::session::KvScopeName;

impl kv::Host for State {
    async fn get(&mut self, scope: kv::Scope, key: String) -> Result<Option<String>, Refusal> {
        let value = self.enter()?.kv_get(name(scope), &key).await?;
        Ok(value.map(|json| json.as_str().to_owned()))
    }

    async fn put(&mut self, scope: kv::Scope, key: String, value: Option<String>) -> Result<(), Refusal> {
        Ok(self.enter()?.kv_put(name(scope), &key, value)?)
    }
}

fn name(scope: kv::Scope) -> KvScopeName {
    match scope {
        kv::Scope::Execution => KvScopeName::Execution,
        kv::Scope::Definition => KvScopeName::Definition,
    }
}

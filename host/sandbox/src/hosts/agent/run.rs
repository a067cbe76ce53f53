use crate::bindings::run;
use crate::state::State;
use stepwright_app::ports::Answer;

impl run::Host for State {
    async fn input(&mut self) -> wasmtime::Result<String> {
        Ok(self.agent()?.input())
    }

    async fn principal(&mut self) -> wasmtime::Result<run::Caller> {
        let (id, dialect) = self.agent()?.principal();
        Ok(run::Caller { id, dialect })
    }

    async fn deadline(&mut self) -> wasmtime::Result<String> {
        Ok(self.agent()?.deadline().await?.to_rfc3339_millis())
    }

    async fn now(&mut self) -> wasmtime::Result<String> {
        Ok(self.agent()?.now().await?.to_rfc3339_millis())
    }

    async fn random(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(self.agent()?.random(len).await?)
    }

    async fn note(&mut self, kind: String, detail: String) -> wasmtime::Result<()> {
        Ok(self.agent()?.note(kind, detail).await?)
    }

    async fn confirm(
        &mut self,
        question: String,
        detail: String,
        schema: Option<String>,
    ) -> wasmtime::Result<run::Answer> {
        Ok(match self.agent()?.confirm(question, detail, schema).await? {
            Answer::Approved(value) => run::Answer::Approved(value.map(|json| json.as_str().to_owned())),
            Answer::Rejected(why) => run::Answer::Rejected(why),
            Answer::Expired => run::Answer::Expired,
        })
    }
}

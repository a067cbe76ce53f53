//! A tenant's access to language models (`settings.llm`).

use crate::error::FieldFault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Aliases or providers of one tenant.
const MAX_ENTRIES: usize = 50;

/// The wire format a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireFormat {
    /// `POST {base_url}/chat/completions`.
    Openai,
    /// `POST {base_url}/v1/messages`.
    Anthropic,
}

/// Where models are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderAccess {
    pub kind: WireFormat,
    /// Without a slash at its end: `https://api.openai.com/v1`, `https://api.anthropic.com`.
    pub base_url: String,
    #[serde(default)]
    pub api_key: Option<String>,
}

impl std::fmt::Debug for ProviderAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderAccess")
            .field("kind", &self.kind)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// A model under an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAlias {
    /// Of [`LlmSettings::providers`].
    pub provider: String,
    /// As the provider calls it.
    pub model: String,
    /// Tokens it takes, answer included.
    #[serde(default = "context")]
    pub context_tokens: u64,
    /// Tokens of one answer.
    #[serde(default = "output")]
    pub max_output_tokens: u64,
    /// Millionths of the currency for a million tokens.
    #[serde(default)]
    pub input_price: u64,
    #[serde(default)]
    pub output_price: u64,
    /// It takes a temperature.
    #[serde(default = "yes")]
    pub temperature: bool,
}

const fn context() -> u64 {
    128_000
}

const fn output() -> u64 {
    4_096
}

const fn yes() -> bool {
    true
}

impl ModelAlias {
    /// What so many tokens cost at most, in millionths of the currency.
    pub fn cost(&self, input: u64, output: u64) -> u64 {
        let sum = u128::from(input) * u128::from(self.input_price) + u128::from(output) * u128::from(self.output_price);
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What `settings.llm` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LlmSettings {
    #[serde(default)]
    pub providers: BTreeMap<String, ProviderAccess>,
    /// By alias: what agents name.
    #[serde(default)]
    pub models: BTreeMap<String, ModelAlias>,
    /// The alias of who names none.
    #[serde(default)]
    pub default_model: Option<String>,
}

impl LlmSettings {
    /// Reads and checks the member.
    ///
    /// # Errors
    /// Every fault, with pointers from `/llm` on.
    pub fn read(value: &serde_json::Value) -> Result<Self, Vec<FieldFault>> {
        let settings: Self =
            serde_json::from_value(value.clone()).map_err(|error| vec![FieldFault::new("/llm", error.to_string())])?;
        let faults = settings.faults();
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    fn faults(&self) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        for (name, count) in [("providers", self.providers.len()), ("models", self.models.len())] {
            if count > MAX_ENTRIES {
                faults.push(FieldFault::new(format!("/llm/{name}"), format!("must have at most {MAX_ENTRIES}")));
            }
        }
        for (name, provider) in &self.providers {
            let url = &provider.base_url;
            if !(url.starts_with("https://") || url.starts_with("http://")) || url.len() > 2_000 {
                let pointer = format!("/llm/providers/{name}/base_url");
                faults.push(FieldFault::new(pointer, "must be an http or https URL"));
            }
        }
        for (alias, model) in &self.models {
            if !self.providers.contains_key(&model.provider) {
                let message = format!("there is no provider '{}'", model.provider);
                faults.push(FieldFault::new(format!("/llm/models/{alias}/provider"), message));
            }
            if model.model.is_empty() || model.max_output_tokens == 0 || model.context_tokens <= model.max_output_tokens
            {
                let message = "needs a model, and more context_tokens than max_output_tokens";
                faults.push(FieldFault::new(format!("/llm/models/{alias}"), message));
            }
        }
        if self.default_model.as_ref().is_some_and(|alias| !self.models.contains_key(alias)) {
            faults.push(FieldFault::new("/llm/default_model", "must be one of the aliases"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_read_with_their_defaults_and_the_key_is_shown_to_nobody() {
        let value = json!({
            "providers": {"main": {"kind": "openai", "base_url": "https://api.example.com/v1", "api_key": "s3cret"}},
            "models": {"fast": {"provider": "main", "model": "m-1", "input_price": 150, "output_price": 600}},
            "default_model": "fast",
        });
        let settings = LlmSettings::read(&value).unwrap();
        let model = &settings.models["fast"];
        assert_eq!((model.context_tokens, model.max_output_tokens), (128_000, 4_096));
        assert_eq!((model.cost(1_000_000, 1_000_000), model.cost(1, 0)), (750, 1));
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let value = json!({
            "providers": {"main": {"kind": "openai", "base_url": "ftp://x"}},
            "models": {"fast": {"provider": "other", "model": ""}},
            "default_model": "slow",
        });
        let faults = LlmSettings::read(&value).unwrap_err();
        let pointers: Vec<&str> = faults.iter().map(|f| f.pointer.as_str()).collect();
        let all =
            ["/llm/providers/main/base_url", "/llm/models/fast/provider", "/llm/models/fast", "/llm/default_model"];
        assert_eq!(pointers, all);
        assert!(LlmSettings::read(&json!({"models": 1})).is_err());
    }
}

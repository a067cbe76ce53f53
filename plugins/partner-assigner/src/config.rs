use stepwright_sdk::prelude::*;

/// What is done with the partner that fits best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is written into the entity.
    Assign,
    /// It is only named.
    Recommend,
}

/// Something that must agree.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Criterion {
    /// An attribute of the entity.
    #[schemars(length(min = 1, max = 200))]
    pub attribute: String,
    /// The partner's attribute; a list fits when one of its values does. The same name unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_attribute: Option<String>,
}

/// How partners are found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// The partners' schema.
    #[serde(default = "partner")]
    pub schema: String,
    /// All of these must agree.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub criteria: Vec<Criterion>,
    #[serde(default = "assign")]
    pub mode: Mode,
    /// The entity's attribute that takes the partner's id.
    #[serde(default = "attribute")]
    pub attribute: String,
    /// The partner's number that says how good it is, the more the better; ties go to the smaller id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_by: Option<String>,
    /// The partner's number of free places; one without any is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<String>,
    /// How many partners the output names.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 50))]
    pub limit: u32,
}

fn partner() -> String {
    "partner".to_owned()
}

fn attribute() -> String {
    "partner_id".to_owned()
}

const fn assign() -> Mode {
    Mode::Assign
}

const fn five() -> u32 {
    5
}

/// What the types cannot say.
pub fn check(config: &Config) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (pointer, text) in [("/schema", &config.schema), ("/attribute", &config.attribute)] {
        if text.is_empty() || text.len() > 200 {
            errors.push(FieldError::new(pointer, "must have 1 to 200 bytes"));
        }
    }
    if config.criteria.len() > 20 {
        errors.push(FieldError::new("/criteria", "must have at most 20 criteria"));
    }
    if !(1..=50).contains(&config.limit) {
        errors.push(FieldError::new("/limit", "must be 1 to 50"));
    }
    errors
}

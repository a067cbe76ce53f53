//! Statements put together at run time. The texts are all constants of this crate; what comes from outside is bound.

use uuid::Uuid;

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Id(Uuid),
    Text(&'a str),
    Number(i64),
}

/// A statement being put together.
#[derive(Debug, Default)]
pub(crate) struct Text<'a> {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Text<'a> {
    /// A parameter with its value.
    pub(crate) fn place(&mut self, value: Value<'a>) -> &mut Self {
        self.values.push(value);
        self.sql.push('$');
        self.sql.push_str(&self.values.len().to_string());
        self
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.sql.push_str(text);
        self
    }

    /// `column IN (…)`, of at least one text.
    pub(crate) fn one_of(&mut self, column: &str, texts: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.push(column);
        for (place, text) in texts.into_iter().enumerate() {
            self.push(if place == 0 { " IN (" } else { ", " }).place(Value::Text(text));
        }
        self.push(")")
    }
}

/// Binds the values of a [`Text`] in order.
macro_rules! bind_all {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match *value {
                $crate::text::Value::Id(id) => query.bind(id),
                $crate::text::Value::Text(text) => query.bind(text),
                $crate::text::Value::Number(number) => query.bind(number),
            };
        }
        query
    }};
}
pub(crate) use bind_all;

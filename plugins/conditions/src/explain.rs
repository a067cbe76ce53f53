//! Values as explanations show them: short, whatever their length.

use crate::source::Element;

/// Values shown of a list.
const MAX_SHOWN: usize = 3;
/// Characters shown of a value.
const MAX_LENGTH: usize = 60;

/// The values of a source.
pub fn source(elements: &[Element<'_>]) -> String {
    if elements.is_empty() { "empty".to_owned() } else { list(elements, |one| element(one)) }
}

/// The values of a statement.
pub fn values(values: &[&str]) -> String {
    list(values, |value| quoted(value))
}

/// One value of a source.
pub fn element(element: &Element<'_>) -> String {
    match element {
        Element::Text(text) => quoted(text),
        Element::Number(text) | Element::Foreign(text) => cut(text),
        Element::Boolean(value) => value.to_string(),
    }
}

/// A text of a statement.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    let shown: Vec<_> = items.iter().take(MAX_SHOWN).map(show).collect();
    let shown = shown.join(", ");
    match items.len().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

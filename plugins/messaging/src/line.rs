//! Texts that become a header or a heading.

/// What is wrong with a text that has to be one line of so many characters.
pub fn check(text: &str, most: usize) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("must not contain line breaks or control characters".to_owned());
    }
    let fits = !text.trim().is_empty() && text.chars().count() <= most;
    (!fits).then(|| format!("must have 1 to {most} characters, not only spaces"))
}

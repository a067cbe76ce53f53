/// Checks a mail address, `a@b.c` or `Name <a@b.c>` (source: contracts/plugins.md 4.8: no line breaks anywhere).
///
/// # Errors
/// The rule that is broken.
pub fn check_address(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("a mail address must not contain line breaks or control characters".into());
    }
    let bare = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').ok_or_else(|| format!("'{text}' lacks the closing '>'"))?,
        None => text,
    };
    let wrong = || format!("'{text}' is not a mail address");
    let (local, domain) = bare.trim().rsplit_once('@').ok_or_else(wrong)?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && local.chars().all(|c| !c.is_whitespace() && !"()<>[]:;@\\,\"".contains(c));
    let domain_ok = !domain.is_empty()
        && domain.len() <= 253
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c == '-' || c.is_alphanumeric())
        });
    if local_ok && domain_ok { Ok(()) } else { Err(wrong()) }
}

/// Checks a subject: 1 to 200 characters, no line breaks.
///
/// # Errors
/// The rule that is broken.
pub fn check_subject(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("the subject must not contain line breaks or control characters".into());
    }
    match text.chars().count() {
        1..=200 => Ok(()),
        n => Err(format!("the subject has {n} characters, 1 to 200 are allowed")),
    }
}

//! Mail addresses, by rules at least as strict as the host's: what passes here is not refused when it is sent.

/// Recipients of one message, to, cc and bcc together.
pub const MAX_RECIPIENTS: usize = 50;

/// Checks `a@b.c` or `Name <a@b.c>`; otherwise gives the rule that is broken.
pub fn check(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("a mail address must not contain line breaks or control characters".into());
    }
    let (name, bare) = match text.rsplit_once('<') {
        Some((name, rest)) => (name, rest.strip_suffix('>').ok_or_else(|| format!("`{text}` lacks the closing `>`"))?),
        None => ("", text),
    };
    let of_parts = |(local, domain)| is_name(name.trim()) && is_local(local) && is_domain(domain);
    let valid = bare.rsplit_once('@').is_some_and(of_parts);
    if valid && text.len() <= 320 { Ok(()) } else { Err(format!("`{text}` is not a mail address")) }
}

/// Whether a name is one, and not another address before this one.
fn is_name(name: &str) -> bool {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => !quoted.contains(['"', '\\']),
        None => !name.contains(['(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '"']),
    }
}

fn is_local(local: &str) -> bool {
    // Empty parts: a dot at either end, or two in a row.
    local.len() <= 64
        && local.split('.').all(|part| !part.is_empty())
        && local.chars().all(|c| !c.is_whitespace() && !"()<>[]:;@\\,\"".contains(c))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric())
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

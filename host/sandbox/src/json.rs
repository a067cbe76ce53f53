//! JSON that guests hand over.

use stepwright_engine::RawJson;

/// Levels of arrays and objects (source: wit/types@0.1.0 `json`).
const MAX_DEPTH: usize = 64;

/// Checks a text.
///
/// # Errors
/// What is wrong with it.
pub fn checked(text: String) -> Result<RawJson, String> {
    let depth = depth(&text);
    if depth > MAX_DEPTH {
        return Err(format!("it is {depth} levels deep, at most {MAX_DEPTH} are allowed"));
    }
    RawJson::parse_text(text).map_err(|error| error.to_string())
}

/// Checks that a text is a JSON object.
///
/// # Errors
/// What is wrong with it.
pub fn checked_object(text: String) -> Result<RawJson, String> {
    let json = checked(text)?;
    if json.as_str().trim_start().starts_with('{') { Ok(json) } else { Err("it is not a JSON object".into()) }
}

/// How deep brackets are nested, strings aside. Of a text that is not JSON it is some number.
fn depth(text: &str) -> usize {
    let (mut deepest, mut depth, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings() {
        assert_eq!(depth(r#"{"a":[1,{"b":"[[[\"[["}],"c":[]}"#), 3);
        assert_eq!(depth("1"), 0);
    }

    #[test]
    fn deep_json_is_refused_before_it_is_parsed() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(checked(nested(MAX_DEPTH)).is_ok());
        let refused = checked(nested(100_000)).unwrap_err();
        assert_eq!(refused, "it is 100000 levels deep, at most 64 are allowed");
    }

    #[test]
    fn only_json_passes_and_only_objects_are_objects() {
        assert!(checked("{} x".into()).is_err());
        assert!(checked(String::new()).is_err());
        assert!(checked_object(" {\"a\":1}".into()).is_ok());
        assert_eq!(checked_object("[]".into()).unwrap_err(), "it is not a JSON object");
    }
}

//! How deep JSON is nested, found out before it is parsed.

/// Levels of arrays and objects a body may have.
pub const MAX_DEPTH: usize = 64;

/// Where the text goes deeper than [`MAX_DEPTH`]: line and column from 1. Text that is no JSON gives any answer.
pub fn too_deep(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(place(bytes, at));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The position of the closing quote, or the text's end.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn place(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = at - before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_levels_pass_and_sixty_five_do_not() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(too_deep(&nested(64)), None);
        assert_eq!(too_deep(&nested(65)), Some((1, 65)));
        assert_eq!(too_deep(&format!("\n {}", nested(65))), Some((2, 66)));
    }

    #[test]
    fn brackets_in_strings_and_closed_ones_do_not_count() {
        let text = format!(r#"{{"a\"{{":"{}","b\\":[]}}"#, "[".repeat(100));
        assert_eq!(too_deep(&text), None);
        assert_eq!(too_deep(&"[]".repeat(500)), None);
    }
}

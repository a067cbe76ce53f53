//! Case folding, for the types whose values are the same in either case.

/// A text such that two texts that differ only in case become the same: `STRASSE`, `Straße` and `STRAẞE` do.
///
/// Each character is lowered, raised and lowered again, which is Unicode's full default folding but for a few characters
/// that no address has. The Turkish dotless ı stays apart from i, as Unicode's default folding has it.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut folded, c| {
        if c == 'ı' {
            folded.push(c);
        } else {
            folded.extend(c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
        }
        folded
    })
}

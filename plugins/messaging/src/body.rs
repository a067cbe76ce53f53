//! The body of a message, built as plain text and as HTML at the same time.

use business::{Summary, html};

use crate::render;

/// A body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Body {
    text: String,
    html: String,
}

impl Body {
    /// An introduction, if any, and the summaries below it.
    pub fn new(introduction: Option<&str>, summaries: &[Summary]) -> Self {
        let mut body = Self::default();
        if let Some(introduction) = introduction {
            body.push(introduction);
            body.push(if summaries.is_empty() { "\n" } else { "\n\n" });
        }
        body.push_summaries(summaries);
        body
    }

    /// Adds plain text; in the HTML it is escaped, its line breaks kept.
    pub fn push(&mut self, plain: &str) {
        self.text.push_str(plain);
        self.html.push_str(&html::text(plain));
    }

    /// Adds summaries.
    pub fn push_summaries(&mut self, summaries: &[Summary]) {
        self.text.push_str(&render::text(summaries));
        self.html.push_str(&render::html(summaries));
    }

    /// The plain text and the HTML document.
    pub fn finish(self) -> (String, String) {
        (self.text, html::page(&self.html))
    }
}

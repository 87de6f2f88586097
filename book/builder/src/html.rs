//! Small helpers for HTML that is put into Markdown.
//!
//! An HTML block in Markdown ends at the first blank line, and mdBook indents nothing back in.
//! So what the directives write is one line: [`one_line`] turns the line breaks of a text into references.

/// Escapes a text for HTML, in element content and in double-quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Escapes a text and keeps it on one line, its line breaks written as references.
pub fn one_line(text: &str) -> String {
    escape(text).replace('\n', "&#10;")
}

/// A sentence in which `code` in backticks becomes an element; everything else is escaped.
pub fn sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let mut html = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 0 {
            html.push_str(&escape(part));
        } else {
            html.push_str("<code>");
            html.push_str(&escape(part));
            html.push_str("</code>");
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_becomes_one_line() {
        assert_eq!(one_line("a < b\n\n\"c\""), "a &lt; b&#10;&#10;&quot;c&quot;");
    }

    #[test]
    fn backticks_in_a_sentence_become_code() {
        assert_eq!(sentence("Use `Vec<u8>`."), "Use <code>Vec&lt;u8&gt;</code>.");
        assert_eq!(sentence("a ` alone"), "a ` alone");
    }
}

//! The arguments of a directive: words, then `key="value"` pairs.

/// Arguments taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The words, in order.
    pub words: Vec<String>,
    /// The pairs, in order.
    pub pairs: Vec<(String, String)>,
}

impl Arguments {
    /// Takes `text` apart; `keys` are the keys that the directive knows.
    ///
    /// # Errors
    ///
    /// A sentence that says what was expected: an open quote, an unknown key, a key twice.
    pub fn parse(text: &str, keys: &[&str]) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = rest.find([' ', '"']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if let Some(quoted) = after.strip_prefix('"') {
                let key = word
                    .strip_suffix('=')
                    .ok_or_else(|| format!("expected `key=\"value\"`, found `{word}\"`"))?;
                if !keys.contains(&key) {
                    return Err(format!("expected one of {}, found `{key}`", keys.join(", ")));
                }
                if arguments.pairs.iter().any(|(other, _)| other == key) {
                    return Err(format!("`{key}` stands here twice"));
                }
                let (value, after) = quoted
                    .split_once('"')
                    .ok_or_else(|| format!("the value of `{key}` has no closing quote"))?;
                arguments.pairs.push((key.to_owned(), value.to_owned()));
                rest = after.trim_start();
            } else {
                arguments.words.push(word.to_owned());
                rest = after.trim_start();
            }
        }
        Ok(arguments)
    }

    /// The one word that a directive needs; `what` says what it is.
    ///
    /// # Errors
    ///
    /// Where there is none, or more than one.
    pub fn only(&self, what: &str) -> Result<&str, String> {
        match &*self.words {
            [word] => Ok(word),
            words => Err(format!("expected {what}, found {} words", words.len())),
        }
    }

    /// The value of `key`, if it stands here.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == key).map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs_are_taken_apart() {
        let arguments =
            Arguments::parse("src/lib.rs:a in=\"impl Pool { fn new\"", &["in", "caption"]).unwrap();
        assert_eq!(arguments.only("a file"), Ok("src/lib.rs:a"));
        assert_eq!(arguments.get("in"), Some("impl Pool { fn new"));
        assert_eq!(arguments.get("caption"), None);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = |text| Arguments::parse(text, &["in"]).unwrap_err();
        assert_eq!(error("a at=\"b\""), "expected one of in, found `at`");
        assert_eq!(error("a in=\"b"), "the value of `in` has no closing quote");
        assert_eq!(error("a in=\"b\" in=\"c\""), "`in` stands here twice");
        assert_eq!(error("a \"b\""), "expected `key=\"value\"`, found `\"`");
        let none = Arguments::parse("", &[]).unwrap();
        assert_eq!(none.only("a file"), Err("expected a file, found 0 words".into()));
    }
}

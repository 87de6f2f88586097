//! Header fields, in order, duplicates kept.

/// The fields of a request or a response.
///
/// Names are compared without regard to case. Values are bytes, as they are on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(String, Vec<u8>)>,
}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field behind the others.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.fields.push((name.into(), value.into()));
    }

    /// Takes away all fields of that name and adds one.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.push(name, value);
    }

    /// The value of the first field of that name, if it is UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().and_then(|value| str::from_utf8(value).ok())
    }

    /// The values of all fields of that name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// Whether a field of that name, read as a list with commas, has that member, without regard to case.
    pub fn lists(&self, name: &str, member: &str) -> bool {
        self.all(name).any(|value| {
            value
                .split(|&byte| byte == b',')
                .any(|item| item.trim_ascii().eq_ignore_ascii_case(member.as_bytes()))
        })
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Headers {
    fn from(fields: [(&str, &str); N]) -> Self {
        fields.as_slice().into()
    }
}

impl<const N: usize> From<&[(&str, &str); N]> for Headers {
    fn from(fields: &[(&str, &str); N]) -> Self {
        fields.as_slice().into()
    }
}

impl From<&[(&str, &str)]> for Headers {
    fn from(fields: &[(&str, &str)]) -> Self {
        Self {
            fields: fields
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                .collect(),
        }
    }
}

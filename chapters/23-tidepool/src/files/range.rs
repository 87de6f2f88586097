//! Which bytes of a file were asked for (RFC 9110, section 14).

/// The most parts of one response. A request for hundreds of overlapping ones would make a small file a large answer.
const PARTS: usize = 8;

/// Bytes from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Range {
    pub(super) fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// For `content-range`.
    pub(super) fn of(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.first, self.last)
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it; or what is answered best by all of it.
    Whole,
    One(Range),
    /// In the order in which they were asked for; they do not overlap.
    Several(Vec<Range>),
    /// Nothing of that is there.
    Unsatisfiable,
}

/// Reads the field `range`, for a file of that length. What cannot be understood is as if it were not there, which a server may do with any.
pub(super) fn asked(field: Option<&str>, length: u64) -> Asked {
    let Some(list) = field.and_then(|field| field.trim().strip_prefix("bytes=")) else {
        return Asked::Whole;
    };
    let mut ranges = Vec::new();
    for (number, text) in list.split(',').map(str::trim).enumerate() {
        if number >= PARTS {
            return Asked::Whole;
        }
        match one(text, length) {
            Err(Nonsense) => return Asked::Whole,
            Ok(None) => {}
            Ok(Some(range)) => ranges.push(range),
        }
    }
    let overlap = |one: &Range, other: &Range| one.first <= other.last && other.first <= one.last;
    let doubled = ranges
        .iter()
        .enumerate()
        .any(|(at, one)| ranges[at + 1..].iter().any(|other| overlap(one, other)));
    match *ranges {
        [] => Asked::Unsatisfiable,
        [one] => Asked::One(one),
        _ if doubled => Asked::Whole,
        _ => Asked::Several(ranges),
    }
}

struct Nonsense;

/// `0-99`, `100-`, or `-100`, the last hundred. None if nothing of that is there.
fn one(text: &str, length: u64) -> Result<Option<Range>, Nonsense> {
    let (first, last) = text.split_once('-').ok_or(Nonsense)?;
    // Too large for a number is beyond the end of every file.
    let number = |digits: &str| {
        let right = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| digits.parse().unwrap_or(u64::MAX)).ok_or(Nonsense)
    };
    let range = match (first, last) {
        ("", suffix) => {
            let count = number(suffix)?.min(length);
            Range { first: length - count, last: length.saturating_sub(1) }
        }
        (first, "") => Range { first: number(first)?, last: length.saturating_sub(1) },
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return Err(Nonsense);
            }
            Range { first, last: last.min(length.saturating_sub(1)) }
        }
    };
    Ok((range.first < length).then_some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> Range {
        Range { first, last }
    }

    #[test]
    fn a_range_is_cut_to_what_is_there() {
        let cases = [
            ("bytes=0-0", Asked::One(range(0, 0))),
            ("bytes=0-99", Asked::One(range(0, 9))),
            ("bytes=4-", Asked::One(range(4, 9))),
            ("bytes=-3", Asked::One(range(7, 9))),
            ("bytes=-99", Asked::One(range(0, 9))),
            ("bytes=10-", Asked::Unsatisfiable),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=20-30, 40-", Asked::Unsatisfiable),
            ("bytes=0-1, 4-5", Asked::Several(vec![range(0, 1), range(4, 5)])),
            ("bytes=4-5,0-1", Asked::Several(vec![range(4, 5), range(0, 1)])),
            ("bytes=0-1, 20-", Asked::One(range(0, 1))),
        ];
        for (field, expected) in cases {
            assert_eq!(asked(Some(field), 10), expected, "{field}");
        }
        assert_eq!(asked(None, 10), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-0"), 0), Asked::Unsatisfiable);
    }

    #[test]
    fn numbers_beyond_all_files_do_not_overflow() {
        let most = u64::MAX.to_string();
        assert_eq!(asked(Some(&format!("bytes=0-{most}0")), 10), Asked::One(range(0, 9)));
        assert_eq!(asked(Some(&format!("bytes={most}0-")), 10), Asked::Unsatisfiable);
        assert_eq!(asked(Some(&format!("bytes=-{most}0")), 10), Asked::One(range(0, 9)));
        assert_eq!(
            asked(Some(&format!("bytes=0-{most}")), u64::MAX),
            Asked::One(range(0, u64::MAX - 1))
        );
    }

    #[test]
    fn nonsense_is_as_if_it_were_not_there() {
        for field in [
            "bytes=",
            "bytes=-",
            "bytes=5",
            "bytes=5-3",
            "bytes=a-b",
            "bytes=+1-2",
            "lines=1-2",
            "bytes=0-1,x",
        ] {
            assert_eq!(asked(Some(field), 10), Asked::Whole, "{field}");
        }
    }

    #[test]
    fn hundreds_of_ranges_and_ranges_over_each_other_are_answered_by_the_whole() {
        let many = (0..300).map(|n| format!("{n}-{n}")).collect::<Vec<_>>().join(",");
        assert_eq!(asked(Some(&format!("bytes={many}")), 1_000), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-5,3-8"), 10), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-,0-,0-"), 10), Asked::Whole);
    }
}

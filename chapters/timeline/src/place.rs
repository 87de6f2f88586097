//! Which labels are shown, in which row, and in pictures of which width.
//!
//! A picture is as wide as the page. No text is measured; a letter is taken to be a little wider than letters are.
//! Labels are placed for a phone first; whatever found no room there is tried for a wider picture, and then for a wide one.
//! What is placed at one width stays where it is at every greater one: as the picture widens, labels only move apart.

/// Widths of the picture, in em: a phone, a tablet, a page.
pub(crate) const WIDTHS: [f64; 3] = [22.0, 36.0, 50.0];

/// What a letter is taken to take, in em.
const LETTER: f64 = 0.55;

/// How wide a text is taken to be, in em of the picture, at `size` em.
pub(crate) fn breadth(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * LETTER * size
}

/// The narrowest of [`WIDTHS`] at which `text` fits into `share` (0 to 1) of the picture.
pub(crate) fn tier_for(text: &str, size: f64, share: f64) -> Option<usize> {
    WIDTHS.iter().position(|width| breadth(text, size) + 0.6 <= width * share)
}

/// A label that wants a place beside a point.
#[derive(Debug, Clone)]
pub(crate) struct Want<'a> {
    /// The point, from 0 (left edge) to 1.
    pub x: f64,
    /// The words.
    pub text: &'a str,
}

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The row, counted from the one nearest to the track.
    pub row: usize,
    /// Whether it ends at its point, where otherwise it begins there.
    pub ends: bool,
    /// The index into [`WIDTHS`] from which it is shown.
    pub tier: usize,
}

/// Places labels in as few rows as show the most of them on a phone, and at most in `most` rows.
pub(crate) fn place_in_few_rows(
    wants: &[Want<'_>],
    size: f64,
    most: usize,
    taken: f64,
) -> (usize, Vec<Option<Place>>) {
    let shown = |places: &[Option<Place>]| {
        let tiers = places.iter().flatten().map(|place| 1 + WIDTHS.len() - place.tier);
        tiers.sum::<usize>()
    };
    let tries = (1..=most).map(|rows| (rows, place(wants, size, rows, taken)));
    tries
        .reduce(|best, next| if shown(&next.1) > shown(&best.1) { next } else { best })
        .expect("there is at least one row")
}

/// Places labels in `rows` rows, of which the last already holds `taken` em of text at the left.
///
/// A label in an upper row has a line down to its point. The labels are placed from right to left, so that of a group
/// the first stands highest and its line passes the others.
pub(crate) fn place(wants: &[Want<'_>], size: f64, rows: usize, taken: f64) -> Vec<Option<Place>> {
    let mut places: Vec<Option<Place>> = vec![None; wants.len()];
    for (tier, width) in WIDTHS.iter().enumerate() {
        for (index, want) in wants.iter().enumerate().rev() {
            if places[index].is_some() {
                continue;
            }
            let at = want.x * width;
            let free = |row: usize, ends: bool| {
                let (start, end) = extent(want, size, *width, ends);
                let left = if row + 1 == rows { taken } else { 0.0 };
                start >= left
                    && end <= *width
                    && places.iter().zip(wants).all(|(place, other)| {
                        place.is_none_or(|place| {
                            let (low, high) = extent(other, size, *width, place.ends);
                            let other_at = other.x * width;
                            match place.row {
                                other_row if other_row == row => high <= start || end <= low,
                                // Neither's line may pass through the other's words.
                                other_row if other_row < row => at <= low || high <= at,
                                _ => other_at <= start || end <= other_at,
                            }
                        })
                    })
            };
            places[index] = (0..rows)
                .flat_map(|row| [(row, false), (row, true)])
                .find(|&(row, ends)| free(row, ends))
                .map(|(row, ends)| Place { row, ends, tier });
        }
    }
    places
}

/// From where to where a label reaches in a picture of that width, with air on both sides.
fn extent(want: &Want<'_>, size: f64, width: f64, ends: bool) -> (f64, f64) {
    let at = want.x * width;
    let long = breadth(want.text, size) + 0.8;
    if ends { (at - long, at) } else { (at, at + long) }
}

/// Splits a text into lines that a narrow picture can hold.
pub(crate) fn lines(text: &str, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if breadth(line, size) + breadth(word, size) + size < WIDTHS[0] => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants<'a>(labels: &[(f64, &'a str)]) -> Vec<Want<'a>> {
        let want = |&(x, text)| Want { x, text };
        labels.iter().map(want).collect()
    }

    #[test]
    fn a_lone_label_is_shown_at_every_width() {
        let places = place(&wants(&[(0.5, "reply")]), 1.0, 1, 0.0);
        let expected = Place { row: 0, ends: false, tier: 0 };
        assert_eq!(places, [Some(expected)]);
    }

    #[test]
    fn a_label_at_the_right_edge_ends_at_its_point() {
        let places = place(&wants(&[(1.0, "reply")]), 1.0, 1, 0.0);
        assert!(places[0].is_some_and(|place| place.ends));
    }

    #[test]
    fn labels_that_collide_on_a_phone_both_stand_on_a_page() {
        let places = place(&wants(&[(0.3, "first reply"), (0.35, "second")]), 1.0, 1, 0.0);
        let tiers: Vec<Option<usize>> =
            places.iter().map(|place| place.map(|place| place.tier)).collect();
        assert_eq!(tiers, [Some(1), Some(0)]);
    }

    #[test]
    fn no_line_passes_through_another_labels_words() {
        let labels = wants(&[(0.20, "request sent"), (0.25, "request received")]);
        let (rows, places) = place_in_few_rows(&labels, 0.86, 3, 0.0);
        assert_eq!(rows, 2);
        let rows: Vec<Option<usize>> =
            places.iter().map(|place| place.map(|place| place.row)).collect();
        assert_eq!(rows, [Some(1), Some(0)], "the first stands highest");
    }

    #[test]
    fn the_lanes_name_keeps_its_place() {
        let places = place(&wants(&[(0.0, "start")]), 1.0, 2, 6.0);
        assert_eq!(places[0].map(|place| place.row), Some(0));
        let places = place(&wants(&[(0.0, "start")]), 1.0, 1, 6.0);
        assert_eq!(places[0], None, "there is no second row to go to");
    }

    #[test]
    fn a_long_title_breaks_between_words() {
        let lines = lines("One waiter, one kettle, four guests and a pan of oatmeal", 1.0);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.join(" "), "One waiter, one kettle, four guests and a pan of oatmeal");
    }
}

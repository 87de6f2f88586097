//! The drawing core: SVG whose heights are in `em` and whose horizontal positions are in percent.
//!
//! It knows shapes, text and the style sheet, and nothing of runs.
//! What stands beside what is decided by its callers.

use std::fmt::Write as _;

use crate::place;

/// The left edge of what is drawn, in percent of the picture's width.
pub(crate) const LEFT: f64 = 1.5;
/// The right edge of what is drawn.
pub(crate) const RIGHT: f64 = 98.5;

/// Size of small text (labels, ticks, legends), in em.
pub(crate) const SMALL: f64 = 0.86;

/// The style that a picture brings with it.
///
/// Every colour asks for a variable of the page first. The selectors all begin with `.tl`, because in a page they reach everything.
const STYLE: &str = include_str!("style.css");

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A picture being drawn, from top to bottom.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    body: String,
    /// How far down the drawing has come, in em.
    pub y: f64,
}

impl Sheet {
    /// An empty sheet with the title on it.
    pub fn new(title: &str) -> Self {
        let mut sheet = Self { body: String::new(), y: 0.5 };
        let lines = place::lines(title, 1.05);
        // Broken on a phone, whole where it has room: there it stands in the place of its last line.
        let whole = lines.len() > 1 && place::breadth(title, 1.05) < place::WIDTHS[1];
        let class = if whole { "name n2" } else { "name" };
        for line in &lines {
            sheet.text(class, LEFT, sheet.y + 0.7, 1.0, Anchor::Start, 0, line);
            sheet.y += 1.4;
        }
        if whole {
            sheet.text("name", LEFT, sheet.y - 0.7, 1.0, Anchor::Start, 1, title);
        }
        sheet.y += 0.3;
        sheet
    }

    /// Adds markup as it is.
    pub fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
        self.body.push('\n');
    }

    /// Adds a line of text whose middle is at the height `centre`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a text has this many properties, and every caller needs each"
    )]
    pub fn text(
        &mut self,
        class: &str,
        x: f64,
        centre: f64,
        size: f64,
        anchor: Anchor,
        tier: usize,
        text: &str,
    ) {
        let markup = text_at(class, x, centre, size, anchor, tier, text);
        self.raw(&markup);
    }

    /// Adds a vertical line.
    pub fn vertical(&mut self, class: &str, x: f64, from: f64, to: f64) {
        self.raw(&vertical(class, x, from, to));
    }

    /// Adds a horizontal line across the picture.
    pub fn horizontal(&mut self, class: &str, y: f64) {
        let markup = format!(
            r#"<line class="{class}" x1="{LEFT}%" x2="{RIGHT}%" y1="{y}em" y2="{y}em"/>"#,
            y = number(y),
        );
        self.raw(&markup);
    }

    /// A horizontal axis at the height `bottom`: for each tick its position in percent, its tier and its label.
    /// Grid lines rise from it to where the drawing has come.
    pub fn bottom_axis(&mut self, bottom: f64, ticks: &[(f64, usize, String)]) {
        let top = self.y;
        for (x, _, _) in ticks {
            self.vertical("grid", *x, top, bottom + 0.3);
        }
        self.horizontal("axis", bottom);
        for (x, tier, label) in ticks {
            // Half of the label, in percent of a narrow picture: at the edges it has no room on both sides.
            let half = place::breadth(label, SMALL) / 2.0 / place::WIDTHS[0] * 100.0;
            let anchor = if *x < half {
                Anchor::Start
            } else if *x + half > 100.0 {
                Anchor::End
            } else {
                Anchor::Middle
            };
            self.text("tick", *x, bottom + 0.95, SMALL, anchor, *tier, label);
        }
    }

    /// A legend of swatches and words, in as many columns as the longest entry allows in a narrow picture.
    pub fn keys(&mut self, entries: &[(String, &str)]) {
        let longest =
            entries.iter().map(|(_, words)| place::breadth(words, SMALL) + 1.9).fold(1.0, f64::max);
        let room = place::WIDTHS[0] * (RIGHT - LEFT) / 100.0;
        let fits = |columns: &usize| longest <= room / *columns as f64;
        let columns = [4, 3, 2].into_iter().find(fits).unwrap_or(1);
        for row in entries.chunks(columns) {
            self.y += 0.2;
            for (column, (swatch, words)) in row.iter().enumerate() {
                let x = across(column as f64 / columns as f64);
                let y = number(0.75 / SMALL + 0.34);
                let text =
                    format!(r#"<text class="key" x="1.95em" y="{y}em">{}</text>"#, escape(words));
                let markup = symbol(x, self.y, &format!("{swatch}{text}"));
                self.raw(&markup);
            }
            self.y += 1.4;
        }
    }

    /// The whole document.
    ///
    /// `title` and `story` are its text alternative; `steps` is how many events a reader can step through.
    pub fn document(&self, title: &str, story: &str, steps: usize) -> String {
        let id = format!("tl-{:08x}", fingerprint(&[title, story, &self.body]));
        let mut svg = String::new();
        let height = number(self.y + 0.6);
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="tl" role="img" aria-labelledby="{id}-t {id}-d" data-steps="{steps}" width="100%" height="{height}em" style="height:{height}em;min-width:0">"#
        );
        let _ = writeln!(svg, r#"<title id="{id}-t">{}</title>"#, escape(title));
        let _ = writeln!(svg, r#"<desc id="{id}-d">{}</desc>"#, escape(story));
        let _ = writeln!(svg, "<style>{}</style>", STYLE.trim());
        let _ = writeln!(svg, r#"<rect class="paper" width="100%" height="100%" rx="6"/>"#);
        svg.push_str(&self.body);
        svg.push_str("</svg>\n");
        svg
    }
}

/// The markup of a shape in pixels or em, around a point.
pub(crate) fn symbol(x: f64, y: f64, shape: &str) -> String {
    format!(
        r#"<svg x="{}%" y="{}em" width="1" height="1" overflow="visible">{shape}</svg>"#,
        number(x),
        number(y)
    )
}

/// The markup of a vertical line.
pub(crate) fn vertical(class: &str, x: f64, from: f64, to: f64) -> String {
    format!(
        r#"<line class="{class}" x1="{x}%" x2="{x}%" y1="{from}em" y2="{to}em"/>"#,
        x = number(x),
        from = number(from),
        to = number(to),
    )
}

/// The markup of a line of text whose middle is at the height `centre`.
pub(crate) fn text_at(
    class: &str,
    x: f64,
    centre: f64,
    size: f64,
    anchor: Anchor,
    tier: usize,
    text: &str,
) -> String {
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " m",
        Anchor::End => " e",
    };
    let tier = match tier {
        0 => "",
        1 => " w2",
        _ => " w3",
    };
    // An em of this text is `size` of the picture's; a third of it below the middle is where letters stand.
    format!(
        r#"<text class="{class}{anchor}{tier}" x="{x}%" y="{y}em">{text}</text>"#,
        x = number(x),
        y = number(centre / size + 0.34),
        text = escape(text),
    )
}

/// The attributes of an event that the page's script steps to.
pub(crate) fn event(class: &str, step: usize, says: &str) -> String {
    format!(r#"class="ev {class}" data-step="{step}" data-says="{}""#, escape(says))
}

/// Part `share` (0 to 1) of the way from the left edge to the right one, in percent.
pub(crate) fn across(share: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * share
}

/// A number with at most two decimals: a hundredth of a percent is a fifteenth of a pixel.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { String::from("0") } else { text.to_owned() }
}

/// Text as XML wants it. No line breaks: a blank line would end the HTML block of a Markdown page.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// FNV-1a: names a picture by its content, so that no two on a page share an id.
fn fingerprint(parts: &[&str]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

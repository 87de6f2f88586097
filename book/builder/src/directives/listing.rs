//! `{{#listing PATH[:ANCHOR] in="…" grows="PATH:ANCHOR" caption="…"}}`: a region of a file that is compiled.
//!
//! A region stands between `ANCHOR: NAME` and `ANCHOR_END: NAME` in comments of their own;
//! regions may nest, and a name that stands several times is shown as one listing.
//! The anchors' own lines never show, and the indentation that all lines share is taken away.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::directives::arguments::Arguments;
use crate::highlight::{self, Language};
use crate::html::{escape, sentence};
use crate::problem::slashed;
use crate::site::{Site, Source};

/// The directive's HTML.
///
/// # Errors
///
/// When the file, the anchor or what `in` quotes is missing.
pub fn render(site: &Site, source: &Source, arguments: &str) -> Result<String, String> {
    let arguments = Arguments::parse(arguments, &["in", "grows", "caption"])?;
    let region = Region::find(site, source, arguments.only("a file, or FILE:ANCHOR")?)?;
    let changed = match arguments.get("grows") {
        Some(earlier) => region.grown(&Region::find(site, source, earlier)?),
        None => vec![false; region.lines.len()],
    };
    let mut place = String::new();
    if let Some(within) = arguments.get("in") {
        if !region.file.contains(within) {
            return Err(format!("`{within}` does not stand in {}", slashed(&region.path)));
        }
        place = format!(" <span class=\"listing-place\">in <code>{}</code></span>", escape(within));
    }
    let caption = arguments.get("caption").map_or_else(String::new, |caption| {
        format!(" <span class=\"listing-caption\">{}</span>", sentence(caption))
    });
    let mut code = String::new();
    for (line, changed) in region.html.iter().zip(changed) {
        let class = if changed { "line changed" } else { "line" };
        let _ = write!(code, "<span class=\"{class}\">{line}</span>&#10;");
    }
    Ok(format!(
        "<figure class=\"listing\"><figcaption><a class=\"listing-file\" href=\"{}\">{}</a>{place}{caption}</figcaption><pre class=\"code\"><code class=\"language-{}\">{code}</code></pre></figure>",
        escape(&site.address.lines(&region.path, region.first, region.last)),
        escape(&slashed(&region.path)),
        Language::of(&region.path).word(),
    ))
}

/// A region of a file.
#[derive(Debug)]
struct Region {
    /// The file, relative to the checkout.
    path: PathBuf,
    /// The file's text.
    file: String,
    /// The first and the last line that show, counted from 1 in the file.
    first: usize,
    last: usize,
    /// The lines that show.
    lines: Vec<String>,
    /// The same lines, coloured.
    html: Vec<String>,
}

impl Region {
    /// Finds `PATH` or `PATH:ANCHOR`.
    fn find(site: &Site, source: &Source, name: &str) -> Result<Self, String> {
        let (path, anchor) = match name.split_once(':') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (name, None),
        };
        let path = Source::resolve(&source.crate_dir(), path)
            .ok_or_else(|| format!("{path} is outside of the repository"))?;
        let file = site.text(&path)?;
        let shown = shown(&path, &file, anchor)?;
        let (first, last) = match (shown.first(), shown.last()) {
            (Some(first), Some(last)) => (first + 1, last + 1),
            _ => {
                return Err(format!("nothing stands in `{name}`"));
            }
        };
        let all: Vec<&str> = file.lines().collect();
        let coloured = highlight::lines(Language::of(&path), &file);
        let indentation = shown
            .iter()
            .map(|index| all[*index])
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start_matches(' ').len())
            .min()
            .unwrap_or(0);
        Ok(Self {
            lines: shown
                .iter()
                .map(|index| all[*index].get(indentation..).unwrap_or("").to_owned())
                .collect(),
            html: shown.iter().map(|index| outdent(&coloured[*index], indentation)).collect(),
            path,
            first,
            last,
            file,
        })
    }

    /// Which lines are new against an earlier region.
    fn grown(&self, earlier: &Self) -> Vec<bool> {
        // A listing that moves into a function is indented anew, which is no change.
        let trimmed = |region: &Self| -> Vec<String> {
            region.lines.iter().map(|line| line.trim().to_owned()).collect()
        };
        let (old, new) = (trimmed(earlier), trimmed(self));
        let mut changed: Vec<bool> = new.iter().map(|line| !line.is_empty()).collect();
        for operation in capture_diff_slices(Algorithm::Patience, &old, &new) {
            if operation.tag() == DiffTag::Equal {
                changed[operation.new_range()].fill(false);
            }
        }
        changed
    }
}

/// The lines of a file that show, counted from 0, without blank ones at either end.
fn shown(path: &Path, text: &str, anchor: Option<&str>) -> Result<Vec<usize>, String> {
    let mut inside = 0_usize;
    let mut seen = false;
    let mut shown = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        match mark(line) {
            Some(Mark::Start(name)) if Some(name) == anchor => {
                inside += 1;
                seen = true;
            }
            Some(Mark::End(name)) if Some(name) == anchor => {
                inside = inside.checked_sub(1).ok_or_else(|| {
                    format!(
                        "{}:{}: the anchor `{name}` ends here and was not begun",
                        slashed(path),
                        index + 1
                    )
                })?;
            }
            None if anchor.is_none() || inside > 0 => shown.push(index),
            _ => {}
        }
    }
    if let Some(name) = anchor {
        if !seen {
            return Err(format!("{} has no anchor `{name}`", slashed(path)));
        }
        if inside > 0 {
            return Err(format!("the anchor `{name}` in {} has no end", slashed(path)));
        }
    }
    let blank = |index: &usize| lines[*index].trim().is_empty();
    while shown.last().is_some_and(blank) {
        shown.pop();
    }
    let start = shown.iter().position(|index| !blank(index)).unwrap_or(0);
    Ok(shown.split_off(start))
}

/// An anchor's line.
enum Mark<'a> {
    Start(&'a str),
    End(&'a str),
}

/// Whether a line begins or ends a region.
pub fn is_mark(line: &str) -> bool {
    mark(line).is_some()
}

fn mark(line: &str) -> Option<Mark<'_>> {
    let comment = line.trim_start().strip_prefix("//").or_else(|| {
        let rest = line.trim_start().strip_prefix('#')?;
        Some(rest)
    })?;
    let comment = comment.trim();
    let name = |rest: &'_ str| -> Option<usize> {
        let name = rest.trim();
        (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(name.len())
    };
    if let Some(rest) = comment.strip_prefix("ANCHOR:") {
        name(rest).map(|_| Mark::Start(rest.trim()))
    } else if let Some(rest) = comment.strip_prefix("ANCHOR_END:") {
        name(rest).map(|_| Mark::End(rest.trim()))
    } else {
        None
    }
}

/// Takes `spaces` spaces from the beginning of a coloured line, which may begin with a tag.
fn outdent(html: &str, spaces: usize) -> String {
    let margin = " ".repeat(spaces);
    if let Some(rest) = html.strip_prefix(&margin) {
        return rest.to_owned();
    }
    match html.split_once('>') {
        Some((tag, rest)) if tag.starts_with('<') => {
            format!("{tag}>{}", rest.strip_prefix(&margin).unwrap_or(rest))
        }
        _ => html.trim_start().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Fixture;

    const CODE: &str = "//! Tea.\n\nfn brew() {\n    // ANCHOR: pour\n    let tea = 1;\n    // ANCHOR: sip\n\n    if tea > 0 {\n        sip(tea);\n    }\n    // ANCHOR_END: sip\n    // ANCHOR_END: pour\n}\n";

    fn fixture() -> Fixture {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/examples/tea.rs", CODE);
        fixture
    }

    /// The text of a listing's lines, the changed ones marked.
    fn shown_text(markdown: &str) -> Vec<String> {
        markdown
            .split("<span class=\"line")
            .skip(1)
            .map(|line| {
                let (class, rest) = line.split_once("\">").unwrap();
                let (html, _) = rest.split_once("</span>&#10;").unwrap();
                let text: String = html
                    .split('<')
                    .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
                    .collect();
                format!("{}{text}", if class.is_empty() { "" } else { "+ " })
            })
            .collect()
    }

    #[test]
    fn a_region_is_shown_without_anchors_and_indentation() {
        let (markdown, problems) =
            fixture().expand("# W\n\n{{#listing examples/tea.rs:pour in=\"fn brew\"}}\n");
        assert_eq!(problems, []);
        assert_eq!(
            shown_text(&markdown),
            ["let tea = 1;", "", "if tea &gt; 0 {", "    sip(tea);", "}"]
        );
        assert!(
            markdown.contains("<figure class=\"listing\"><figcaption><a class=\"listing-file\" href=\"https://example.org/crabs/tidepool/blob/main/chapters/01-waiting/examples/tea.rs#L5-L10\">chapters/01-waiting/examples/tea.rs</a> <span class=\"listing-place\">in <code>fn brew</code></span></figcaption><pre class=\"code\"><code class=\"language-rust\"><span class=\"line\">"),
            "{markdown}"
        );
        assert_eq!(markdown.trim_end().lines().count(), 4, "one line of HTML");
    }

    #[test]
    fn a_whole_file_leaves_the_anchors_out() {
        let (markdown, problems) =
            fixture().expand("# W\n\n{{#listing /chapters/01-waiting/examples/tea.rs}}\n");
        assert_eq!(problems, []);
        assert!(!markdown.contains("ANCHOR"));
        assert_eq!(shown_text(&markdown).len(), 9);
    }

    #[test]
    fn lines_that_are_new_against_an_earlier_listing_are_marked() {
        let fixture = fixture();
        fixture.write(
            "chapters/01-waiting/steps/tea.rs",
            "// ANCHOR: all\nlet tea = 1;\nif tea > 0 {\n}\n// ANCHOR_END: all\n",
        );
        let (markdown, problems) = fixture.expand(
            "# W\n\n{{#listing examples/tea.rs:pour grows=\"steps/tea.rs:all\" caption=\"Now `sip`\"}}\n",
        );
        assert_eq!(problems, []);
        assert_eq!(
            shown_text(&markdown),
            ["let tea = 1;", "", "if tea &gt; 0 {", "+     sip(tea);", "}"]
        );
        assert!(
            markdown.contains("<span class=\"listing-caption\">Now <code>sip</code></span>"),
            "{markdown}"
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_one_listing() {
        let fixture = fixture();
        fixture.write(
            "chapters/01-waiting/examples/two.rs",
            "// ANCHOR: a\none();\n// ANCHOR_END: a\nrecord();\n// ANCHOR: a\ntwo();\n// ANCHOR_END: a\n",
        );
        let (markdown, _) = fixture.expand("# W\n\n{{#listing examples/two.rs:a}}\n");
        assert_eq!(shown_text(&markdown), ["one();", "two();"]);
    }

    #[test]
    fn python_and_toml_have_their_own_comments() {
        let fixture = fixture();
        fixture.write(
            "chapters/01-waiting/python/tea.py",
            "# ANCHOR: a\nasync def tea():\n    pass\n# ANCHOR_END: a\n",
        );
        let (markdown, problems) = fixture.expand("# W\n\n{{#listing python/tea.py:a}}\n");
        assert_eq!(problems, []);
        assert_eq!(shown_text(&markdown), ["async def tea():", "    pass"]);
        assert!(markdown.contains("language-python"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let fixture = fixture();
        fixture.write("chapters/01-waiting/examples/open.rs", "// ANCHOR: a\nx\n");
        let message = |directive: &str| {
            let (_, problems) = fixture.expand(&format!("# W\n\n{directive}\n"));
            assert_eq!(problems.len(), 1, "{directive}: {problems:?}");
            assert_eq!(problems[0].line, 3);
            problems[0].message.clone()
        };
        assert!(
            message("{{#listing examples/milk.rs}}")
                .contains("cannot read chapters/01-waiting/examples/milk.rs")
        );
        assert!(message("{{#listing examples/tea.rs:milk}}").contains("has no anchor `milk`"));
        assert!(message("{{#listing examples/open.rs:a}}").contains("has no end"));
        assert!(
            message("{{#listing examples/tea.rs in=\"fn milk\"}}")
                .contains("`fn milk` does not stand in")
        );
        assert!(message("{{#listing ../../../../x.rs}}").contains("outside of the repository"));
    }
}

//! `{{#figure NAME caption="…"}}`: a picture drawn by a run, or by hand where the name is a `/PATH.svg`.
//!
//! The SVG is put into the page itself, so that it takes the page's colours and the page's script can step through it.

use std::path::{Path, PathBuf};

use crate::directives::arguments::Arguments;
use crate::html::{escape, sentence};
use crate::problem::slashed;
use crate::site::{Site, Source};

/// The directive's HTML.
///
/// # Errors
///
/// When there is no such picture, or when it says nothing to a reader who cannot see it.
pub fn render(site: &Site, source: &Source, arguments: &str) -> Result<String, String> {
    let arguments = Arguments::parse(arguments, &["caption"])?;
    let name = arguments.only("the name of a figure, or /PATH.svg")?;
    let path = path(source, name)?;
    let text = site.text(&path).map_err(|error| {
        if name.starts_with('/') {
            error
        } else {
            format!("{error}; the run that draws it lists it under `figures` in recordings.toml, and `cargo book record` writes it")
        }
    })?;
    let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let svg = inline(&text, &id).ok_or_else(|| format!("{} is no SVG", slashed(&path)))?;
    if !has_words(&svg) {
        return Err(format!(
            "{} has neither <title> nor <desc>: a reader who cannot see it learns nothing",
            slashed(&path)
        ));
    }
    let caption = arguments.get("caption").map_or_else(String::new, |caption| {
        format!("<figcaption>{}</figcaption>", sentence(caption))
    });
    Ok(format!("<figure class=\"figure\" id=\"figure-{}\">{svg}{caption}</figure>", escape(&id)))
}

/// The picture's file, relative to the checkout.
fn path(source: &Source, name: &str) -> Result<PathBuf, String> {
    if name.starts_with('/') {
        return Source::resolve(Path::new(""), name)
            .ok_or_else(|| format!("{name} is outside of the repository"));
    }
    let chapter = source
        .page
        .chapter
        .as_ref()
        .ok_or("only a page of a chapter has figures of its own; name the file as /PATH.svg")?;
    Ok(chapter.crate_dir().join("figures").join(format!("{name}.svg")))
}

/// An SVG for the middle of a page: the element alone, on one line, with ids that no other figure has.
fn inline(text: &str, prefix: &str) -> Option<String> {
    let start = text.find("<svg")?;
    let end = text.rfind("</svg>")? + "</svg>".len();
    let line = text.get(start..end)?.lines().map(str::trim_end).collect::<Vec<_>>();
    Some(own_ids(&line.join(" "), prefix))
}

/// Puts `prefix` before every id that is defined, and wherever one is used.
fn own_ids(svg: &str, prefix: &str) -> String {
    let mut own = String::with_capacity(svg.len());
    let mut rest = svg;
    // Each of these is followed by one id, or by several with spaces between them.
    const USES: [(&str, char); 5] = [
        (" id=\"", '"'),
        ("url(#", ')'),
        ("href=\"#", '"'),
        (" aria-labelledby=\"", '"'),
        (" aria-describedby=\"", '"'),
    ];
    while let Some((at, before, end)) =
        USES.iter().filter_map(|(before, end)| Some((rest.find(before)?, *before, *end))).min()
    {
        let (head, ids) = rest.split_at(at + before.len());
        let (ids, tail) = ids.split_at(ids.find(end).unwrap_or(ids.len()));
        let ids: Vec<String> = ids.split_whitespace().map(|id| format!("{prefix}-{id}")).collect();
        own.push_str(head);
        own.push_str(&ids.join(" "));
        rest = tail;
    }
    own.push_str(rest);
    own
}

/// Whether the picture says in words what it shows.
pub fn has_words(svg: &str) -> bool {
    ["title", "desc"].iter().any(|name| {
        svg.split_once(&format!("<{name}"))
            .and_then(|(_, rest)| rest.split_once('>'))
            .and_then(|(_, rest)| rest.split_once("</"))
            .is_some_and(|(words, _)| !words.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use crate::fixture::Fixture;

    const SVG: &str = "<?xml version=\"1.0\"?>\n<svg viewBox=\"0 0 9 9\" aria-labelledby=\"t d\">\n<title id=\"t\">Tea</title>\n\n<desc id=\"d\">It waits.</desc>\n<marker id=\"m\"/>\n<path marker-end=\"url(#m)\"/>\n</svg>\n";

    #[test]
    fn a_picture_stands_in_the_page_on_one_line() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/figures/tea.svg", SVG);
        let (markdown, problems) =
            fixture.expand("# W\n\n{{#figure tea caption=\"Tea & `time`\"}}\n");
        assert_eq!(problems, []);
        assert_eq!(
            markdown.trim_end(),
            "# W\n\n\n<figure class=\"figure\" id=\"figure-tea\"><svg viewBox=\"0 0 9 9\" aria-labelledby=\"tea-t tea-d\"> <title id=\"tea-t\">Tea</title>  <desc id=\"tea-d\">It waits.</desc> <marker id=\"tea-m\"/> <path marker-end=\"url(#tea-m)\"/> </svg><figcaption>Tea &amp; <code>time</code></figcaption></figure>"
        );
    }

    #[test]
    fn a_drawing_by_hand_is_named_by_its_path() {
        let fixture = Fixture::new();
        fixture.write("book/drawings/map.svg", SVG);
        let (markdown, problems) = fixture.expand("# W\n\n{{#figure /book/drawings/map.svg}}\n");
        assert_eq!(problems, []);
        assert!(markdown.contains("id=\"figure-map\""));
    }

    #[test]
    fn a_picture_without_words_is_a_problem() {
        let fixture = Fixture::new();
        fixture.write("chapters/01-waiting/figures/tea.svg", "<svg><title> </title></svg>");
        let (_, problems) = fixture.expand("# W\n\n{{#figure tea}}\n\n{{#figure milk}}\n");
        assert!(problems[0].message.contains("neither <title> nor <desc>"));
        assert!(problems[1].message.contains("figures/milk.svg"));
        assert!(problems[1].message.contains("cargo book record"));
    }
}

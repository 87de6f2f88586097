//! `{{#output NAME}}`: a command line and what it printed when it was recorded.

use crate::directives::arguments::Arguments;
use crate::directives::command;
use crate::html::{escape, one_line};
use crate::recordings::{Kind, Recorded};
use crate::site::{Site, Source};

/// The directive's HTML.
///
/// # Errors
///
/// When the chapter has no such recording, or nothing was recorded yet.
pub fn render(site: &Site, source: &Source, arguments: &str) -> Result<String, String> {
    let arguments = Arguments::parse(arguments, &[])?;
    let name = arguments.only("the name of a recording")?;
    let chapter = source.page.chapter.as_ref().ok_or("only a page of a chapter has recordings")?;
    let (recordings, recording) = site.recording(chapter, name).ok_or_else(|| {
        format!(
            "no recording is called `{name}` in {}",
            crate::problem::slashed(&chapter.crate_dir().join("recordings.toml"))
        )
    })?;
    let file = recordings.file(recording);
    let text = site.text(&file).map_err(|_| {
        format!(
            "`{name}` is not recorded yet: run `cargo book record {name}` to write {}",
            crate::problem::slashed(&file)
        )
    })?;
    let recorded = Recorded::parse(&text);
    let note = match (recording.kind, &recorded.measured) {
        (Kind::Measured, Some(note)) => {
            format!("<p class=\"measured-note\">{}</p>", escape(note))
        }
        (Kind::Measured, None) => {
            return Err(format!(
                "`{name}` is measured, but its recording does not say where and when: run `cargo book record {name}`"
            ));
        }
        _ => String::new(),
    };
    Ok(format!(
        "<div class=\"output\" data-kind=\"{}\">{}{}{note}</div>",
        recording.kind.word(),
        command::html(&recording.command),
        text_html(&recorded.output),
    ))
}

/// What a program printed, as HTML.
pub fn text_html(output: &str) -> String {
    format!(
        "<pre class=\"output-text\" tabindex=\"0\"><code>{}</code></pre>",
        one_line(output.trim_end_matches('\n'))
    )
}

#[cfg(test)]
mod tests {
    use crate::fixture::Fixture;

    fn fixture(kind: &str, recorded: &str) -> Fixture {
        let fixture = Fixture::new();
        fixture
            .write("chapters/01-waiting/examples/tea.rs", "fn main() {}\n")
            .write(
                "chapters/01-waiting/recordings.toml",
                &format!(
                    "[[recording]]\nname = \"tea\"\ncommand = \"cargo run -p waiting --example tea\"\nkind = \"{kind}\"\n"
                ),
            )
            .write("chapters/01-waiting/recorded/tea.txt", recorded);
        fixture
    }

    const PAGE: &str = "# Waiting\n\n{{#output tea}}\n";

    #[test]
    fn command_and_output_are_one_block_of_one_line() {
        let (markdown, problems) = fixture("exact", "one\n\n<two>\n").expand(PAGE);
        assert_eq!(problems, []);
        assert_eq!(
            markdown,
            "# Waiting\n\n\n<div class=\"output\" data-kind=\"exact\"><div class=\"command\"><pre><code>cargo run -p waiting --example tea</code></pre></div><pre class=\"output-text\" tabindex=\"0\"><code>one&#10;&#10;&lt;two&gt;</code></pre></div>\n\n"
        );
    }

    #[test]
    fn a_measured_output_says_where_and_when() {
        let recorded = "# Measured on Abacus, 2 cores, Linux, on 2026-11-21.\n1.5 s\n";
        let (markdown, problems) = fixture("measured", recorded).expand(PAGE);
        assert_eq!(problems, []);
        assert!(
            markdown.contains("<code>1.5 s</code></pre><p class=\"measured-note\">Measured on Abacus, 2 cores, Linux, on 2026-11-21.</p></div>"),
            "{markdown}"
        );
        let (_, problems) = fixture("measured", "1.5 s\n").expand(PAGE);
        assert!(problems[0].message.contains("where and when"));
    }

    #[test]
    fn what_is_not_recorded_is_a_problem_that_says_what_to_run() {
        let fixture = fixture("exact", "x");
        fixture.remove("chapters/01-waiting/recorded/tea.txt");
        let (_, problems) = fixture.expand(PAGE);
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.contains("cargo book record tea"));
        let (_, problems) = fixture.expand("# W\n\n{{#output milk}}\n");
        assert!(problems[0].message.contains("no recording is called `milk`"));
    }
}

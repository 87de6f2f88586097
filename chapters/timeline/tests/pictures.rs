//! What the pictures look like, and what holds for all of them.
//!
//! The pictures in `tests/snapshots` are compared byte for byte.
//! After a change that is meant, look at them, and write them anew: `TIMELINE_BLESS=1 cargo test -p timeline`.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs};

use timeline::{Kind, Live, Picture, Plot, Recorder, Row, Strips};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Every kind, labels that fit and that do not, marks side by side, arrows up and down.
fn wakes() -> Recorder {
    let mut recorder = Recorder::new("A lock, a wake & a task with \"nothing\" to do");
    recorder.note("Two tasks want one lock.");
    let executor = recorder.lane("executor");
    let writer = recorder.lane("writer");
    let reader = recorder.lane("reader");
    recorder.span(executor, ms(0), ms(2), Kind::Working, "poll writer");
    recorder.span(executor, ms(2), ms(3), Kind::Working, "poll reader");
    recorder.span(executor, ms(3), ms(9), Kind::Idle, "");
    recorder.span(executor, ms(9), ms(12), Kind::Working, "poll writer");
    recorder.span(writer, ms(2), ms(9), Kind::Waiting, "for the disk");
    recorder.span(reader, ms(3), ms(12), Kind::Blocked, "wants the lock");
    recorder.arrow(executor, writer, ms(9), "readiness");
    recorder.arrow(reader, executor, ms(12), "");
    recorder.mark(writer, ms(2), "request sent");
    recorder.mark(writer, ms(3), "request <received>");
    recorder
}

/// More spans than can be drawn.
fn long() -> Recorder {
    let mut recorder = Recorder::new("Ten thousand polls");
    for name in ["worker 1", "worker 2"] {
        let lane = recorder.lane(name);
        let mut at = Duration::ZERO;
        for n in 0..5000_u64 {
            let work = Duration::from_micros(20 + n / 20);
            let rest = Duration::from_micros(270 - n / 20);
            recorder.span(lane, at, at + work, Kind::Working, format!("task {n}"));
            recorder.span(lane, at + work, at + work + rest, Kind::Idle, "");
            at += work + rest;
        }
    }
    recorder
}

fn memory() -> Plot {
    Plot::new("What a waiting thread costs", "threads", "memory in MiB")
        .series("reserved", &[(10.0, 85.0), (100.0, 806.0), (1e3, 8010.0)])
        .series("resident", &[(10.0, 2.3), (100.0, 3.1), (1e3, 11.5)])
        .scatter("measured again", &[(30.0, 2.5), (300.0, 5.5)])
        .log_x()
        .log_y()
}

fn visitors() -> Strips {
    let ordinary = (0..75).map(|n| match n % 3 {
        0 => Row::new().works(ms(n * 100), ms(n * 100 + 4)),
        1 => Row::new().waits(ms(n * 100), ms(9000)).works(ms(9000), ms(9500)),
        _ if n % 5 == 0 => {
            Row::new().waits(ms(n * 100), ms(n * 100 + 900)).stops(ms(n * 100 + 900))
        }
        _ => Row::new().open(ms(n * 100)),
    });
    let watchers = (0..25).map(|n| {
        let row = Row::new().streams(ms(n * 50), ms(12_000));
        (0..20).fold(row, |row, part| row.dot(ms(n * 50 + part * 500)))
    });
    Strips::new("One at a time", ms(10_000))
        .call("waiting", "being served", "a part arrives", "never served")
        .call_stop("turned away")
        .group(
            "75 visitors",
            "25 served at once, 25 late; 5 turned away, 20 never.",
            ordinary.collect(),
        )
        .group("25 watchers", "All see it move.", watchers.collect())
}

fn all() -> Vec<(&'static str, Picture)> {
    vec![
        ("wakes", wakes().finish()),
        ("long", long().finish()),
        ("memory", memory().finish()),
        ("visitors", visitors().finish()),
        ("empty", Recorder::new("Nothing").finish()),
        ("empty-plot", Plot::new("Nothing", "x", "y").finish()),
    ]
}

#[test]
fn pictures_are_what_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for (name, picture) in all() {
        if env::var_os("TIMELINE_BLESS").is_some() {
            picture.save_in(&folder, name).unwrap();
            fs::write(folder.join(format!("{name}.txt")), picture.story() + "\n").unwrap();
        }
        let files =
            [("svg", picture.svg()), ("json", picture.json()), ("txt", picture.story() + "\n")];
        for (ending, drawn) in files {
            let path = folder.join(format!("{name}.{ending}"));
            let kept = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == drawn,
                "{} is no longer what is drawn; if that is meant, TIMELINE_BLESS=1 writes it anew",
                path.display()
            );
        }
    }
}

#[test]
fn every_picture_is_well_formed_and_fits_into_a_markdown_page() {
    for (name, picture) in all() {
        let svg = picture.svg();
        assert!(!svg.contains("\n\n"), "{name}: a blank line would end the HTML block");
        let mut open: Vec<&str> = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("every tag is closed");
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{name}: tags nest");
            } else if !tag.ends_with('/') {
                open.push(tag.split([' ', '>']).next().unwrap());
            }
            let quotes = tag.matches('"').count();
            assert_eq!(quotes % 2, 0, "{name}: quotes pair in <{tag}>");
        }
        assert!(open.is_empty(), "{name}: {open:?} stay open");
        let json: serde_json::Value = serde_json::from_str(&picture.json()).unwrap();
        assert!(json["title"].is_string());
    }
}

#[test]
fn every_picture_has_a_text_alternative_under_ids_of_its_own() {
    let mut ids = HashSet::new();
    for (name, picture) in all() {
        let svg = picture.svg();
        let labelled = svg.split("aria-labelledby=\"").nth(1).unwrap();
        for id in labelled.split('"').next().unwrap().split(' ') {
            assert!(svg.contains(&format!("id=\"{id}\"")), "{name}: {id} is there");
            assert!(ids.insert(id.to_owned()), "{name}: {id} is another picture's too");
        }
    }
}

#[test]
fn steps_count_from_one_without_gaps_and_every_one_says_something() {
    for (name, picture) in all() {
        let svg = picture.svg();
        let numbers = svg.split("data-step=\"").skip(1);
        let mut steps: Vec<usize> =
            numbers.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
        steps.sort_unstable();
        assert_eq!(steps, (1..=steps.len()).collect::<Vec<_>>(), "{name}");
        assert_eq!(svg.matches("data-says=\"\"").count(), 0, "{name}");
        assert!(svg.contains(&format!("data-steps=\"{}\"", steps.len())), "{name}");
    }
}

#[test]
fn long_runs_stay_small() {
    for (name, picture) in all() {
        assert!(picture.svg().len() < 40_000, "{name}.svg: {} bytes", picture.svg().len());
        assert!(picture.json().len() < 40_000, "{name}.json: {} bytes", picture.json().len());
    }
    let story = long().finish().story();
    assert!(
        story.contains("worker 1, in 10,000 spans: working 50 %, idle 50 % of the time."),
        "{story}"
    );
}

#[test]
fn the_order_in_which_events_are_told_does_not_matter() {
    let mut backwards = Recorder::new("Backwards");
    let mut forwards = Recorder::new("Backwards");
    for recorder in [&mut backwards, &mut forwards] {
        recorder.lane("one");
    }
    let lane = Recorder::new("").lane("one");
    for n in 0..5 {
        forwards.span(lane, ms(n), ms(n + 1), Kind::Working, format!("{n}"));
        backwards.span(lane, ms(4 - n), ms(5 - n), Kind::Working, format!("{}", 4 - n));
    }
    assert_eq!(forwards.finish(), backwards.finish());
}

#[test]
fn a_window_shows_what_lies_in_it_with_its_true_times() {
    let mut recorder = wakes();
    let story = recorder.window(ms(4), ms(8)).finish().story();
    assert!(story.contains("from 4 ms to 8 ms of 12 ms"), "{story}");
    assert!(story.contains("From 2 ms to 9 ms, writer is waiting (for the disk)."), "{story}");
    assert!(!story.contains("request"), "{story}");
}

#[test]
fn lanes_can_be_chosen_and_arrows_to_others_are_left_out() {
    let mut recorder = Recorder::new("Three lanes");
    let [a, b, c] = ["a", "b", "c"].map(|name| recorder.lane(name));
    recorder.span(a, ms(0), ms(1), Kind::Working, "first");
    recorder.span(b, ms(0), ms(1), Kind::Working, "second");
    recorder.span(c, ms(0), ms(1), Kind::Working, "third");
    recorder.arrow(a, b, ms(1), "wake");
    let story = recorder.only(&[c, a]).finish().story();
    assert_eq!(
        story,
        "A timeline of c and a, over 1 ms. From 0 s to 1 ms, c is working (third). From 0 s to 1 ms, a is working (first)."
    );
}

#[test]
fn rounded_times_make_two_runs_one_picture() {
    let run = |late: u64| {
        let mut recorder = Recorder::new("Two days");
        let lane = recorder.lane("main");
        let end = ms(1000) + Duration::from_micros(late);
        recorder.span(lane, ms(0), end, Kind::Waiting, "GET /one");
        recorder.span(lane, end, end + ms(1000), Kind::Waiting, "GET /two");
        recorder.rounded(ms(100)).finish()
    };
    assert_eq!(run(700), run(1200));
}

#[test]
fn like_neighbours_too_thin_to_tell_apart_are_one_bar_with_a_count() {
    let mut recorder = Recorder::new("Polls");
    let lane = recorder.lane("executor");
    for n in 0..1000 {
        recorder.span(lane, ms(n), ms(n + 1), Kind::Working, "poll");
    }
    let picture = recorder.finish();
    assert!(
        picture.story().contains("From 0 s to 1 s, executor is working (poll, 1000 times)."),
        "{}",
        picture.story()
    );
}

#[test]
fn kinds_can_have_other_words() {
    let mut recorder = wakes();
    recorder.call(Kind::Waiting, "asleep");
    let picture = recorder.finish();
    assert!(picture.svg().contains(">asleep</text>"));
    assert!(!picture.svg().contains(">waiting</text>"));
    assert!(picture.story().contains("writer is asleep (for the disk)"));
}

#[test]
#[should_panic(expected = "the span `backwards` ends at 1ms, before it starts at 2ms")]
fn a_span_that_ends_before_it_starts_is_refused() {
    let mut recorder = Recorder::new("No");
    let lane = recorder.lane("main");
    recorder.span(lane, ms(2), ms(1), Kind::Working, "backwards");
}

#[test]
fn live_reads_its_clock_and_ends_spans_on_drop() {
    let clock = Arc::new(AtomicU64::new(0));
    let hands = Arc::clone(&clock);
    let live = Live::with_clock("By hand", move || ms(hands.load(Ordering::SeqCst)));
    let main = live.lane("main");
    let other = live.clone().lane("other");
    let first = live.span(main, Kind::Working, "first");
    clock.store(10, Ordering::SeqCst);
    drop(first);
    live.arrow(main, other, "wake");
    let _second = live.span(other, Kind::Waiting, "second");
    clock.store(25, Ordering::SeqCst);
    live.mark(main, "looked at");
    assert_eq!(
        live.finish().story(),
        "A timeline of main and other, over 25 ms. From 0 s to 10 ms, main is working (first). \
         At 10 ms, main to other: wake. From 10 ms to 25 ms, other is waiting (second). At 25 ms, main: looked at."
    );
}

#[test]
fn threads_record_into_one_run() {
    let live = Live::new("Four threads");
    std::thread::scope(|scope| {
        for n in 0..4 {
            let live = live.clone();
            scope.spawn(move || {
                let lane = live.lane(format!("thread {n}"));
                let _running = live.span(lane, Kind::Working, "");
            });
        }
    });
    let story = live.finish().story();
    assert_eq!(story.matches(" is working").count(), 4, "{story}");
}

#[test]
fn a_plots_points_are_told_in_words() {
    let story = memory().finish().story();
    assert_eq!(
        story,
        "A plot of memory in MiB, on a logarithmic scale against threads, on a logarithmic scale. \
         reserved: 85 at 10, 806 at 100, 8,010 at 1,000. resident: 2.3 at 10, 3.1 at 100, 11.5 at 1,000. \
         measured again: 2.5 at 30, 5.5 at 300."
    );
}

#[test]
fn points_that_a_logarithmic_axis_cannot_show_are_left_out() {
    let plot =
        Plot::new("Zero", "n", "seconds").series("all", &[(0.0, 1.0), (10.0, 0.0), (10.0, 5.0)]);
    let svg = plot.log_x().log_y().finish().svg();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
#[should_panic(expected = "a point of `broken` is not finite")]
fn a_point_that_is_not_finite_is_refused() {
    let _ = Plot::new("No", "x", "y").series("broken", &[(1.0, f64::NAN)]);
}

#[test]
fn saving_makes_the_folder_and_both_files() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("pictures/of/runs");
    let picture = wakes().finish();
    picture.save_in(&deep, "wakes").unwrap();
    assert_eq!(fs::read_to_string(deep.join("wakes.svg")).unwrap(), picture.svg());
    assert_eq!(fs::read_to_string(deep.join("wakes.json")).unwrap(), picture.json());
}

#[test]
fn a_picture_that_cannot_be_saved_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let error = wakes().finish().save_in(&file, "wakes").unwrap_err();
    assert!(error.to_string().contains("a-file"), "{error}");
}

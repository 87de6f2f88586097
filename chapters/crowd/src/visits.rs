//! What became of everybody: as a picture, and in a few lines.

use std::time::Duration;

use timeline::{Picture, Row, Strips};

/// The three groups of a crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// They fetch the page once.
    Visitors,
    /// They open the feed and stay.
    Watchers,
    /// They send and read a little at a time.
    SlowPhones,
}

impl Group {
    const ALL: [Self; 3] = [Self::Visitors, Self::Watchers, Self::SlowPhones];

    /// Its name, for so many.
    fn name(self, count: usize) -> String {
        let (one, many) = match self {
            Self::Visitors => ("visitor", "visitors"),
            Self::Watchers => ("watcher of the feed", "watchers of the feed"),
            Self::SlowPhones => ("slow phone", "slow phones"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The whole answer was there then.
    Done(Duration),
    /// The frame ended in the middle of the answer. For a watcher of an endless feed that is as it should be.
    Unfinished,
    /// The frame ended before the first byte came.
    Never,
    /// The server refused the connection, broke it off or talked nonsense, then.
    Broken(Duration),
}

/// One visit. Times count from the frame's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Whose it is.
    pub group: Group,
    /// When the visitor came and began to connect.
    pub arrived: Duration,
    /// When the answer began.
    pub first_byte: Option<Duration>,
    /// How it ended.
    pub end: End,
    /// The answer's status.
    pub status: Option<u16>,
    /// When the parts of the body came: chunks, or arrivals of bytes where there are no chunks. At most a thousand.
    pub parts: Vec<Duration>,
    /// How many there were.
    pub parts_in_all: usize,
}

/// What became of a visit, for the summary and the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Had an answer that was meant, at least its beginning.
    Served,
    /// Was refused, cut off or told to go away.
    TurnedAway,
    Never,
}

impl Visit {
    fn fate(&self) -> Fate {
        match self.end {
            End::Never => Fate::Never,
            End::Broken(_) => Fate::TurnedAway,
            // An error's page is an answer, and not what the visitor came for.
            _ if self.status.is_some_and(|status| status >= 400) => Fate::TurnedAway,
            // A few bytes of a slow phone's page count as served only when the page is complete.
            End::Unfinished if self.group != Group::Watchers => Fate::Never,
            End::Done(_) | End::Unfinished => Fate::Served,
        }
    }

    /// How long it took until the visitor had what was wanted: the page, or the feed's beginning.
    fn took(&self) -> Option<Duration> {
        let until = match (self.group, self.end) {
            (Group::Watchers, _) => self.first_byte?,
            (_, End::Done(at)) => at,
            _ => return None,
        };
        Some(until.saturating_sub(self.arrived))
    }

    fn row(&self, frame: Duration) -> Row {
        let row = Row::new();
        let row = match self.first_byte {
            Some(first) => row.waits(self.arrived, first),
            None => row,
        };
        let row = match (self.end, self.first_byte) {
            (End::Never, _) | (End::Unfinished, None) => row.open(self.arrived),
            (End::Broken(at), first) => row.waits(first.unwrap_or(self.arrived), at).stops(at),
            (End::Done(at), Some(first)) if self.fate() == Fate::Served => match self.group {
                Group::Watchers => row.streams(first, at),
                Group::Visitors | Group::SlowPhones => row.works(first, at),
            },
            // Only a watcher is served without an end.
            (End::Unfinished, Some(first)) if self.fate() == Fate::Served => {
                row.streams(first, frame)
            }
            (End::Unfinished, Some(first)) => row.works(first, frame).open(frame),
            (End::Done(at), _) => row.stops(at),
        };
        if self.group == Group::Watchers && self.fate() == Fate::Served {
            self.parts.iter().fold(row, |row, at| row.dot(*at))
        } else {
            row
        }
    }
}

/// All visits of a crowd: visitors, watchers, slow phones, each in the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visits {
    /// How long everybody was watched.
    pub frame: Duration,
    /// The visits.
    pub visits: Vec<Visit>,
}

impl Visits {
    /// The load picture: the frame's time from left to right, a thin row for each visitor.
    ///
    /// Waiting is pale, being served strong, each part of the feed a dot, and whoever was never served has an open end.
    pub fn picture(&self, title: impl Into<String>) -> Picture {
        let strips = Strips::new(title, self.frame).call(
            "waiting",
            "being served",
            "a part of the feed",
            "never served",
        );
        let strips = strips.call_stop("turned away");
        self.groups()
            .fold(strips, |strips, (group, visits)| {
                let rows = visits.iter().map(|visit| visit.row(self.frame)).collect();
                strips.group(group.name(visits.len()), sentence(group, &visits), rows)
            })
            .finish()
    }

    /// One line for each group: how many were served, how soon, and how many never.
    pub fn summary(&self) -> String {
        let mut lines = String::new();
        for (group, visits) in self.groups() {
            lines.push_str(&group.name(visits.len()));
            lines.push_str(": ");
            lines.push_str(&sentence(group, &visits));
            lines.push('\n');
        }
        lines
    }

    /// The groups that anybody is in.
    fn groups(&self) -> impl Iterator<Item = (Group, Vec<&Visit>)> {
        let of = |group| {
            let visits = self.visits.iter().filter(move |visit| visit.group == group);
            (group, visits.collect::<Vec<_>>())
        };
        let groups = Group::ALL.into_iter().map(of);
        groups.filter(|(_, visits)| !visits.is_empty())
    }
}

/// What became of a group: first how many, then how soon.
fn sentence(group: Group, visits: &[&Visit]) -> String {
    let served = visits.iter().filter(|visit| visit.fate() == Fate::Served);
    let mut took: Vec<Duration> = served.filter_map(|visit| visit.took()).collect();
    took.sort_unstable();
    let watching = group == Group::Watchers;
    let fates = [
        (Fate::Served, if watching { "watching" } else { "served" }),
        (Fate::TurnedAway, "turned away"),
        (Fate::Never, "never"),
    ];
    let counts = fates.into_iter().filter_map(|(fate, words)| {
        let count = visits.iter().filter(|visit| visit.fate() == fate).count();
        (count > 0 || fate == Fate::Served).then(|| format!("{count} {words}"))
    });
    let mut sentence = counts.collect::<Vec<_>>().join(", ");
    let mut times = Vec::new();
    if let (Some(middle), Some(slowest)) = (took.get(took.len() / 2), took.last()) {
        let wait = if watching { " wait" } else { "" };
        times.push(format!("median{wait} {}", seconds(*middle)));
        if !watching {
            times.push(format!("slowest {}", seconds(*slowest)));
        }
    }
    let parts: usize = visits.iter().map(|visit| visit.parts_in_all).sum();
    if watching && parts > 0 {
        times.push(format!("{parts} parts seen"));
    }
    if !times.is_empty() {
        sentence += "; ";
        sentence += &times.join(", ");
    }
    sentence + "."
}

/// Hundredths of a second: finer than that, two runs differ.
fn seconds(time: Duration) -> String {
    let hundredths = (time.as_millis() + 5) / 10;
    if hundredths == 0 {
        return String::from("under 0.01 s");
    }
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn visit(group: Group, arrived: u64, first: Option<u64>, end: End) -> Visit {
        Visit {
            group,
            arrived: ms(arrived),
            first_byte: first.map(ms),
            end,
            status: first.map(|_| 200),
            parts: Vec::new(),
            parts_in_all: 0,
        }
    }

    fn some() -> Visits {
        let mut watcher = visit(Group::Watchers, 50, Some(60), End::Unfinished);
        watcher.parts = vec![ms(1060), ms(2060)];
        watcher.parts_in_all = 2;
        let mut sent_away = visit(Group::Visitors, 200, Some(210), End::Done(ms(210)));
        sent_away.status = Some(503);
        Visits {
            frame: ms(10_000),
            visits: vec![
                visit(Group::Visitors, 0, Some(2), End::Done(ms(3))),
                visit(Group::Visitors, 100, Some(420), End::Done(ms(430))),
                sent_away,
                visit(Group::Visitors, 300, None, End::Broken(ms(300))),
                visit(Group::Visitors, 400, None, End::Never),
                watcher,
                visit(Group::SlowPhones, 500, Some(2500), End::Done(ms(3500))),
                visit(Group::SlowPhones, 900, Some(9900), End::Unfinished),
            ],
        }
    }

    #[test]
    fn the_summary_says_how_many_how_soon_and_how_many_never() {
        assert_eq!(
            some().summary(),
            "5 visitors: 2 served, 2 turned away, 1 never; median 0.33 s, slowest 0.33 s.\n\
             1 watcher of the feed: 1 watching; median wait 0.01 s, 2 parts seen.\n\
             2 slow phones: 1 served, 1 never; median 3.00 s, slowest 3.00 s.\n"
        );
    }

    #[test]
    fn the_picture_has_the_summarys_words() {
        let visits = some();
        let picture = visits.picture("One at a time");
        for line in visits.summary().lines() {
            assert!(picture.story().contains(line), "{line}");
        }
        for words in
            ["waiting", "being served", "a part of the feed", "never served", "turned away"]
        {
            assert!(picture.svg().contains(&format!(">{words}</text>")), "{words}");
        }
    }

    #[test]
    fn a_hundred_visitors_are_a_small_picture_however_much_they_see() {
        let busy = (0..100).map(|n| {
            let group = if n < 80 { Group::Visitors } else { Group::Watchers };
            let mut visit = visit(group, n * 70, Some(n * 70 + 11), End::Unfinished);
            if group == Group::Watchers {
                visit.parts = (0..1000).map(|part| ms(n * 70 + part * 9)).collect();
            }
            visit
        });
        let visits = Visits { frame: ms(10_000), visits: busy.collect() };
        let bytes = visits.picture("Everybody at once").svg().len();
        assert!(bytes < 40_000, "{bytes} bytes");
    }

    #[test]
    fn nobody_is_no_group() {
        let visits = Visits { frame: ms(10_000), visits: Vec::new() };
        assert_eq!(visits.summary(), "");
        assert!(visits.picture("Nobody").story().contains("0 rows"));
    }
}

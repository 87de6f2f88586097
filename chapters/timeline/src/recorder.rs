//! What happened: lanes, spans, marks and arrows.

use std::time::Duration;

use crate::chart;
use crate::picture::Picture;

/// What a lane does during a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// It computes, moves, serves. Drawn solid.
    Working,
    /// It waits for something that will come by itself: an answer, a timer, an opponent. Drawn pale.
    Waiting,
    /// It cannot go on because somebody else holds what it needs: a lock, the only thread, the waiter. Drawn striped.
    Blocked,
    /// It has nothing to do. Drawn as a dotted line.
    Idle,
}

impl Kind {
    /// All kinds, in the order in which the legend names them.
    pub const ALL: [Self; 4] = [Self::Working, Self::Waiting, Self::Blocked, Self::Idle];

    /// Its name in words, in the JSON and in the classes of the SVG.
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Idle => "idle",
        }
    }
}

/// A lane of a [`Recorder`], as [`Recorder::lane`] returned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane(pub(crate) usize);

#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub lane: Lane,
    pub start: Duration,
    pub end: Duration,
    pub kind: Kind,
    pub label: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub lane: Lane,
    pub at: Duration,
    pub label: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Arrow {
    pub from: Lane,
    pub to: Lane,
    pub at: Duration,
    pub label: String,
}

/// Records a run and makes a [`Picture`] of it.
///
/// Events may be told in any order; the picture has them in the order of their times.
/// Times count from the beginning of the run.
#[derive(Debug, Clone)]
pub struct Recorder {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) lanes: Vec<String>,
    pub(crate) spans: Vec<Span>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) arrows: Vec<Arrow>,
    pub(crate) window: Option<(Duration, Duration)>,
    pub(crate) only: Option<Vec<Lane>>,
    pub(crate) grain: Option<Duration>,
    pub(crate) kinds: [String; 4],
}

impl Recorder {
    /// A recorder with nothing in it. The title is drawn above the picture.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            lanes: Vec::new(),
            spans: Vec::new(),
            marks: Vec::new(),
            arrows: Vec::new(),
            window: None,
            only: None,
            grain: None,
            kinds: Kind::ALL.map(|kind| kind.name().to_owned()),
        }
    }

    /// A new lane under the ones there are.
    pub fn lane(&mut self, name: impl Into<String>) -> Lane {
        self.lanes.push(name.into());
        Lane(self.lanes.len() - 1)
    }

    /// A stretch of time in a lane. The label may be empty.
    ///
    /// # Panics
    ///
    /// If it ends before it starts, or the lane is another recorder's.
    pub fn span(
        &mut self,
        lane: Lane,
        start: Duration,
        end: Duration,
        kind: Kind,
        label: impl Into<String>,
    ) {
        let label = label.into();
        self.expect_lane(lane);
        assert!(start <= end, "the span `{label}` ends at {end:?}, before it starts at {start:?}");
        self.spans.push(Span { lane, start, end, kind, label });
    }

    /// An instant in a lane.
    ///
    /// # Panics
    ///
    /// If the lane is another recorder's.
    pub fn mark(&mut self, lane: Lane, at: Duration, label: impl Into<String>) {
        self.expect_lane(lane);
        let label = label.into();
        self.marks.push(Mark { lane, at, label });
    }

    /// One lane reaches another at an instant: a wake, a message, a hand-over.
    ///
    /// # Panics
    ///
    /// If either lane is another recorder's.
    pub fn arrow(&mut self, from: Lane, to: Lane, at: Duration, label: impl Into<String>) {
        self.expect_lane(from);
        self.expect_lane(to);
        let label = label.into();
        self.arrows.push(Arrow { from, to, at, label });
    }

    fn expect_lane(&self, lane: Lane) {
        assert!(
            lane.0 < self.lanes.len(),
            "lane {} is not one of this recorder's {}",
            lane.0,
            self.lanes.len()
        );
    }

    /// Says what the picture shows: the first sentence of its story, before the events.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.note = note.into();
        self
    }

    /// What a kind is called in this picture: `recorder.call(Kind::Working, "making a move")`.
    ///
    /// The words stand in the legend, and in sentences after "is": "Judit is making a move".
    pub fn call(&mut self, kind: Kind, words: impl Into<String>) -> &mut Self {
        self.kinds[kind as usize] = words.into();
        self
    }

    /// Draws this window of time only.
    pub fn window(&mut self, from: Duration, to: Duration) -> &mut Self {
        self.window = Some((from, to));
        self
    }

    /// Draws these lanes only, in this order.
    pub fn only(&mut self, lanes: &[Lane]) -> &mut Self {
        self.only = Some(lanes.to_vec());
        self
    }

    /// Rounds every time to a multiple of `grain`, in the picture, the JSON and the story.
    ///
    /// A program that really waits takes 1.0007 s one day and 1.0012 s the next.
    /// With a grain of 0.1 s, both days give the same picture.
    pub fn rounded(&mut self, grain: Duration) -> &mut Self {
        self.grain = Some(grain);
        self
    }

    /// Draws what has been recorded so far.
    pub fn finish(&self) -> Picture {
        chart::draw(self)
    }
}

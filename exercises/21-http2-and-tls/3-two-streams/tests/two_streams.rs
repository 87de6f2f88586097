//! Streams that are stalled, and others that are not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;

use two_streams::{Data, Limits, Mux};

/// More than any test sends, where a limit is not what is tested.
const PLENTY: u32 = 1_000_000;

const WIDE: Limits =
    Limits { connection: PLENTY, stream: PLENTY, frame: 10, waiting: PLENTY as usize };

/// How many lines of a story are told at most.
const LINES: usize = 16;

/// A stream, as a client that keeps accounts sees it.
struct Account {
    window: i64,
    waiting: VecDeque<u8>,
    finished: bool,
    /// Who has sent since this one is ready.
    sent_since: BTreeSet<u32>,
}

impl Account {
    fn is_ready(&self) -> bool {
        if self.waiting.is_empty() { self.finished } else { self.window > 0 }
    }
}

/// A `Mux`, and accounts of what it may do.
struct Checked {
    mux: Mux,
    limits: Limits,
    connection: i64,
    streams: BTreeMap<u32, Account>,
    /// What the next byte is that a stream pushes.
    next: BTreeMap<u32, u8>,
    story: Vec<String>,
}

/// How many bytes fit into a window.
fn room(window: i64) -> usize {
    usize::try_from(window).unwrap_or(0)
}

/// What a frame is, in words.
fn words(data: Option<&Data>) -> String {
    match data {
        None => "nothing".to_owned(),
        Some(Data { stream, bytes, end }) => {
            let end = if *end { ", and its end" } else { "" };
            format!("{} bytes of stream {stream}{end}", bytes.len())
        }
    }
}

impl Checked {
    fn new(limits: Limits) -> Self {
        let Limits { connection, stream, frame, waiting } = limits;
        let story = format!(
            "windows: {connection} for the connection, {stream} for each stream; {frame} bytes a frame; {waiting} may wait"
        );
        Self {
            mux: Mux::new(limits),
            limits,
            connection: connection.into(),
            streams: BTreeMap::new(),
            next: BTreeMap::new(),
            story: vec![story],
        }
    }

    fn tell(&mut self, line: String) {
        if self.story.len() > LINES {
            // The first line says what there is at the beginning.
            self.story.remove(1);
        }
        self.story.push(line);
    }

    /// What has happened, for a message.
    fn told(&self) -> String {
        let mut told = String::new();
        for (index, line) in self.story.iter().enumerate() {
            if index == 1 && self.story.len() > LINES {
                told.push_str("…\n");
            }
            writeln!(told, "{line}").expect("a String takes all");
        }
        write!(told, "(the connection's window: {}", self.connection).expect("a String takes all");
        for (id, stream) in &self.streams {
            let Account { window, waiting, .. } = stream;
            write!(told, "; stream {id}: window {window}, {} waiting", waiting.len())
                .expect("a String takes all");
        }
        told.push(')');
        told
    }

    /// Who is not ready has no turn to wait for.
    fn settle(&mut self) {
        for stream in self.streams.values_mut() {
            if !stream.is_ready() {
                stream.sent_since.clear();
            }
        }
    }

    fn open(&mut self, id: u32) {
        self.tell(format!("open {id}"));
        self.mux.open(id);
        let account = Account {
            window: self.limits.stream.into(),
            waiting: VecDeque::new(),
            finished: false,
            sent_since: BTreeSet::new(),
        };
        self.streams.insert(id, account);
    }

    /// Pushes so many bytes, of which as many must be taken as there is room for.
    #[track_caller]
    fn push(&mut self, id: u32, count: usize) {
        let first = *self.next.entry(id).or_insert(0);
        let mut byte = first;
        let bytes: Vec<u8> = (0..count)
            .map(|_| {
                let now = byte;
                byte = (byte + 1) % 251;
                now
            })
            .collect();
        let taken = self.mux.push(id, &bytes);
        self.tell(format!("push {count} bytes on {id}: {taken} are taken"));
        let room = match self.streams.get(&id) {
            Some(stream) => self.limits.waiting - stream.waiting.len(),
            None => 0,
        };
        let expected = room.min(count);
        assert!(
            taken == expected,
            "{}\nHow many of {count} bytes are taken on stream {id}\n  expected: {expected}\n       got: {taken}",
            self.told()
        );
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.waiting.extend(&bytes[..taken]);
            let after = (usize::from(first) + taken) % 251;
            self.next.insert(id, u8::try_from(after).expect("it is below 251"));
        }
    }

    fn finish(&mut self, id: u32) {
        self.tell(format!("finish {id}"));
        self.mux.finish(id);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.finished = true;
        }
    }

    fn reset(&mut self, id: u32) {
        self.tell(format!("reset {id}"));
        self.mux.reset(id);
        self.streams.remove(&id);
    }

    fn update(&mut self, id: u32, increment: u32) {
        let whose = if id == 0 { "the connection's".to_owned() } else { format!("stream {id}'s") };
        self.tell(format!("WINDOW_UPDATE: {whose}, by {increment}"));
        self.mux.window_update(id, increment);
        if id == 0 {
            self.connection += i64::from(increment);
        } else if let Some(stream) = self.streams.get_mut(&id) {
            stream.window += i64::from(increment);
        }
    }

    fn settings(&mut self, window: u32) {
        self.tell(format!("SETTINGS: streams begin with a window of {window}"));
        self.mux.settings(window);
        for stream in self.streams.values_mut() {
            stream.window += i64::from(window) - i64::from(self.limits.stream);
        }
        self.limits.stream = window;
        self.settle();
    }

    /// The next frame, which must be one that may come now. Says whose it is.
    #[track_caller]
    fn next(&mut self) -> Option<u32> {
        let data = self.mux.next_frame();
        self.tell(format!("next_frame: {}", words(data.as_ref())));
        let Some(data) = data else {
            let able = self.streams.iter().find(|(_, stream)| {
                stream.is_ready() && (stream.waiting.is_empty() || self.connection > 0)
            });
            if let Some((id, _)) = able {
                panic!("{}\nStream {id} can send, and nothing is to be sent.", self.told());
            }
            return None;
        };
        if let Err(why) = self.book(&data) {
            panic!("{}\n{why}", self.told());
        }
        Some(data.stream)
    }

    /// Books this frame, or says why it may not come now.
    fn book(&mut self, data: &Data) -> Result<(), String> {
        let Data { stream: id, bytes, end } = data;
        let Some(stream) = self.streams.get_mut(id) else {
            return Err(format!("Stream {id} is not open, and something is sent on it."));
        };
        let (count, waiting) = (bytes.len(), stream.waiting.len());
        let most = self.limits.frame;
        if count > waiting {
            return Err(format!("Stream {id} has {waiting} bytes to send, and {count} are sent."));
        }
        let (own, whole) = (room(stream.window), room(self.connection));
        if count > own {
            return Err(format!(
                "On stream {id} the client takes {own} bytes, and {count} are sent."
            ));
        }
        if count > whole {
            return Err(format!(
                "On the connection the client takes {whole} bytes, and {count} are sent."
            ));
        }
        if count > most {
            return Err(format!("A frame has {most} bytes at most, and this one has {count}."));
        }
        let last = stream.finished && count == waiting;
        if count == 0 && !last {
            return Err(format!("Stream {id} sends nothing, and that is not its end."));
        }
        let all = own.min(whole).min(most).min(waiting);
        if count < all {
            return Err(format!(
                "Stream {id} could send {all} bytes in this frame, and sends {count}."
            ));
        }
        if !stream.waiting.drain(..count).eq(bytes.iter().copied()) {
            return Err(format!("The bytes of stream {id} are not those that were pushed next."));
        }
        if *end != last {
            let which = if last { "the last frame" } else { "not the last frame" };
            let flag = if *end { "set" } else { "not set" };
            return Err(format!("This is {which} of stream {id}, and its end is {flag}."));
        }
        let taken = i64::try_from(count).expect("it is short");
        stream.window -= taken;
        stream.sent_since.clear();
        self.connection -= taken;
        // The others that are ready have seen it send.
        for (other, account) in &mut self.streams {
            if other != id && account.is_ready() && !account.sent_since.insert(*id) {
                return Err(format!(
                    "Stream {id} has two turns, and stream {other}, which is ready all the while, has none."
                ));
            }
        }
        if last {
            self.streams.remove(id);
        }
        self.settle();
        Ok(())
    }

    /// All frames that there are now. Says whose they are, in order.
    #[track_caller]
    fn all(&mut self) -> Vec<u32> {
        let mut ids = Vec::new();
        while let Some(id) = self.next() {
            ids.push(id);
            assert!(ids.len() < 100_000, "{}\nThere is no end of frames.", self.told());
        }
        ids
    }

    /// A stream with so many bytes that wait.
    #[track_caller]
    fn opened(&mut self, id: u32, count: usize) {
        self.open(id);
        self.push(id, count);
    }
}

#[test]
fn a_body_goes_out_in_frames() {
    proctor::watch(|| {
        let mut mux = Checked::new(WIDE);
        assert_eq!(mux.all(), []);
        mux.opened(1, 25);
        assert_eq!(mux.all().len(), 3);
        mux.push(1, 7);
        mux.finish(1);
        assert_eq!(mux.all().len(), 1);
        assert_eq!(mux.all(), []);
    });
}

#[test]
fn a_stalled_stream_holds_up_nobody() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { stream: 30, ..WIDE });
        mux.opened(1, 1_000);
        mux.all();
        // The film is paused.
        mux.opened(3, 5);
        mux.finish(3);
        assert_eq!(mux.next(), Some(3));
        mux.opened(5, 30);
        mux.finish(5);
        assert_eq!(mux.all().len(), 3);
        mux.update(1, 15);
        assert_eq!(mux.all(), [1, 1]);
    });
}

#[test]
fn a_stalled_stream_takes_nothing_from_the_connection() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { connection: 100, stream: 20, ..WIDE });
        mux.opened(1, 1_000);
        mux.all();
        mux.open(3);
        mux.update(3, 60);
        mux.push(3, 80);
        assert_eq!(mux.all().len(), 8, "of 100 bytes, stream 1 has had 20, and 80 are left");
    });
}

#[test]
fn streams_take_turns() {
    proctor::watch(|| {
        let mut mux = Checked::new(WIDE);
        for id in [1, 3, 5] {
            mux.opened(id, 100);
        }
        assert_eq!(mux.all().len(), 30);
        // How much room one has does not matter, nor how much there is to send.
        let mut mux = Checked::new(Limits { stream: 50, ..WIDE });
        mux.opened(1, 50);
        mux.opened(3, 500);
        mux.update(3, 500);
        mux.opened(5, 20);
        mux.finish(5);
        assert_eq!(mux.all().len(), 5 + 50 + 2);
        // Nor who was there first.
        let mut mux = Checked::new(WIDE);
        mux.opened(9, 100);
        mux.next();
        mux.next();
        for id in [7, 1, 3] {
            mux.opened(id, 50);
            mux.next();
            mux.next();
        }
        mux.all();
    });
}

#[test]
fn nobody_starves() {
    proctor::watch(|| {
        let mut mux = Checked::new(WIDE);
        for id in 0..20 {
            mux.opened(2 * id + 1, 20);
        }
        let mut sent = BTreeMap::new();
        // Each has always more to send.
        for _ in 0..2_000 {
            let id = mux.next().expect("all of them have something to send");
            mux.push(id, 10);
            *sent.entry(id).or_insert(0) += 1;
        }
        for id in 0..20 {
            let frames = sent.get(&(2 * id + 1)).copied().unwrap_or(0);
            assert_eq!(frames, 100, "the frames of stream {}, of 2000", 2 * id + 1);
        }
    });
}

#[test]
fn turns_go_on_when_the_connection_was_stalled() {
    proctor::watch(|| {
        for portion in [1, 10, 15, 25] {
            let mut mux = Checked::new(Limits { connection: 0, ..WIDE });
            for id in [5, 1, 3] {
                mux.opened(id, 40);
            }
            assert_eq!(mux.next(), None);
            // The client takes a little at a time.
            for _ in 0..120 / portion {
                mux.update(0, portion);
                mux.all();
            }
        }
    });
}

#[test]
fn an_end_in_between_changes_no_turn() {
    proctor::watch(|| {
        for ending in [1, 3, 5, 7] {
            let mut mux = Checked::new(Limits { connection: 20, ..WIDE });
            for id in [1, 3, 5, 7] {
                mux.open(id);
                if id != ending {
                    mux.push(id, 100);
                }
            }
            // Two of the three have had their turn.
            mux.all();
            mux.finish(ending);
            assert_eq!(mux.all(), [ending]);
            mux.update(0, 10);
            mux.all();
        }
    });
}

#[test]
fn a_stream_stays_within_its_window() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { stream: 25, ..WIDE });
        mux.opened(1, 100);
        assert_eq!(mux.all().len(), 3);
        mux.update(1, 1);
        assert_eq!(mux.all().len(), 1);
        mux.update(1, 7);
        mux.update(1, 7);
        assert_eq!(mux.all().len(), 2);
        // Where nothing is used, it adds up.
        let mut mux = Checked::new(Limits { stream: 0, ..WIDE });
        mux.open(1);
        mux.update(1, 30);
        mux.update(1, 12);
        mux.push(1, 100);
        assert_eq!(mux.all().len(), 5);
    });
}

#[test]
fn all_stay_within_the_connections_window() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { connection: 45, ..WIDE });
        mux.opened(1, 100);
        mux.opened(3, 100);
        assert_eq!(mux.all().len(), 5);
        mux.update(0, 3);
        assert_eq!(mux.all().len(), 1);
        mux.update(0, PLENTY);
        assert_eq!(mux.all().len(), 16);
    });
}

#[test]
fn an_update_is_for_what_it_names() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { connection: 20, stream: 20, ..WIDE });
        mux.opened(1, 100);
        mux.opened(3, 100);
        mux.all();
        mux.update(1, 50);
        assert_eq!(mux.next(), None);
        mux.update(0, 25);
        mux.all();
        mux.update(0, 100);
        mux.all();
        mux.update(0, 100);
        assert_eq!(mux.next(), None);
        mux.update(3, 100);
        mux.all();
    });
}

#[test]
fn a_frame_has_a_largest_size() {
    proctor::watch(|| {
        for frame in [1, 7, 100, 16_384] {
            let mut mux = Checked::new(Limits { frame, ..WIDE });
            mux.opened(1, 3 * frame + 1);
            mux.finish(1);
            assert_eq!(mux.all().len(), 4);
        }
    });
}

#[test]
fn a_frame_is_cut_to_the_window() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { stream: 14, ..WIDE });
        mux.opened(1, 100);
        assert_eq!(mux.all().len(), 2);
        let mut mux = Checked::new(Limits { connection: 3, ..WIDE });
        mux.opened(1, 100);
        mux.opened(3, 100);
        assert_eq!(mux.all().len(), 1);
    });
}

#[test]
fn the_last_bytes_bring_the_end() {
    proctor::watch(|| {
        for count in [1, 9, 10, 11, 20, 30] {
            let mut mux = Checked::new(WIDE);
            mux.opened(1, count);
            mux.finish(1);
            assert_eq!(mux.all().len(), count.div_ceil(10));
            assert_eq!(mux.next(), None);
        }
        // The end of one is not the end of others.
        let mut mux = Checked::new(WIDE);
        mux.opened(1, 20);
        mux.opened(3, 20);
        mux.finish(3);
        mux.all();
        mux.push(1, 5);
        mux.all();
    });
}

#[test]
fn an_end_needs_no_window() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { connection: 20, stream: 20, ..WIDE });
        mux.opened(1, 20);
        mux.all();
        mux.finish(1);
        assert_eq!(mux.next(), Some(1));
        mux.open(3);
        mux.finish(3);
        assert_eq!(mux.next(), Some(3));
        // Bytes do need one.
        mux.opened(5, 1);
        mux.finish(5);
        assert_eq!(mux.next(), None);
        mux.update(0, 1);
        assert_eq!(mux.next(), Some(5));
        // A window below zero is none either.
        let mut mux = Checked::new(Limits { stream: 20, ..WIDE });
        mux.opened(1, 20);
        mux.all();
        mux.settings(5);
        mux.finish(1);
        assert_eq!(mux.next(), Some(1));
    });
}

#[test]
fn what_waits_is_bounded_for_each() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { stream: 30, waiting: 50, ..WIDE });
        mux.opened(1, 40);
        mux.push(1, 40);
        mux.push(1, 1);
        mux.next();
        mux.push(1, 4);
        mux.push(1, 100);
        mux.all();
        mux.push(1, 1_000);
        // Stream 1 is full, and that is nothing to stream 3.
        mux.opened(3, 60);
        mux.push(1, 1);
        mux.all();
        mux.push(3, 60);
        mux.update(1, 5);
        mux.all();
        mux.push(1, 60);
        mux.push(3, 0);
    });
}

#[test]
fn a_larger_setting_is_for_all() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { connection: 1_000, stream: 20, ..WIDE });
        mux.opened(1, 500);
        mux.all();
        mux.open(3);
        mux.settings(35);
        mux.push(3, 500);
        mux.all();
        mux.opened(5, 500);
        mux.all();
        mux.settings(500);
        mux.all();
        assert_eq!(mux.connection, 0);
        mux.settings(1_000);
        assert_eq!(mux.next(), None);
    });
}

#[test]
fn a_smaller_setting_may_leave_less_than_nothing() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { stream: 50, ..WIDE });
        mux.opened(1, 500);
        mux.all();
        mux.settings(20);
        assert_eq!(mux.next(), None);
        // It is at -30, and has to come up again.
        mux.update(1, 20);
        assert_eq!(mux.next(), None);
        mux.update(1, 10);
        assert_eq!(mux.next(), None);
        mux.update(1, 4);
        assert_eq!(mux.all().len(), 1);
        mux.settings(50);
        assert_eq!(mux.all().len(), 3);
        // Twice below, and back.
        mux.settings(10);
        mux.settings(0);
        mux.settings(51);
        assert_eq!(mux.all().len(), 1);
        // Nobody else is below zero.
        mux.settings(10);
        mux.opened(3, 100);
        assert_eq!(mux.all(), [3]);
    });
}

#[test]
fn a_reset_forgets_the_stream() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { connection: 60, stream: 40, ..WIDE });
        mux.opened(1, 1_000);
        mux.next();
        mux.next();
        mux.reset(1);
        assert_eq!(mux.next(), None);
        // What was sent was sent: 40 bytes are left.
        mux.opened(3, 40);
        mux.opened(5, 40);
        assert_eq!(mux.all().len(), 4);
        mux.reset(3);
        mux.update(0, 1_000);
        mux.all();
        // All was pushed, and it is reset all the same.
        mux.opened(7, 30);
        mux.finish(7);
        mux.next();
        mux.reset(7);
        assert_eq!(mux.next(), None);
    });
}

#[test]
fn what_comes_late_means_nothing() {
    proctor::watch(|| {
        let mut mux = Checked::new(Limits { stream: 40, ..WIDE });
        mux.opened(1, 100);
        mux.next();
        mux.reset(1);
        mux.opened(3, 10);
        mux.finish(3);
        mux.all();
        for id in [1, 3] {
            mux.push(id, 10);
            assert_eq!(mux.next(), None);
            mux.update(id, 10);
            assert_eq!(mux.next(), None);
            mux.finish(id);
            assert_eq!(mux.next(), None);
            mux.reset(id);
            assert_eq!(mux.next(), None);
        }
        mux.settings(50);
        assert_eq!(mux.next(), None);
    });
}

#[test]
fn windows_may_be_large() {
    proctor::watch(|| {
        const MOST: u32 = (1 << 31) - 1;
        let mut mux = Checked::new(Limits { connection: MOST, stream: MOST, ..WIDE });
        mux.opened(1, 30);
        mux.all();
        mux.update(1, 30);
        mux.update(0, 30);
        mux.settings(0);
        mux.opened(3, 30);
        assert_eq!(mux.next(), None);
        mux.push(1, 1);
        assert_eq!(mux.next(), None);
        mux.settings(MOST);
        mux.all();
    });
}

/// Numbers that look like chance, and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(bound)).expect("it is below a u32")
    }
}

#[test]
fn whatever_happens() {
    proctor::watch(|| {
        for seed in 0..200 {
            let mut chance = Chance(seed);
            let mut mux = Checked::new(Limits {
                connection: chance.below(100),
                stream: chance.below(60),
                frame: 1 + chance.below(20) as usize,
                waiting: 1 + chance.below(80) as usize,
            });
            let mut opened = 0;
            for _ in 0..300 {
                let id = if opened == 0 { 1 } else { 2 * chance.below(opened) + 1 };
                let finished = mux.streams.get(&id).is_some_and(|stream| stream.finished);
                match chance.below(20) {
                    0 if opened < 12 => {
                        opened += 1;
                        mux.open(2 * opened - 1);
                    }
                    1..=5 if opened > 0 && !finished => {
                        let count = chance.below(60);
                        mux.push(id, count as usize);
                    }
                    6 => mux.finish(id),
                    7 if chance.below(4) == 0 => mux.reset(id),
                    8..=9 => {
                        let by = 1 + chance.below(40);
                        mux.update(id, by);
                    }
                    10..=11 => {
                        let by = 1 + chance.below(60);
                        mux.update(0, by);
                    }
                    12 => {
                        let window = chance.below(60);
                        mux.settings(window);
                    }
                    _ => _ = mux.next(),
                }
            }
            mux.all();
        }
    });
}

//! Members who listen, members who speak, and members who have gone to lunch.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chat_room::Room;
use gateway::testing::{self, Request, WebSocketCall};
use gateway::{Close, Failure, Message, SendEvent, UnsupportedScope};
use proctor::count::{Drops, Token};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// What a member's client does next.
enum Command {
    Say(Message),
    Read(bool),
    Leave,
    /// The server gives the call up: its future is dropped.
    Drop,
}

/// What a member's client has seen.
#[derive(Debug, Default)]
struct Log {
    accepted: bool,
    heard: Vec<String>,
    /// How the call ended, and when. A call that was dropped has not.
    ended: Option<(Instant, Result<(), Failure>)>,
}

/// A client, with the call that it is a member by, in a task of its own.
struct Member {
    name: &'static str,
    commands: mpsc::UnboundedSender<Command>,
    log: Arc<Mutex<Log>>,
}

/// A message in words.
fn words(message: Message) -> String {
    match message {
        Message::Text(text) => text,
        Message::Binary(bytes) => format!("bytes {}", bytes.escape_ascii()),
    }
}

/// Lets everybody go on until all of them wait.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// What the application sends, if that is read, or how its call ends.
async fn next(call: &mut WebSocketCall<'_>, reads: bool) -> Result<SendEvent, Result<(), Failure>> {
    if reads && let Some(event) = call.event().await {
        return Ok(event);
    }
    Err(call.ended().await)
}

/// Drives a call, and reads from it if it is to.
async fn drive(
    room: Arc<Room>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    log: Arc<Mutex<Log>>,
) {
    let mut call = testing::websocket(&*room, Request::get("/room"));
    let mut reads = true;
    let ended = loop {
        let event = tokio::select! {
            biased;
            command = commands.recv() => {
                match command {
                    Some(Command::Say(message)) => call.say(message),
                    Some(Command::Read(now)) => reads = now,
                    Some(Command::Leave) => call.close(Close::new(1001)),
                    Some(Command::Drop) | None => return,
                }
                continue;
            }
            event = next(&mut call, reads) => event,
        };
        match event {
            Ok(SendEvent::WebSocketAccept(_)) => log.lock().unwrap().accepted = true,
            Ok(SendEvent::WebSocketSend(message)) => {
                log.lock().unwrap().heard.push(words(message));
                // A socket would let the others have a turn, too.
                tokio::task::yield_now().await;
            }
            // To say goodbye is allowed, and so is to leave that to the server.
            Ok(_) => {}
            Err(ended) => break ended,
        }
    };
    log.lock().unwrap().ended = Some((Instant::now(), ended));
    // The server reads what the application has left behind, and the client with it.
    while let Some(SendEvent::WebSocketSend(message)) = call.event().await {
        log.lock().unwrap().heard.push(words(message));
    }
}

impl Member {
    /// Joins a room.
    async fn of(room: &Arc<Room>, name: &'static str) -> Self {
        let (commands, to_do) = mpsc::unbounded_channel();
        let log = Arc::new(Mutex::new(Log::default()));
        tokio::spawn(drive(Arc::clone(room), to_do, Arc::clone(&log)));
        settle().await;
        let member = Self { name, commands, log };
        member.stays();
        assert!(member.log.lock().unwrap().accepted, "{name} has connected, and is not accepted");
        member
    }

    fn does(&self, command: Command) {
        // A call that has ended has nobody who listens.
        let _ = self.commands.send(command);
    }

    fn says(&self, message: impl Into<Message>) {
        self.does(Command::Say(message.into()));
    }

    /// It does not read from now on.
    async fn stops_reading(&self) {
        self.does(Command::Read(false));
        settle().await;
    }

    async fn reads_again(&self) {
        self.does(Command::Read(true));
        settle().await;
    }

    fn heard(&self) -> Vec<String> {
        self.log.lock().unwrap().heard.clone()
    }

    /// It has heard this, and nothing else.
    #[track_caller]
    fn has_heard(&self, expected: &[String], when: &str) {
        let heard = self.heard();
        if heard == expected {
            return;
        }
        let name = self.name;
        let same = heard.iter().zip(expected).take_while(|(heard, said)| heard == said).count();
        let place = |messages: &[String]| match messages.get(same) {
            Some(message) => format!("{message:?}"),
            None => "nothing".to_owned(),
        };
        panic!(
            "{when}: {name} has heard {} of {} messages.\n\
             After {same} right ones, {} should come, and {} does",
            heard.len(),
            expected.len(),
            place(expected),
            place(&heard)
        );
    }

    /// Its call goes on.
    #[track_caller]
    fn stays(&self) {
        if let Some((_, ended)) = &self.log.lock().unwrap().ended {
            panic!("{} has not left, and its call has ended: {ended:?}", self.name);
        }
    }

    /// Its call has ended, and nobody has made a mistake.
    #[track_caller]
    fn is_gone(&self, when: &str) -> Instant {
        let name = self.name;
        let log = self.log.lock().unwrap();
        let Some((at, ended)) = &log.ended else { panic!("{when}, and {name}'s call goes on") };
        if let Err(failure) = ended {
            assert!(
                failure.is_expected(),
                "{when}, and {name}'s call was reported as a failure: {failure}"
            );
        }
        *at
    }
}

#[track_caller]
fn count(room: &Room, expected: usize, when: &str) {
    proctor::expect_eq!(room.members(), expected, "how many members there are {when}");
}

fn room(bound: usize) -> Arc<Room> {
    Arc::new(Room::new(bound))
}

/// `from 1`, `from 2`, and so on.
fn numbered(from: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{from} {number}")).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn what_one_says_all_hear() {
    proctor::watch_async(async {
        let room = room(8);
        count(&room, 0, "before anybody came");
        let ann = Member::of(&room, "Ann").await;
        let bea = Member::of(&room, "Bea").await;
        let cal = Member::of(&room, "Cal").await;
        count(&room, 3, "when three have come");
        let said = texts(&["hello", "bytes \\xffb", "", "bye"]);
        let messages: [(&Member, Message); 4] = [
            (&ann, "hello".into()),
            (&bea, vec![0xff, b'b'].into()),
            (&cal, "".into()),
            (&ann, "bye".into()),
        ];
        for (number, (speaker, message)) in (1..).zip(messages) {
            speaker.says(message);
            settle().await;
            for member in [&ann, &bea, &cal] {
                let when = format!("{} has spoken, which is message {number}", speaker.name);
                member.has_heard(&said[..number], &when);
            }
        }
    });
}

#[test]
fn who_comes_later_hears_what_comes_later() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        ann.says("one");
        settle().await;
        let bea = Member::of(&room, "Bea").await;
        ann.says("two");
        settle().await;
        ann.has_heard(&texts(&["one", "two"]), "after two messages");
        bea.has_heard(&texts(&["two"]), "after one message since it has come");
    });
}

#[test]
fn who_is_accepted_misses_nothing() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let mut guest = testing::websocket(&*room, Request::get("/room"));
        guest.accepted().await;
        // The guest's call has no turn between the accept and this.
        ann.says("welcome");
        settle().await;
        let heard = timeout(Duration::from_secs(1), guest.heard()).await;
        proctor::expect_eq!(
            heard,
            Ok(Some("welcome".into())),
            "what a guest has heard, a second after it was accepted and Ann has said \"welcome\""
        );
    });
}

#[test]
fn all_hear_the_same_order() {
    proctor::watch_async(async {
        let room = room(32);
        let ann = Member::of(&room, "Ann").await;
        let bea = Member::of(&room, "Bea").await;
        let cal = Member::of(&room, "Cal").await;
        for number in 1..=5 {
            for member in [&cal, &ann, &bea] {
                member.says(format!("{} {number}", member.name));
            }
        }
        settle().await;
        let order = cal.heard();
        proctor::expect_eq!(
            order.len(),
            15,
            "how many messages Cal has heard, where three have said five each"
        );
        for speaker in [&ann, &bea, &cal] {
            let own: Vec<_> =
                order.iter().filter(|message| message.starts_with(speaker.name)).cloned().collect();
            proctor::expect_eq!(
                own,
                numbered(speaker.name, 5),
                "what {} has said, as Cal has heard it",
                speaker.name
            );
            speaker.has_heard(&order, "beside Cal, who has heard the same messages");
        }
    });
}

#[test]
fn who_does_not_read_delays_nobody() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let dan = Member::of(&room, "Dan").await;
        let bea = Member::of(&room, "Bea").await;
        dan.stops_reading().await;
        let said = numbered("message", 40);
        for (number, message) in (1..).zip(&said) {
            ann.says(message.clone());
            settle().await;
            let when = format!("a millisecond after message {number}, and Dan does not read");
            ann.has_heard(&said[..number], &when);
            bea.has_heard(&said[..number], &when);
        }
        bea.says("still here?");
        let eve = Member::of(&room, "Eve").await;
        eve.says("now I am");
        settle().await;
        let said = [said, texts(&["still here?", "now I am"])].concat();
        ann.has_heard(&said, "Dan does not read, and Bea and Eve have spoken");
        bea.has_heard(&said, "Dan does not read, and Bea and Eve have spoken");
    });
}

#[test]
fn within_the_bound_nothing_is_lost() {
    proctor::watch_async(async {
        for (bound, at_once) in [(1, false), (1, true), (8, false), (8, true)] {
            let room = room(bound);
            let dan = Member::of(&room, "Dan").await;
            let ann = Member::of(&room, "Ann").await;
            dan.stops_reading().await;
            let said = numbered("message", bound + 2);
            for message in &said {
                ann.says(message.clone());
                if !at_once {
                    settle().await;
                }
            }
            settle().await;
            sleep(Duration::from_hours(1)).await;
            let when = format!(
                "Dan has not read {} messages, where {bound} may wait, beside one that is being sent and one that the server has",
                bound + 2
            );
            count(&room, 2, &format!("({when})"));
            dan.stays();
            dan.reads_again().await;
            dan.has_heard(&said, &format!("{when}, and reads again"));
            ann.says("and on");
            settle().await;
            dan.stays();
            let said = [said, texts(&["and on"])].concat();
            dan.has_heard(&said, "reading again, and after one message more");
        }
    });
}

#[test]
fn beyond_the_bound_who_does_not_read_is_dropped() {
    proctor::watch_async(async {
        for bound in [1, 8] {
            let room = room(bound);
            let ann = Member::of(&room, "Ann").await;
            let dan = Member::of(&room, "Dan").await;
            let bea = Member::of(&room, "Bea").await;
            dan.stops_reading().await;
            let mut said = numbered("message", bound + 3);
            for message in &said {
                ann.says(message.clone());
                settle().await;
            }
            let when = format!(
                "{} messages were said that Dan has not read, where {bound} may wait, beside one that is being sent and one that the server has",
                bound + 3
            );
            count(&room, 2, &format!("({when})"));
            dan.says("I am still here");
            settle().await;
            ann.has_heard(&said, "Dan was dropped, and has spoken since");
            sleep(Duration::from_secs(10)).await;
            dan.is_gone(&when);
            ann.has_heard(&said, &when);
            bea.has_heard(&said, &when);
            let rest = dan.heard();
            proctor::expect_eq!(
                &rest[..],
                &said[..rest.len()],
                "what Dan has still read of the messages from 1 on"
            );
            // The room goes on without it.
            for message in numbered("more", 20) {
                bea.says(message.clone());
                said.push(message);
                settle().await;
            }
            ann.has_heard(&said, "Dan was dropped, and Bea has spoken on");
            bea.has_heard(&said, "Dan was dropped, and Bea has spoken on");
            count(&room, 2, "when the third was dropped");
        }
    });
}

#[test]
fn who_does_not_read_may_speak() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let dan = Member::of(&room, "Dan").await;
        let bea = Member::of(&room, "Bea").await;
        dan.stops_reading().await;
        let mut said = texts(&["one", "two", "three"]);
        for message in &said {
            ann.says(message.clone());
            settle().await;
        }
        for message in numbered("Dan", 4) {
            dan.says(message.clone());
            said.push(message);
            settle().await;
            bea.has_heard(&said, "Dan does not read, and speaks");
        }
        dan.stays();
        ann.has_heard(&said, "Dan does not read, and speaks");
        dan.reads_again().await;
        dan.has_heard(&said, "reading again");
    });
}

#[test]
fn who_speaks_and_does_not_read_is_dropped_like_all() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let dan = Member::of(&room, "Dan").await;
        dan.stops_reading().await;
        let said = numbered("Dan", 30);
        for message in &said {
            dan.says(message.clone());
        }
        settle().await;
        let when = "Dan has said 30 messages, and has read none of them, where 8 may wait";
        count(&room, 1, &format!("({when})"));
        sleep(Duration::from_secs(10)).await;
        dan.is_gone(when);
        ann.stays();
        let heard = ann.heard().len();
        assert!(heard >= 8, "{when}: Ann, who reads, has heard {heard} of them");
        ann.has_heard(&said[..heard.min(30)], when);
    });
}

#[test]
fn who_reads_is_not_dropped_however_much_is_said_at_once() {
    proctor::watch_async(async {
        for (bound, speakers) in
            [1, 2, 8].into_iter().flat_map(|bound| [(bound, 1), (bound, 2), (bound, 3)])
        {
            let room = room(bound);
            let members = [
                Member::of(&room, "Ann").await,
                Member::of(&room, "Bea").await,
                Member::of(&room, "Cal").await,
            ];
            for speaker in &members[..speakers] {
                for message in numbered(speaker.name, 100) {
                    speaker.says(message);
                }
            }
            settle().await;
            let when = format!(
                "{speakers} of three members said 100 messages each, all at once, where {bound} may wait"
            );
            for member in &members {
                let name = member.name;
                if let Some((_, ended)) = &member.log.lock().unwrap().ended {
                    panic!(
                        "{when}, and {name}, who reads whenever there is a turn, was dropped: {ended:?}.\n\
                         Between any two messages, whoever says them, the others need a turn, and so does what sends to {name}"
                    );
                }
            }
            count(&room, 3, &format!("({when}, and all have read)"));
            let order = members[2].heard();
            proctor::expect_eq!(
                order.len(),
                speakers * 100,
                "how many messages Cal has heard: {when}"
            );
            for member in &members {
                member
                    .has_heard(&order, &format!("{when}, and Cal has heard them in another order"));
            }
        }
    });
}

#[test]
fn a_call_ends_when_its_member_leaves() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let bea = Member::of(&room, "Bea").await;
        let left = Instant::now();
        bea.does(Command::Leave);
        settle().await;
        let at = bea.is_gone("Bea has left, and nobody speaks");
        proctor::expect_eq!(at - left, Duration::ZERO, "how long Bea's call went on without it");
        count(&room, 1, "when one of two has left");
        ann.says("alone");
        settle().await;
        ann.stays();
        ann.has_heard(&texts(&["alone"]), "alone in the room");
    });
}

#[test]
fn who_leaves_without_having_read_is_let_go() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let dan = Member::of(&room, "Dan").await;
        dan.stops_reading().await;
        let said = numbered("message", 6);
        for message in &said {
            ann.says(message.clone());
        }
        settle().await;
        count(&room, 2, "when one of two has not read 6 messages, and 8 may wait");
        dan.does(Command::Leave);
        settle().await;
        dan.is_gone("Dan has left, with messages waiting for it");
        count(&room, 1, "when one of two has left");
        ann.has_heard(&said, "Dan has left");
    });
}

#[test]
fn last_words_are_heard() {
    proctor::watch_async(async {
        for (reads, words) in [(true, 3), (true, 30), (false, 3)] {
            let room = room(8);
            let ann = Member::of(&room, "Ann").await;
            let bea = Member::of(&room, "Bea").await;
            if !reads {
                bea.stops_reading().await;
            }
            let said = numbered("last word", words);
            for message in &said {
                bea.says(message.clone());
            }
            bea.does(Command::Leave);
            settle().await;
            let when = format!("Bea has said {words} messages at once, and has left");
            ann.has_heard(&said, &when);
            bea.is_gone(&when);
            count(&room, 1, "when one of two has left");
        }
    });
}

#[test]
fn a_call_that_is_dropped_is_no_member() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let bea = Member::of(&room, "Bea").await;
        let dan = Member::of(&room, "Dan").await;
        dan.stops_reading().await;
        let said = numbered("message", 5);
        for message in &said {
            ann.says(message.clone());
        }
        settle().await;
        bea.does(Command::Drop);
        settle().await;
        count(&room, 2, "when one of three calls was dropped while it waited");
        dan.does(Command::Drop);
        settle().await;
        count(&room, 1, "when another was dropped, with messages waiting for it");
        ann.says("alone");
        settle().await;
        let said = [said, texts(&["alone"])].concat();
        ann.has_heard(&said, "the other calls were dropped");
        ann.does(Command::Drop);
        settle().await;
        count(&room, 0, "when all calls were dropped");
    });
}

#[test]
fn who_leaves_before_it_is_accepted_was_never_here() {
    proctor::watch_async(async {
        let room = room(8);
        let ann = Member::of(&room, "Ann").await;
        let mut call = testing::websocket(&*room, Request::get("/room"));
        call.close(Close::new(1006));
        if let Err(failure) = call.ended().await {
            assert!(
                failure.is_expected(),
                "a client has left before it was accepted, and that was reported as a failure: {failure}"
            );
        }
        count(&room, 1, "when another has left before it was accepted");
        ann.says("alone");
        settle().await;
        ann.has_heard(&texts(&["alone"]), "alone in the room");
    });
}

#[test]
fn members_come_and_go() {
    proctor::watch_async(async {
        let room = room(4);
        let ann = Member::of(&room, "Ann").await;
        let mut said = Vec::new();
        for round in 0..30 {
            let guest = Member::of(&room, "a guest").await;
            let message = format!("guest {round}");
            guest.says(message.clone());
            said.push(message);
            settle().await;
            guest.has_heard(&said[round..], "alone with Ann");
            count(&room, 2, "with Ann and a guest");
            guest.does(if round % 2 == 0 { Command::Leave } else { Command::Drop });
            settle().await;
            count(&room, 1, "when the guest has left");
        }
        ann.has_heard(&said, "thirty guests have come and gone");
    });
}

/// The bytes of a message whose end is seen.
struct Watched(Token);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        let Self(_token) = self;
        b"watched"
    }
}

#[test]
fn nothing_is_kept_for_who_has_left() {
    proctor::watch_async(async {
        for leaves in [true, false] {
            let drops = Drops::new();
            let room = room(8);
            let ann = Member::of(&room, "Ann").await;
            let dan = Member::of(&room, "Dan").await;
            dan.stops_reading().await;
            for _ in 0..8 {
                ann.says(Bytes::from_owner(Watched(drops.token())));
            }
            settle().await;
            dan.stays();
            for member in [&dan, &ann] {
                member.does(if leaves { Command::Leave } else { Command::Drop });
                settle().await;
            }
            count(&room, 0, "when both have left");
            proctor::expect_eq!(
                drops.alive(),
                0,
                "how many messages an empty room keeps, of 8 that waited for Dan when it left"
            );
        }
    });
}

#[test]
fn what_is_no_websocket_is_declined() {
    proctor::watch_async(async {
        let room = room(8);
        let request = testing::ask(&*room, Request::get("/room")).await.ended;
        let life = testing::lifespan(&*room).ended().await;
        for (ended, what) in [(request, "a request"), (life, "a lifespan call")] {
            let declined = match &ended {
                Err(Failure::Failed(error)) => error.is::<UnsupportedScope>(),
                _ => false,
            };
            assert!(
                declined,
                "{what} came, which should be declined by `unsupported`, and it ended with {ended:?}"
            );
        }
        count(&room, 0, "when somebody has asked for a page");
    });
}

//! The scripted stream.

use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};

use proctor::script::{Call, Script};

/// The message of the panic that `body` ends in.
fn panic_of(body: impl FnOnce() + Send + 'static) -> String {
    let panic = std::thread::spawn(body).join().expect_err("the body must panic");
    *panic.downcast::<String>().unwrap_or_else(|panic| {
        Box::new((*panic.downcast::<&str>().expect("a panic's message is text")).to_owned())
    })
}

#[test]
fn a_read_gets_one_piece_and_what_its_buffer_holds_of_it() {
    let mut stream = Script::new().gives("crabs").gives("").gives("!");
    let mut buffer = [0; 4];
    assert_eq!(stream.read(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer, b"crab");
    assert_eq!(stream.unread(), b"s!");
    assert_eq!(stream.read(&mut buffer).unwrap(), 1);
    assert_eq!(&buffer, b"srab", "only what was read is written to the buffer");
    assert_eq!(stream.read(&mut buffer).unwrap(), 1);
    assert_eq!(&buffer, b"!rab");
    assert_eq!(
        stream.read(&mut buffer).unwrap(),
        0,
        "an empty piece is none: it does not look like the end"
    );
    let given = |given| Call::Read { asked: 4, given: Ok(given) };
    assert_eq!(stream.calls(), [given(4), given(1), given(1), given(0)]);
}

#[test]
fn a_read_fails_once_and_loses_nothing() {
    let mut stream = Script::new()
        .gives("a")
        .interrupts_read()
        .blocks_read()
        .fails_read(ErrorKind::ConnectionReset)
        .gives("b");
    let mut buffer = [0; 8];
    assert_eq!(stream.read(&mut buffer).unwrap(), 1);
    for kind in [ErrorKind::Interrupted, ErrorKind::WouldBlock, ErrorKind::ConnectionReset] {
        assert_eq!(stream.read(&mut buffer).unwrap_err().kind(), kind);
    }
    assert_eq!(stream.read(&mut buffer).unwrap(), 1);
    assert_eq!(buffer[0], b'b');
}

#[test]
fn a_write_takes_what_its_step_says_and_then_everything() {
    let mut stream = Script::new()
        .takes(2)
        .interrupts_write()
        .takes(100)
        .takes(0)
        .blocks_write()
        .fails_write(ErrorKind::BrokenPipe);
    assert_eq!(stream.write(b"crabs").unwrap(), 2);
    assert_eq!(stream.write(b"abs").unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(stream.write(b"abs").unwrap(), 3);
    assert_eq!(stream.write(b"!").unwrap(), 0);
    assert_eq!(stream.write(b"!").unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(stream.write(b"!").unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(stream.write(&[b'!'; 1000]).unwrap(), 1000);
    assert!(stream.written().starts_with(b"crabs!!!"));
    assert_eq!(stream.written().len(), 1005);
}

#[test]
fn takes_each_holds_after_the_steps() {
    let mut stream = Script::new().takes_each(1).takes(3);
    let taken: Vec<usize> = (0..3).map(|_| stream.write(b"crabs").unwrap()).collect();
    assert_eq!(taken, [3, 1, 1]);
}

#[test]
fn the_standard_library_reads_and_writes_it_right() {
    for split in proctor::splits("crab\r\nlobster\n") {
        let stream =
            Script::new().interrupts_read().gives_each(&split).takes_each(1).interrupts_write();
        let mut output = stream.clone();
        for line in BufReader::new(&stream).lines() {
            writeln!(output, "{}", line.unwrap()).unwrap();
        }
        output.flush().unwrap();
        assert_eq!(stream.written_text(), "crab\nlobster\n", "{split}");
        assert_eq!(stream.flushes(), 1);
        assert_eq!(stream.writes(), 14);
        assert_eq!(stream.reads(), split.len() + 2, "an interruption, the pieces, the end");
    }
    let error = Script::new().takes(0).write_all(b"crab").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

#[test]
fn what_was_written_can_be_seen_after_the_stream_was_consumed() {
    fn consume(mut stream: impl Write) {
        stream.write_all(b"crab").unwrap();
    }
    let stream = Script::new();
    consume(stream.clone());
    assert_eq!(stream.written(), b"crab");
    assert_eq!(stream.calls(), [Call::Write { offered: 4, taken: Ok(4) }]);
}

#[test]
fn the_end_of_input_may_be_read_again_but_not_for_ever() {
    let mut stream = Script::new();
    for _ in 1..100 {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    let message = panic_of(move || drop(stream.read(&mut [0])));
    let expected = "read was called 100 times after the end of the input. It returned Ok(0) each time, and always will.\n\
        Take `Ok(0)` as the end: leave the loop.";
    assert_eq!(message, expected);
}

#[test]
fn a_write_that_takes_nothing_is_not_tried_for_ever() {
    let mut stream = Script::new().takes_each(0).takes(1);
    let message = panic_of(move || {
        loop {
            let _ = stream.write(b"crab");
        }
    });
    let expected = "write was called 100 times in a row and returned Ok(0) each time: this stream takes no more, and never will.\n\
        Take `Ok(0)` from a write as an error (`ErrorKind::WriteZero`): leave the loop.";
    assert_eq!(message, expected);
}

#[test]
fn a_read_into_an_empty_buffer_is_a_mistake() {
    let stream = Script::new().gives("crab");
    let mut theirs = stream.clone();
    let message = panic_of(move || drop(theirs.read(&mut Vec::with_capacity(1024))));
    let expected = "read was called with an empty buffer. It returns Ok(0), which then does not mean the end of the input.\n\
        A `Vec::with_capacity(n)` has a length of 0: give `read` a buffer like `[0; 1024]` or `vec![0; 1024]`.";
    assert_eq!(message, expected);
    assert_eq!(stream.unread(), b"crab", "the stream can be inspected after the panic");
}

#[test]
fn the_other_side_waits_for_its_answer() {
    let mut stream = Script::new()
        .gives("one\n")
        .awaits("one\n")
        .gives("two\n")
        .awaits("n")
        .awaits("e\n")
        .gives("three\n");
    let mut buffer = [0; 16];
    assert_eq!(stream.read(&mut buffer).unwrap(), 4);
    stream.write_all(b"> one\nand").unwrap();
    assert_eq!(stream.read(&mut buffer).unwrap(), 4);
    stream.write_all(b" done").unwrap();
    let mut theirs = stream.clone();
    let message = panic_of(move || drop(theirs.read(&mut [0; 16])));
    let expected = "this read would wait for ever: the other side sends nothing more until it has received \"e\\n\", \
        and since it last spoke it has received \"d done\".\n\
        Write the whole answer before you read on, and flush what a `BufWriter` holds back.";
    assert_eq!(message, expected);
    stream.write_all(b"\n").unwrap();
    assert_eq!(stream.read(&mut buffer).unwrap(), 6);
}

#[test]
fn what_a_buffer_holds_back_has_not_been_received() {
    let stream = Script::new().awaits("ready").gives("go");
    let theirs = stream.clone();
    let message = panic_of(move || {
        let mut output = BufWriter::new(theirs.clone());
        output.write_all(b"ready").unwrap();
        let _ = (&theirs).read(&mut [0; 16]);
    });
    assert!(message.contains("has received \"\"."), "{message}");
}

//! The camera in the tide pool: pictures, pushed at a pace.

use std::time::Duration;

use gateway::{Error, Message, Sender};
use tokio::time::{MissedTickBehavior, interval};

/// A picture: a byte of grey for each point.
pub const WIDTH: usize = 96;
pub const HEIGHT: usize = 64;

/// The time between two pictures.
pub const PACE: Duration = Duration::from_millis(100);

pub const PAGE: &str = r#"<canvas id="pool" width="96" height="64" style="width: 480px; image-rendering: pixelated"></canvas>
<script>
const socket = new WebSocket(location.href.replace("http", "ws"))
socket.binaryType = "arraybuffer"
const paint = pool.getContext("2d")
socket.onmessage = ({ data }) => {
  const picture = paint.createImageData(96, 64)
  new Uint8Array(data).forEach((grey, at) => picture.data.set([grey, grey, grey, 255], 4 * at))
  paint.putImageData(picture, 0, 0)
}
</script>
"#;

// ANCHOR: show
/// Shows the pool, until the viewer leaves.
///
/// A viewer on a slow line sees fewer pictures, not older ones: while `send` waits for room, the pictures in between are never made.
pub async fn show(send: Sender) -> Result<(), Error> {
    super::accept(&send).await?;
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let began = pace.tick().await;
    loop {
        let now = pace.tick().await;
        let number = (now - began).as_millis() / PACE.as_millis();
        send.send(Message::from(picture(usize::try_from(number)?))).await?;
    }
}
// ANCHOR_END: show

/// The pool at that moment: water, and a crab that walks sideways. The first bytes are the picture's number.
pub fn picture(number: usize) -> Vec<u8> {
    let mut points = vec![0; WIDTH * HEIGHT];
    for (at, point) in points.iter_mut().enumerate() {
        let (x, y) = (at % WIDTH, at / WIDTH);
        let wave = (x + 2 * y + number) % 16;
        *point = 120 + 4 * u8::try_from(wave).unwrap_or_default();
    }
    let left = number % (WIDTH - 12);
    for y in 0..6 {
        let legs = if y == 5 { 2 } else { 1 };
        for x in (0..12).step_by(legs) {
            points[(HEIGHT - 12 + y) * WIDTH + left + x] = 30;
        }
    }
    points[..4].copy_from_slice(&u32::try_from(number).unwrap_or_default().to_be_bytes());
    points
}

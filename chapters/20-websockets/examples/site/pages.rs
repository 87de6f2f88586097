//! What a browser shows of the two, and says to them.

/// Paints each picture as it comes.
pub const CAMERA: &str = r#"<canvas id="pool" width="96" height="64" style="width: 480px; image-rendering: pixelated"></canvas>
<p id="end"></p>
<script>
const socket = new WebSocket(location.href.replace("http", "ws"))
socket.binaryType = "arraybuffer"
const paint = pool.getContext("2d")
socket.onmessage = ({ data }) => {
  const picture = paint.createImageData(96, 64)
  new Uint8Array(data).forEach((grey, at) => picture.data.set([grey, grey, grey, 255], 4 * at))
  paint.putImageData(picture, 0, 0)
}
socket.onclose = ({ code, reason }) => end.textContent = `(closed: ${code} ${reason})`
</script>
"#;

/// Shows what is said, the last on top.
pub const CHAT: &str = r#"<form id="say"><input id="words" autocomplete="off" autofocus> <button>Say</button></form>
<ul id="said"></ul>
<script>
const socket = new WebSocket(location.href.replace("http", "ws"))
const show = text => said.prepend(Object.assign(document.createElement("li"), { textContent: text }))
socket.onmessage = ({ data }) => show(data)
socket.onclose = ({ code, reason }) => show(`(closed: ${code} ${reason})`)
say.onsubmit = event => { event.preventDefault(); socket.send(words.value); words.value = "" }
</script>
"#;

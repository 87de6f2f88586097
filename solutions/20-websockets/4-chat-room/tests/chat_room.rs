//! The exercise's tests, against the solution.

extern crate chat_room_solution as chat_room;

#[path = "../../../../exercises/20-websockets/4-chat-room/tests/chat_room.rs"]
mod tests;

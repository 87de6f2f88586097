//! The exercise's tests, against the solution.

extern crate stream_upload_solution as stream_upload;

#[path = "../../../../exercises/18-http-server/1-stream-upload/tests/stream_upload.rs"]
mod tests;

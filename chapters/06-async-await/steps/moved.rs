//! A state that points into itself, and what a move does to it. The pointer is never followed.

// ANCHOR: waiting
/// What `pier_then_height` has to remember at its await.
struct Waiting {
    line: [u8; 16],
    /// Where in `line` the pier's name begins.
    pier: *const u8,
}

impl Waiting {
    fn new(line: [u8; 16]) -> Self {
        Self { line, pier: std::ptr::null() }
    }

    fn points_into(&self, other: &Self) -> bool {
        other.line.as_ptr_range().contains(&self.pier)
    }
}
// ANCHOR_END: waiting

// ANCHOR: main
fn main() {
    let mut north = Waiting::new(*b"north: 1.9 metre");
    let mut south = Waiting::new(*b"south: 1.2 metre");
    north.pier = north.line.as_ptr();
    south.pier = south.line.as_ptr();
    println!("north points into north: {}", north.points_into(&north));

    std::mem::swap(&mut north, &mut south);
    println!("swapped.");
    println!("north points into north: {}", north.points_into(&north));
    println!("north points into south: {}", north.points_into(&south));

    let boxed = Box::new(south);
    println!("boxed.");
    println!("what is in the box points into the box: {}", boxed.points_into(&boxed));
}
// ANCHOR_END: main

//! A future that says what it captures: nothing.

use futures_by_hand::block_on;

// ANCHOR: greeting
fn greeting(name: &str) -> impl Future<Output = usize> + use<> {
    let length = name.len();
    async move { length }
}
// ANCHOR_END: greeting

fn greet() -> impl Future<Output = usize> {
    let name = String::from("Ferris");
    greeting(&name)
}

fn main() {
    println!("{} letters", block_on(greet()));
}

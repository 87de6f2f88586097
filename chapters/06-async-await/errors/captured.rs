//! A future that captures more than it uses. It must not compile.

// ANCHOR: greeting
fn greeting(name: &str) -> impl Future<Output = usize> {
    let length = name.len();
    async move { length }
}

fn greet() -> impl Future<Output = usize> {
    let name = String::from("Ferris");
    greeting(&name)
}
// ANCHOR_END: greeting

fn main() {
    drop(greet());
}

//! A closure that returns a future which borrows from the closure. It must not compile.

// ANCHOR: tour
async fn tour<F, Asked>(mut ask: F)
where
    F: FnMut(String) -> Asked,
    Asked: Future<Output = ()>,
{
    ask("north".to_owned()).await;
    ask("south".to_owned()).await;
}

async fn visited() -> Vec<String> {
    let mut log = Vec::new();
    tour(|pier| async { log.push(pier) }).await;
    log
}
// ANCHOR_END: tour

fn main() {
    drop(visited());
}

//! Ada asks for a statue, and for the tide while it is carved.

use std::time::Instant;

use tokio::io::{DuplexStream, duplex};

use crate::browser::Browser;

pub async fn visit<F>(serve: impl FnOnce(DuplexStream) -> F) -> Result<(), h2::Error>
where
    F: Future<Output = Result<(), h2::Error>> + Send + 'static,
{
    let (ours, theirs) = duplex(16 * 1024);
    tokio::spawn(serve(theirs));
    // ANCHOR: visit
    let ada = Browser::new(ours).await?;
    let began = Instant::now();
    let statue = ada.asks("/statue").await?;
    ada.get("/tide").await?;
    println!("the tide    after {:.1} s", began.elapsed().as_secs_f64());
    statue.await?;
    println!("the statue  after {:.1} s", began.elapsed().as_secs_f64());
    // ANCHOR_END: visit
    Ok(())
}

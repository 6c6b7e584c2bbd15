//! A crowd that votes at a steady rate, and remembers when each ballot was acknowledged.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

/// New voters, on so many connections, at so many ballots a second in all, for so long.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Connections kept open; each waits for its answer before it votes again.
    pub connections: u32,
    /// Ballots a second, where answers come in time.
    pub rate: f64,
    /// For so long.
    pub duration: Duration,
}

impl Crowd {
    /// Votes in the default poll. Returns when each ballot was acknowledged, from `started`, in order.
    ///
    /// # Errors
    /// When a ballot is not accepted.
    pub async fn vote(self, address: &str, started: Instant) -> anyhow::Result<Vec<Duration>> {
        let until = Instant::now() + self.duration;
        let pause = Duration::from_secs_f64(f64::from(self.connections) / self.rate);
        let mut voters = JoinSet::new();
        for voter in 0..self.connections {
            let offset = pause * voter / self.connections;
            voters.spawn(sit(address.to_owned(), (offset, pause), started, until));
        }
        let mut acknowledged = Vec::new();
        while let Some(voter) = voters.join_next().await {
            acknowledged.extend(voter??);
        }
        acknowledged.sort_unstable();
        Ok(acknowledged)
    }
}

/// One connection, that votes after `offset` and then every `pause`.
async fn sit(
    address: String,
    (offset, pause): (Duration, Duration),
    started: Instant,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let body = r#"{"choice":"a"}"#;
    let length = body.len();
    let request =
        format!("POST /ballots/default HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(&address).await?;
    let mut ticks = interval_at((Instant::now() + offset).into(), pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut answer, mut acknowledged) = ([0; 2048], Vec::new());
    while Instant::now() < until {
        ticks.tick().await;
        stream.write_all(request.as_bytes()).await?;
        let read = stream.read(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer[..read]);
        ensure!(answer.starts_with("HTTP/1.1 202"), "not accepted: {answer}");
        acknowledged.push(started.elapsed());
    }
    Ok(acknowledged)
}

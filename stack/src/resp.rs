//! Just enough of Redis's protocol to send a command and read its reply.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What Redis answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing is there.
    Nil,
    /// A number.
    Int(i64),
    /// A text; what is not UTF-8 is replaced.
    Text(String),
    /// The command failed.
    Error(String),
    /// Several replies.
    List(Vec<Reply>),
}

impl Reply {
    /// The text.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(&self) -> anyhow::Result<&str> {
        match self {
            Self::Text(text) => Ok(text),
            other => bail!("Redis answers {other:?} where a text should be"),
        }
    }

    /// The replies in a list.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn list(&self) -> anyhow::Result<&[Self]> {
        match self {
            Self::List(list) => Ok(list),
            other => bail!("Redis answers {other:?} where a list should be"),
        }
    }
}

/// A connection to Redis.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Where nobody listens there.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(|| address.to_string())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a command and waits for its reply; an error reply is a [`Reply::Error`].
    ///
    /// # Errors
    /// Where the connection breaks or the reply does not come in time.
    pub fn command(&mut self, words: &[&str]) -> anyhow::Result<Reply> {
        let mut request = format!("*{}\r\n", words.len());
        request.extend(words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())));
        self.stream.get_mut().write_all(request.as_bytes())?;
        read(&mut self.stream).with_context(|| words.join(" "))
    }
}

fn read(stream: &mut impl BufRead) -> anyhow::Result<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.strip_suffix("\r\n").context("the connection ended")?;
    let (kind, rest) = line.split_at_checked(1).context("an empty line")?;
    let number = || rest.parse::<i64>().with_context(|| format!("{rest:?} is no number"));
    Ok(match kind {
        "+" => Reply::Text(rest.into()),
        "-" => Reply::Error(rest.into()),
        ":" => Reply::Int(number()?),
        "$" | "*" if rest == "-1" => Reply::Nil,
        "$" => Reply::Text(text(stream, number()?.try_into()?)?),
        "*" => Reply::List((0..number()?).map(|_| read(stream)).collect::<anyhow::Result<_>>()?),
        _ => bail!("not Redis's protocol: {line:?}"),
    })
}

fn text(stream: &mut impl Read, length: usize) -> anyhow::Result<String> {
    let mut bytes = vec![0; length + 2];
    stream.read_exact(&mut bytes)?;
    ensure!(bytes.ends_with(b"\r\n"), "a text longer than announced");
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_reply_is_read() {
        let mut bytes = "*5\r\n+OK\r\n:-3\r\n$2\r\n\r\n\r\n$-1\r\n-ERR no\r\n".as_bytes();
        let text = |text: &str| Reply::Text(text.into());
        let error = Reply::Error("ERR no".into());
        let expected = vec![text("OK"), Reply::Int(-3), text("\r\n"), Reply::Nil, error];
        assert_eq!(read(&mut bytes).unwrap(), Reply::List(expected));
        assert!(read(&mut bytes).is_err(), "the end");
    }
}

//! Load by wrk.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

use super::http;

/// Voters that come back: enough that their ballots are spread over the poll.
const RETURNING: usize = 2000;

/// The ballots that wrk sends: new voters without a cookie, and voters that come back.
#[derive(Clone, Debug)]
pub struct Requests {
    cookies: Vec<String>,
}

/// How hard to push.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections kept open.
    pub connections: usize,
    /// For so long.
    pub seconds: u64,
}

/// What wrk saw.
#[derive(Debug)]
pub struct Measured {
    /// Answers a second.
    pub rate: f64,
    /// The 99th percentile of the time to an answer.
    pub p99_ms: f64,
    /// The longest time to an answer.
    pub longest_ms: f64,
    /// Connections broken and answers that were neither 2xx nor 3xx.
    pub errors: u64,
}

impl Requests {
    /// Lets voters vote once, to have the cookies of some that come back.
    ///
    /// # Errors
    /// When the product does not take a ballot.
    pub async fn prepare(address: &str) -> anyhow::Result<Self> {
        let mut cookies = Vec::with_capacity(RETURNING);
        for _ in 0..RETURNING {
            let answer = http::send(address, "POST", "/ballots/default", "", r#"{"choice":"a"}"#).await?;
            let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
            cookies.push(cookie.with_context(|| format!("no cookie: {}", answer.head))?.to_owned());
        }
        Ok(Self { cookies })
    }

    /// New voters only.
    pub fn fresh_only() -> Self {
        Self { cookies: Vec::new() }
    }

    /// Every second ballot is that of a voter who comes back.
    fn script(&self) -> String {
        let mut script = String::from("local fresh, known = {}, {}\nlocal path, json = \"/ballots/default\", {}\n");
        for choice in ["a", "b"] {
            let _ = writeln!(script, "local {choice} = '{{\"choice\":\"{choice}\"}}'");
        }
        script.push_str("local cookies = {\n");
        for cookie in &self.cookies {
            let _ = writeln!(script, "\"{cookie}\",");
        }
        script.push_str(
            "}\nlocal n = 0\nfunction init()\n  math.randomseed(os.time())\n  n = math.random(0, 100000)\n\
             \x20 fresh[0] = wrk.format('POST', path, json, a)\n  fresh[1] = wrk.format('POST', path, json, b)\n\
             \x20 for i, cookie in ipairs(cookies) do\n\
             \x20   known[2 * i - 2] = wrk.format('POST', path, { Cookie = cookie }, a)\n\
             \x20   known[2 * i - 1] = wrk.format('POST', path, { Cookie = cookie }, b)\n  end\nend\n\
             function request()\n  n = n + 1\n  if n % 2 == 0 or #cookies == 0 then return fresh[math.floor(n / 2) % 2] end\n\
             \x20 return known[math.floor(n / 2) * 7 % (2 * #cookies)]\nend\n",
        );
        script
    }
}

impl Load {
    /// Posts ballots.
    ///
    /// # Errors
    /// When wrk does not run or says nothing we understand.
    pub fn post(&self, address: &str, requests: &Requests) -> anyhow::Result<Measured> {
        let mut script = NamedTempFile::with_suffix(".lua")?;
        script.write_all(requests.script().as_bytes())?;
        let script = script.path().to_string_lossy().into_owned();
        self.wrk(&["-s", &script, &format!("http://{address}/ballots/default")])
    }

    /// Gets a path.
    ///
    /// # Errors
    /// When wrk does not run or says nothing we understand.
    pub fn get(&self, address: &str, path: &str) -> anyhow::Result<Measured> {
        self.wrk(&[&format!("http://{address}{path}")])
    }

    /// Asks as a script of wrk says.
    ///
    /// # Errors
    /// When wrk does not run or says nothing we understand.
    pub fn by_script(&self, address: &str, text: &str) -> anyhow::Result<Measured> {
        let mut script = NamedTempFile::with_suffix(".lua")?;
        script.write_all(text.as_bytes())?;
        self.wrk(&["-s", &script.path().to_string_lossy(), &format!("http://{address}/")])
    }

    /// Gets these paths with a key, any of them each time.
    ///
    /// # Errors
    /// When wrk does not run or says nothing we understand.
    pub fn get_any(&self, address: &str, key: &str, paths: &[String]) -> anyhow::Result<Measured> {
        let mut script = NamedTempFile::with_suffix(".lua")?;
        let paths: Vec<String> = paths.iter().map(|path| format!("'{path}'")).collect();
        writeln!(
            script,
            "local paths = {{ {} }}\nfunction init() math.randomseed(os.time()) end\nfunction request()\n\
             \x20 return wrk.format('GET', paths[math.random(#paths)], {{ Authorization = '{key}' }})\nend",
            paths.join(", ")
        )?;
        let script = script.path().to_string_lossy().into_owned();
        self.wrk(&["-s", &script, &format!("http://{address}/")])
    }

    fn wrk(&self, more: &[&str]) -> anyhow::Result<Measured> {
        let (connections, seconds) = (format!("-c{}", self.connections), format!("-d{}s", self.seconds));
        let output = Command::new("wrk").args(["-t2", &connections, &seconds, "--latency"]).args(more).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
        }
        parse(&text).with_context(|| format!("wrk said: {text}"))
    }
}

fn parse(text: &str) -> Option<Measured> {
    let line = |start: &str| text.lines().map(str::trim).find_map(|line| line.strip_prefix(start)).map(str::trim);
    let latency = line("Latency   ").and_then(|line| line.split_whitespace().nth(2))?;
    let bad_answers = line("Non-2xx or 3xx responses:").and_then(|count| count.parse().ok()).unwrap_or(0);
    let broken = line("Socket errors:")
        .map_or(0, |line| line.split([' ', ',']).filter_map(|word| word.parse::<u64>().ok()).sum());
    Some(Measured {
        rate: line("Requests/sec:")?.parse().ok()?,
        p99_ms: milliseconds(line("99%")?)?,
        longest_ms: milliseconds(latency)?,
        errors: bad_answers + broken,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("m", 60_000.0), ("s", 1000.0)];
    units.into_iter().find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_understood() {
        let text = "Running 1s test @ http://127.0.0.1:1/\n  2 threads and 256 connections\n  \
            Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency     2.33ms    1.05ms  21.40ms   77.20%\n    \
            Req/Sec    54.98k     2.88k   60.00k    70.00%\n  Latency Distribution\n     50%    2.20ms\n     99%  950.00us\n  \
            109402 requests in 1.00s, 14.61MB read\n  Socket errors: connect 0, read 1, write 2, timeout 0\n  \
            Non-2xx or 3xx responses: 7\nRequests/sec: 109221.06\nTransfer/sec:     14.58MB\n";
        let measured = parse(text).unwrap();
        assert_eq!((measured.rate, (measured.p99_ms * 1000.0).round(), measured.longest_ms), (109_221.06, 950.0, 21.4));
        assert_eq!(measured.errors, 10);
    }
}

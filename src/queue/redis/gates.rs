//! A gate as text: `generation round revision phase opens closes change used`.

use jiff::Timestamp;

use super::damaged;
use crate::domain::clock::from_millis;
use crate::domain::gate::{Gate, Phase};
use crate::queue::QueueError;

pub fn encode(gate: &Gate) -> String {
    let time = |at: Option<Timestamp>| at.map_or("-".to_owned(), |at| at.as_millisecond().to_string());
    let phase = match gate.phase {
        Phase::Shut => 0,
        Phase::Open => 1,
        Phase::Latched => 2,
    };
    let Gate { generation, round, revision, allow_change, used, .. } = *gate;
    let (opens, closes, change, used) =
        (time(gate.opens_at), time(gate.closes_at), u8::from(allow_change), u8::from(used));
    format!("{generation} {round} {revision} {phase} {opens} {closes} {change} {used}")
}

pub fn decode(stored: &[u8]) -> Result<Gate, QueueError> {
    std::str::from_utf8(stored).ok().and_then(parse).ok_or_else(|| damaged("a gate"))
}

fn parse(text: &str) -> Option<Gate> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [generation, round, revision, phase, opens, closes, change, used] = parts[..] else { return None };
    let time = |text: &str| match text {
        "-" => Some(None),
        millis => millis.parse().ok().map(|millis| Some(from_millis(millis))),
    };
    let flag = |text: &str| match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    Some(Gate {
        generation: generation.parse().ok()?,
        round: round.parse().ok()?,
        revision: revision.parse().ok()?,
        phase: match phase {
            "0" => Phase::Shut,
            "1" => Phase::Open,
            "2" => Phase::Latched,
            _ => return None,
        },
        opens_at: time(opens)?,
        closes_at: time(closes)?,
        allow_change: flag(change)?,
        used: flag(used)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        let times = [None, Some(from_millis(0)), Some(from_millis(1_800_000_000_123))];
        for (phase, opens_at, closes_at) in [Phase::Shut, Phase::Open, Phase::Latched]
            .into_iter()
            .flat_map(|phase| times.map(|at| (phase, at, times[2])))
        {
            for (allow_change, used) in [(true, false), (false, true)] {
                let (generation, round, revision) = (u32::MAX, 3, 1 << 40);
                let gate = Gate { generation, round, revision, phase, opens_at, closes_at, allow_change, used };
                assert_eq!(decode(encode(&gate).as_bytes()).unwrap(), gate);
            }
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in ["", "1", "1 1 1 3 - - 1 0", "1 1 1 1 - - 2 0", "1 1 1 1 x - 1 0", "1 1 1 1 - - 1 0 0"] {
            assert!(decode(text.as_bytes()).is_err(), "{text}");
        }
    }
}

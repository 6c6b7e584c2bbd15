//! `cargo xtask pictures`: the pictures of the README, as the tests take them.

use std::fs;

use anyhow::Context;

use crate::shell;

/// Which test shows which picture, and what the README calls it.
const PICTURES: [(&str, &str, &str); 2] = [
    ("browser::viewer::bars_move", "results-1280-light.png", "results.png"),
    ("browser::voter::a_vote_on_a_phone", "voted-390-light.png", "vote.png"),
];

/// Takes the pictures anew.
///
/// # Errors
/// Where a test fails, or took no picture.
pub fn run() -> anyhow::Result<()> {
    for (test, picture, name) in PICTURES {
        shell::run(&mut shell::cargo(&["test", "--test", "it", "--", test]))?;
        let (from, to) =
            (shell::target().join("screenshots").join(picture), shell::root().join("docs/images").join(name));
        fs::copy(&from, &to).with_context(|| format!("no picture at {}", from.display()))?;
        println!("{}", to.display());
    }
    Ok(())
}

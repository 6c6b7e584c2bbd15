//! `cargo xtask bench`.

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Measures.
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not measured yet")
}

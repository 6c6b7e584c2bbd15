//! `cargo xtask licences`: what may come into the build, as deny.toml says.
//!
//! Where the command `cargo-deny` is installed, it decides. Where it is not (it takes long to build), we read the same
//! deny.toml and check the same of `cargo metadata`, offline: licences and sources are errors, duplicates are listed.
//! Advisories are not checked then: they need cargo-deny and its database.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::shell;

#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    /// An SPDX expression; older crates write `/` for `OR`.
    license: Option<String>,
    /// Absent for the workspace's own.
    source: Option<String>,
}

/// Checks all dependencies.
///
/// # Errors
/// Where one of them is under a licence, or from a place, that deny.toml does not allow.
pub fn run() -> anyhow::Result<()> {
    if shell::find("cargo-deny").is_some() {
        return by_cargo_deny();
    }
    let text = std::fs::read_to_string(shell::root().join("deny.toml")).context("deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml")?;
    let packages = metadata()?.packages;
    let faults = faults(&packages, &deny)?;
    for line in duplicates(&packages) {
        println!("warning: {line}");
    }
    if !faults.is_empty() {
        bail!("{} dependencies are not allowed by deny.toml:\n{}", faults.len(), faults.join("\n"));
    }
    println!("{} packages: licences and sources are allowed by deny.toml.", packages.len());
    println!(
        "Advisories were not checked: that needs cargo-deny and its database (cargo install cargo-deny --locked)."
    );
    Ok(())
}

fn by_cargo_deny() -> anyhow::Result<()> {
    shell::run(&mut shell::cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    if shell::succeeds(&mut shell::cargo(&["deny", "fetch", "db"])) {
        return shell::run(&mut shell::cargo(&["deny", "check", "advisories"]));
    }
    println!("Advisories were not checked: their database is out of reach.");
    Ok(())
}

/// The packages this machine would build; nothing is downloaded that a build has not downloaded already.
fn metadata() -> anyhow::Result<Metadata> {
    let version = shell::output(shell::cargo(&["--version", "--verbose"]).env_remove("RUSTFLAGS"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("cargo names no host")?;
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    Ok(serde_json::from_str(&shell::output(&mut shell::cargo(&arguments))?)?)
}

/// A line for each package that is not allowed.
fn faults(packages: &[Package], deny: &Deny) -> anyhow::Result<Vec<String>> {
    let parse = |text: &String| Licensee::parse(text).with_context(|| format!("deny.toml allows {text}: not SPDX"));
    let allowed = deny.licenses.allow.iter().map(parse).collect::<anyhow::Result<Vec<_>>>()?;
    let mut faults = Vec::new();
    for Package { name, version, license, source } in packages {
        if let Err(why) = licence_is_allowed(license.as_deref(), &allowed) {
            faults.push(format!("  {name} {version}: {why}"));
        }
        if let Some(source) = source.as_ref().filter(|source| !source_is_allowed(source, &deny.sources)) {
            faults.push(format!("  {name} {version}: comes from {source}"));
        }
    }
    Ok(faults)
}

fn licence_is_allowed(license: Option<&str>, allowed: &[Licensee]) -> anyhow::Result<()> {
    let license = license.context("names no licence")?;
    let expression = Expression::parse_mode(license, ParseMode::LAX)
        .map_err(|error| anyhow::anyhow!("its licence {license:?} is not SPDX: {}", error.reason))?;
    if !expression.evaluate(|requirement| allowed.iter().any(|licensee| licensee.satisfies(requirement))) {
        bail!("is under {license}");
    }
    Ok(())
}

fn source_is_allowed(source: &str, sources: &Sources) -> bool {
    source.strip_prefix("registry+").is_some_and(|registry| sources.allow_registry.iter().any(|one| one == registry))
}

/// A line for each package that is there in several versions.
fn duplicates(packages: &[Package]) -> Vec<String> {
    let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
    for package in packages {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    several.map(|(name, versions)| format!("{name} is there as {versions:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deny() -> Deny {
        toml::from_str(
            r#"
            [licenses]
            allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
            [sources]
            allow-registry = ["https://github.com/rust-lang/crates.io-index"]
            "#,
        )
        .unwrap()
    }

    fn faults_of(license: &str, source: &str) -> Vec<String> {
        let package = Package {
            name: "one".into(),
            version: "1.0.0".into(),
            license: (!license.is_empty()).then(|| license.into()),
            source: Some(source.into()),
        };
        faults(&[package], &deny()).unwrap()
    }

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn a_choice_of_licences_needs_one_that_is_allowed_and_a_sum_needs_all() {
        for fine in ["MIT", "MIT OR GPL-3.0-only", "GPL-3.0-only/MIT", "Apache-2.0 WITH LLVM-exception AND MIT"] {
            assert_eq!(faults_of(fine, CRATES_IO), Vec::<String>::new(), "{fine}");
        }
        for wrong in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0", "nonsense", ""] {
            assert_eq!(faults_of(wrong, CRATES_IO).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn only_the_known_registry_is_a_source() {
        assert_eq!(faults_of("MIT", "git+https://example.org/one").len(), 1);
        assert_eq!(faults_of("MIT", "registry+https://example.org/index").len(), 1);
    }
}

//! Where Debian puts the servers.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

/// Where a program is: on the search path, or in a folder of Debian's that is not on everybody's.
///
/// # Errors
/// Where it is not installed.
pub fn find(program: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]).chain(postgres_folders());
    let mut files = folders.map(|folder| folder.join(program));
    files.find(|file| file.is_file()).with_context(|| format!("{program} is not installed: apt-get install it"))
}

/// Where a program of PostgreSQL's newest version is. All come from one folder: a server does not start on what the
/// initdb of another version made.
///
/// # Errors
/// Where PostgreSQL is not installed.
pub(crate) fn find_of_postgres(program: &str) -> anyhow::Result<PathBuf> {
    let newest = postgres_folders().into_iter().map(|folder| folder.join(program)).find(|file| file.is_file());
    newest.map_or_else(|| find(program), Ok)
}

/// Debian keeps the versions of PostgreSQL apart, and out of the search path; the newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

//! The disk is full: ballots are turned away, it shows, and it heals by itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::assert_tallies_equal_the_fold;
use super::load::{Crowd, Outcome};
use crate::sandbox::{Process, Site, binary};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_refuses_ballots_and_heals_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    // With the signal ignored, a write past the limit fails as on a full disk.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\""]).arg(binary());
    let process = Process::start_by(command, folder.path());
    let id = process.id();
    let crowd = fill_and_heal(&process.site, || limit_files(id, "1000:"), || limit_files(id, "unlimited:")).await;
    finish(process, crowd, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_disk_that_runs_full_refuses_ballots_and_heals_by_itself() {
    let Some(disk) = SmallDisk::mount() else {
        // Not hidden: the test beside this one shows the same behaviour by a limit, which needs no rights.
        println!("no right to mount a small disk here: a full one is simulated by a limit on file sizes only");
        return;
    };
    println!("a small disk is mounted at {}", disk.path().display());
    let process = Process::start(disk.path());
    let filler = disk.path().join("filler");
    let fill = || {
        // Filled to the last byte: the copy must fail.
        let arguments = ["if=/dev/zero", &format!("of={}", filler.display()), "bs=4096"];
        assert!(!Command::new("dd").args(arguments).stderr(Stdio::null()).status().unwrap().success());
    };
    let crowd = fill_and_heal(&process.site, fill, || std::fs::remove_file(&filler).unwrap()).await;
    finish(process, crowd, disk.path()).await;
}

/// Votes, breaks the disk, votes on, mends the disk, and waits until the product has noticed.
async fn fill_and_heal(site: &Site, fill: impl FnOnce(), heal: impl FnOnce()) -> Crowd {
    let voting = Crowd::new("default", 16).start(site, 5000);
    voting.acknowledged(200).await;
    fill();
    let crowd = voting.finish().await;
    let turned_away = crowd.casts().filter(|cast| cast.status == Some(StatusCode::SERVICE_UNAVAILABLE));
    assert!(turned_away.count() > 16, "a ballot that met the full disk was answered as if it had not");
    let (status, troubles) = readiness(site).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{troubles}");
    assert!(troubles["troubles"]["intake"].is_string(), "{troubles}");
    let livez = site.http.get(site.url("/livez")).send().await.unwrap();
    assert_eq!(livez.status(), StatusCode::OK);
    heal();
    for _ in 0..1000 {
        if readiness(site).await.0 == StatusCode::OK {
            return crowd;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never ready again: {}", readiness(site).await.1);
}

async fn finish(process: Process, crowd: Crowd, folder: &Path) {
    let before = crowd.count(Outcome::Acknowledged);
    let crowd = crowd.start(&process.site, 10).finish().await;
    assert_eq!(crowd.count(Outcome::Acknowledged), before + 160, "ballots are still turned away");
    crowd.check(&process.site).await;
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder).await;
}

async fn readiness(site: &Site) -> (StatusCode, Value) {
    let answer = site.http.get(site.url("/readyz")).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or(json!(null)))
}

fn limit_files(process: u32, limit: &str) {
    let status = Command::new("prlimit").args(["--pid", &process.to_string(), &format!("--fsize={limit}")]).status();
    assert!(status.unwrap().success(), "prlimit --fsize={limit}");
}

/// A file system of a few megabytes in memory; unmounted with the value.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        let mounted = command.status().is_ok_and(|status| status.success());
        mounted.then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the process on it may be just about to go.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

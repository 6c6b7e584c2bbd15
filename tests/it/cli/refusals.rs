//! What the command does not start with: it says why in one line, and leaves everything as it was.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::FileExt;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{copy, hemicycle, refusal, voted};
use crate::sandbox::Process;

#[test]
fn an_occupied_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    for arguments in [vec!["--port", &port], vec!["up", "--port", &port]] {
        let line = refusal(&hemicycle(folder.path(), &arguments, &[]));
        assert!(line.contains(&format!("127.0.0.1:{port}")) && line.contains("choose another PORT"), "{line}");
    }
    let ops = format!("127.0.0.1:{port}");
    let line = refusal(&hemicycle(folder.path(), &["--ops-listen", &ops], &[]));
    assert!(line.contains(&ops), "{line}");
}

#[test]
fn a_data_directory_that_cannot_be_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "not a directory").unwrap();
    for path in [file.as_path(), &file.join("below"), Path::new("/proc/hemicycle")] {
        let line = refusal(&hemicycle(path, &[], &[]));
        assert!(line.contains("cannot use the data directory") && line.contains(path.to_str().unwrap()), "{line}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a directory");
}

#[test]
fn a_second_instance_on_one_directory_is_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Process::start(folder.path());
    let line = refusal(&hemicycle(folder.path(), &[], &[]));
    assert!(line.contains("in use by another hemicycle"), "{line}");
}

#[tokio::test]
async fn damaged_files_are_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    voted(&good, 50).await;
    let mut number = 0;
    for name in ["store.db", "queue.db"] {
        let size = fs::metadata(good.join(name)).unwrap().len();
        let pages = size / 4096;
        let mut damages: Vec<Damage> = vec![
            Box::new(move |file| file.set_len(size / 2 + 100).unwrap()),
            Box::new(|file| file.set_len(50).unwrap()),
            Box::new(|file| file.write_all_at(&[b'x'; 100], 0).unwrap()),
        ];
        for page in [1, pages / 4, pages / 2, pages - 2] {
            damages.push(Box::new(move |file| file.write_all_at(&[0xAA; 4096], page * 4096).unwrap()));
        }
        for damage in damages {
            number += 1;
            let data = folder.path().join(format!("damaged-{number}"));
            copy(&good, &data);
            damage(&File::options().write(true).open(data.join(name)).unwrap());
            let before = fs::read(data.join(name)).unwrap();
            let line = refusal(&hemicycle(&data, &[], &[]));
            assert!(line.contains(&format!("{name} is damaged")), "damage {number}: {line}");
            assert_eq!(fs::read(data.join(name)).unwrap(), before, "damage {number} was touched");
        }
    }
}

type Damage = Box<dyn Fn(&File)>;

#[test]
fn damaged_keys_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keys.json"), "{\"admin_key\":").unwrap();
    let line = refusal(&hemicycle(folder.path(), &[], &[]));
    assert!(line.contains("keys.json is damaged"), "{line}");
}

#[tokio::test]
async fn files_of_a_newer_release_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["store.db", "queue.db"] {
        let data = folder.path().join(name);
        voted(&data, 1).await;
        let mut file = SqliteConnectOptions::new().filename(data.join(name)).connect().await.unwrap();
        let columns = "version, description, success, checksum, execution_time";
        let next = format!("INSERT INTO _sqlx_migrations ({columns}) VALUES (9999, 'next year', 1, x'00', 0)");
        sqlx::query(sqlx::AssertSqlSafe(next)).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
        let line = refusal(&hemicycle(&data, &[], &[]));
        assert!(line.contains(&format!("{name} was written by a newer release")), "{line}");
    }
}

#[test]
fn a_default_poll_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (number, labels) in [("", "Dogs"), ("Cats", "Cats"), ("Cats\nand", "Dogs")].into_iter().enumerate() {
        let data = folder.path().join(number.to_string());
        let line = refusal(&hemicycle(&data, &[], &[("OPTION_A", labels.0), ("OPTION_B", labels.1)]));
        assert!(line.contains("OPTION_A and OPTION_B"), "{line}");
    }
}

#[test]
fn nonsense_options_are_named_with_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let nonsense = [
        ("--port", "99999"),
        ("--port", "http"),
        ("--listen", "everywhere"),
        ("--ops-listen", "9090"),
        ("--public-url", "vote.example.org/path"),
        ("--trusted-proxies", "10.0.0.0/99"),
        ("--vote-hosts", "vote.*,http://vote.example.org"),
        ("--result-hosts", "results.example.org:80"),
        ("--admin-key", "short"),
        ("--secret-key", "short"),
        ("--max-viewers", "0"),
        ("--max-connections", "many"),
        ("--grace-seconds", "0"),
        ("--no-such-option", "1"),
    ];
    for (option, value) in nonsense {
        let output = hemicycle(folder.path(), &[option, value], &[]);
        let text = String::from_utf8_lossy(&output.stderr);
        let first = text.lines().next().unwrap_or_default();
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {text}");
        assert!(first.starts_with("error: ") && first.contains(option), "{option} {value}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
    let output = hemicycle(folder.path(), &["vote-for-me"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let output = hemicycle(folder.path(), &[], &[("MAX_VIEWERS", "none")]);
    assert_eq!(output.status.code(), Some(2), "a nonsense variable is as bad as a nonsense option");
    assert!(!folder.path().join("store.db").exists(), "it began all the same");
}

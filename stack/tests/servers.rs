//! Each server starts, answers, is killed and starts again with what it had; and nothing of it outlives us.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hemicycle_stack::http;
use hemicycle_stack::postgres::{Mode, Postgres, PostgresOptions};
use hemicycle_stack::process::Process;
use hemicycle_stack::redis::{Redis, RedisOptions};
use hemicycle_stack::resp::Reply;
use hemicycle_stack::sentinel::{SentinelOptions, Sentinels};
use hemicycle_stack::whole::{Stack, StackOptions};
use tempfile::TempDir;

fn text(text: &str) -> Reply {
    Reply::Text(text.into())
}

/// What there is of a server, to see later that it is gone.
fn traces(process: &Process) -> (u32, PathBuf) {
    (process.pid().unwrap(), process.folder().to_owned())
}

fn is_gone((pid, folder): &(u32, PathBuf)) -> bool {
    !Path::new(&format!("/proc/{pid}/cwd")).is_dir() && !folder.exists()
}

#[test]
fn redis_keeps_what_it_confirmed_and_comes_back_older_where_asked() {
    let redis = Redis::start(&RedisOptions::default()).unwrap();
    redis.command(&["SET", "key", "old"]).unwrap();
    let copies = TempDir::new().unwrap();
    let copy = copies.path().join("aof");
    redis.copy_aof(&copy).unwrap();
    redis.command(&["SET", "key", "new"]).unwrap();
    assert_eq!(redis.kill().unwrap().to_string(), "signal: 9 (SIGKILL)");
    redis.command(&["PING"]).unwrap_err();
    redis.start_again().unwrap();
    assert_eq!(redis.command(&["GET", "key"]).unwrap(), text("new"));
    assert!(redis.stop().unwrap().success());
    redis.start_again_from(&copy).unwrap();
    assert_eq!(redis.command(&["GET", "key"]).unwrap(), text("old"));
    let options = RedisOptions { aof_from: Some(copy), clock_ahead: 3600, ..RedisOptions::default() };
    let ahead = Redis::start(&options).unwrap();
    assert_eq!(ahead.command(&["GET", "key"]).unwrap(), text("old"));
    let seconds = |redis: &Redis| redis.command(&["TIME"]).unwrap().list().unwrap()[0].text().unwrap().parse::<i64>();
    assert!((3595..3605).contains(&(seconds(&ahead).unwrap() - seconds(&redis).unwrap())));
}

#[test]
fn sentinels_promote_a_replica_when_the_main_dies() {
    let main = Redis::start(&RedisOptions::default()).unwrap();
    let replica = Redis::start(&RedisOptions::replica_of(main.address())).unwrap();
    let sentinels = Sentinels::start("ballots", &main, 1, SentinelOptions::default()).unwrap();
    assert_eq!(sentinels.main().unwrap(), main.address());
    main.kill().unwrap();
    assert_eq!(sentinels.main_after(main.address(), Duration::from_secs(20)).unwrap(), replica.address());
}

#[test]
fn postgres_survives_a_kill_and_its_standby_takes_over() {
    let primary = Postgres::start(&PostgresOptions::quick()).unwrap();
    let standby = primary.standby("second", true).unwrap();
    primary.create_database("votes").unwrap();
    primary.sql("votes", "CREATE TABLE vote (choice text); INSERT INTO vote VALUES ('a')").unwrap();
    primary.kill().unwrap();
    primary.start_again().unwrap();
    assert_eq!(primary.sql("votes", "SELECT * FROM vote").unwrap(), "a");
    // Committed once the standby has it: so it follows again. One that is paused before that asks for nothing.
    primary.sql("votes", "COMMENT ON TABLE vote IS 'the standby follows'").unwrap();
    standby.pause_replay().unwrap();
    primary.sql("votes", "INSERT INTO vote VALUES ('b')").unwrap();
    assert_eq!(standby.sql("votes", "SELECT count(*) FROM vote").unwrap(), "1");
    standby.resume_replay().unwrap();
    primary.stop(Mode::Immediate).unwrap();
    standby.promote().unwrap();
    standby.sql("votes", "INSERT INTO vote VALUES ('c')").unwrap();
    assert_eq!(standby.sql("votes", "SELECT count(*) FROM vote").unwrap(), "3");
    let traces = [traces(standby.process())];
    drop((primary, standby));
    assert!(traces.iter().all(is_gone));
}

/// Stands in for the product where this test binary is its binary: answers every request with what it asks for.
#[test]
fn stand_in() {
    let Ok(address) = std::env::var("LISTEN") else { return };
    let listener = TcpListener::bind(&address).unwrap();
    println!("at http://{address}");
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 1000];
        let read = stream.read(&mut request).unwrap();
        let path = String::from_utf8_lossy(&request[..read]).split(' ').nth(1).unwrap_or_default().to_owned();
        let roles = std::env::var("ROLES").unwrap();
        let body = format!("{path} at {roles}");
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    }
}

/// A program that takes the product's command line and runs [`stand_in`].
fn binary(folder: &Path) -> PathBuf {
    let ourselves = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n[ $1 = migrate ] || ROLES=$3 exec '{}' --exact stand_in --nocapture\n",
        ourselves.display()
    );
    let file = folder.join("binary");
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

#[test]
fn the_front_leads_every_path_to_a_role_that_serves_it_and_around_one_that_died() {
    let folder = TempDir::new().unwrap();
    let options = StackOptions::lean(binary(folder.path()), &["vote", "worker", "result", "polls,users,site"]);
    let stack = Stack::start(&StackOptions { of_each: 2, ..options }).unwrap();
    let ask = |path: &str| http::get(stack.front.address(), path).unwrap();
    for (path, roles) in [
        ("/vote/p", "vote"),
        ("/ballots/p", "vote"),
        ("/results/p.json", "result"),
        ("/socket.io/?EIO=4", "result"),
        ("/polls", "polls,users,site"),
        ("/", "polls,users,site"),
        ("/voters", "polls,users,site"),
    ] {
        assert!(ask(path).1.ends_with(&format!("\r\n{path} at {roles}")), "{path}: {}", ask(path).1);
    }
    let dead = stack.with_role("vote").next().unwrap();
    dead.kill().unwrap();
    assert!((0..4).all(|_| ask("/vote/p").0 == 200));
    stack.front.wait_until_down(dead.address()).unwrap();
    dead.start_again().unwrap();
    stack.front.wait_until_up(dead.address()).unwrap();
    assert!(!dead.terminate().unwrap().success(), "the stand-in knows no SIGTERM");
    let traces: Vec<_> = stack.processes().into_iter().filter(|it| it.is_running()).map(traces).collect();
    drop(stack);
    assert_eq!(traces.len(), 11);
    assert!(traces.iter().all(is_gone));
}

/// Starts servers, says where, and waits to be killed; where this test binary is run for that.
#[test]
fn doomed() {
    if std::env::var_os("DOOMED").is_some() {
        let redis = Redis::start(&RedisOptions::default()).unwrap();
        let postgres = Postgres::start(&PostgresOptions::quick()).unwrap();
        // A frozen one must go, too.
        redis.process().freeze().unwrap();
        for (pid, folder) in [redis.process(), postgres.process()].map(traces) {
            println!("trace {pid} {}", folder.display());
        }
        std::thread::park();
    }
}

#[test]
fn nothing_outlives_a_parent_that_is_killed() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "doomed", "--nocapture"]).env("DOOMED", "").stdout(Stdio::piped());
    let mut doomed = command.spawn().unwrap();
    let lines = BufReader::new(doomed.stdout.take().unwrap()).lines().map(Result::unwrap);
    let trace = |line: String| {
        let (pid, folder) = line.strip_prefix("trace ")?.split_once(' ')?;
        Some((pid.parse().unwrap(), PathBuf::from(folder)))
    };
    let traces: Vec<_> = lines.filter_map(trace).take(2).collect();
    assert_eq!(traces.len(), 2);
    assert!(!traces.iter().any(is_gone));
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    // Whoever removes them is no child of ours that we could wait for.
    let gone = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        traces.iter().all(is_gone)
    });
    assert!(gone, "{traces:?}");
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let config = vec![("no-such-setting".into(), "1".into())];
    let error = Redis::start(&RedisOptions { config, ..RedisOptions::default() }).unwrap_err();
    assert!(format!("{error:#}").contains("Bad directive"), "{error:#}");
}

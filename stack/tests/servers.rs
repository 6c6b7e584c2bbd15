//! Each server starts, answers, is killed and starts again with what it had; and nothing of it outlives us.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hemicycle_stack::postgres::{Mode, Postgres, PostgresOptions};
use hemicycle_stack::process::Process;
use hemicycle_stack::redis::{Redis, RedisOptions};
use hemicycle_stack::resp::Reply;
use hemicycle_stack::sentinel::{SentinelOptions, Sentinels};
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

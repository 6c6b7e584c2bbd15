//! One server: a process that never outlives us, in a folder that goes with it.
//!
//! Between us and the server stands a small shell script, `warden.sh`. It waits on a pipe that only we hold: when we
//! drop our end, or are killed with -9, it kills the server and removes the folder. (The signal that Linux sends when
//! a parent dies would not do: it is bound to the thread that started the child, and test threads come and go.)

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

/// A signal, for [`Process::signal`].
pub use rustix::process::Signal;

/// How long a server may take to start or to stop before that counts as a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often we ask a server that is starting whether it is ready.
const INTERVAL: Duration = Duration::from_millis(10);

/// How much of a log an error quotes.
const QUOTED_LINES: usize = 20;

/// A server that is started, killed and started again, always by the same command.
///
/// Killed, and its folder removed, when this is dropped or when our process ends in whatever way.
#[derive(Debug)]
pub struct Process {
    name: String,
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    warden: Child,
    /// `None` only while dropping.
    wishes: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    pid: Pid,
    /// Readable from the moment the process has ended.
    handle: OwnedFd,
}

impl Process {
    /// A server that will run `command`, not started yet: what it needs in its folder can be put there first.
    ///
    /// `folder` is made here, its own, and gone in the end; what it prints goes to the file `log` there. `farewell` is a
    /// piece of shell for the end, before the server is killed: `$folder` is still there then.
    pub(crate) fn new(name: &str, folder: PathBuf, farewell: &str, command: &[OsString]) -> anyhow::Result<Self> {
        let mut warden = Command::new("sh");
        warden.args(["-c", include_str!("warden.sh"), "warden"]).arg(&folder).arg(folder.join("log"));
        warden.arg(farewell).args(command).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C in a terminal goes to our whole process group; the warden and its server are for us to end.
        let mut warden = warden.stderr(Stdio::null()).process_group(0).spawn().context("cannot start sh")?;
        let wishes = warden.stdin.take();
        let answers = BufReader::new(warden.stdout.take().context("sh has no output")?);
        let state = Mutex::new(State { warden, wishes, answers, running: None });
        let process = Self { name: name.into(), folder, state };
        // Only now: from here on there is somebody to remove it.
        DirBuilder::new().mode(0o700).create(&process.folder).with_context(|| process.folder.display().to_string())?;
        Ok(process)
    }

    /// Starts the server; [`wait_until`](Self::wait_until) it is ready.
    ///
    /// # Errors
    /// Where it runs already, or the shell is gone.
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        let mut state = self.state();
        ensure!(state.running.is_none(), "{} runs already", self.name);
        let pid = state.ask("start")?;
        let pid = Pid::from_raw(pid).with_context(|| format!("{pid} is no process id"))?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).with_context(|| format!("{} is gone at once", self.name))?;
        state.running = Some(Running { pid, handle });
        Ok(())
    }

    /// What errors and tables call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that is its own.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it has printed since its first start.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The process id of the server itself.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.state().running(&self.name)?.pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Whether it runs: it was started, and has neither been ended nor ended by itself.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let state = self.state();
        state.running.as_ref().is_some_and(|running| matches!(ends_within(&running.handle, Duration::ZERO), Ok(false)))
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let state = self.state();
        let running = state.running(&self.name)?;
        pidfd_send_signal(&running.handle, signal).with_context(|| format!("{} has ended", self.name))
    }

    /// Freezes it: it keeps its connections and answers nothing.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Ends the freeze.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// kill -9 for it and its children, and waits until all are gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> anyhow::Result<ExitStatus> {
        // Frozen, it starts no more children while we read which it has.
        self.freeze()?;
        let children = children(self.pid()?);
        self.signal(Signal::KILL)?;
        for child in &children {
            // Gone already, where they notice that their parent is.
            let _ = pidfd_send_signal(child, Signal::KILL);
        }
        for child in &children {
            ensure!(ends_within(child, PATIENCE)?, "a child of {} does not end", self.name);
        }
        self.wait(PATIENCE)
    }

    /// Sends a signal that asks it to end, and waits until it does.
    ///
    /// # Errors
    /// Where it does not run, or runs on.
    pub fn stop(&self, signal: Signal) -> anyhow::Result<ExitStatus> {
        self.signal(signal)?;
        self.wait(PATIENCE)
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// Where it was not started, or runs on for this long.
    pub fn wait(&self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let handle = self.state().running(&self.name)?.handle.try_clone()?;
        let ended = ends_within(&handle, patience)?;
        ensure!(ended, "{} still runs after {patience:?}; its log ends:\n{}", self.name, self.end_of_log());
        let mut state = self.state();
        let code = state.ask("wait")?;
        state.running = None;
        // A shell has one number for both.
        Ok(if code > 128 { ExitStatus::from_raw(code - 128) } else { ExitStatus::from_raw(code << 8) })
    }

    /// Waits until `ready` holds of the server. What `ready` fails with is the reason given where that never comes.
    ///
    /// # Errors
    /// Where the server ends before, or takes longer than [`PATIENCE`]; with the end of its log.
    pub(crate) fn wait_until(&self, mut ready: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let reason = match ready() {
                Ok(()) => return Ok(()),
                Err(reason) => reason,
            };
            if !self.is_running() {
                let status = self.wait(Duration::ZERO)?;
                bail!("{} ended ({status}); its log ends:\n{}", self.name, self.end_of_log());
            }
            if start.elapsed() > PATIENCE {
                return Err(reason.context(format!(
                    "{} is not ready; its log ends:\n{}",
                    self.name,
                    self.end_of_log()
                )));
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// The last lines of its log.
    #[must_use]
    pub fn end_of_log(&self) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here is half-changed when a thread panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(state.wishes.take());
        // It has no way to fail that anybody could act on here.
        let _ = state.warden.wait();
    }
}

impl State {
    fn ask(&mut self, wish: &str) -> anyhow::Result<i32> {
        let mut answer = String::new();
        writeln!(self.wishes.as_mut().context("no warden")?, "{wish}").context("the warden is gone")?;
        self.answers.read_line(&mut answer)?;
        answer.trim().parse().with_context(|| format!("the warden answers {answer:?} to {wish}"))
    }

    fn running(&self, name: &str) -> anyhow::Result<&Running> {
        self.running.as_ref().with_context(|| format!("{name} does not run"))
    }
}

/// Waits for the end of a process.
fn ends_within(handle: &OwnedFd, patience: Duration) -> anyhow::Result<bool> {
    let timeout = Timespec::try_from(patience)?;
    Ok(poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&timeout))? > 0)
}

fn children(pid: u32) -> Vec<OwnedFd> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let pids = listed.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
    pids.filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()).collect()
}

/// Where the folder of one server will be.
pub(crate) fn folder(name: &str) -> PathBuf {
    let chance = RandomState::new().hash_one(name);
    std::env::temp_dir().join(format!("hemicycle-stack-{name}-{chance:016x}"))
}

/// A command line, from words of several types.
macro_rules! words {
    ($($word:expr),* $(,)?) => { vec![$(std::ffi::OsString::from($word)),*] };
}
pub(crate) use words;

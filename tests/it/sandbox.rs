//! Starting the product in a test: within the test's process with a clock of its own, or as a real process that can
//! be killed. Each has its own temporary data directory and a free port, and is gone with the value.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use clap::Parser;
use hemicycle::app::{self, Ambient, Running};
use hemicycle::config::Up;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The admin key of every sandbox.
pub const KEY: &str = "supersecretkey";

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    up: Up,
}

/// The configuration of a sandbox in `folder`, with more arguments.
pub fn config(folder: &Path, more: &[&str]) -> Up {
    let folder = folder.to_str().unwrap();
    let fixed =
        ["hemicycle", "--data-dir", folder, "--admin-key", KEY, "--listen", "127.0.0.1:0", "--grace-seconds", "5"];
    Arguments::parse_from(fixed.iter().chain(more)).up
}

/// What a test asks of the product over HTTP, wherever it runs.
#[derive(Clone, Debug)]
pub struct Site {
    /// `http://127.0.0.1:port`
    pub base: String,
    /// A client that follows no redirects and keeps no cookies.
    pub http: Client,
}

impl Site {
    /// The site at this port of this machine.
    pub fn at_port(port: u16) -> Self {
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { base: format!("http://127.0.0.1:{port}"), http }
    }

    /// The whole address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The JSON at a path, which must be there.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "GET {path}");
        answer.json().await.unwrap()
    }

    /// The JSON at a path, as whoever has the admin key sees it.
    pub async fn json_with_key(&self, path: &str) -> Value {
        let answer = self.http.get(self.url(path)).header("authorization", KEY).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "GET {path}");
        answer.json().await.unwrap()
    }

    /// Posts JSON with the admin key; status and body.
    pub async fn organise(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.post(self.url(path)).header("authorization", KEY).json(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Signs in with the admin key; the session's cookie, as `name=value`.
    pub async fn sign_in(&self) -> String {
        let answer = self.http.post(self.url("/sessions")).form(&[("key", KEY)]).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// Makes an account of this role, with a password unless it is empty.
    pub async fn make_user(&self, id: &str, password: &str, role: &str) {
        let wish = json!({ "id": id, "name": format!("{id}, called so"), "password": password, "role": role });
        let (status, body) = self.organise("/users", &wish).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    /// Signs in with a password; the session's cookie, as `name=value`.
    pub async fn sign_in_as(&self, id: &str, password: &str) -> String {
        let request = self.http.post(self.url("/sessions")).json(&json!({ "id": id, "password": password }));
        let answer = request.send().await.unwrap();
        let cookie = answer.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
        cookie.unwrap().split(';').next().unwrap().to_owned()
    }

    /// An account of this role, signed in; the session's cookie.
    pub async fn sign_up(&self, id: &str, role: &str) -> String {
        let password = format!("the password of {id}");
        self.make_user(id, &password, role).await;
        self.sign_in_as(id, &password).await
    }

    /// Makes a poll with options Tea and Coffee from these fields and returns it.
    pub async fn make_poll(&self, fields: Value) -> Value {
        let mut wish = json!({ "title": "Tea or coffee?", "options": ["Tea", "Coffee"], "status": "open" });
        wish.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (status, poll) = self.organise("/polls", &wish).await;
        assert_eq!(status, StatusCode::CREATED, "{poll}");
        poll
    }

    /// Casts a ballot as the voter that this `Idempotency-Key` names; status and body.
    pub async fn vote(&self, poll: &str, voter: &str, choice: &str) -> (StatusCode, Value) {
        let request = self.http.post(self.url(&format!("/ballots/{poll}"))).header("idempotency-key", voter);
        let answer = request.json(&json!({ "choice": choice })).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    /// The value of an unlabelled metric.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let request = self.http.get(self.url("/metrics")).header("authorization", KEY);
        let page = request.send().await.ok()?.text().await.ok()?;
        page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// How many passwords were hashed so far, to store or to verify one.
    pub async fn hashes(&self) -> u64 {
        self.metric("hemicycle_password_hashes_total").await.unwrap().to_string().parse().unwrap()
    }

    /// The results of a poll once `done` holds of them; panics after ten seconds.
    pub async fn results_when(&self, poll: &str, done: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/results/{poll}.json");
        let mut last = Value::Null;
        for _ in 0..1000 {
            last = self.json(&path).await;
            if done(&last) {
                return last;
            }
            // The event itself is the change of this answer; there is nothing else to wait on from outside.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("never came: {last}");
    }

    /// The results of a poll once the worker has counted everything that was accepted.
    pub async fn settled(&self, poll: &str) -> Value {
        for _ in 0..1000 {
            if self.metric("hemicycle_ballots_pending").await == Some(0.0) {
                return self.json(&format!("/results/{poll}.json")).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the worker never caught up");
    }
}

/// The product within the test's own process.
pub struct InProcess {
    /// How to reach it.
    pub site: Site,
    /// The product.
    pub running: Running,
    /// Its data directory; removed at the end.
    pub folder: TempDir,
}

impl InProcess {
    /// Starts with the machine's clock.
    pub async fn start(more: &[&str]) -> Self {
        Self::start_with(Ambient::system(), more).await
    }

    /// Starts with this time and chance.
    pub async fn start_with(ambient: Ambient, more: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let running = app::up(&config(folder.path(), more), ambient).await.unwrap();
        Self { site: Site::at_port(running.address.port()), running, folder }
    }
}

/// The product as a process of its own: the real binary.
pub struct Process {
    /// How to reach it.
    pub site: Site,
    child: Child,
}

impl Process {
    /// Starts over a data directory and waits until it says where it is.
    pub fn start(folder: &Path) -> Self {
        Self::start_by(Command::new(binary()), folder)
    }

    /// Starts by a command that ends up running the binary: under a wrapper, or with more environment.
    pub fn start_by(mut command: Command, folder: &Path) -> Self {
        command.env("DATA_DIR", folder).env("PORT", "0").env("ADMIN_KEY", KEY).env("GRACE_SECONDS", "10");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let first = stdout.lines().next().and_then(Result::ok).unwrap_or_default();
        let port = first.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it did not start: {first:?} {:?}", child.wait()));
        Self { site: Site::at_port(port), child }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the exit.
    pub fn terminate(mut self) -> ExitStatus {
        signal(self.child.id(), "TERM");
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already, where the test has killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The real binary.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_hemicycle"))
}

/// Sends a signal by name.
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(status.success(), "kill -{name} {process}");
}

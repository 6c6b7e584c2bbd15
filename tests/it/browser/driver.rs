//! A headless Chromium, driven over `WebDriver` (<https://www.w3.org/TR/webdriver2/>): the few commands our tests need,
//! which are plain JSON over HTTP. A client library would bring thirty packages for them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::look::Look;

/// The key under which `WebDriver` names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Tab, as `WebDriver` types it.
pub const TAB: &str = "\u{E004}";
/// Enter, as `WebDriver` types it.
pub const ENTER: &str = "\u{E007}";

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JavaScript {
    On,
    Off,
}

/// A browser with a profile of its own: a person with no history. It is gone with the value, panic or not.
pub struct Browser {
    http: Client,
    session: String,
    driver: Child,
    profile: TempDir,
}

impl Browser {
    /// Starts Debian's chromedriver on a free port, and by it Chromium.
    pub async fn start(javascript: JavaScript) -> Self {
        Self::start_speaking(javascript, "en").await
    }

    /// The same, of a person who reads this language.
    pub async fn start_speaking(javascript: JavaScript, language: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: run `cargo xtask test`, which installs it");
        let mut stdout = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = stdout
            .find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok());
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
        let profile = TempDir::new().unwrap();
        let mut browser = Self { http, session: String::new(), driver, profile };
        let base = format!("http://127.0.0.1:{}/session", port.expect("chromedriver names its port"));
        let wish = capabilities(browser.profile.path(), javascript, language);
        browser.session = base.clone();
        let session = browser.command(Method::POST, "", wish).await;
        browser.session = format!("{base}/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    /// Opens an address in the current window.
    pub async fn open(&self, url: &str) {
        self.command(Method::POST, "/url", json!({ "url": url })).await;
    }

    /// The current address.
    pub async fn address(&self) -> String {
        self.command(Method::GET, "/url", Value::Null).await.as_str().unwrap().to_owned()
    }

    /// The current window.
    pub async fn window(&self) -> String {
        self.command(Method::GET, "/window", Value::Null).await.as_str().unwrap().to_owned()
    }

    /// Opens a second window and goes there.
    pub async fn new_window(&self) -> String {
        let window = self.command(Method::POST, "/window/new", json!({ "type": "window" })).await;
        let window = window["handle"].as_str().unwrap().to_owned();
        self.switch_to(&window).await;
        window
    }

    /// Goes to a window.
    pub async fn switch_to(&self, window: &str) {
        self.command(Method::POST, "/window", json!({ "handle": window })).await;
    }

    /// Clicks what the selector finds first.
    pub async fn click(&self, css: &str) {
        let element = self.find("css selector", css).await;
        self.command(Method::POST, &format!("/element/{element}/click"), json!({})).await;
    }

    /// Clicks the button that is labelled so.
    pub async fn press(&self, label: &str) {
        let element = self.find("xpath", &format!("//button[normalize-space()='{label}']")).await;
        self.command(Method::POST, &format!("/element/{element}/click"), json!({})).await;
    }

    /// Clicks the link of this text.
    pub async fn follow(&self, text: &str) {
        let element = self.find("link text", text).await;
        self.command(Method::POST, &format!("/element/{element}/click"), json!({})).await;
    }

    /// Types into a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find("css selector", css).await;
        self.command(Method::POST, &format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Strikes one key, wherever the focus is.
    pub async fn strike(&self, key: &str) {
        let strokes = [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.command(Method::POST, "/actions", actions).await;
    }

    /// The visible text of what the selector finds first.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find("css selector", css).await;
        let text = self.command(Method::GET, &format!("/element/{element}/text"), Value::Null).await;
        text.as_str().unwrap().to_owned()
    }

    /// What this expression is in the page; our own question, so it works with the page's scripts off.
    pub async fn evaluate(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}")).await
    }

    /// Runs this script in the page, whatever its policy says of scripts; what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.command(Method::POST, "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Runs a script that calls its last argument with what it found.
    pub async fn run_async(&self, script: &str) -> Value {
        self.command(Method::POST, "/execute/async", json!({ "script": script, "args": [] })).await
    }

    /// Cuts the browser off from the network, or connects it again.
    pub async fn connect(&self, connected: bool) {
        self.network(!connected, 0).await;
    }

    /// Lets each answer take so many milliseconds longer.
    pub async fn slow_down(&self, latency: u32) {
        self.network(false, latency).await;
    }

    async fn network(&self, offline: bool, latency: u32) {
        let network =
            json!({ "offline": offline, "latency": latency, "download_throughput": -1, "upload_throughput": -1 });
        self.command(Method::POST, "/chromium/network_conditions", json!({ "network_conditions": network })).await;
    }

    /// Loads the current page again.
    pub async fn reload(&self) {
        self.command(Method::POST, "/refresh", json!({})).await;
    }

    /// Clears a field.
    pub async fn clear(&self, css: &str) {
        let element = self.find("css selector", css).await;
        self.command(Method::POST, &format!("/element/{element}/clear"), json!({})).await;
    }

    /// Waits until this expression is true in the page; panics after ten seconds.
    pub async fn until(&self, expression: &str) {
        for _ in 0..200 {
            // Between two pages there is no document to ask.
            if self.evaluate(&format!("document.readyState === 'complete' && Boolean({expression})")).await == true {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never came: {expression}\non {}: {}", self.address().await, self.text("body").await);
    }

    /// Dresses the current window as this device with this taste.
    pub async fn look(&self, look: Look) {
        let size =
            json!({ "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.phone() });
        self.developer("Emulation.setDeviceMetricsOverride", size).await;
        let taste = json!([{ "name": "prefers-color-scheme", "value": if look.dark { "dark" } else { "light" } }]);
        self.developer("Emulation.setEmulatedMedia", json!({ "features": taste })).await;
    }

    /// Shows the current page as on paper, or for somebody who wants nothing to move: a medium, and a feature with its
    /// value.
    pub async fn emulate(&self, medium: &str, (feature, value): (&str, &str)) {
        let features = json!([{ "name": feature, "value": value }]);
        self.developer("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features })).await;
    }

    /// Writes a picture of the whole page.
    pub async fn photograph(&self, file: &Path) {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.developer("Page.captureScreenshot", whole).await;
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap()).unwrap();
    }

    /// What the browser's console has said since it was last asked: also what a page's policy kept it from.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.command(Method::POST, "/se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["message"])).collect()
    }

    /// Sends a command of Chromium's own developer protocol.
    async fn developer(&self, name: &str, arguments: Value) -> Value {
        self.command(Method::POST, "/goog/cdp/execute", json!({ "cmd": name, "params": arguments })).await
    }

    async fn find(&self, using: &str, value: &str) -> String {
        let found = self.command(Method::POST, "/element", json!({ "using": using, "value": value })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.session));
        if method == Method::POST {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let value = answer.json::<Value>().await.unwrap()["value"].take();
        assert!(status.is_success(), "{path} {body}: {} {}", value["error"], value["message"]);
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // Chromium outlives a driver that was killed. Its profile is in its command line, and in no other's.
        let profile = self.profile.path().to_str().unwrap();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let id = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            if let Some(id) = id.filter(|_| String::from_utf8_lossy(&line).contains(profile)) {
                let _ = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
            }
        }
    }
}

fn capabilities(profile: &Path, javascript: JavaScript, language: &str) -> Value {
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &profile,
    ];
    let mut preferences = json!({ "intl.accept_languages": language });
    if javascript == JavaScript::Off {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let options = json!({ "args": arguments, "prefs": preferences });
    let wanted = json!({
        "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" }
    });
    json!({ "capabilities": { "alwaysMatch": wanted } })
}

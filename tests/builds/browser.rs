//! A browser without a window, driven through its debugging pipe: just what it takes to open a page, use it as people do, and
//! hear what it complains of.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, thread};

use serde_json::{Value, json};

/// Longer than this nothing takes; a browser that does not answer must not stop all tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Chromium talks on the file descriptors 3 and 4 and says nothing of interest on its own.
const ON_PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#;

/// What the browser is started with. It gets no sandbox because tests may run as root, where it has none; the only page that
/// it opens was just made here. The last option is because tests go from place to place faster than people do.
const ARGUMENTS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--window-size=1440,900",
    "--disable-ipc-flooding-protection",
];

/// A running browser with one page.
pub struct Browser {
    process: Child,
    pipe: ChildStdin,
    messages: Receiver<Value>,
    last: u64,
    session: Option<String>,
    loaded: bool,
    /// Errors and warnings of the page so far.
    pub complaints: Vec<String>,
}

impl Browser {
    /// The browser that `TG_CHROMIUM` names; none, and a word about it, where it names none.
    pub fn named() -> Option<Browser> {
        let Some(program) = env::var_os("TG_CHROMIUM").filter(|program| !program.is_empty()) else {
            eprintln!("SKIPPED: TG_CHROMIUM names no browser (Chromium, or its headless shell)");
            return None;
        };
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chromium");
        let mut process = Command::new("sh")
            .args(["-c", ON_PIPES])
            .arg(&program)
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let pipe = process.stdin.take().expect("a pipe");
        let messages = heard(BufReader::new(process.stdout.take().expect("a pipe")));
        let (session, complaints) = (None, vec![]);
        let mut browser = Browser { process, pipe, messages, last: 0, session, loaded: false, complaints };
        let target = browser.command("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.command("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(String::from);
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            browser.command(domain, json!({}));
        }
        Some(browser)
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, file: &Path) {
        self.loaded = false;
        self.command("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        while !self.loaded {
            let message = self.message();
            self.note(&message);
        }
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.command("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The text of what `selector` finds first; empty if it finds nothing.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.evaluate(&format!("document.querySelector({})?.textContent ?? ''", json!(selector)));
        text.as_str().unwrap_or_default().into()
    }

    /// Shows another part of the page by its address, and waits until it is drawn.
    pub fn go(&mut self, address: &str) {
        let address = json!(address);
        self.evaluate(&format!(
            "location.hash = {address}; new Promise((done) => setTimeout(() => requestAnimationFrame(done)))"
        ));
    }

    /// Clicks with the mouse on the middle of what `selector` finds first.
    pub fn click(&mut self, selector: &str) {
        let place = self.evaluate(&format!(
            "{{ const found = document.querySelector({}); found?.scrollIntoView({{ block: 'nearest' }}); \
             const box = found?.getBoundingClientRect(); box && [box.x + box.width / 2, box.y + box.height / 2]; }}",
            json!(selector)
        ));
        assert!(place.is_array(), "there is no {selector} to click on");
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.command("Input.dispatchMouseEvent", event);
        }
        self.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done)))");
    }

    /// Presses a key that writes nothing, or nothing but itself.
    pub fn press(&mut self, key: &str) {
        for kind in ["rawKeyDown", "keyUp"] {
            self.command("Input.dispatchKeyEvent", json!({"type": kind, "key": key}));
        }
        self.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done)))");
    }

    /// Writes where the page has its focus.
    pub fn write(&mut self, text: &str) {
        self.command("Input.insertText", json!({"text": text}));
    }

    /// What the page looks like, as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let data = self.command("Page.captureScreenshot", json!({}));
        decoded(data["data"].as_str().expect("a picture"))
    }

    fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.pipe.write_all(format!("{message}\0").as_bytes()).expect("the browser runs");
        loop {
            let message = self.message();
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn message(&mut self) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|_| panic!("the browser that TG_CHROMIUM names does not answer: {:?}", self.process))
    }

    fn note(&mut self, event: &Value) {
        match event["method"].as_str().unwrap_or_default() {
            "Page.loadEventFired" => self.loaded = true,
            "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled" => {
                self.complaints.push(event["params"].to_string());
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The messages that arrive, each of which ends with a zero.
fn heard(mut from: BufReader<impl std::io::Read + Send + 'static>) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = vec![];
        while from.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
            bytes.pop();
            let Ok(message) = serde_json::from_slice(&bytes) else { break };
            if sender.send(message).is_err() {
                break;
            }
            bytes.clear();
        }
    });
    receiver
}

/// The bytes that a text in base 64 stands for.
fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> =
        text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte)).map(|at| at as u32).collect();
    let four = |digits: &[u32]| {
        let bits = (0..4).fold(0, |bits, at| bits << 6 | digits.get(at).unwrap_or(&0));
        bits.to_be_bytes()[1..digits.len()].to_vec()
    };
    digits.chunks(4).flat_map(four).collect()
}

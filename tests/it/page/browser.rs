//! Debian's Chromium, driven over a pipe: it clicks and types as a person would.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::parts::{Part, part, text};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) struct Browser {
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    next: u64,
    /// Dialogs, errors of scripts, and what the page was not allowed to do.
    pub(super) complaints: Vec<String>,
    _part: Part,
}

impl Browser {
    /// A window of its own, of that width and height.
    pub(super) fn open(folder: &Path, (width, height): (u32, u32)) -> Self {
        let profile = format!("--user-data-dir={}", text(&folder.join("chromium")));
        // Chromium listens on 3 and answers on 4.
        let script = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
        let mut command = Command::new("bash");
        command.args(["-c", script]).arg(part("chromium", "chromium"));
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        command.args(["--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe"]);
        command.args(["--disable-background-networking", &profile]);
        // A window that nobody sees is not to run slowly.
        command.args(["--disable-background-timer-throttling", "--disable-renderer-backgrounding"]);
        command.arg("--disable-backgrounding-occluded-windows");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(folder.join("chromium.log")).unwrap());
        let mut child = command.spawn().unwrap();
        let (to, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let messages = BufReader::new(answers).split(0).map_while(Result::ok);
            for message in messages {
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let session = String::new();
        let complaints = Vec::new();
        let mut browser = Self { to, from, session, next: 0, complaints, _part: Part(child) };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach);
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser.size(width, height);
        browser
    }

    pub(super) fn size(&mut self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600
        });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    pub(super) fn dark(&mut self, scheme: &str) {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &media);
    }

    /// As for somebody who lets no page run anything.
    pub(super) fn without_scripts(&mut self) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    pub(super) fn go(&mut self, url: &str) {
        let gone = self.call("Page.navigate", &json!({ "url": url }));
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
        self.until("document.readyState === 'complete'");
    }

    /// What an expression is, once it is settled.
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let ask = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true
        });
        let answer = self.call("Runtime.evaluate", &ask);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true; between two pages there is nothing to ask.
    pub(super) fn until(&mut self, expression: &str) {
        let since = Instant::now();
        loop {
            let ask = json!({ "expression": expression, "returnByValue": true });
            if self.call("Runtime.evaluate", &ask)["result"]["value"] == json!(true) {
                return;
            }
            if PATIENCE < since.elapsed() {
                let page = self.eval("document.documentElement.innerText");
                assert_eq!("", expression, "this never became true on\n{page}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(super) fn until_text(&mut self, text: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(text)));
    }

    /// With the mouse, in the middle of the first that fits.
    pub(super) fn click(&mut self, selector: &str) {
        self.until(&format!("!!document.querySelector({})", json!(selector)));
        let place = self.eval(&format!(
            "(() => {{ const it = document.querySelector({}); it.scrollIntoView({{block: 'center'}}); \
             const box = it.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1
            });
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// The first link or button with that text.
    pub(super) fn click_text(&mut self, text: &str) {
        let mark = format!(
            "(() => {{ const it = [...document.querySelectorAll('a, button, summary')]\
             .find((it) => it.innerText.trim().startsWith({})); \
             if (it) it.dataset.clickMe = 'yes'; return !!it; }})()",
            json!(text)
        );
        self.until(&mark);
        self.click("[data-click-me]");
    }

    pub(super) fn fill(&mut self, selector: &str, text: &str) {
        self.click(selector);
        self.call("Input.insertText", &json!({ "text": text }));
    }

    pub(super) fn key(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key });
            if kind == "keyDown" && key.len() == 1 {
                event["text"] = json!(key);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// The whole page as PNG.
    pub(super) fn picture(&mut self, file: &Path) {
        let ask = json!({ "captureBeyondViewport": true });
        let data = self.call("Page.captureScreenshot", &ask)["data"].clone();
        std::fs::write(file, decoded(data.as_str().unwrap())).unwrap();
    }

    /// As it comes out of a printer.
    pub(super) fn print(&mut self, file: &Path) {
        let ask = json!({ "printBackground": true, "paperWidth": 8.27, "paperHeight": 11.69 });
        let data = self.call("Page.printToPDF", &ask)["data"].clone();
        std::fs::write(file, decoded(data.as_str().unwrap())).unwrap();
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let mut ask = json!({ "id": self.next, "method": method, "params": params });
        if !self.session.is_empty() {
            ask["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&ask).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        self.to.flush().unwrap();
        loop {
            let message = self.from.recv_timeout(PATIENCE);
            assert!(message.is_ok(), "the browser does not answer to {method}");
            let message = message.unwrap();
            if message["id"] == json!(self.next) {
                return if message.get("error").is_some() {
                    message
                } else {
                    message["result"].clone()
                };
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        let is_bad = match message["method"].as_str().unwrap_or_default() {
            "Page.javascriptDialogOpening" | "Runtime.exceptionThrown" => true,
            "Log.entryAdded" => message["params"]["entry"]["level"] == "error",
            _ => false,
        };
        if is_bad {
            self.complaints.push(message["params"].to_string());
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for digit in text.chars().filter_map(|it| DIGITS.find(it)) {
        bits = bits << 6 | u32::try_from(digit).unwrap();
        held += 6;
        if 8 <= held {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

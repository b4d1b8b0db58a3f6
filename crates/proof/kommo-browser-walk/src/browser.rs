//! What a person does in a browser, and what they see.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::driver::Driver;

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// No walk hangs on it: a busy machine takes long to draw a page.
const WITHIN: Duration = Duration::from_secs(120);
/// A phone, and a desk.
const WIDTHS: [u32; 2] = [390, 1200];

/// A window or a tab.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowId(String);

/// A browser. It looks at one window at a time.
#[derive(Debug)]
pub struct Browser {
    driver: Driver,
}

impl Browser {
    pub(crate) const fn new(driver: Driver) -> Self {
        Self { driver }
    }

    #[track_caller]
    fn tell(&self, method: &str, command: &str, parameters: Value) -> Value {
        let parameters = (method == "POST").then_some(parameters);
        match self.driver.tell(method, command, parameters.as_ref()) {
            Ok(value) => value,
            Err(error) => panic!("{command}: {}: {}", error.code, error.message),
        }
    }

    /// Types an address and waits until the page is there.
    #[track_caller]
    pub fn go(&self, address: &str) {
        self.tell("POST", "url", json!({ "url": address }));
    }

    /// What stands in the address bar.
    #[track_caller]
    pub fn address(&self) -> String {
        self.text("url")
    }

    /// The page's source as it is now.
    #[track_caller]
    pub fn source(&self) -> String {
        self.text("source")
    }

    #[track_caller]
    fn text(&self, command: &str) -> String {
        let value = self.tell("GET", command, Value::Null);
        value.as_str().expect("a text").to_owned()
    }

    /// Waits for an element and gives one of its attributes, or an empty text.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> String {
        let id = self.find(css);
        let value = self.tell(
            "GET",
            &format!("element/{id}/attribute/{name}"),
            Value::Null,
        );
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Waits for an element and gives its text as it is shown.
    #[track_caller]
    pub fn shown(&self, css: &str) -> String {
        let id = self.find(css);
        self.text(&format!("element/{id}/text"))
    }

    /// Waits for an element and clicks on it.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let id = self.find(css);
        self.tell("POST", &format!("element/{id}/click"), json!({}));
    }

    /// Waits for an element and clicks on it; the window may be gone before the click is over.
    #[track_caller]
    pub fn click_and_leave(&self, css: &str) {
        let id = self.find(css);
        let command = format!("element/{id}/click");
        if let Err(error) = self.driver.tell("POST", &command, Some(&json!({}))) {
            assert!(
                error.code == "no such window"
                    || error.message.contains("window was already closed"),
                "{command}: {}: {}",
                error.code,
                error.message
            );
        }
    }

    /// Waits for an element and types into it.
    #[track_caller]
    pub fn write(&self, css: &str, text: &str) {
        let id = self.find(css);
        self.tell(
            "POST",
            &format!("element/{id}/value"),
            json!({ "text": text }),
        );
    }

    #[track_caller]
    fn find(&self, css: &str) -> String {
        let found = self.tell(
            "POST",
            "element",
            json!({"using": "css selector", "value": css}),
        );
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// Whether there is such an element now.
    #[track_caller]
    pub fn has(&self, css: &str) -> bool {
        let script = "return document.querySelector(arguments[0]) !== null";
        self.run(script, &[json!(css)]) == json!(true)
    }

    /// Runs a script in the page and gives what it returns. The page's own policy does not bind it.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.tell(
            "POST",
            "execute/sync",
            json!({"script": script, "args": arguments}),
        )
    }

    /// Waits until an expression of the page is true.
    #[track_caller]
    pub fn wait_until(&self, expression: &str) {
        let script = format!("return Boolean({expression})");
        self.wait(expression, || self.run(&script, &[]) == json!(true));
    }

    /// The window that is looked at.
    #[track_caller]
    pub fn window(&self) -> WindowId {
        WindowId(self.text("window"))
    }

    /// All windows.
    #[track_caller]
    pub fn windows(&self) -> Vec<WindowId> {
        let handles = self.tell("GET", "window/handles", Value::Null);
        let handles = handles.as_array().expect("a list").iter();
        handles
            .map(|id| WindowId(id.as_str().expect("a text").to_owned()))
            .collect()
    }

    /// Waits until there are so many windows.
    #[track_caller]
    pub fn wait_for_windows(&self, number: usize) {
        self.wait("windows open", || self.windows().len() == number);
    }

    /// Opens a tab and looks at it.
    #[track_caller]
    pub fn open_tab(&self) -> WindowId {
        let tab = self.tell("POST", "window/new", json!({"type": "tab"}));
        let tab = WindowId(tab["handle"].as_str().expect("a text").to_owned());
        self.look_at(&tab);
        tab
    }

    /// Looks at another window.
    #[track_caller]
    pub fn look_at(&self, window: &WindowId) {
        self.tell("POST", "window", json!({"handle": window.0}));
    }

    /// Looks into a frame of the page, by its number.
    #[track_caller]
    pub fn look_into_frame(&self, number: u32) {
        self.tell("POST", "frame", json!({ "id": number }));
    }

    /// Does something that opens a window, waits for it, and looks at it.
    #[track_caller]
    pub fn opening(&self, does: impl FnOnce()) -> WindowId {
        let before = self.windows();
        does();
        let mut opened = None;
        self.wait("a window opens", || {
            opened = self
                .windows()
                .into_iter()
                .find(|window| !before.contains(window));
            opened.is_some()
        });
        let opened = opened.expect("it was waited for");
        self.look_at(&opened);
        opened
    }

    /// Waits until a window is closed.
    #[track_caller]
    pub fn wait_closed(&self, window: &WindowId) {
        self.wait("the window closes", || !self.windows().contains(window));
    }

    /// The addresses in the history of this window, as going back and forth shows them.
    #[track_caller]
    pub fn history(&self) -> Vec<String> {
        let history = self.devtools("Page.getNavigationHistory", json!({}));
        let entries = history["entries"].as_array().expect("a list").iter();
        entries
            .map(|entry| entry["url"].as_str().expect("an address").to_owned())
            .collect()
    }

    /// The cookies that go to the page that is shown, with those that no script sees: the name, and
    /// whether it is both `Secure` and `HttpOnly`.
    #[track_caller]
    pub fn cookies(&self) -> Vec<(String, bool)> {
        let cookies = self.tell("GET", "cookie", Value::Null);
        let cookies = cookies.as_array().expect("a list").iter();
        cookies
            .map(|cookie| {
                let name = cookie["name"].as_str().expect("a name").to_owned();
                let is_guarded =
                    cookie["secure"] == json!(true) && cookie["httpOnly"] == json!(true);
                (name, is_guarded)
            })
            .collect()
    }

    /// From now on no page in this window runs a script of its own.
    #[track_caller]
    pub fn disable_scripts(&self) {
        self.devtools(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": true}),
        );
    }

    /// From now on this window asks for pages in this language, as `Accept-Language` has it.
    #[track_caller]
    pub fn speak(&self, language: &str) {
        let agent = self.run("return navigator.userAgent", &[]);
        self.devtools(
            "Emulation.setUserAgentOverride",
            json!({"userAgent": agent, "acceptLanguage": language}),
        );
    }

    /// Presses a key and releases it: a letter, or a key by its WebDriver code.
    #[track_caller]
    pub fn press(&self, key: &str) {
        let keys = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": keys});
        self.tell("POST", "actions", json!({ "actions": [keyboard] }));
    }

    /// From now on the window is so wide, in pixels.
    #[track_caller]
    pub fn resize(&self, width: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// From now on the reader prefers dark pages, or light ones.
    #[track_caller]
    pub fn prefer(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    /// Cuts the page off from every server, or joins it again.
    #[track_caller]
    pub fn set_offline(&self, offline: bool) {
        self.devtools("Network.enable", json!({}));
        self.devtools(
            "Network.emulateNetworkConditions",
            json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}),
        );
    }

    /// Takes a picture of the page as on a phone and as on a desk, and sees that nothing sticks
    /// out.
    #[track_caller]
    pub fn take_pictures(&self, directory: &Path, name: &str) {
        for width in WIDTHS {
            self.devtools(
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false}),
            );
            let picture = self.text("screenshot");
            let picture = Base64::decode_vec(&picture).expect("base64");
            let file = directory.join(format!("{name}-{width}.png"));
            std::fs::write(file, picture).expect("a file for the picture");
            let wide = self.run("return document.documentElement.scrollWidth", &[]);
            assert!(
                wide.as_u64() <= Some(width.into()),
                "{name}: {wide} px at {width} px"
            );
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({}));
    }

    #[track_caller]
    fn devtools(&self, command: &str, parameters: Value) -> Value {
        let wish = json!({"cmd": command, "params": parameters});
        self.tell("POST", "goog/cdp/execute", wish)
    }

    /// Asks again and again; each question is a round trip to the browser, which paces it.
    #[track_caller]
    #[expect(
        clippy::disallowed_methods,
        reason = "the browser is a program of its own and lives by the wall clock"
    )]
    fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + WITHIN;
        while !is_so() {
            assert!(Instant::now() < deadline, "it did not come to that: {what}");
        }
    }
}

//! A server that answers whatever a test wants, and an account whose grant leads to it.

use alloc::sync::Arc;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Mutex;

use crate::program::{Ended, Room, ended};
use crate::shop::{CLIENT, HOST, private};

/// One request, as it came: its head and its body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    /// The value of a header; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim())
    }
}

/// Answers in this order; the last one again and again.
pub(crate) struct Planted {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A whole answer with a length that fits.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

impl Planted {
    /// The server ends with the test's process.
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut answers = answers.into_iter().peekable();
            while let Ok((stream, _)) = listener.accept() {
                // A connection that was only tried.
                let Some(request) = read(&stream) else {
                    continue;
                };
                book.lock().unwrap().push(request);
                let answer = answers.next().unwrap();
                let _ = (&stream).write_all(&answer);
                if answers.peek().is_none() {
                    answers = vec![answer].into_iter().peekable();
                }
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

pub(crate) fn read(mut stream: &TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = bytes[end..].to_vec();
    while body.len() < length.unwrap_or(0) {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).unwrap();
        body.extend_from_slice(&piece[..length]);
    }
    let body = String::from_utf8(body).unwrap();
    Some(Asked { head, body })
}

/// A long-lived token of an account at that server.
pub(crate) struct Account {
    pub(crate) room: Room,
    pub(crate) server: Planted,
}

impl Account {
    /// What the server answers after it said whose the token is.
    pub(crate) fn answering(answers: Vec<Vec<u8>>) -> Self {
        let who = br#"{"id":10000001,"current_user_id":20000001}"#;
        let answers = [vec![answer("200 OK", JSON, who)], answers].concat();
        let (room, server) = (Room::new(), Planted::start(answers));
        private(&room, "token.txt", "eyJ0.planted-token-0123456789.sig");
        let account = Self { room, server };
        let words = [
            "auth",
            "import",
            "--token-file",
            "token.txt",
            "--account",
            HOST,
            "--client-id",
            CLIENT,
            "--quiet",
        ];
        let imported = account.run(words);
        assert_eq!(imported.status, 0, "{imported:?}");
        account
    }

    pub(crate) fn run<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Ended {
        let mut command = self.room.command(words);
        command.env("KOMMO_SANDBOX_URL", &self.server.url);
        ended(command, b"")
    }

    /// `kommo api` with these words.
    pub(crate) fn api(&self, words: &[&str]) -> Ended {
        self.run(["api"].iter().chain(words).copied())
    }

    /// The same with standard output on a terminal.
    pub(crate) fn api_on_terminal(&self, words: &str) -> Ended {
        let mut command = Command::new("script");
        command
            .args([
                "-qec",
                &format!("'{}' api {words}", env!("CARGO_BIN_EXE_kommo")),
                "/dev/null",
            ])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", "dumb")
            .env("HOME", self.room.path())
            .env("KOMMO_SANDBOX_URL", &self.server.url)
            .current_dir(self.room.path());
        ended(command, b"")
    }

    /// The requests after the import.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.server.asked().split_off(1)
    }
}

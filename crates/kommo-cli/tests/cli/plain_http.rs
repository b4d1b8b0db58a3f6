//! One request over a plain socket: the tests ask the sandbox with none of the project's clients.

use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    written_head: String,
    pub(crate) body: String,
}

impl Answer {
    /// A header as it was written; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.written_head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            (found.to_ascii_lowercase() == name).then(|| value.trim())
        })
    }
}

pub(crate) fn get(url: &str) -> Answer {
    send("GET", url, None, "")
}

/// With a cookie; a form if there is one.
pub(crate) fn with_cookie(url: &str, cookie: &str, form: Option<&str>) -> Answer {
    let method = if form.is_some() { "POST" } else { "GET" };
    let more = format!("Content-Type: application/x-www-form-urlencoded\r\nCookie: {cookie}\r\n");
    exchange(method, url, None, &more, form.unwrap_or_default())
}

pub(crate) fn post(url: &str, json: &str) -> Answer {
    send("POST", url, None, json)
}

/// With a host other than the address: the name of an account.
pub(crate) fn post_to(url: &str, host: &str, json: &str) -> Answer {
    send("POST", url, Some(host), json)
}

fn send(method: &str, url: &str, host: Option<&str>, body: &str) -> Answer {
    exchange(
        method,
        url,
        host,
        "Content-Type: application/json\r\n",
        body,
    )
}

fn exchange(method: &str, url: &str, host: Option<&str>, headers: &str, body: &str) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let host = host.unwrap_or(address);
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_ascii_lowercase(),
        written_head: head.to_owned(),
        body: body.to_owned(),
    }
}

//! One request over a plain socket: the tests ask the sandbox with none of the project's clients.

use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) fn get(url: &str) -> Answer {
    send("GET", url, None, "")
}

pub(crate) fn post(url: &str, json: &str) -> Answer {
    send("POST", url, None, json)
}

/// With a host other than the address: the name of an account.
pub(crate) fn post_to(url: &str, host: &str, json: &str) -> Answer {
    send("POST", url, Some(host), json)
}

fn send(method: &str, url: &str, host: Option<&str>, body: &str) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let host = host.unwrap_or(address);
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
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
        body: body.to_owned(),
    }
}

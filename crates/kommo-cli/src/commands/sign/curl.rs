//! A curl command, for sh, that sends exactly what was signed.
//!
//! curl gets the body's file by name and sends its bytes unchanged (`--data-binary`, where `--data`
//! would drop line feeds). Its options leave the address alone: no dot segments resolved, no braces
//! and brackets expanded. Every word that is not ours is in single quotes, in which sh expands
//! nothing.

use std::path::Path;

use super::signed_chats::SignedChats;
use crate::failure::exit::Failure;
use crate::input::body_source::BodyArgs;
use crate::input::standard_input::is_dash;

/// The body's file, if there is a body: curl must be able to read it again.
pub(super) fn body_file(body: &BodyArgs) -> Result<Option<&Path>, Failure> {
    let Some(file) = body.file() else {
        return Ok(None);
    };
    if is_dash(file) {
        return Err(
            Failure::usage("curl cannot read standard input a second time")
                .hint("put the body into a file"),
        );
    }
    // A missing file is reported where it is read.
    if file.exists() && !file.is_file() {
        return Err(Failure::usage(format!(
            "curl cannot read '{}' a second time",
            file.display()
        ))
        .hint("put the body into a file"));
    }
    Ok(Some(file))
}

/// The command, with a line feed at its end.
pub(super) fn command(signed: &SignedChats<'_>, url: &str, body_file: Option<&Path>) -> Vec<u8> {
    let mut command = b"curl --globoff --path-as-is --request ".to_vec();
    push_quoted(&mut command, signed.method().as_bytes());
    let mut has_content_type = false;
    for (name, value) in signed.headers() {
        has_content_type |= name == "Content-Type";
        push_option(
            &mut command,
            "--header",
            format!("{name}: {value}").as_bytes(),
        );
    }
    if !has_content_type {
        // Without this, curl would add a content type of its own.
        push_option(&mut command, "--header", b"Content-Type:");
    }
    match body_file {
        Some(file) => {
            let mut value = b"@".to_vec();
            value.extend_from_slice(file.as_os_str().as_encoded_bytes());
            push_option(&mut command, "--data-binary", &value);
        }
        // So that `Content-Length: 0` is sent.
        None if signed.method() != "GET" => push_option(&mut command, "--data-binary", b""),
        None => {}
    }
    push_option(&mut command, "--url", url.as_bytes());
    command.push(b'\n');
    command
}

fn push_option(command: &mut Vec<u8>, option: &str, value: &[u8]) {
    command.extend_from_slice(b" \\\n  ");
    command.extend_from_slice(option.as_bytes());
    command.push(b' ');
    push_quoted(command, value);
}

/// In single quotes; a single quote itself leaves them, is escaped, and enters again.
fn push_quoted(command: &mut Vec<u8>, value: &[u8]) {
    command.push(b'\'');
    for byte in value {
        match byte {
            b'\'' => command.extend_from_slice(br"'\''"),
            _ => command.push(*byte),
        }
    }
    command.push(b'\'');
}

//! A curl command, as people paste it.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::{self, Vec};
use core::fmt;

use super::capture_error::{CaptureError, CaptureErrorKind, Fault};
use super::captured_request::{CaptureNote, CapturedRequest};
use super::curl_option::{self, Effect};
use super::shell;
use super::shell::word::Word;

/// What curl sends data as, if no header says otherwise.
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A curl command that was read: the request that it makes, but for the files that it names.
///
/// `Debug` shows lengths only.
#[derive(Clone, PartialEq, Eq)]
pub struct CurlCommand {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    parts: Vec<DataPart>,
    notes: Vec<CaptureNote>,
}

/// A part of the data.
#[derive(Clone, PartialEq, Eq)]
enum DataPart {
    Bytes(Vec<u8>),
    File { name: String, is_text: bool },
}

impl CurlCommand {
    /// Reads the first curl command of a text: as a POSIX shell, `cmd.exe` or PowerShell would, and
    /// as browsers copy it. No shell is run, no file is read, nothing is sent. Never panics; takes
    /// time proportional to the text.
    ///
    /// Options that change nothing that is signed are skipped.
    ///
    /// # Errors
    ///
    /// - `""`: [`CaptureErrorKind::Empty`].
    /// - `"wget http://x"`: [`CaptureErrorKind::NotCurl`].
    /// - `"curl 'http://x"`: [`CaptureErrorKind::OpenQuote`], line 1, column 6.
    /// - `"curl http://x -H \"Date: $DATE\""`: [`CaptureErrorKind::Expansion`].
    /// - `"curl http://x -F a=b"`: [`CaptureErrorKind::RefusedOption`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kommo_explain::CurlCommand;
    ///
    /// let text = b"curl 'https://amojo.kommo.com/v2/x' -H 'Date: now' \\\n  --data-raw $'{\"a\":\"\\u0021\"}'";
    /// let command = CurlCommand::read(text)?;
    /// let request = command.request(|name| Err(name.to_owned())).unwrap();
    /// assert_eq!(request.method(), "POST");
    /// assert_eq!(request.body(), br#"{"a":"!"}"#);
    /// # Ok::<(), kommo_explain::CaptureError>(())
    /// ```
    pub fn read(text: &[u8]) -> Result<Self, CaptureError> {
        // An editor's byte-order mark is no part of the command.
        let start = if text.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        let command = text.get(start..).unwrap_or_default();
        read(command).map_err(|fault| Fault::new(fault.kind, fault.at + start).within(text))
    }

    /// Whether the data is, in part, in the file that curl names `-`: standard input.
    #[must_use]
    pub fn reads_standard_input(&self) -> bool {
        let is_dash = |part: &DataPart| matches!(part, DataPart::File { name, .. } if name == "-");
        self.parts.iter().any(is_dash)
    }

    /// The request that the command makes. `read_file` reads a file by its name.
    ///
    /// # Errors
    ///
    /// What `read_file` returns.
    pub fn request<E>(
        self,
        mut read_file: impl FnMut(&str) -> Result<Vec<u8>, E>,
    ) -> Result<CapturedRequest, E> {
        let mut body = Vec::new();
        for part in self.parts {
            match part {
                DataPart::Bytes(bytes) => body.extend(bytes),
                DataPart::File { name, is_text } => {
                    let bytes = read_file(&name)?;
                    let is_dropped = |byte: &u8| is_text && matches!(byte, b'\r' | b'\n' | 0);
                    body.extend(bytes.into_iter().filter(|byte| !is_dropped(byte)));
                }
            }
        }
        Ok(CapturedRequest {
            method: self.method,
            target: self.url,
            headers: self.headers,
            body,
            notes: self.notes,
        })
    }
}

impl fmt::Debug for CurlCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurlCommand")
            .field("method_bytes", &self.method.len())
            .field("url_bytes", &self.url.len())
            .field("headers", &self.headers.len())
            .field("parts", &self.parts.len())
            .field("notes", &self.notes)
            .finish()
    }
}

fn read(text: &[u8]) -> Result<CurlCommand, Fault> {
    if text.trim_ascii().is_empty() {
        return Err(Fault::new(CaptureErrorKind::Empty, 0));
    }
    let words = shell::split(text).map_err(|fault| of_power_shell(text).unwrap_or(fault))?;
    let has_more = words.has_more;
    let mut words = words.into_vec().into_iter();
    let first = words.next().map(|word| (is_prompt(&word), word));
    let first = match first {
        Some((true, _)) => words.next(),
        first => first.map(|(_, word)| word),
    };
    check_name(text, first.as_ref())?;
    let mut draft = Draft::default();
    draft.take_words(words)?;
    let mut command = draft.into_command(text)?;
    if has_more {
        command.notes.push(CaptureNote::FirstCommandOnly);
    }
    Ok(command)
}

/// `$` or `%`, which a terminal shows before the command.
fn is_prompt(word: &Word) -> bool {
    matches!(word.bytes.as_slice(), b"$" | b"%")
}

fn check_name(text: &[u8], word: Option<&Word>) -> Result<(), Fault> {
    let (bytes, at) = word.map_or((&[][..], 0), |word| (word.bytes.as_slice(), word.at));
    let name = bytes.rsplit(|byte| matches!(byte, b'/' | b'\\')).next();
    let name = name.unwrap_or_default().to_ascii_lowercase();
    if matches!(name.as_slice(), b"curl" | b"curl.exe") {
        return Ok(());
    }
    let other = Fault::new(CaptureErrorKind::NotCurl, at);
    Err(of_power_shell(text).unwrap_or(other))
}

/// What a browser copies for PowerShell, which is another program.
fn of_power_shell(text: &[u8]) -> Option<Fault> {
    let is_name = |word: &[u8]| {
        let names: [&[u8]; 4] = [b"invoke-webrequest", b"invoke-restmethod", b"iwr", b"irm"];
        names.iter().any(|name| word.eq_ignore_ascii_case(name))
    };
    let mut at = 0;
    for word in text.split(u8::is_ascii_whitespace) {
        if is_name(word) {
            return Some(Fault::new(CaptureErrorKind::PowerShellRequest, at));
        }
        at += word.len() + 1;
    }
    None
}

/// What the options have made so far.
#[derive(Default)]
struct Draft {
    method: Option<String>,
    url: Option<String>,
    /// As given, in their order.
    headers: Vec<(String, Option<String>)>,
    parts: Vec<DataPart>,
    has_data: bool,
    is_json: bool,
    is_get: bool,
    is_head: bool,
    has_query_file: Option<usize>,
}

impl Draft {
    fn take_words(&mut self, mut words: vec::IntoIter<Word>) -> Result<(), Fault> {
        let mut only_urls = false;
        while let Some(word) = words.next() {
            match word.bytes.as_slice() {
                b"--" if !only_urls => only_urls = true,
                [b'-', b'-', name @ ..] if !only_urls => {
                    self.long_option(&String::from_utf8_lossy(name), word.at, &mut words)?;
                }
                [b'-', letters @ ..] if !only_urls && !letters.is_empty() => {
                    self.short_options(letters, word.at, &mut words)?;
                }
                url => self.url(url, word.at)?,
            }
        }
        Ok(())
    }

    fn long_option(
        &mut self,
        name: &str,
        at: usize,
        words: &mut vec::IntoIter<Word>,
    ) -> Result<(), Fault> {
        let effect = curl_option::long(name);
        let effect = effect.ok_or(Fault::new(CaptureErrorKind::UnknownOption, at))?;
        let value = match effect.has_value() {
            true => next_value(at, words)?,
            false => Word {
                bytes: Vec::new(),
                at,
            },
        };
        self.take(effect, value, at)
    }

    /// `-sSXPOST`: several flags, and the value of the last one.
    fn short_options(
        &mut self,
        letters: &[u8],
        at: usize,
        words: &mut vec::IntoIter<Word>,
    ) -> Result<(), Fault> {
        let mut letters = letters.iter().copied();
        while let Some(letter) = letters.next() {
            let effect = curl_option::short(letter);
            let effect = effect.ok_or(Fault::new(CaptureErrorKind::UnknownOption, at))?;
            if !effect.has_value() {
                self.take(
                    effect,
                    Word {
                        bytes: Vec::new(),
                        at,
                    },
                    at,
                )?;
                continue;
            }
            let bytes: Vec<u8> = letters.collect();
            let value = match bytes.is_empty() {
                true => next_value(at, words)?,
                false => Word { bytes, at },
            };
            return self.take(effect, value, at);
        }
        Ok(())
    }

    fn take(&mut self, effect: Effect, value: Word, at: usize) -> Result<(), Fault> {
        match effect {
            Effect::Method => self.method = Some(text_of(&value.bytes)),
            Effect::Header => return self.header(&value),
            Effect::Data | Effect::DataRaw | Effect::DataBinary | Effect::Json => {
                self.data(effect, value);
            }
            Effect::Url => return self.url(&value.bytes, value.at),
            Effect::Named(name) => {
                // Without `=` it is a file of cookies.
                let is_file = name == "Cookie" && !value.bytes.contains(&b'=');
                if !is_file {
                    self.headers
                        .push((name.to_owned(), Some(text_of(&value.bytes))));
                }
            }
            Effect::Get => self.is_get = true,
            Effect::Head => self.is_head = true,
            Effect::Value | Effect::Nothing => {}
            Effect::Refused(option) => {
                return Err(Fault::new(CaptureErrorKind::RefusedOption(option), at));
            }
        }
        Ok(())
    }

    /// `Name: value`; `Name;` has an empty value, and `Name:` takes away what curl itself adds.
    fn header(&mut self, word: &Word) -> Result<(), Fault> {
        if word.bytes.starts_with(b"@") {
            let kind = CaptureErrorKind::FileInPlaceOf("the headers");
            return Err(Fault::new(kind, word.at));
        }
        let text = text_of(&word.bytes);
        let header = match text.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                let is_taken_away = value.trim().is_empty();
                (name.to_owned(), (!is_taken_away).then(|| value.to_owned()))
            }
            None if text.trim().len() > 1 && text.trim_end().ends_with(';') => {
                let name = text.trim().trim_end_matches(';');
                (name.to_owned(), Some(String::new()))
            }
            _ => return Err(Fault::new(CaptureErrorKind::HeaderForm, word.at)),
        };
        self.headers.push(header);
        Ok(())
    }

    /// Data of several options is joined with `&`, but not that of `--json`.
    fn data(&mut self, effect: Effect, value: Word) {
        if self.has_data && effect != Effect::Json {
            self.parts.push(DataPart::Bytes(b"&".to_vec()));
        }
        self.has_data = true;
        self.is_json |= effect == Effect::Json;
        let file = value.bytes.strip_prefix(b"@");
        self.parts.push(match file {
            Some(name) if effect != Effect::DataRaw => {
                self.has_query_file.get_or_insert(value.at);
                DataPart::File {
                    name: text_of(name),
                    is_text: effect == Effect::Data,
                }
            }
            _ => DataPart::Bytes(value.bytes),
        });
    }

    /// curl takes an address without a scheme for http, and keeps its fragment to itself.
    fn url(&mut self, url: &[u8], at: usize) -> Result<(), Fault> {
        if self.url.is_some() {
            return Err(Fault::new(CaptureErrorKind::SecondUrl, at));
        }
        let url = text_of(url);
        let url = url.split('#').next().unwrap_or_default();
        self.url = Some(match url.contains("://") {
            true => url.to_owned(),
            false => ["http://", url].concat(),
        });
        Ok(())
    }

    fn into_command(mut self, text: &[u8]) -> Result<CurlCommand, Fault> {
        let mut notes = Vec::new();
        let end = text.trim_ascii_end().len();
        let no_url = Fault::new(CaptureErrorKind::NoUrl, end);
        let mut url = self.url.take().ok_or(no_url)?;
        let sends_data = self.has_data && !self.is_get;
        if self.is_get {
            if let Some(at) = self.has_query_file {
                let kind = CaptureErrorKind::FileInPlaceOf("the query");
                return Err(Fault::new(kind, at));
            }
            append_query(&mut url, &self.parts);
            self.parts.clear();
        }
        let is_named = |name: &str| {
            let mut names = self.headers.iter().map(|(name, _)| name.trim());
            names.any(|own| own.eq_ignore_ascii_case(name))
        };
        if self.is_json && !is_named("content-type") {
            let json = (
                String::from("Content-Type"),
                Some("application/json".into()),
            );
            self.headers.push(json);
        } else if sends_data && !is_named("content-type") {
            notes.push(CaptureNote::FormTypeAdded);
            let form = (String::from("Content-Type"), Some(FORM_TYPE.into()));
            self.headers.push(form);
        }
        let method = self.method.unwrap_or_else(|| {
            let method = match (self.is_head, sends_data) {
                (true, _) => "HEAD",
                (false, true) => "POST",
                (false, false) => "GET",
            };
            method.to_string()
        });
        let headers = self.headers.into_iter();
        Ok(CurlCommand {
            method,
            url,
            headers: headers
                .filter_map(|(name, value)| value.map(|value| (name, value)))
                .collect(),
            parts: self.parts,
            notes,
        })
    }
}

fn append_query(url: &mut String, parts: &[DataPart]) {
    if parts.is_empty() {
        return;
    }
    url.push(if url.contains('?') { '&' } else { '?' });
    for part in parts {
        if let DataPart::Bytes(bytes) = part {
            url.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}

fn next_value(at: usize, words: &mut vec::IntoIter<Word>) -> Result<Word, Fault> {
    words
        .next()
        .ok_or(Fault::new(CaptureErrorKind::NoValue, at))
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! The options of curl: what each does to the request.

/// What an option does to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A value: the method.
    Method,
    /// A value: a header.
    Header,
    /// A value, or a file whose line ends are dropped: data of the body.
    Data,
    /// A value that is never a file: data of the body.
    DataRaw,
    /// A value, or a file as it is: data of the body.
    DataBinary,
    /// The same, joined without `&`, with the type of JSON.
    Json,
    /// A value: the address.
    Url,
    /// A value: this header.
    Named(&'static str),
    /// The data is the query.
    Get,
    /// The method is HEAD.
    Head,
    /// A value, which changes nothing that is signed.
    Value,
    /// Nothing that is signed.
    Nothing,
    /// The request that it makes cannot be known here.
    Refused(&'static str),
}

impl Effect {
    pub(crate) const fn has_value(self) -> bool {
        !matches!(
            self,
            Self::Get | Self::Head | Self::Nothing | Self::Refused(_)
        )
    }
}

/// What `--name` does; without its hyphens.
pub(crate) fn long(name: &str) -> Option<Effect> {
    Some(match name {
        "request" => Effect::Method,
        "header" => Effect::Header,
        "data" | "data-ascii" => Effect::Data,
        "data-raw" => Effect::DataRaw,
        "data-binary" => Effect::DataBinary,
        "json" => Effect::Json,
        "url" => Effect::Url,
        "cookie" => Effect::Named("Cookie"),
        "user-agent" => Effect::Named("User-Agent"),
        "referer" => Effect::Named("Referer"),
        "range" => Effect::Named("Range"),
        "get" => Effect::Get,
        "head" => Effect::Head,
        "form" => Effect::Refused("--form"),
        "form-string" => Effect::Refused("--form-string"),
        "upload-file" => Effect::Refused("--upload-file"),
        "config" => Effect::Refused("--config"),
        "data-urlencode" => Effect::Refused("--data-urlencode"),
        "url-query" => Effect::Refused("--url-query"),
        "variable" => Effect::Refused("--variable"),
        "next" => Effect::Refused("--next"),
        name if VALUES.contains(&name) => Effect::Value,
        name if FLAGS.contains(&name.strip_prefix("no-").unwrap_or(name)) => Effect::Nothing,
        _ => return None,
    })
}

/// What `-x` does.
pub(crate) const fn short(letter: u8) -> Option<Effect> {
    Some(match letter {
        b'X' => Effect::Method,
        b'H' => Effect::Header,
        b'd' => Effect::Data,
        b'b' => Effect::Named("Cookie"),
        b'A' => Effect::Named("User-Agent"),
        b'e' => Effect::Named("Referer"),
        b'r' => Effect::Named("Range"),
        b'G' => Effect::Get,
        b'I' => Effect::Head,
        b'F' => Effect::Refused("-F"),
        b'T' => Effect::Refused("-T"),
        b'K' => Effect::Refused("-K"),
        b':' => Effect::Refused("-:"),
        b'c' | b'C' | b'D' | b'E' | b'm' | b'o' | b'u' | b'U' | b'w' | b'x' | b'y' | b'Y'
        | b'z' => Effect::Value,
        b'#' | b'0' | b'1' | b'2' | b'3' | b'4' | b'6' | b'a' | b'B' | b'f' | b'g' | b'i'
        | b'j' | b'J' | b'k' | b'l' | b'L' | b'M' | b'n' | b'N' | b'O' | b'p' | b'q' | b'R'
        | b's' | b'S' | b'v' | b'V' | b'Z' => Effect::Nothing,
        _ => return None,
    })
}

/// Options with a value that change nothing that is signed.
const VALUES: &[&str] = &[
    "abstract-unix-socket",
    "cacert",
    "capath",
    "cert",
    "cert-type",
    "ciphers",
    "connect-timeout",
    "connect-to",
    "continue-at",
    "cookie-jar",
    "create-file-mode",
    "curves",
    "dns-servers",
    "doh-url",
    "dump-header",
    "etag-save",
    "expect100-timeout",
    "happy-eyeballs-timeout-ms",
    "hostpubsha256",
    "interface",
    "keepalive-time",
    "key",
    "key-type",
    "limit-rate",
    "local-port",
    "max-filesize",
    "max-redirs",
    "max-time",
    "netrc-file",
    "noproxy",
    "oauth2-bearer",
    "output",
    "output-dir",
    "pass",
    "pinnedpubkey",
    "proto",
    "proto-default",
    "proto-redir",
    "proxy",
    "proxy-header",
    "proxy-user",
    "rate",
    "resolve",
    "retry",
    "retry-delay",
    "retry-max-time",
    "socks5",
    "socks5-hostname",
    "speed-limit",
    "speed-time",
    "stderr",
    "time-cond",
    "tls-max",
    "tls13-ciphers",
    "trace",
    "trace-ascii",
    "unix-socket",
    "user",
    "write-out",
];

/// Options without a value that change nothing that is signed.
const FLAGS: &[&str] = &[
    "anyauth",
    "append",
    "basic",
    "buffer",
    "compressed",
    "create-dirs",
    "digest",
    "disable",
    "fail",
    "fail-early",
    "fail-with-body",
    "globoff",
    "http0.9",
    "http1.0",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "include",
    "insecure",
    "ipv4",
    "ipv6",
    "junk-session-cookies",
    "keepalive",
    "location",
    "location-trusted",
    "manual",
    "negotiate",
    "netrc",
    "netrc-optional",
    "ntlm",
    "parallel",
    "path-as-is",
    "post301",
    "post302",
    "post303",
    "progress-bar",
    "progress-meter",
    "proxytunnel",
    "raw",
    "remote-header-name",
    "remote-name",
    "remote-time",
    "remove-on-error",
    "retry-all-errors",
    "retry-connrefused",
    "sessionid",
    "show-error",
    "show-headers",
    "silent",
    "ssl",
    "ssl-reqd",
    "sslv2",
    "sslv3",
    "styled-output",
    "tcp-fastopen",
    "tcp-nodelay",
    "tlsv1",
    "tlsv1.0",
    "tlsv1.1",
    "tlsv1.2",
    "tlsv1.3",
    "tr-encoding",
    "trace-ids",
    "trace-time",
    "verbose",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_name_each_option_once() {
        for list in [VALUES, FLAGS] {
            assert!(list.is_sorted());
            assert!(list.windows(2).all(|two| two.first() != two.last()));
        }
        assert!(VALUES.iter().all(|name| long(name) == Some(Effect::Value)));
        assert!(FLAGS.iter().all(|name| long(name) == Some(Effect::Nothing)));
    }
}

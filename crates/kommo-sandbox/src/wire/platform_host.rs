//! Which of the platform's hosts a request names, the Chats API apart.
//!
//! Besides the real names with any port there are names that a client finds on this machine by
//! itself: a real name with `.localhost` behind it, and `myshop.kommo.localhost` and
//! `myshop.amocrm.localhost`.

use crate::wire::host::without_port;

/// A host of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlatformHost {
    /// `www.` with the suffix after it.
    Www(&'static str),
    /// `api-` and one letter, with the suffix after it.
    Api(&'static str),
    /// An account's host, in lower case; whether there is such an account is another matter.
    Account(String),
    /// A loopback address, which links without TLS lead to: the token says which account is meant.
    Loopback,
}

const BASES: [&str; 3] = ["kommo.com", "amocrm.ru", "amocrm.com"];

impl PlatformHost {
    /// Reads a host in lower case, with or without a port.
    pub(crate) fn parse(host: &str) -> Option<Self> {
        let name = real_name(without_port(host));
        let (label, base) = name.split_once('.')?;
        let base = BASES.into_iter().find(|known| *known == base)?;
        if label == "www" {
            return Some(Self::Www(base));
        }
        if let Some([b'a'..=b'z']) = label.strip_prefix("api-").map(str::as_bytes) {
            return Some(Self::Api(base));
        }
        is_account_host(&name).then_some(Self::Account(name))
    }

    /// The suffix without its dot; the first of the three for a loopback address, which has none.
    pub(crate) fn base(&self) -> &str {
        match self {
            Self::Www(base) | Self::Api(base) => base,
            Self::Account(host) => host.split_once('.').map_or("", |(_, base)| base),
            Self::Loopback => "kommo.com",
        }
    }
}

/// `myshop.kommo.localhost` is `myshop.kommo.com`, `myshop.amocrm.ru.localhost` is
/// `myshop.amocrm.ru`.
fn real_name(name: &str) -> String {
    let Some(name) = name.strip_suffix(".localhost") else {
        return name.to_owned();
    };
    if name.ends_with(".kommo") {
        return format!("{name}.com");
    }
    if name.ends_with(".amocrm") {
        return format!("{name}.ru");
    }
    name.to_owned()
}

/// Whether `host` is one label of an account under a suffix of the platform, in lower case (rules
/// A1, A3, A4).
pub(crate) fn is_account_host(host: &str) -> bool {
    let (label, base) = host.split_once('.').unwrap_or_default();
    BASES.contains(&base) && is_account_label(label)
}

fn is_account_label(label: &str) -> bool {
    let plain = (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-'))
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.starts_with("xn--");
    plain && !is_platform_label(label)
}

fn is_platform_label(label: &str) -> bool {
    let one_letter = |rest: &str| matches!(rest.as_bytes(), [b'a'..=b'z']);
    matches!(label, "www" | "amojo")
        || label.strip_prefix("api-").is_some_and(one_letter)
        || label.strip_prefix("drive-").is_some_and(one_letter)
}

#[cfg(test)]
mod tests {
    use super::PlatformHost;

    #[test]
    fn the_platform_knows_its_hosts_with_any_port_and_on_this_machine() {
        let account = |host: &str| Some(PlatformHost::Account(host.to_owned()));
        for (host, expected) in [
            ("myshop.kommo.com", account("myshop.kommo.com")),
            ("myshop.amocrm.ru:8443", account("myshop.amocrm.ru")),
            ("myshop.kommo.localhost:80", account("myshop.kommo.com")),
            ("myshop.amocrm.localhost", account("myshop.amocrm.ru")),
            ("myshop.amocrm.com.localhost", account("myshop.amocrm.com")),
            ("api-c.kommo.com", Some(PlatformHost::Api("kommo.com"))),
            ("www.amocrm.ru", Some(PlatformHost::Www("amocrm.ru"))),
            ("www.kommo.localhost", Some(PlatformHost::Www("kommo.com"))),
        ] {
            assert_eq!(PlatformHost::parse(host), expected, "{host}");
        }
    }

    #[test]
    fn foreign_hosts_are_none_of_the_platform() {
        for host in [
            "",
            "127.0.0.1",
            "localhost",
            "kommo.com",
            "amojo.kommo.com",
            "drive-a.kommo.com",
            "a.b.kommo.com",
            "myshop.kommo.com.example",
            "myshop.kommo",
            "myshop.localhost",
            "xn--a.kommo.com",
        ] {
            assert_eq!(PlatformHost::parse(host), None, "{host}");
        }
    }
}

//! Which web pages may act in the name of a browser's user.

/// Whether a page of `origin` may use this server: it is our own page, or one of those listed.
/// A program that is no browser sends no `Origin`; that is the caller's case to decide.
pub fn is_allowed(origin: &str, host: Option<&str>, public_url: Option<&str>, listed: &[String]) -> bool {
    let Some(origin) = Authority::of_url(origin) else { return false };
    let own_host = host.is_some_and(|host| Authority::of(origin.scheme, host).as_ref() == Some(&origin));
    let is = |url: &str| Authority::of_url(url).as_ref() == Some(&origin);
    own_host || public_url.is_some_and(is) || listed.iter().any(|url| is(url))
}

#[derive(Debug, PartialEq, Eq)]
struct Authority<'a> {
    scheme: &'a str,
    host: String,
    port: u16,
}

impl<'a> Authority<'a> {
    fn of_url(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        Self::of(scheme, rest)
    }

    fn of(scheme: &'a str, host_and_port: &str) -> Option<Self> {
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let is_host = |host: &str| {
            let bytes = host.as_bytes();
            !bytes.is_empty()
                && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(byte))
        };
        // The colons of an IPv6 address are inside its brackets.
        let (host, port) = match host_and_port.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (host_and_port, default_port),
        };
        is_host(host).then(|| Self { scheme, host: host.to_ascii_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn own_pages_and_listed_ones_only() {
        let listed = ["https://game.example".to_owned(), "https://dev.example:8443".to_owned()];
        let allowed = |origin, host| is_allowed(origin, Some(host), Some("https://play.example"), &listed);
        for (origin, host, expected) in [
            ("http://127.0.0.1:8888", "127.0.0.1:8888", true),
            ("http://localhost:8888", "LOCALHOST:8888", true),
            ("http://own.example", "own.example", true),
            ("http://own.example:80", "own.example", true),
            ("https://own.example", "own.example:443", true),
            ("http://[::1]:8888", "[::1]:8888", true),
            ("http://[::1]", "[::1]", true),
            ("https://play.example", "10.0.0.1:8888", true),
            ("https://game.example", "x:1", true),
            ("https://GAME.example:443", "x:1", true),
            ("https://dev.example:8443", "x:1", true),
            ("null", "x:1", false),
            ("", "x:1", false),
            ("https://game.example.evil", "x:1", false),
            ("https://evilgame.example", "x:1", false),
            ("https://game.example@evil", "x:1", false),
            ("http://game.example", "x:1", false),
            ("https://dev.example", "x:1", false),
            ("http://127.0.0.1:8889", "127.0.0.1:8888", false),
            ("http://127.0.0.1:8888.evil", "127.0.0.1:8888", false),
            ("file://", "x:1", false),
            ("chrome-extension://abc", "x:1", false),
        ] {
            assert_eq!(allowed(origin, host), expected, "{origin} at {host}");
        }
        assert!(!is_allowed("http://a.example", None, None, &[]));
    }
}

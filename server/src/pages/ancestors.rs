//! Who may show a log in a page of their own: the sources of `frame-ancestors` (Content Security Policy, level 3).

use std::fmt;

/// Sources of `frame-ancestors`, with single spaces between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestors(String);

impl Default for Ancestors {
    /// Pages of this server alone.
    fn default() -> Self {
        Self("'self'".to_owned())
    }
}

impl fmt::Display for Ancestors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ancestors {
    /// Nobody.
    #[must_use]
    pub fn none() -> Self {
        Self("'none'".to_owned())
    }

    /// Reads what was typed.
    ///
    /// # Errors
    ///
    /// What is no source, with what is allowed.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let sources: Vec<&str> = text.split_whitespace().collect();
        let wrong = sources.iter().find(|source| !matches!(**source, "'self'" | "'none'" | "*") && !is_origin(source));
        if let Some(wrong) = wrong {
            anyhow::bail!(
                "--frame-ancestors: {wrong:?} is no origin; give some such as https://wiki.example or \
                 https://*.example:8443, 'self', 'none' or *, with spaces between"
            );
        }
        if sources.is_empty() || sources.len() > 1 && sources.contains(&"'none'") {
            anyhow::bail!("--frame-ancestors {text:?}: give one origin at least, and 'none' only alone");
        }
        Ok(Self(sources.join(" ")))
    }
}

/// A scheme and a host, which may start with `*.`; a port may follow.
fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None => (rest, "*"),
    };
    let host = host.strip_prefix("*.").unwrap_or(host);
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.split('.').all(is_part) && (port == "*" || port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::Ancestors;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = Ancestors::read(text).map(|ancestors| ancestors.to_string());
        assert_eq!(read.ok().as_deref(), expected, "{text}");
    }

    #[test]
    fn origins_are_read_and_nothing_else_gets_into_the_policy() {
        check("https://a.example  http://localhost:3000", Some("https://a.example http://localhost:3000"));
        check("'self' https://*.b.example:*", Some("'self' https://*.b.example:*"));
        check("'none'", Some("'none'"));
        check("*", Some("*"));
        for wrong in ["", "a.example", "https://", "https://a.example/path", "https://a;script-src", "'none' *"] {
            check(wrong, None);
        }
        for wrong in ["https://a.example, https://b.example", "https://a..example", "https://a.example:http", "self"] {
            check(wrong, None);
        }
    }
}

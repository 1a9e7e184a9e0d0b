//! Percent-encoding and the pairs of a query string.

/// The pairs of `a=1&b=2`, decoded; a leading `?` is passed over.
pub fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
    })
}

/// Undoes percent-encoding; what is no UTF-8 becomes U+FFFD, a lone `%` stays.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let decoded = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| first == b'%');
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes a value of a query, leaving what reads well in an address bar.
#[must_use]
pub fn encode(text: &str) -> String {
    encode_but(text, b"-._~/:@,")
}

/// Percent-encodes one segment of a path, its slashes too.
#[must_use]
pub fn encode_segment(text: &str) -> String {
    encode_but(text, b"-._~")
}

/// Percent-encodes a path, leaving its slashes.
#[must_use]
pub fn encode_path(text: &str) -> String {
    encode_but(text, b"-._~/:@+=,")
}

fn encode_but(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, pairs};

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for text in ["", "a b+c", "100 %", "dag/run=1&x", "é🙂", "%zz"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(decode("%"), "%");
    }

    #[test]
    fn a_query_is_its_pairs_in_order() {
        let found: Vec<_> = pairs("?a=1&b=x+y%2B&c").collect();
        assert_eq!(found, [("a", "1"), ("b", "x y+"), ("c", "")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}

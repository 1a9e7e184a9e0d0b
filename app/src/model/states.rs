//! The states of a line that was drawn over itself: what stands between its carriage returns.

/// A line's states, in their order; blank ones are none.
pub fn all(text: &str) -> impl Iterator<Item = &str> {
    text.split('\r').filter(|state| !is_blank(state))
}

/// The last state as it stands in the line: what comes before it, itself, and how many there are.
#[must_use]
pub fn last(text: &str) -> (&str, &str, usize) {
    if !text.contains('\r') {
        return ("", text, 1);
    }
    let Some(shown) = text.rsplit('\r').find(|state| !is_blank(state)) else {
        return ("", text, 1);
    };
    let before = text.rsplit('\r').take_while(|state| is_blank(state)).map(|state| state.len() + 1).sum::<usize>();
    let start = text.len().saturating_sub(before + shown.len());
    (text.get(..start).unwrap_or_default(), shown, all(text).count())
}

/// Whether a state says nothing: it has no more than spaces and sequences.
fn is_blank(state: &str) -> bool {
    let mut rest = state.trim();
    while let Some((_, after)) = super::escape::read(rest) {
        rest = after.trim_start();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn the_last_state_that_says_something_is_shown() {
        assert_eq!(last("plain"), ("", "plain", 1));
        assert_eq!(last("1%\r2%\r3%"), ("1%\r2%\r", "3%", 3));
        assert_eq!(last("1%\r2%\r\x1b[K\r  "), ("1%\r", "2%", 2));
        assert_eq!(last("\rx"), ("\r", "x", 1));
        assert_eq!(last("\r"), ("", "\r", 1));
    }
}

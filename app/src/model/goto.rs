//! What a reader types into the go-to field.

use super::place::Place;
use super::time::{self, Zone};

/// What the field accepts, for its hint and for its complaint.
pub const ALLOWED: &str =
    "a line number such as 431,224, a share such as 50 %, or a time such as 2026-11-22 02:14 or 02:14:01";

/// Reads a line number, a share of the log, `end`, or a time near `near`.
///
/// # Errors
///
/// What is wrong with it and what is allowed, as a sentence.
pub fn read(typed: &str, lines: u64, near: Option<&str>, zone: Zone) -> Result<Place, String> {
    let text = typed.trim();
    let plain: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{a0}')).collect();
    if let Some(share) = plain.strip_suffix('%').and_then(hundredths) {
        if share > 10_000 {
            return Err(format!("“{text}” is no share: 0 % to 100 % are allowed."));
        }
        let line = u128::from(lines) * u128::from(share) / 10_000;
        let line = u64::try_from(line).unwrap_or(lines);
        return Ok(Place::Line(line.clamp(1, lines.max(1))));
    }
    if !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return match plain.parse() {
            Ok(0) => Err("There is no line 0: lines count from 1.".to_owned()),
            Ok(n) => Ok(Place::Line(n)),
            Err(_) => Err(format!("“{text}” is too large for a line number.")),
        };
    }
    match text {
        "end" | "last" => Ok(Place::End),
        "top" | "first" => Ok(Place::Top),
        _ => time::read(text, near, zone)
            .map(Place::Time)
            .ok_or_else(|| format!("“{text}” is neither a line nor a time. Write {ALLOWED}.")),
    }
}

/// A share such as `50` or `12.5`, in hundredths of a percent.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let part: String = part.chars().chain("0".chars()).take(2).collect();
    (digits(whole) && digits(&part)).then_some(())?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{Place, Zone, read};

    fn go(typed: &str) -> Result<Place, String> {
        read(typed, 1000, Some("2026-11-22T09:00:00Z"), Zone::Utc)
    }

    #[test]
    fn numbers_shares_ends_and_times_are_places() {
        assert_eq!(go("431,224"), Ok(Place::Line(431_224)));
        assert_eq!(go(" 12 "), Ok(Place::Line(12)));
        assert_eq!(go("50 %"), Ok(Place::Line(500)));
        assert_eq!(go("0%"), Ok(Place::Line(1)));
        assert_eq!(go("12.5 %"), Ok(Place::Line(125)));
        assert_eq!(go("end"), Ok(Place::End));
        assert_eq!(go("02:14"), Ok(Place::Time("2026-11-22T02:14:00Z".to_owned())));
        assert_eq!(go("2026-11-22 02:14"), Ok(Place::Time("2026-11-22T02:14:00Z".to_owned())));
    }

    #[test]
    fn anything_else_is_told_what_is_allowed() {
        for typed in ["", "noon", "0", "-5", "101 %", "x%", "1.x%", "-1 %", "99999999999999999999999", "25:00"] {
            assert!(go(typed).is_err(), "{typed}");
        }
        assert!(go("noon").is_err_and(|told| told.contains("2026-11-22 02:14")));
    }
}

//! Whatever the lines are, a scanner does not panic, says of a line what a fresh one says, and finds times that read
//! back as themselves.

#![no_main]

use libfuzzer_sys::fuzz_target;
use record::{Head, Rules, Scanner, TimeFormat, Timestamp, Zone};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, text)) = data.split_first() else { return };
    let rules = rules(choice);
    let mut used = Scanner::new(rules.clone());
    for line in text.split(|&byte| byte == b'\n') {
        for cut in [false, true] {
            let head = used.head(line, cut);
            assert_eq!(head, Scanner::new(rules.clone()).head(line, cut), "a line before it matters");
            check(head);
        }
        assert_eq!(used.level_of(line), Scanner::new(rules.clone()).level_of(line), "a line before it matters");
    }
});

/// The low bits choose the zone, those above the form of the user's own and the last modification.
fn rules(choice: u8) -> Rules {
    let zone = match choice % 4 {
        0 => Zone::Utc,
        1 => Zone::Fixed(-12_600),
        2 => Zone::Fixed(86_399),
        _ => Zone::Named(jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("it is a zone")),
    };
    let format = match choice / 4 % 4 {
        1 => Some("[%d.%b %Y%n%H:%M:%S.%f%z"),
        2 => Some("%F %r"),
        _ => None,
    };
    let modified = match choice / 16 % 4 {
        0 => 1_795_323_600_000_000_000,
        1 => 1_709_251_200_000_000_000,
        2 => i128::MAX,
        _ => i128::MIN,
    };
    Rules {
        zone,
        format: format.map(|format| TimeFormat::new(format).expect("it is a format")),
        modified: Timestamp::from_nanos(modified),
    }
}

fn check(head: Head) {
    let Some(time) = head.time else {
        assert_eq!(head.level, None, "a continuation has its head's level");
        return;
    };
    let shown = time.to_string();
    // A zone can move a time of the year 1 into the year 0, which is written and not read.
    if !shown.starts_with("0000") {
        assert_eq!(Timestamp::parse_usual(shown.as_bytes(), &Zone::Fixed(3600)), Some((time, shown.len())));
    }
}

//! JSON is read as `serde_json` reads it, and written so that it reads it back.

#![no_main]

use std::fmt;

use libfuzzer_sys::fuzz_target;
use record::wire::Record;
use record::{JsonWriter, Level, RecordView, Rules, Scanner, Timestamp, Wrapping, Zone, text};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    written_records_read_back(data);
    if let Ok(line) = str::from_utf8(data) {
        well_formed_is_what_serde_json_holds_for_it(line);
        members_are_those_of_serde_json(line);
    }
});

/// The line as a member's value, before the members that Docker's wrapping needs: unwrapped if all is well-formed.
fn well_formed_is_what_serde_json_holds_for_it(value: &str) {
    let line = format!(r#"{{"x":{value},"log":"","stream":"stdout","time":"2024-12-20T03:04:05Z"}}"#);
    let unwrapped = Wrapping::Docker.part(line.as_bytes(), &mut Vec::new()).is_some();
    let valid = serde_json::from_str::<IgnoredAny>(&line).is_ok();
    assert_eq!(unwrapped, valid, "{line}");
}

/// An object's members in their order, however often a name comes.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// What `serde_json` refuses though it is well-formed (lone surrogates, numbers beyond its own) is not compared, nor
/// are times counted from 1970 and strings so long that only their start is looked at.
fn members_are_those_of_serde_json(line: &str) {
    const NAMES: [&str; 8] = ["timestamp", "@timestamp", "ts", "time", "datetime", "asctime", "date", "t"];
    let Ok(Members(members)) = serde_json::from_str::<Members>(line) else { return };
    let long = |value: &Value| value.as_str().is_some_and(|text| text.len() > 64);
    let counted = |value: &Value| {
        value.is_number() || value.as_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_time = |name: &str| NAMES.contains(&name) || name == "__REALTIME_TIMESTAMP";
    if members.iter().any(|(name, value)| is_time(name) && (counted(value) || long(value))) {
        return;
    }
    let time = NAMES.iter().chain(&["__REALTIME_TIMESTAMP"]).find_map(|wanted| {
        let mut named = members.iter().filter(|(name, _)| name == wanted);
        named.find_map(|(_, value)| Some(Timestamp::parse_usual(value.as_str()?.as_bytes(), &Zone::Utc)?.0))
    });
    let rules = Rules { zone: Zone::Utc, modified: Timestamp::from_nanos(0), format: None };
    let mut scanner = Scanner::new(rules);
    assert_eq!(scanner.head(line.as_bytes(), false).time, time, "{line}");
    // Of equal names within `log`, `serde_json` keeps the last, and the first counts here.
    if line.matches("level").count() < 2 && !line.contains("\\u") {
        assert_eq!(scanner.level_of(line.as_bytes()), level(&members), "{line}");
    }
}

/// The level that the members tell, the slow way.
fn level(members: &[(String, Value)]) -> Option<Level> {
    let first = |members: &[(String, Value)], wanted: &str| {
        let mut named = members.iter().filter(|(name, _)| name == wanted);
        named.find_map(|(_, value)| level_of(value))
    };
    let own = ["level", "lvl", "severity", "levelname", "log.level"].iter().find_map(|name| first(members, name));
    own.or_else(|| {
        let object = members.iter().rev().find_map(|(name, value)| (name == "log").then(|| value.as_object())?)?;
        object.get("level").and_then(level_of)
    })
}

fn level_of(value: &Value) -> Option<Level> {
    let word = match value {
        Value::String(word) => word.to_ascii_uppercase(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(match word.as_str() {
        "TRACE" | "10" => Level::Trace,
        "DEBUG" | "20" => Level::Debug,
        "INFO" | "NOTICE" | "30" => Level::Info,
        "WARN" | "WARNING" | "40" => Level::Warn,
        "ERR" | "ERROR" | "SEVERE" | "50" => Level::Error,
        "CRITICAL" | "PANIC" | "ALERT" | "EMERG" | "EMERGENCY" | "FATAL" | "60" => Level::Fatal,
        _ => return None,
    })
}

/// The first bytes are the numbers, the rest is the text, and its start the source's name as well.
fn written_records_read_back(data: &[u8]) {
    let Some((numbers, rest)) = data.split_first_chunk::<16>() else { return };
    let number = u64::from_le_bytes([numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], 0, 0, numbers[5]]);
    let flags = numbers[6];
    let nanos = i128::from(i64::from_le_bytes([0, 0, numbers[7], numbers[8], numbers[9], numbers[10], 0, numbers[11]]));
    let source = String::from_utf8_lossy(&rest[..rest.len().min(40)]);
    let record = RecordView {
        n: (flags & 1 == 0).then_some(number),
        time: (flags & 2 == 0).then_some(Timestamp::from_nanos(nanos << (flags & 4))),
        level: Level::ALL.get(usize::from(numbers[12] % 8)).copied(),
        source: &source,
        offset: number >> (flags & 31),
        text: text::decode(rest, rest.len() as u64 + u64::from(numbers[13])),
        cont: flags & 32 == 0,
        late: flags & 64 == 0,
        wild: flags & 128 == 0,
    };
    let mut json = Vec::new();
    record.write_json(&mut json);
    let mut again = Vec::new();
    let mut writer = JsonWriter::default();
    writer.write(&RecordView { time: Some(Timestamp::from_nanos(nanos)), ..record.clone() }, &mut Vec::new());
    writer.write(&record, &mut again);
    assert_eq!(again, json, "a record before it matters");
    let read: Record = serde_json::from_slice(&json).expect("what is written is a record");
    assert_eq!(read, record.to_wire());
    assert_eq!(serde_json::to_vec(&read).expect("a record can be written"), json);
}

//! Container runtimes' wrapping: what is told of a line lies in it, or in the room for what was decoded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use record::Wrapping;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    let all = |wrapping: Wrapping| lines.iter().all(|line| wrapping.part(line, &mut Vec::new()).is_some());
    let expected = [Wrapping::Cri, Wrapping::Docker].into_iter().find(|wrapping| all(*wrapping));
    assert_eq!(Wrapping::detect(&lines), expected);

    let mut scratch = Vec::new();
    for line in &lines {
        if let Some(part) = Wrapping::Cri.part(line, &mut scratch) {
            let end = part.text.is_empty() || part.text.as_ptr_range().end == line.as_ptr_range().end;
            assert!(end, "the text is not the line's end");
        }
        docker(line, &mut scratch);
    }
});

/// The text is what `serde_json` has for `log`, less its newline.
fn docker(line: &[u8], scratch: &mut Vec<u8>) {
    let Some(part) = Wrapping::Docker.part(line, scratch) else { return };
    let (text, length, ends) = (part.text.as_ptr(), part.text.len(), part.ends);
    assert_eq!(text, scratch.as_ptr());
    assert_eq!(length + usize::from(ends), scratch.len());
    assert_eq!(ends, scratch.ends_with(b"\n"));
    // Where a name comes twice, the last string counts here, and with `serde_json` whatever is last.
    if let Ok(Value::Object(object)) = serde_json::from_slice(line)
        && let Some(Value::String(log)) = object.get("log")
        && object.get("stream").is_some_and(Value::is_string)
        && object.get("time").is_some_and(Value::is_string)
    {
        assert_eq!(log.as_bytes(), scratch);
    }
}

//! Ids as names of files: no two ids share one, also where the file system takes `A` for `a`, and none leads elsewhere.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Bytes of a task's id.
pub const TASK_ID_BYTES_MAX: usize = 1_024;

/// Bytes of a source's id.
pub const SOURCE_ID_BYTES_MAX: usize = 255;

/// Bytes of a file's name; most file systems have room for 255.
const NAME_BYTES_MAX: usize = 200;

/// Bytes of a name that is too long which are kept before its hash, for people.
const KEPT_BYTES: usize = 150;

/// Endings by which packed files are told. What is shipped is read as it came, so no file's name has one.
const PACKED: [&str; 4] = [".gz", ".zst", ".xz", ".bz2"];

/// The name of the file or folder for an id: lower-case letters, digits and `-_=,+@:.` stand as they are, `^a` is `A`, and
/// every other byte is `%` and two digits. One that is too long is cut, and ends in `~` and a hash of the id.
#[must_use]
pub fn file_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for (at, byte) in id.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'=' | b',' | b'+' | b'@' | b':' => name.push(byte.into()),
            // A name that starts with a dot would be hidden, or lead to another folder.
            b'.' if at > 0 => name.push('.'),
            b'A'..=b'Z' => {
                name.push('^');
                name.push(byte.to_ascii_lowercase().into());
            }
            _ => {
                name.push('%');
                push_hex(&mut name, byte);
            }
        }
    }
    if let Some(ending) = PACKED.iter().find(|ending| name.ends_with(*ending)) {
        let dot = name.len() - ending.len();
        name.replace_range(dot..=dot, "%2e");
    }
    if name.len() > NAME_BYTES_MAX {
        // All of it is ASCII.
        name.truncate(KEPT_BYTES);
        name.push('~');
        for byte in &Sha256::digest(id)[..20] {
            push_hex(&mut name, *byte);
        }
    }
    name
}

/// Appends a byte as two digits.
fn push_hex(name: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    write!(name, "{byte:02x}").ok();
}

/// What is wrong with a task's id, if anything is.
#[must_use]
pub fn task_fault(id: &str) -> Option<String> {
    if id.len() > TASK_ID_BYTES_MAX {
        return Some(format!("a task's id may have {TASK_ID_BYTES_MAX} bytes; this one has {}", id.len()));
    }
    (!crate::ids::is_task(id)).then(|| {
        format!(
            "{id:?} is no task's id: ids are segments of letters, digits and ._:+=,@~- joined by /, none of them . or ..; \
             in an address the whole id is percent-encoded as one segment"
        )
    })
}

/// What is wrong with a source's id, if anything is.
#[must_use]
pub fn source_fault(id: &str) -> Option<String> {
    if id.is_empty() || id.len() > SOURCE_ID_BYTES_MAX {
        return Some(format!("a source's id has 1 to {SOURCE_ID_BYTES_MAX} bytes; this one has {}", id.len()));
    }
    id.chars().any(char::is_control).then(|| format!("{id:?} is no source's id: it holds control characters"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn usual_ids_stay_readable() {
        assert_eq!(file_name("worker-1.log"), "worker-1.log");
        assert_eq!(file_name("dag_id=etl/run=A"), "dag_id=etl%2frun=^a");
    }

    #[test]
    fn no_name_leads_elsewhere_is_hidden_or_counts_as_packed() {
        for id in
            ["..", ".", ".hidden", "../../etc/passwd", "/etc/passwd", "a\0b", "a.gz", "a.GZ", "x/.bz2", "~", "a\\b"]
        {
            let name = file_name(id);
            assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\0', '~']), "{id:?} is {name:?}");
            assert!(PACKED.iter().all(|ending| !name.to_lowercase().ends_with(ending)), "{id:?} is {name:?}");
        }
    }

    #[test]
    fn names_differ_also_without_regard_to_case() {
        let long = |end: &str| format!("{}{end}", "x".repeat(254));
        let ids = ["a", "A", "^a", "^A", "%41", "a.b", ".b", "a/b", "a%2fb", "é", "É", "a.gz", "a%2egz", "a.Gz"]
            .map(str::to_owned);
        let longs = [long("a"), long("A"), long("b"), long("~")];
        let names: HashSet<String> = ids.iter().chain(&longs).map(|id| file_name(id).to_lowercase()).collect();
        assert_eq!(names.len(), ids.len() + longs.len());
        assert!(names.iter().all(|name| name.len() <= NAME_BYTES_MAX));
    }

    #[test]
    fn what_is_no_id_is_told() {
        for wrong in ["", "a\nb", "\u{7f}", "\0"] {
            assert!(source_fault(wrong).is_some(), "{wrong:?}");
        }
        assert!(source_fault(&"x".repeat(256)).is_some_and(|fault| fault.contains("256")));
        assert_eq!(source_fault(&"x".repeat(255)), None);
        assert_eq!(source_fault("../odd name"), None);
        assert!(task_fault("a/../b").is_some());
        assert!(task_fault(&"x".repeat(1_025)).is_some());
    }
}

//! Whatever a packed file holds, reading it ends, within its bounds; and what was packed comes out as it went in, or an
//! error says that it did not.

#![no_main]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use engine::{DiskBudget, Error, Packing, Source, Spools};
use fuzz::{LARGE_BYTES_MAX, SMALL_BYTES_MAX, texts};
use libfuzzer_sys::fuzz_target;

/// Bytes of text that a source may have here, and bytes on disk: a few frames.
const TEXT_MAX: u64 = 3 << 20;
const DISK_MAX: u64 = 400 << 10;

const NAMES: [&str; 4] = ["it.gz", "it.zst", "it.xz", "it.bz2"];

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, what, low, high], rest)) = data.split_first_chunk() else { return };
    let packing = usize::from(choice & 3);
    if choice & 4 == 0 {
        let (read, error) = read_file(packing, rest, what);
        let plain = Packing::of_bytes(rest).is_none();
        assert!(!plain || error.is_none() && read == rest, "a file without packing is read as it is");
        return;
    }
    let bytes_max = if high == 0xFF { LARGE_BYTES_MAX } else { SMALL_BYTES_MAX };
    let text = texts(rest, 1, bytes_max).remove(0);
    // In one piece, or in two where every packing allows that.
    let (one, two) = text.split_at(if choice & 8 == 0 { 0 } else { text.len() / 3 });
    let mut file = if one.is_empty() { Vec::new() } else { packed(packing, one) };
    let border = file.len();
    file.extend(packed(packing, two));
    let (whole, error) = read_file(packing, &file, what);
    assert!(is_right(&whole, &error, &text), "{} of {} bytes are read: {error:?}", whole.len(), text.len());
    if choice & 0x10 == 0 {
        return;
    }

    let at = usize::from(u16::from_le_bytes([low, high])) * file.len() / 0x1_0000;
    let mut changed = file.clone();
    match choice >> 5 {
        0..=2 => changed.truncate(at),
        3 => changed[at] ^= 1 << (what & 7),
        4 => changed[at] = what,
        5 => changed.insert(at, what),
        6 => drop(changed.remove(at)),
        _ => changed.push(what),
    }
    let (read, error) = read_file(packing, &changed, 0);
    if changed == file {
        assert!(is_right(&read, &error, &text));
    } else if Packing::of_bytes(&changed).is_none() {
        assert!(error.is_none() && read == changed);
    } else if choice >> 5 <= 2 {
        // Between two pieces nothing tells that one is missing.
        assert!(text.starts_with(&read), "what is read of a file that was cut is no start of its text");
        assert!(error.is_some() || at == border || at == 0, "{at} of {} bytes pass for all", file.len());
    } else if error.is_none() {
        assert!(read == text, "{} other bytes pass for {}", read.len(), text.len());
    }
});

/// All of the text, or as much of it as the bounds let through.
fn is_right(read: &[u8], error: &Option<Error>, text: &[u8]) -> bool {
    match error {
        None => read == text,
        Some(Error::TooMuchDisk { .. } | Error::DiskBudget { .. }) => text.starts_with(read),
        Some(_) => false,
    }
}

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let base = PathBuf::from("/dev/shm");
    let folder = if base.is_dir() { base } else { std::env::temp_dir() }.join(format!("fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("it can be made");
    folder
});

/// What can be read of a file of these bytes, in order; `what` chooses the bounds.
fn read_file(packing: usize, bytes: &[u8], what: u8) -> (Vec<u8>, Option<Error>) {
    let path = FOLDER.join(NAMES[packing]);
    fs::write(&path, bytes).expect("it can be written");
    let budget = DiskBudget::new(if what & 0x80 == 0 { 1 << 30 } else { DISK_MAX / 2 });
    let read = {
        let spools = Spools::new(&*FOLDER).with_budget(Arc::clone(&budget)).with_text_max(TEXT_MAX);
        let spools = if what & 0x40 == 0 { spools } else { spools.with_disk_max(DISK_MAX) };
        match spools.open(&path) {
            Ok(source) => read_source(&*source, &budget),
            Err(error) => (Vec::new(), Some(error)),
        }
    };
    assert_eq!(budget.used(), 0, "a source that is gone takes no disk");
    fs::remove_file(&path).expect("it is there");
    read
}

fn read_source(source: &dyn Source, budget: &DiskBudget) -> (Vec<u8>, Option<Error>) {
    let mut all = Vec::new();
    let mut buf = vec![0; 40_000];
    let error = loop {
        match source.read_at(all.len() as u64, &mut buf) {
            Ok(0) => break None,
            Ok(count) => all.extend_from_slice(&buf[..count]),
            Err(error) => break Some(error),
        }
        assert!(all.len() as u64 <= TEXT_MAX, "{} bytes of text", all.len());
        assert!(budget.used() <= budget.max(), "{} bytes on disk", budget.used());
    };
    // What was read once reads the same again, in any order.
    let mut end = all.len();
    while end > 0 {
        let start = end.saturating_sub(100_003);
        let mut filled = start;
        while filled < end {
            let count = source.read_at(filled as u64, &mut buf).expect("it was read once");
            assert!(count > 0 && all[filled..].starts_with(&buf[..count]), "it reads otherwise at {filled}");
            filled += count;
        }
        end = start;
    }
    match &error {
        None => {
            assert_eq!(source.bytes(), Some(all.len() as u64));
            assert_eq!(source.read_at(u64::MAX, &mut buf).expect("it ended"), 0);
        }
        Some(error) => {
            assert_eq!(source.bytes(), None);
            let again = source.read_at(all.len() as u64, &mut buf).expect_err("it failed once");
            assert_eq!(again.to_string(), error.to_string());
        }
    }
    (all, error)
}

fn packed(packing: usize, text: &[u8]) -> Vec<u8> {
    match packing {
        0 => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        1 => {
            // With a checksum, as the `zstd` command writes it.
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("the level is good");
            encoder.include_checksum(true).expect("it can");
            encoder.write_all(text).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        2 => {
            let mut options = lzma_rust2::XzOptions::with_preset(0);
            options.set_check_sum_type(lzma_rust2::CheckType::Crc64);
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("the options are good");
            encoder.write_all(text).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        _ => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
    }
}

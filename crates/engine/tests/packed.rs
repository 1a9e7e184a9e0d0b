//! Packed files as sources: the text at any offset, bounds that hold whatever a file says, and what stays over a restart.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::limits::OPEN_FILES_MAX;
use engine::{Cache, DiskBudget, Error, Source, Spools};
use record::Timestamp;

/// Splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("small")
    }
}

/// So many bytes that look like a log.
fn log_text(bytes: usize) -> Vec<u8> {
    let mut random = Random(bytes as u64);
    let mut text = Vec::new();
    while text.len() < bytes {
        let line =
            format!("2024-12-20T03:04:05.{:03}Z step {} of {:x}\n", random.below(1000), text.len(), random.next());
        text.extend_from_slice(line.as_bytes());
    }
    text.truncate(bytes);
    text
}

/// So many bytes that cannot be packed.
fn noise(bytes: usize) -> Vec<u8> {
    let mut random = Random(bytes as u64);
    std::iter::repeat_with(|| random.next().to_le_bytes()).flatten().take(bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// With a checksum, as the `zstd` command writes it.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("the level is good");
    encoder.include_checksum(true).expect("it can");
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.set_block_size(NonZero::new(1 << 20));
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("the options are good");
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// The same text in every packing, in several pieces, by the end of its file's name.
fn every_packing(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (one, two) = text.split_at(text.len() / 3);
    let skippable = [&[0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0][..], b"aside"].concat();
    vec![
        ("gz", [gzip(one), gzip(b""), gzip(two), vec![0; 300]].concat()),
        ("zst", [skippable.clone(), zstd(one), skippable, zstd(b""), zstd(two)].concat()),
        ("xz", [xz(one), vec![0; 8], xz(two)].concat()),
        ("bz2", [bzip2(one), bzip2(two)].concat()),
    ]
}

fn read_all(source: &dyn Source) -> (Vec<u8>, Option<Error>) {
    let mut all = Vec::new();
    let mut buf = vec![0; 40_000];
    loop {
        match source.read_at(all.len() as u64, &mut buf) {
            Ok(0) => return (all, None),
            Ok(count) => all.extend_from_slice(&buf[..count]),
            Err(error) => return (all, Some(error)),
        }
    }
}

#[track_caller]
fn check_whole(source: &dyn Source, text: &[u8], what: &str) {
    let (found, error) = read_all(source);
    assert!(error.is_none(), "{what}: {error:?}");
    assert!(found == text, "{what}: {} bytes for {}", found.len(), text.len());
    assert_eq!(source.bytes(), Some(text.len() as u64), "{what}");
}

fn read_at(source: &dyn Source, offset: usize, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while filled < count {
        match source.read_at((offset + filled) as u64, &mut bytes[filled..]).expect("it reads") {
            0 => break,
            more => filled += more,
        }
    }
    bytes.truncate(filled);
    bytes
}

struct Room {
    folder: tempfile::TempDir,
    cache: Arc<Cache>,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(folder.path().join("cache"), 1 << 30).expect("it opens");
        Self { folder, cache }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Without a cache, within a budget of its own.
    fn bare(&self) -> Spools {
        Spools::new(self.folder.path()).with_budget(DiskBudget::new(1 << 30))
    }

    fn cached(&self) -> Spools {
        self.bare().with_cache(Arc::clone(&self.cache))
    }

    fn cache_files(&self) -> Vec<PathBuf> {
        let mut paths: Vec<_> =
            fs::read_dir(self.cache.folder()).expect("it lists").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    }

    fn the_cached_file(&self) -> PathBuf {
        let mut paths = self.cache_files();
        assert_eq!(paths.len(), 1, "{paths:?}");
        paths.remove(0)
    }
}

fn open(spools: &Spools, path: &Path) -> Arc<dyn Source> {
    spools.open(path).expect("it opens")
}

#[test]
fn every_packing_gives_its_text_at_any_offset_to_several_threads() {
    let text = log_text(1_700_000);
    let room = Room::new();
    for (name, packed) in every_packing(&text) {
        let path = room.write(&format!("a.log.{name}"), &packed);
        // Unpacked, then from the cache.
        for round in 0..2 {
            let source = open(&room.cached(), &path);
            assert_eq!(source.bytes().is_some(), round == 1, "{name}");
            std::thread::scope(|scope| {
                for seed in 0..3 {
                    let (source, text) = (&source, &text);
                    scope.spawn(move || {
                        let mut random = Random(seed);
                        for _ in 0..40 {
                            let (offset, count) = (random.below(text.len() + 100), random.below(300_000));
                            let start = offset.min(text.len());
                            let expected = &text[start..text.len().min(start + count)];
                            assert!(read_at(&**source, offset, count) == expected, "{name}: {count} bytes at {offset}");
                        }
                    });
                }
            });
            check_whole(&*source, &text, name);
        }
    }
}

#[test]
fn a_text_shorter_than_a_frame_takes_no_file() {
    let text = log_text(200_000);
    let room = Room::new();
    for (name, packed) in every_packing(&text) {
        let budget = DiskBudget::new(0);
        let path = room.write(&format!("a.log.{name}"), &packed);
        let source = open(&room.cached().with_budget(budget), &path);
        check_whole(&*source, &text, name);
        assert_eq!(read_at(&*source, 100_000, 10), text[100_000..100_010], "{name}");
    }
    assert!(room.cache_files().is_empty());
}

#[test]
fn an_empty_text_is_a_source_that_ends_at_once() {
    let room = Room::new();
    for (name, packed) in every_packing(b"") {
        check_whole(&*open(&room.bare(), &room.write(&format!("a.{name}"), &packed)), b"", name);
    }
}

#[test]
fn what_only_bears_the_name_of_a_packing_cannot_be_unpacked_and_says_so() {
    let room = Room::new();
    for name in ["a.gz", "a.zst", "a.xz", "a.bz2"] {
        check_whole(&*open(&room.bare(), &room.write(name, b"")), b"", name);
        for text in [&b"plain text, 2024-12-20T03:04:05Z\n"[..], b"BZh", b"\x1F"] {
            let opened = room.bare().open(room.write(name, text));
            let error = opened.and_then(|source| source.read_at(0, &mut [0; 10])).expect_err("nothing to unpack");
            assert!(matches!(error, Error::Unpack { offset: 0, .. }) && error.to_string().contains(name), "{error}");
        }
    }
    let packed = gzip(b"text");
    check_whole(&*open(&room.bare(), &room.write("a.log", &packed)), &packed, "a gzip named .log");
    check_whole(&*open(&room.bare(), &room.write("a.xz", &packed)), b"text", "a gzip named .xz");
}

#[test]
fn what_comes_through_a_pipe_is_read_before_the_next_comes() {
    struct Once(bool);
    impl Read for Once {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            assert!(self.0, "nobody asked for more");
            self.0 = false;
            buf[..3].copy_from_slice(b"one");
            Ok(3)
        }
    }
    let room = Room::new();
    let source = room.bare().pipe("standard input", Once(true), Timestamp::default());
    assert_eq!(source.read_at(1, &mut [0; 100]).expect("it reads"), 2);
    assert!(source.file_identity().is_none());
}

#[test]
fn a_bomb_takes_little_disk_and_ends_at_the_limit_of_text() {
    let nought = vec![0; 24 << 20];
    let room = Room::new();
    for (name, packed) in every_packing(&nought) {
        let budget = DiskBudget::new(1 << 30);
        let path = room.write(&format!("bomb.{name}"), &packed);
        let source = open(&room.bare().with_budget(Arc::clone(&budget)).with_text_max(20 << 20), &path);
        let (found, error) = read_all(&*source);
        assert!(found.len() > 19 << 20 && found.len() <= 20 << 20, "{name}: {} bytes", found.len());
        assert!(matches!(error, Some(Error::TooLarge { max: 20_971_520, .. })), "{name}: {error:?}");
        assert!(budget.used() < 100_000, "{name}: {} bytes on disk", budget.used());
    }
}

#[test]
fn a_zstd_frame_with_a_huge_window_is_refused() {
    // No length, a window of 2 GiB, and one raw block of five bytes.
    let packed = [&[0x28, 0xB5, 0x2F, 0xFD, 0, 21 << 3, 0x29, 0, 0][..], b"hello"].concat();
    let room = Room::new();
    let source = open(&room.bare(), &room.write("a.zst", &packed));
    let (found, error) = read_all(&*source);
    let words = error.expect("it is refused").to_string();
    assert!(found.is_empty() && words.contains("a.zst") && words.contains("memory"), "{words}");
}

#[test]
fn an_xz_block_with_a_huge_dictionary_is_refused() {
    let mut packed = xz(b"hello");
    // Behind the stream's header of 12 bytes: length, flags, filter, its properties' length, the dictionary's size.
    let end = 12 + (usize::from(packed[12]) + 1) * 4;
    assert_eq!(packed[14..16], [0x21, 1]);
    packed[16] = 39;
    let sum = crc32(&packed[12..end - 4]);
    packed[end - 4..end].copy_from_slice(&sum.to_le_bytes());
    let room = Room::new();
    let source = open(&room.bare(), &room.write("a.xz", &packed));
    let words = source.read_at(0, &mut [0; 8]).expect_err("it is refused").to_string();
    assert!(words.contains("a.xz") && words.contains("mem"), "{words}");
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

#[test]
fn half_a_file_gives_what_is_good_and_then_says_where_it_breaks() {
    let text = log_text(3_000_000);
    let room = Room::new();
    for (name, packed) in every_packing(&text) {
        let path = room.write(&format!("half.{name}"), &packed[..packed.len() / 2]);
        let source = open(&room.cached(), &path);
        let (found, error) = read_all(&*source);
        assert!(!found.is_empty() && text.starts_with(&found), "{name}: {} bytes", found.len());
        let error = error.expect("the end is missing");
        assert!(matches!(error, Error::Unpack { offset, .. } if offset == found.len() as u64), "{name}: {error}");
        let words = error.to_string();
        assert!(
            words.contains(&format!("half.{name}")) && words.ends_with("the packed file ends too early"),
            "{words}"
        );
        assert_eq!(source.bytes(), None, "{name}");
        // It says the same again, and what is good stays readable.
        let (again, error) = read_all(&*source);
        assert!(again == found && error.is_some(), "{name}");
        drop(source);
        assert!(room.cache_files().is_empty(), "{name}: half a text is not kept");
    }
}

#[test]
fn a_broken_file_gives_no_other_text_than_it_held() {
    let text = log_text(600_000);
    let room = Room::new();
    for (name, packed) in every_packing(&text) {
        let mut random = Random(7);
        for _ in 0..30 {
            let mut packed = packed.clone();
            let at = 10 + random.below(packed.len() - 10);
            packed[at] ^= 1 << random.below(8);
            let path = room.write(&format!("broken.{name}"), &packed);
            let (found, error) = read_all(&*open(&room.cached(), &path));
            // What fails its checksum at the end may differ before that; what passes must not.
            assert!(error.is_some() || found == text, "{name}, byte {at}");
        }
    }
}

#[test]
fn what_follows_the_last_member_of_a_gzip_is_told() {
    let room = Room::new();
    let source = open(&room.bare(), &room.write("a.gz", &[&gzip(b"text")[..], b"rubbish"].concat()));
    let (found, error) = read_all(&*source);
    assert_eq!(found, b"text");
    assert!(error.expect("it is told").to_string().contains("after byte 4"));
}

#[test]
fn a_full_budget_says_the_limit_and_keeps_what_came_before() {
    let text = noise(2 << 20);
    let room = Room::new();
    let budget = DiskBudget::new(1 << 20);
    let path = room.write("a.gz", &gzip(&text));
    let spools = room.cached().with_budget(Arc::clone(&budget));
    {
        let source = open(&spools, &path);
        let (found, error) = read_all(&*source);
        // Three frames on disk, and the one that found no room in memory.
        assert!(found == text[..1 << 20], "{} bytes", found.len());
        let words = error.expect("there is no room").to_string();
        assert!(words.contains("1048576 bytes") && words.contains("raise the limit"), "{words}");
        assert_eq!(read_at(&*source, 500_000, 100), text[500_000..500_100]);
        assert!(budget.used() > 700_000, "{} bytes", budget.used());
    }
    assert_eq!(budget.used(), 0, "what a spool took comes back with its end");
    budget.set_max(4 << 20);
    check_whole(&*open(&spools, &path), &text, "with more room");
    assert_eq!(budget.used(), 0, "what is kept in the cache counts there");
    let one = open(&room.bare().with_disk_max(1 << 20), &path);
    let (_, error) = read_all(&*one);
    assert!(matches!(error, Some(Error::TooMuchDisk { max: 1_048_576, .. })), "{error:?}");
}

#[test]
fn a_kept_text_is_used_while_its_file_is_the_same_and_no_longer() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    check_whole(&*open(&room.cached(), &path), &text, "at first");
    assert!(open(&room.cached(), &path).bytes().is_some(), "it is not unpacked again");
    let moved = room.folder.path().join("a.1.gz");
    fs::rename(&path, &moved).expect("renamed");
    assert!(open(&room.cached(), &moved).bytes().is_some(), "a rotated file is the same file");
    let mut file = File::options().append(true).open(&moved).expect("it opens");
    file.write_all(&gzip(b"more\n")).expect("written");
    let longer = [&text[..], b"more\n"].concat();
    let source = open(&room.cached(), &moved);
    assert_eq!(source.bytes(), None, "it has changed");
    check_whole(&*source, &longer, "grown");
}

#[test]
fn a_text_that_is_torn_in_the_cache_is_unpacked_again() {
    let text = log_text(1_100_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    check_whole(&*open(&room.cached(), &path), &text, "at first");
    let kept = room.the_cached_file();
    let good = fs::read(&kept).expect("it reads");
    // The trailer has the lengths of five frames.
    let trailer = 5 * 4 + 52;
    let mut bad: Vec<(String, Vec<u8>)> = Vec::new();
    for at in good.len() - trailer..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        bad.push((format!("byte {at} of {}", good.len()), bytes));
    }
    for length in (good.len() - trailer - 10..good.len()).chain([0, 1, 51, 52, 1000]) {
        bad.push((format!("{length} bytes of {}", good.len()), good[..length].to_vec()));
    }
    bad.push(("nought".to_owned(), vec![0; good.len()]));
    bad.push(("noise".to_owned(), noise(good.len())));
    bad.push(("twice".to_owned(), [&good[..], &good].concat()));
    for (what, bytes) in bad {
        fs::write(&kept, bytes).expect("written");
        let source = open(&room.cached(), &path);
        assert_eq!(source.bytes(), None, "{what} is not trusted");
        assert!(!kept.exists(), "{what} is removed");
    }
    check_whole(&*open(&room.cached(), &path), &text, "again");
    assert!(fs::read(&kept).expect("it reads") == good);
}

/// Overwrites a part of a kept file, in its first frame.
fn damage(kept: &Path) {
    File::options().write(true).open(kept).expect("it opens").write_all_at(b"????????", 1000).expect("written");
}

/// Opens so many other files that what was open before is closed.
fn close_all_others(room: &Room) {
    let path = room.write("other.log", b"other");
    let others: Vec<_> = (0..=OPEN_FILES_MAX).map(|_| open(&room.bare(), &path)).collect();
    assert_eq!(others.len(), OPEN_FILES_MAX + 1);
}

#[test]
fn a_frame_that_is_damaged_in_the_cache_is_unpacked_again() {
    let text = log_text(1_500_000);
    let room = Room::new();
    for (name, packed) in every_packing(&text) {
        let path = room.write(&format!("a.{name}"), &packed);
        check_whole(&*open(&room.cached(), &path), &text, "at first");
        let kept = room.the_cached_file();
        let good = fs::read(&kept).expect("it reads");
        damage(&kept);
        let source = open(&room.cached(), &path);
        assert!(source.bytes().is_some(), "{name}: it is found");
        assert_eq!(read_at(&*source, 1_400_000, 10), text[1_400_000..1_400_010], "{name}: a good frame");
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    assert_eq!(read_at(&*source, 100, 10), text[100..110], "{name}: the bad frame");
                    assert_eq!(source.bytes(), Some(1_500_000), "{name}: its length stays known");
                });
            }
        });
        check_whole(&*source, &text, name);
        assert!(fs::read(&kept).expect("it is kept again") == good, "{name}");
        assert!(open(&room.cached(), &path).bytes().is_some(), "{name}: what is kept is found");
        fs::remove_file(kept).expect("removed");
    }
}

#[test]
fn a_damaged_frame_of_a_file_that_has_changed_is_told() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    check_whole(&*open(&room.cached(), &path), &text, "at first");
    let kept = room.the_cached_file();
    damage(&kept);
    let source = open(&room.cached(), &path);
    File::options().append(true).open(&path).expect("it opens").write_all(&gzip(b"more")).expect("written");
    for _ in 0..2 {
        let error = source.read_at(0, &mut [0; 10]).expect_err("its checksum is wrong");
        assert!(matches!(error, Error::Damaged { offset: 0, .. }), "{error}");
    }
    assert!(!kept.exists(), "it is thrown away");
}

#[test]
fn a_kept_text_that_another_process_threw_away_is_unpacked_again() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    let source = open(&room.cached(), &path);
    check_whole(&*source, &text, "at first");
    let kept = room.the_cached_file();
    fs::remove_file(&kept).expect("removed");
    close_all_others(&room);
    assert_eq!(read_at(&*source, 1_200_000, 10), text[1_200_000..1_200_010]);
    check_whole(&*source, &text, "again");
    assert!(kept.exists(), "it is kept again");
    fs::remove_file(&kept).expect("removed");
    fs::remove_file(&path).expect("removed");
    close_all_others(&room);
    let error = source.read_at(0, &mut [0; 10]).expect_err("neither is there");
    assert!(matches!(error, Error::Read { offset: 0, .. }), "{error}");
    assert!(error.to_string().contains("a.gz"), "{error}");
}

#[test]
fn a_kept_text_that_another_process_put_there_anew_is_used() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    let source = open(&room.cached(), &path);
    check_whole(&*source, &text, "at first");
    let kept = room.the_cached_file();
    let copy = room.write("copy", &fs::read(&kept).expect("it reads"));
    fs::rename(copy, &kept).expect("renamed");
    fs::remove_file(&path).expect("removed");
    close_all_others(&room);
    check_whole(&*source, &text, "from the other file");
}

/// How many descriptors of this process lead to a file under `folder` that has no name any more, or to a part.
fn descriptors_of_what_is_unpacked(folder: &Path) -> usize {
    let entries = fs::read_dir("/proc/self/fd").expect("it lists");
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let names = targets.filter(|target| target.starts_with(folder)).map(|target| target.display().to_string());
    names.filter(|name| name.ends_with("(deleted)") || name.ends_with(".part")).count()
}

#[test]
fn hundreds_of_packed_sources_share_a_descriptor_and_give_their_disk_back() {
    let texts: Vec<Vec<u8>> = (0..4).map(|number| log_text(600_000 + 200_000 * number)).collect();
    let packed: Vec<Vec<u8>> = texts.iter().map(|text| gzip(text)).collect();
    let room = Room::new();
    let budget = DiskBudget::new(1 << 30);
    let spools = room.cached().with_budget(Arc::clone(&budget));
    let sources: Vec<_> =
        (0..300).map(|number| open(&spools, &room.write(&format!("{number}.log.gz"), &packed[number % 4]))).collect();
    let mut random = Random(1);
    // All grow by turns, so that their frames lie among each other's. The first three quarters end short of their end.
    for round in 1..=3 {
        for (number, source) in sources.iter().enumerate() {
            let text = &texts[number % 4];
            let known = if number < 225 { text.len() * round / 4 } else { text.len() * round / 3 };
            for offset in [known - 100, random.below(known - 100)] {
                let expected = &text[offset..offset + 100];
                assert!(read_at(&**source, offset, 100) == expected, "source {number}, byte {offset}");
            }
            if number >= 225 && round == 3 {
                check_whole(&**source, text, "to its end");
            }
        }
        let count = descriptors_of_what_is_unpacked(room.folder.path());
        assert!(count <= 1, "{count} descriptors");
    }
    assert!(budget.used() > 19 << 20, "{} bytes", budget.used());
    // Those left give what was theirs, whatever others have given back, and what is new takes no byte of it.
    let left: Vec<_> = sources.into_iter().enumerate().filter(|(number, _)| number % 3 == 0).collect();
    let new: Vec<_> = (0..100)
        .map(|_| {
            room.bare().with_budget(Arc::clone(&budget)).pipe(
                "a pipe",
                std::io::Cursor::new(texts[0].clone()),
                Timestamp::default(),
            )
        })
        .collect();
    for source in &new {
        check_whole(&**source, &texts[0], "new");
    }
    for (number, source) in &left {
        let text = &texts[number % 4];
        for _ in 0..5 {
            let offset = random.below(text.len() * 3 / 4 - 100);
            assert!(read_at(&**source, offset, 100) == text[offset..offset + 100], "source {number}, byte {offset}");
        }
    }
    drop((left, new));
    assert_eq!(budget.used(), 0);
    assert_eq!(descriptors_of_what_is_unpacked(room.folder.path()), 0);
}

#[test]
fn a_cache_that_cannot_be_written_is_told_and_does_without() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    fs::remove_dir(room.cache.folder()).expect("it is empty");
    check_whole(&*open(&room.cached(), &path), &text, "without a cache");
    let trouble = room.cache.take_trouble().expect("it is told");
    assert!(trouble.to_string().starts_with("cannot write "), "{trouble}");
    assert!(room.cache.take_trouble().is_none(), "once");
}

#[test]
fn a_file_that_changes_while_it_is_unpacked_is_not_kept() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    let source = open(&room.cached(), &path);
    assert_eq!(read_at(&*source, 0, 10), text[..10]);
    File::options().append(true).open(&path).expect("it opens").write_all(&gzip(b"more")).expect("written");
    check_whole(&*source, &text, "as long as it was");
    drop(source);
    assert!(room.cache_files().is_empty());
}

#[test]
fn what_is_not_unpacked_to_its_end_leaves_nothing_in_the_cache() {
    let text = log_text(1_500_000);
    let room = Room::new();
    let path = room.write("a.gz", &gzip(&text));
    let source = open(&room.cached(), &path);
    assert_eq!(read_at(&*source, 1_000_000, 10), text[1_000_000..1_000_010]);
    assert!(room.cache_files().is_empty());
    assert_eq!(open(&room.cached(), &path).bytes(), None, "half a text is not found");
}

//! Whatever the bytes are and however they come, a merge gives each line of each source once, whole and in its place,
//! from the start and from anywhere else.

#![no_main]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{Encoding, Found, Input, Line, Log, Merge, Place};
use fuzz::{Dribble, LARGE_BYTES_MAX, MODIFIED, SMALL_BYTES_MAX, encoded, input, taken, texts};
use libfuzzer_sys::fuzz_target;
use record::Timestamp;
use record::limits::TEXT_BYTES_MAX;

fuzz_target!(|data: &[u8]| {
    let Some((&[encodings, piece, place, breaks], script)) = data.split_first_chunk() else { return };
    let bytes_max = if place >= 0xFE { LARGE_BYTES_MAX } else { SMALL_BYTES_MAX };
    let texts: Vec<Arc<[u8]>> = texts(script, 3, bytes_max)
        .into_iter()
        .enumerate()
        .map(|(at, text)| encoded(text, encodings >> (2 * at) & 3).into())
        .collect();
    let inputs: Arc<[Input]> =
        texts.iter().enumerate().map(|(at, text)| input(at, whole_of(text)).expect("it reads")).collect();

    let mut expected = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let whole = seen(Arc::new([inputs[at].clone()]));
        let dribbled = input(at, Dribble { piece, ..whole_of(text) }).expect("it reads");
        assert_eq!(dribbled.origin, inputs[at].origin, "how much comes at once matters to the origin");
        assert!(seen(Arc::new([dribbled])) == whole, "how much comes at once matters");
        check_source(text, &inputs[at], &whole);
        expected.extend(whole.into_iter().map(|seen| (at, seen.line)));
    }
    // Stable: a source's lines stay in their order.
    expected.sort_by_key(|(source, line)| (line.key, *source, line.offset));

    let dribbled = |at: usize| Dribble { piece, ..whole_of(&texts[at]) };
    let dribbled: Arc<[Input]> = (0..texts.len()).map(|at| input(at, dribbled(at)).expect("it reads")).collect();
    let mut merge = Merge::from_start(Arc::clone(&dribbled));
    assert!(taken(&mut merge, usize::MAX) == expected, "the merge is not the sorted whole");
    assert!(merge.failures().is_empty());

    let bytes = texts.iter().map(|text| text.len()).sum::<usize>();
    let n = usize::from(place) * expected.len() / 255;
    // One at a time: an input that takes less is tried more often.
    match encodings >> 6 {
        0 => check_standings(&dribbled, &expected, n),
        1 => check_copies(&texts, &inputs, &expected, n),
        2 => check_log(&inputs, &expected, n, bytes),
        _ => check_broken(&texts, &inputs, &expected, piece, u64::from(breaks & 0x7F)),
    }
});

fn whole_of(text: &Arc<[u8]>) -> Dribble {
    Dribble { bytes: Arc::clone(text), piece: 0, breaks_at: None }
}

/// A line of a merge of one source, and all that is handed out of it.
#[derive(PartialEq)]
struct Seen {
    line: Line,
    text: String,
    lossy: bool,
    cut: u64,
    raw: Vec<u8>,
}

fn seen(inputs: Arc<[Input]>) -> Vec<Seen> {
    let mut merge = Merge::from_start(inputs);
    let mut all = Vec::new();
    let mut json = Vec::new();
    while let Some((_, line)) = merge.next() {
        let line = *line;
        let record = merge.record(Some(all.len() as u64 + 1)).expect("there is a line");
        json.clear();
        record.write_json(&mut json);
        let wire = record.to_wire();
        assert_eq!(serde_json::from_slice::<record::wire::Record>(&json).expect("it is JSON"), wire);
        assert_eq!(record.time.is_none(), record.cont);
        let (text, lossy, cut) = (record.text.text.into_owned(), record.text.lossy, record.text.cut);
        let mut raw = Vec::new();
        merge.write_raw(&mut raw).expect("memory takes all");
        all.push(Seen { line, text, lossy, cut, raw });
    }
    assert!(merge.failures().is_empty());
    all
}

/// The lines of one source are its bytes, and each has the key that the contract gives it.
fn check_source(bytes: &[u8], input: &Input, lines: &[Seen]) {
    let layout = input.origin.layout;
    let mut next = 0;
    for Seen { line, text, lossy, cut, raw } in lines {
        assert_eq!(line.start(), next, "lines lie one behind another");
        assert!(line.start() <= line.offset && line.offset <= line.end() && line.end() <= line.next);
        assert!(line.start() < line.next, "a line takes a byte at least");
        next = line.next;
        let whole = &bytes[at(line.start())..at(line.next)];
        assert_eq!(&raw[..whole.len()], whole);
        let added = if line.end() == line.next { layout.encoding.newline() } else { b"" };
        assert_eq!(&raw[whole.len()..], added);
        assert!(text.len() <= TEXT_BYTES_MAX * 3);
        if let Some(wrapping) = layout.wrapping.filter(|_| line.is_wrapped()) {
            let parts = bytes[at(line.offset)..at(line.end())].split(|byte| *byte == b'\n');
            let text_bytes = |part: &[u8]| {
                let part = part.strip_suffix(b"\r").unwrap_or(part);
                wrapping.part(part, &mut Vec::new()).map_or(part.len(), |part| part.text.len()) as u64
            };
            let all: u64 = parts.map(text_bytes).sum();
            // Of what is wrapped, too, a carriage return is left out.
            let told = text.len() as u64 + cut;
            assert!(*lossy || told == all || told + 1 == all, "{told} bytes are told of {all}");
        } else {
            check_text(&bytes[at(line.offset)..at(line.end())], layout.encoding, text, *lossy, *cut);
        }
    }
    // A mark alone is no line.
    assert!(next == bytes.len() as u64 || lines.is_empty() && bytes.len() as u64 == layout.mark_bytes);

    let lines: Vec<&Line> = lines.iter().map(|seen| &seen.line).collect();
    let wild: Vec<bool> = (0..lines.len()).map(|at| is_wild(&lines, at)).collect();
    let early = lines.iter().zip(&wild).take_while(|(line, _)| line.start() < 1 << 20);
    let first = early.filter(|(_, wild)| !**wild).find_map(|(line, _)| line.time());
    assert_eq!((input.origin.first_key, input.origin.untimed), (first.unwrap_or(MODIFIED), first.is_none()));
    let (mut key, mut level) = (first.unwrap_or(MODIFIED), None);
    for (line, wild) in lines.into_iter().zip(wild) {
        if let Some(time) = line.time() {
            level = line.level;
            if !wild && first.is_some() {
                key = key.max(time);
            }
        }
        let late = line.time().is_some_and(|time| time < key);
        assert_eq!((line.key, line.level, line.is_late(), line.is_wild()), (key, level, late, wild), "{line:?}");
    }
}

fn is_wild(lines: &[&Line], at: usize) -> bool {
    let Some(time) = lines[at].time() else { return false };
    lines[at + 1..]
        .iter()
        .take_while(|line| line.start() < lines[at].next + 65_536)
        .filter_map(|line| line.time())
        .take(16)
        .any(|other| time.nanos() - other.nanos() > 60_000_000_000)
}

fn check_text(content: &[u8], encoding: Encoding, text: &str, lossy: bool, cut: u64) {
    let (decoded, length) = match encoding {
        Encoding::Utf8 => {
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            (String::from_utf8_lossy(content).into_owned(), content.len())
        }
        Encoding::Utf16 { big_endian } => {
            let unit = |pair: &[u8]| {
                let pair = [pair[0], pair[1]];
                if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
            };
            let half = content.len() % 2;
            let returns = half == 0 && content.chunks_exact(2).next_back().map(unit) == Some(0x0D);
            let content = &content[..content.len() - 2 * usize::from(returns)];
            let units: Vec<u16> = content.chunks_exact(2).map(unit).collect();
            let tail = if half == 1 { "\u{fffd}" } else { "" };
            (String::from_utf16_lossy(&units) + tail, content.len())
        }
    };
    if length <= TEXT_BYTES_MAX {
        assert!(text == decoded, "a text is not its line's");
        assert!(lossy || !text.contains('\u{fffd}') || decoded.contains('\u{fffd}'));
        assert_eq!(cut, 0);
    } else {
        assert!(decoded.starts_with(text), "a cut text is not the start of its line's");
        let left = length as u64 - cut;
        assert!(left <= TEXT_BYTES_MAX as u64 && left + 4 > TEXT_BYTES_MAX as u64, "{cut} bytes of {length} are cut");
    }
}

/// A merge goes on from where another one stood.
fn check_standings(inputs: &Arc<[Input]>, expected: &[(usize, Line)], n: usize) {
    let mut merge = Merge::from_start(Arc::clone(inputs));
    for _ in 0..=n {
        merge.next();
    }
    let mut rest = Merge::new(Arc::clone(inputs), &merge.standings());
    assert!(taken(&mut rest, usize::MAX) == expected[n..], "from line {n} on the merge is another one");
}

/// Every window is a stretch of the whole.
fn check_log(inputs: &Arc<[Input]>, expected: &[(usize, Line)], n: usize, bytes: usize) {
    let log = Log::new(Arc::clone(inputs));
    log.build_index(&AtomicBool::new(false), |_| {});
    {
        let index = log.index();
        assert!(index.is_complete());
        assert_eq!(index.lines(), expected.len() as u64);
        assert_eq!(index.levels().iter().sum::<u64>(), index.lines());
        assert_eq!(index.lines_by_source().iter().sum::<u64>(), index.lines());
    }
    check_windows(&log, expected, n, bytes);
    for count in [0, 1, n, expected.len() + 1] {
        let Some((mut merge, lines)) = log.tail(count as u64) else { continue };
        let found = taken(&mut merge, usize::MAX);
        assert_eq!(found.len() as u64, lines);
        if bytes <= 2 * SMALL_BYTES_MAX {
            assert!(found == expected[expected.len().saturating_sub(count)..], "the last {count} lines are others");
        }
    }
}

fn check_windows(log: &Log, expected: &[(usize, Line)], n: usize, bytes: usize) {
    let count = if bytes <= 2 * SMALL_BYTES_MAX { usize::MAX } else { 40 };
    for n in [n, n / 2, expected.len().saturating_sub(1), expected.len()] {
        let window = expected[n..].iter().take(count);
        let found = taken(&mut log.merge_from(n as u64), count);
        assert!(found.iter().eq(window), "the window at line {n} is another one");
        let Some((source, line)) = expected.get(n) else {
            assert_eq!(log.find(Place::Line(n as u64)), Found::Beyond);
            continue;
        };
        let at = |n: usize| Found::At(n as u64);
        assert_eq!(log.find(Place::Line(n as u64)), at(n));
        for offset in [line.start(), line.offset, line.next - 1] {
            assert_eq!(log.find(Place::Anchor { source: *source, offset }), at(n), "{line:?} at {offset}");
        }
        let first_of = |key| at(expected.partition_point(|(_, line)| line.key < key));
        assert_eq!(log.find(Place::Time(line.key)), first_of(line.key));
        let later = Timestamp::from_nanos(line.key.nanos() + 1);
        let found = first_of(later);
        assert_eq!(log.find(Place::Time(later)), if found == at(expected.len()) { Found::Beyond } else { found });
    }
}

/// Of lines with equal key and bytes as many are shown as the source has that has most.
fn check_copies(texts: &[Arc<[u8]>], inputs: &Arc<[Input]>, expected: &[(usize, Line)], n: usize) {
    let mut counts: HashMap<(Timestamp, &[u8]), Vec<usize>> = HashMap::new();
    let mut shown = Vec::new();
    for (source, line) in expected {
        let bytes = &texts[*source][at(line.offset)..at(line.end())];
        let counts = counts.entry((line.key, bytes)).or_insert_with(|| vec![0; texts.len()]);
        counts[*source] += 1;
        if counts[*source] > counts[..*source].iter().copied().max().unwrap_or(0) {
            shown.push((*source, *line));
        }
    }
    let found = taken(&mut Merge::from_start(Arc::clone(inputs)).without_copies(), usize::MAX);
    assert!(found == shown, "other lines count as copies");
    let log = Log::new(Arc::clone(inputs)).without_copies();
    log.build_index(&AtomicBool::new(false), |_| {});
    assert_eq!(log.index().lines(), shown.len() as u64);
    for n in [n.min(shown.len()), shown.len() / 2] {
        let found = taken(&mut log.merge_from(n as u64), 40);
        assert!(found.iter().eq(shown[n..].iter().take(40)), "the window at line {n} without copies is another one");
    }
}

/// Where the first source breaks off, all that came before is there, and the others are whole.
fn check_broken(texts: &[Arc<[u8]>], inputs: &Arc<[Input]>, expected: &[(usize, Line)], piece: u8, part: u64) {
    let breaks_at = part * texts[0].len() as u64 / 127;
    let broken = Dribble { bytes: Arc::clone(&texts[0]), piece, breaks_at: Some(breaks_at) };
    let Some(broken) = input(0, broken) else {
        assert_eq!(breaks_at, 0, "something could be read");
        return;
    };
    let mark_bytes = broken.origin.layout.mark_bytes;
    let mut inputs = inputs.to_vec();
    inputs[0] = broken;
    let mut merge = Merge::from_start(inputs.into());
    let mut others = Vec::new();
    let mut next = 0;
    while let Some((source, line)) = merge.next().map(|(source, line)| (source, *line)) {
        if source == 0 {
            assert_eq!(line.start(), next);
            next = line.next;
        } else {
            others.push((source, line));
        }
        drop(merge.record(None));
        merge.write_raw(&mut std::io::sink()).expect("it takes all");
    }
    assert!(next == breaks_at || next == 0 && breaks_at <= mark_bytes, "{next} bytes of {breaks_at} are in lines");
    assert_eq!(merge.failures().first().map(|failure| failure.source), Some(0));
    assert!(others.iter().eq(expected.iter().filter(|(source, _)| *source > 0)));
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("small")
}

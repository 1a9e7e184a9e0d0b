//! What the targets share: logs out of a fuzzer's bytes, and sources that give them as awkwardly as they may.

use std::sync::Arc;

use engine::{Error, FileIdentity, Input, Line, Merge, Origin, Source};
use record::scan::Rules;
use record::{Timestamp, Zone};
use xxhash_rust::xxh3::xxh3_128;

/// Begins the next source.
const NEXT_SOURCE: u8 = 0x1E;
/// What stands between here and a [`REPEAT`] is repeated by that.
const GROUP: u8 = 0x1D;
/// The byte behind it, squared, is how often the group comes again.
const REPEAT: u8 = 0x1F;

/// Bytes of all texts together, so that an input takes a millisecond.
pub const SMALL_BYTES_MAX: usize = 8 << 10;

/// The same where an input asks for more: room for a line of which the text is cut. Such an input takes a hundred times
/// as long, so one in some hundreds asks.
pub const LARGE_BYTES_MAX: usize = 5 << 18;

/// The last modification of every source.
pub const MODIFIED: Timestamp = Timestamp::from_nanos(1_734_660_000_000_000_000);

/// Up to `count` texts of `bytes_max` together: bytes as they stand, but for the three that divide and repeat them.
pub fn texts(script: &[u8], count: usize, bytes_max: usize) -> Vec<Vec<u8>> {
    let mut texts = vec![Vec::new()];
    let (mut group, mut bytes) = (0, 0);
    let mut script = script.iter().copied();
    while let Some(byte) = script.next() {
        let text = texts.last_mut().expect("there is one at least");
        match byte {
            NEXT_SOURCE => {
                bytes += text.len();
                if texts.len() == count {
                    break;
                }
                texts.push(Vec::new());
                group = 0;
            }
            GROUP => group = text.len(),
            REPEAT => {
                let again = text[group..].to_vec();
                for _ in 0..usize::from(script.next().unwrap_or(0)).pow(2) {
                    if bytes + text.len() + again.len() > bytes_max {
                        break;
                    }
                    text.extend_from_slice(&again);
                }
                group = text.len();
            }
            byte => text.push(byte),
        }
    }
    texts
}

/// The text in UTF-16 with its mark; 0 and 1 leave it as it is.
pub fn encoded(text: Vec<u8>, encoding: u8) -> Vec<u8> {
    let big_endian = match encoding {
        2 => false,
        3 => true,
        _ => return text,
    };
    let text = String::from_utf8_lossy(&text);
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// A source that gives a few bytes at a time, and may break off.
#[derive(Clone, Debug)]
pub struct Dribble {
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Bytes of a read at most; above 0x80 the reads differ. 0 for all at once.
    pub piece: u8,
    /// Nothing can be read from here on.
    pub breaks_at: Option<u64>,
}

impl Source for Dribble {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let end = self.breaks_at.unwrap_or(u64::MAX);
        if offset >= end {
            return Err(Error::Replaced { name: "it".to_owned() });
        }
        let start = usize::try_from(offset).expect("small").min(self.bytes.len());
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(self.bytes.len());
        // A hundred reads a source, whatever its length: each costs a block.
        let least = self.bytes.len() / 96 + 1;
        let piece = match self.piece {
            0 => usize::MAX,
            piece @ 0x80.. => least + start.wrapping_mul(0x9E37_79B1) % usize::from(piece),
            piece => least.max(usize::from(piece)),
        };
        let count = buf.len().min(end - start).min(piece);
        buf[..count].copy_from_slice(&self.bytes[start..start + count]);
        Ok(count)
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.bytes.len() as u64)
    }

    fn modified(&self) -> Timestamp {
        MODIFIED
    }
}

/// Times without a zone are in UTC, those without a year near [`MODIFIED`].
pub fn rules() -> Rules {
    Rules { zone: Zone::Utc, modified: MODIFIED, format: None }
}

/// The source at this place of a merge. None where nothing of it can be read.
pub fn input(place: usize, source: impl Source + 'static) -> Option<Input> {
    let (source, rules): (Arc<dyn Source>, _) = (Arc::new(source), rules());
    let origin = Origin::find(&source, &rules, 4096).ok()?;
    Some(Input { id: format!("s{place}").into(), source, rules, origin })
}

/// All that a merge gives from here on, `count` lines at most.
pub fn taken(merge: &mut Merge, count: usize) -> Vec<(usize, Line)> {
    let mut lines = Vec::new();
    while lines.len() < count
        && let Some((source, line)) = merge.next()
    {
        lines.push((source, *line));
    }
    lines
}

/// So many lines, of the kinds that the bytes of `script` choose, over and over: rising times with late, wild and untimed
/// ones among them.
pub fn log_text(script: &[u8], lines: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut millis = 0;
    for at in 0..lines {
        let choice = *script.get(at % script.len().max(1)).unwrap_or(&0);
        let amount = u64::from(choice & 0x1F);
        let (time, rest) = match choice >> 5 {
            0 | 1 => {
                millis += amount * amount;
                (Some(millis), " INFO step\n".to_owned())
            }
            2 => (Some(millis.saturating_sub(amount * 10_000)), " ERROR late\n".to_owned()),
            3 => (Some(millis + amount * 30_000), format!(" wild {at}\n")),
            4 => (None, "  at a frame\n".to_owned()),
            5 => (None, "\r\n".to_owned()),
            6 => {
                millis += amount;
                (Some(millis), format!(" {}\n", "x".repeat(amount as usize * 20)))
            }
            _ => (Some(millis), " WARN again\r\n".to_owned()),
        };
        if let Some(time) = time {
            let time = Timestamp::from_nanos((1_734_652_800_000 + i128::from(time)) * 1_000_000);
            text.extend_from_slice(time.to_string().as_bytes());
        }
        text.extend_from_slice(rest.as_bytes());
    }
    text
}

/// A file that lies in memory.
#[derive(Clone, Debug)]
pub struct MemoryFile {
    /// Its bytes, or what they unpack to.
    pub bytes: Arc<[u8]>,
    /// Its number.
    pub inode: u64,
    /// When it was last changed.
    pub modified: Timestamp,
    /// It is packed, and its text's length is not known yet.
    pub packed: bool,
}

impl Source for MemoryFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let count = buf.len().min(self.bytes.len() - start);
        buf[..count].copy_from_slice(&self.bytes[start..start + count]);
        Ok(count)
    }

    fn bytes(&self) -> Option<u64> {
        (!self.packed).then_some(self.bytes.len() as u64)
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn file_identity(&self) -> Option<FileIdentity> {
        let ends = self.bytes.len().min(1 << 10);
        Some(FileIdentity {
            device: 1,
            inode: self.inode,
            bytes: self.bytes.len() as u64,
            modified: self.modified,
            first_hash: xxh3_128(&self.bytes[..ends]),
            last_hash: xxh3_128(&self.bytes[self.bytes.len() - ends..]),
            packed: self.packed,
        })
    }
}

//! How a file is packed, and the decoder for it. Memory is bounded for each, whatever the file says.

use std::ffi::OsStr;
use std::io::{self, BufRead, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::limits::{XZ_MEMORY_KIB_MAX, ZSTD_WINDOW_LOG_MAX};

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
    /// xz, of one or more streams.
    Xz,
    /// bzip2, of one or more streams.
    Bzip2,
}

/// As many bytes as tell every packing.
pub(crate) const MAGIC_BYTES: usize = 10;

impl Packing {
    /// The packing that the end of a file's name tells; none for a plain file.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension().and_then(OsStr::to_str)?.to_ascii_lowercase().as_str() {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            "xz" => Some(Self::Xz),
            "bz2" => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// The packing that a file's first bytes tell.
    ///
    /// Asked only where the name tells one too: `a.gz` that holds zstd is read as zstd, and `a.log` as it is, whatever
    /// it holds.
    #[must_use]
    pub fn of_bytes(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            // A frame, or a skippable one before it.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // A block, or the end of a stream that holds none.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// The text of what `packed` gives.
    pub(crate) fn decoder(self, packed: impl BufRead + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(Members(Some(GzDecoder::new(packed)))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(packed, true, XZ_MEMORY_KIB_MAX)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
        })
    }
}

/// The members of a gzip file, one after another. Noughts behind the last one are padding, as `gzip` takes them.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let count = member.read(buf)?;
            if count > 0 || buf.is_empty() {
                return Ok(count);
            }
            let Some(mut packed) = self.0.take().map(GzDecoder::into_inner) else { break };
            self.0 = match first_after_noughts(&mut packed)? {
                None => None,
                Some(0x1F) => Some(GzDecoder::new(packed)),
                Some(_) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows its last member is no gzip"));
                }
            };
        }
        Ok(0)
    }
}

/// The next byte that is not nought, which stays; none at the end.
fn first_after_noughts(packed: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let bytes = packed.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let count = bytes.iter().take_while(|byte| **byte == 0).count();
        let first = bytes.get(count).copied();
        packed.consume(count);
        if first.is_some() {
            return Ok(first);
        }
    }
}

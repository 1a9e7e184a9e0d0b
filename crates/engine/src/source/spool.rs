//! A source that can only be read forward, made readable at any offset: what was read is kept in a temporary file.
//!
//! Standard input, pipes and compressed files come this way. They are unpacked as far as they are asked for.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use record::Timestamp;

use super::Source;
use crate::Error;
use crate::limits::{BLOCK_BYTES_MAX, SPOOL_BYTES_MAX, ZSTD_WINDOW_LOG_MAX};

/// How a file is packed, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

impl Packing {
    /// The packing that the end of a file's name tells; none for a plain file.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Bytes that come in order, kept as they come.
pub struct SpoolSource {
    name: String,
    modified: Timestamp,
    kept: File,
    /// Bytes in `kept`; only the holder of `input` moves it.
    filled: AtomicU64,
    ended: AtomicBool,
    input: Mutex<Input>,
}

struct Input {
    reader: Box<dyn Read + Send>,
    block: Vec<u8>,
    failed: Option<Error>,
}

impl SpoolSource {
    /// What `reader` gives, kept in an unnamed file in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] where no temporary file can be made.
    pub fn new(
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        modified: Timestamp,
        folder: &Path,
    ) -> Result<Arc<Self>, Error> {
        let name = name.into();
        let kept = tempfile::tempfile_in(folder).map_err(|cause| Error::Open {
            name: format!("a temporary file in {} for {name}", folder.display()),
            cause: Arc::new(cause),
        })?;
        Ok(Arc::new(Self {
            name,
            modified,
            kept,
            filled: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            input: Mutex::new(Input { reader: Box::new(reader), block: Vec::new(), failed: None }),
        }))
    }

    /// A packed file, read through; what it unpacks to is kept in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] where it cannot be opened.
    pub fn unpack(path: &Path, packing: Packing, modified: Timestamp, folder: &Path) -> Result<Arc<Self>, Error> {
        let name = path.display().to_string();
        let open = |cause| Error::Open { name: name.clone(), cause: Arc::new(cause) };
        let file = BufReader::with_capacity(BLOCK_BYTES_MAX, File::open(path).map_err(open)?);
        match packing {
            Packing::Gzip => Self::new(name.clone(), flate2::bufread::MultiGzDecoder::new(file), modified, folder),
            Packing::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(file).map_err(open)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(open)?;
                Self::new(name.clone(), decoder, modified, folder)
            }
        }
    }

    /// Unpacks until `offset` is kept or the input ends.
    fn fill_past(&self, offset: u64) -> Result<(), Error> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let input = &mut *input;
        input.block.resize(BLOCK_BYTES_MAX, 0);
        loop {
            let filled = self.filled.load(Ordering::Acquire);
            if filled > offset || self.ended.load(Ordering::Acquire) {
                return Ok(());
            }
            if let Some(error) = &input.failed {
                return Err(error.clone());
            }
            let next = match input.reader.read(&mut input.block) {
                Ok(0) => {
                    self.ended.store(true, Ordering::Release);
                    return Ok(());
                }
                Ok(count) if filled + count as u64 > SPOOL_BYTES_MAX => {
                    Err(Error::TooLarge { name: self.name.clone(), max: SPOOL_BYTES_MAX })
                }
                Ok(count) => self
                    .kept
                    .write_all_at(&input.block[..count], filled)
                    .map(|()| filled + count as u64)
                    .map_err(|cause| self.unpack_error(filled, cause)),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => Err(self.unpack_error(filled, cause)),
            };
            match next {
                Ok(filled) => self.filled.store(filled, Ordering::Release),
                Err(error) => input.failed = Some(error),
            }
        }
    }

    fn unpack_error(&self, offset: u64, cause: io::Error) -> Error {
        Error::Unpack { name: self.name.clone(), offset, cause: Arc::new(cause) }
    }
}

impl Source for SpoolSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        if self.filled.load(Ordering::Acquire) <= offset {
            self.fill_past(offset)?;
        }
        let left = self.filled.load(Ordering::Acquire).saturating_sub(offset);
        let count = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.kept.read_exact_at(&mut buf[..count], offset).map_err(|cause| Error::Read {
            name: format!("what was unpacked of {}", self.name),
            offset,
            cause: Arc::new(cause),
        })?;
        Ok(count)
    }

    fn bytes(&self) -> Option<u64> {
        self.ended.load(Ordering::Acquire).then(|| self.filled.load(Ordering::Acquire))
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read_all(source: &dyn Source) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        let mut buf = [0; 1000];
        loop {
            let count = source.read_at(all.len() as u64, &mut buf)?;
            if count == 0 {
                return Ok(all);
            }
            all.extend_from_slice(&buf[..count]);
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    #[test]
    fn several_members_of_a_gzip_are_one_text_readable_at_any_offset() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.log.gz");
        std::fs::write(&path, [gzip(b"one\n"), gzip(b"two\n")].concat()).expect("written");
        let source = SpoolSource::unpack(&path, Packing::Gzip, Timestamp::default(), folder.path()).expect("it opens");
        let mut buf = [0; 3];
        assert_eq!(source.read_at(4, &mut buf).expect("it reads"), 3);
        assert_eq!(&buf, b"two");
        assert_eq!(read_all(&*source).expect("it reads"), b"one\ntwo\n");
        assert_eq!(source.bytes(), Some(8));
    }

    #[test]
    fn half_a_gzip_gives_what_is_good_and_then_says_where_it_breaks() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
        let packed = gzip(&text);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.gz");
        std::fs::write(&path, &packed[..packed.len() / 2]).expect("written");
        let source = SpoolSource::unpack(&path, Packing::Gzip, Timestamp::default(), folder.path()).expect("it opens");
        let mut buf = [0; 16];
        assert_eq!(source.read_at(0, &mut buf).expect("the start is good"), 16);
        assert_eq!(buf, text[..16]);
        let error = read_all(&*source).expect_err("the end is missing");
        assert!(matches!(error, Error::Unpack { offset, .. } if offset > 0), "{error}");
    }
}

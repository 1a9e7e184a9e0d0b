//! What a file holds, read at an offset: as it lies, or unpacked.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::limits::UNPACKED_BYTES_MAX;

/// An open file.
pub enum Content {
    /// Read as it lies.
    Plain(File),
    /// Read through, from its start on.
    Packed(Packed),
}

impl Content {
    /// Opens a file; `.gz` and `.zst` are read through where `unpacks` says so.
    ///
    /// # Errors
    ///
    /// Whatever opening fails with.
    pub fn open(path: &Path, unpacks: bool) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::file("open", path))?;
        if unpacks && is_packed(path) {
            return Ok(Self::Packed(Packed::new(path.to_owned(), file)?));
        }
        Ok(Self::Plain(file))
    }

    /// What the system says of the file itself.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn metadata(&self) -> io::Result<Metadata> {
        match self {
            Self::Plain(file) => file.metadata(),
            Self::Packed(packed) => packed.file.metadata(),
        }
    }

    /// The file's device and inode.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        self.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
    }

    /// How many bytes it holds now. For what is packed, all of it is read.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with.
    pub fn length(&mut self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => Ok(file.metadata()?.len()),
            Self::Packed(packed) => packed.length(),
        }
    }

    /// Fills `buf` as far as there are bytes at `offset`.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with.
    pub fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            let at = offset + filled as u64;
            let read = match self {
                Self::Plain(file) => file.read_at(&mut buf[filled..], at),
                Self::Packed(packed) => packed.read_at(at, &mut buf[filled..]),
            };
            match read {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// The name says that the file is packed in a form that is read through here.
#[must_use]
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz" || extension == "zst")
}

/// A packed file. It is unpacked from its start each time an earlier place is asked for, with memory for a window.
pub struct Packed {
    path: PathBuf,
    file: File,
    decoder: Option<Box<dyn Read + Send>>,
    /// Where the decoder stands.
    at: u64,
    length: Option<u64>,
}

impl Packed {
    fn new(path: PathBuf, file: File) -> Result<Self, Error> {
        let packed = Self { path, file, decoder: None, at: 0, length: None };
        Ok(packed)
    }

    fn rewind(&mut self) -> io::Result<()> {
        // A handle of its own: the place in the file is its.
        let file = BufReader::new(At { file: self.file.try_clone()?, at: 0 });
        self.decoder = Some(if self.path.extension().is_some_and(|extension| extension == "zst") {
            Box::new(zstd::stream::read::Decoder::with_buffer(file)?)
        } else {
            Box::new(flate2::bufread::MultiGzDecoder::new(file))
        });
        self.at = 0;
        Ok(())
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() || offset < self.at {
            self.rewind()?;
        }
        let mut skipped = [0; 16 << 10];
        while self.at < offset {
            let left = usize::try_from(offset - self.at).unwrap_or(usize::MAX).min(skipped.len());
            if self.step(&mut skipped[..left])? == 0 {
                return Ok(0);
            }
        }
        self.step(buf)
    }

    fn step(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= UNPACKED_BYTES_MAX {
            return Err(io::Error::other(format!("it unpacks to more than {UNPACKED_BYTES_MAX} bytes")));
        }
        let Some(decoder) = &mut self.decoder else { return Ok(0) };
        let count = decoder.read(buf)?;
        self.at += count as u64;
        Ok(count)
    }

    fn length(&mut self) -> io::Result<u64> {
        if let Some(length) = self.length {
            return Ok(length);
        }
        let mut buf = vec![0; 64 << 10];
        let mut at = self.at;
        loop {
            match self.read_at(at, &mut buf)? {
                0 => break,
                count => at += count as u64,
            }
        }
        self.length = Some(at);
        Ok(at)
    }
}

/// A file that is read from a place of its own.
struct At {
    file: File,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buf, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

//! Every bound of the engine, with its unit, its reason and what happens there.

/// Bytes read at a time where few sources are open. Larger gives no speed on a warm page cache.
pub const BLOCK_BYTES_MAX: usize = 256 << 10;

/// Bytes that the first read of a stretch asks for; each read after it asks for twice as many, so that a window is not
/// made to wait for a block that it does not show.
pub const BLOCK_BYTES_FIRST: usize = 16 << 10;

/// Bytes read at a time where little is wanted: below this a read costs more than what it brings.
pub const BLOCK_BYTES_MIN: usize = 4 << 10;

/// Bytes read at a time where thousands of sources are open. A source takes about four times as many.
pub const BLOCK_BYTES_LEAST: usize = 2 << 10;

/// Bytes that the blocks of all sources of one merge may take together; the block shrinks with their number.
pub const BLOCKS_BYTES_MAX: usize = 4 << 20;

/// Sources of one merge up to which each is read ahead on other threads; with more, blocks are small and take memory.
pub const AHEAD_SOURCES_MAX: usize = 256;

/// Files open at one time, in one process; the one used longest ago is closed and opened again when needed.
/// Below the 1,024 that most systems allow, with room for connections.
pub const OPEN_FILES_MAX: usize = 400;

/// How many timed lines after a line may show that its time is wild.
pub const WILD_LINES: u64 = 16;

/// How far after a line those are looked for, in bytes.
pub const WILD_BYTES: u64 = 64 << 10;

/// How far ahead of one of them its time must be, in nanoseconds.
pub const WILD_NANOS: i128 = 60_000_000_000;

/// How far into a source its first timed line is looked for, in bytes.
pub const FIRST_TIME_BYTES: u64 = 1 << 20;

/// How far into a source its encoding and wrapping are looked for, in bytes.
pub const LAYOUT_BYTES: usize = 64 << 10;

/// How many of its first lines must be wrapped for the source to count as a container runtime's.
pub const LAYOUT_LINES: usize = 16;

/// Lines from one checkpoint to the next, at least: what a seek reads in vain. Twice as many would take half the memory, and
/// half as long again to number what a search found here and there.
pub const CHECKPOINT_LINES_MIN: u64 = 512;

/// Lines a source from one checkpoint to the next, so that checkpoints take under one byte a line
/// however many sources there are.
pub const CHECKPOINT_LINES_PER_SOURCE: u64 = 32;

/// How far back from a source's end a first look at the end of a log goes, all sources together, in bytes.
pub const TAIL_BYTES: u64 = 16 << 20;

/// Bytes that a compressed or piped source may take on disk once it is unpacked; beyond it reading fails.
pub const SPOOL_BYTES_MAX: u64 = 64 << 30;

/// Bytes of window that a zstd frame may ask for (2 to this power): 128 MiB, what `zstd --long=27` writes.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Bytes of a regular expression that a person may type.
pub const PATTERN_BYTES_MAX: usize = 4 << 10;

/// Groups within groups of a regular expression.
pub const PATTERN_NESTING_MAX: u32 = 64;

/// Bytes that a compiled regular expression may take; and its cache, on each thread that searches.
pub const PATTERN_PROGRAM_BYTES_MAX: usize = 2 << 20;

/// Bytes of the log that one thread searches before it tells what it found; the first ones are smaller.
pub const SEARCH_GROUP_BYTES: u64 = 4 << 20;

/// Bytes of each source that are read at a time to number a line which was found by itself.
pub const SEARCH_READ_BYTES: usize = 8 << 10;

/// Buckets into which a log is divided at most; each may need a block to be read.
pub const STATS_BUCKETS_MAX: u64 = 2_000;

/// Different lines of one key that are remembered to tell their copies: about 4 MB. The rest of a key that has more is
/// gone through once for each so many of them.
pub const COPIES_LINES_MAX: usize = 114_688;

/// Text in one frame of a spool, in bytes: what is unpacked to read any byte of it, a sixth of a millisecond's work. Four
/// times as much packs two hundredths better, a quarter of it four hundredths worse.
pub const FRAME_TEXT_BYTES: usize = 256 << 10;

/// The level at which zstd packs the frames of a spool: the fastest that takes a log to a fifth.
pub const FRAME_ZSTD_LEVEL: i32 = 1;

/// Unpacked frames that are kept at hand a source, so that reads one after another unpack each frame once.
pub const FRAMES_PER_SOURCE_MAX: usize = 2;

/// Unpacked frames that are kept at hand in one process (64 MiB); the one used longest ago goes first.
pub const FRAMES_MAX: usize = 256;

/// Bytes read at a time from what is unpacked: packed bytes from its file, and text from the decoder.
pub const UNPACK_BYTES: usize = 64 << 10;

/// Bytes on disk that the frames of one source may take; beyond it reading fails, and what came before stays readable.
pub const SPOOL_DISK_BYTES_MAX: u64 = 8 << 30;

/// Bytes on disk that the frames of all sources of a process may take together, where nothing else is set; beyond it
/// reading fails.
pub const SPOOLS_DISK_BYTES_MAX: u64 = 16 << 30;

/// What a source takes at a time of the file in which all sources' frames lie, in bytes: about what a frame of a log
/// takes. Less makes more reads of a frame, more wastes disk where there are thousands of sources.
pub const SCRATCH_CHUNK_BYTES: usize = 64 << 10;

/// How often one read finds what was kept to be wrong, and has it unpacked again, before it fails: the second time the
/// disk itself is at fault.
pub const RENEWALS_MAX: usize = 2;

/// Memory for unpacking one xz file, in KiB: `xz -9` needs 65 MiB. What asks for more is refused.
pub const XZ_MEMORY_KIB_MAX: u32 = 192 << 10;

/// Unpacked text that is not kept over a restart, being less than this, in bytes: unpacking it again takes no longer than
/// the disk takes to make a file of it durable.
pub const KEPT_TEXT_BYTES_MIN: u64 = 1 << 20;

/// Bytes of the files in a cache folder together, where nothing else is set; what was used longest ago goes first.
pub const CACHE_BYTES_MAX: u64 = 4 << 30;

/// Age at which an unfinished file in a cache folder counts as left over, in seconds, where the file system has no locks
/// that would tell. A day: no pass over a log takes as long.
pub const PART_AGE_S_MAX: u64 = 24 * 60 * 60;

/// Bytes at a file's start, and before its end, that are hashed to tell it from another.
pub const IDENTITY_BYTES: usize = 1 << 10;

/// Bytes of an index file, and of what it unpacks to; a longer one is not read, and the index is built again. Enough for
/// a log of a thousand million lines.
pub const INDEX_FILE_BYTES_MAX: u64 = 256 << 20;

/// How far back from where a source ended the start of its last line is looked for, in bytes; where it lies further
/// back, the index is built again.
pub const LAST_LINE_BYTES: u64 = 1 << 20;

/// How far back from a place that is looked for without an index a first look goes, in bytes a source.
pub const NEAR_BYTES_MIN: u64 = 64 << 10;

/// How far back such a look goes at most, all sources together, in bytes.
pub const NEAR_BYTES_MAX: u64 = 16 << 20;

//! Every bound of the agent, with its unit, its reason and what happens there.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the number of files that the process may have open, connections among them, as far as the system lets it: most
/// begin with 1,024. Where it refuses, files beyond the limit say so.
pub fn open_as_many_files_as_may_be() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
}

/// Bytes of a source that one request holds at most. The server takes 8 MiB; half of it leaves room on either side.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// Bytes that a request holds at least where as many are there; a slow connection shrinks batches down to this.
pub const BATCH_BYTES_MIN: usize = 64 << 10;

/// Bytes of the first batch of a source.
pub const BATCH_BYTES_FIRST: usize = 1 << 20;

/// Batches below this are sent as they are: packing them gains nothing.
pub const PACK_BYTES_MIN: usize = 512;

/// An answer that comes faster lets the next batch be twice as large; one slower than four times this halves it.
pub const BATCH_TIME: Duration = Duration::from_millis(1000);

/// Requests of one source on their way. The second is held back by its last bytes until the first was answered, so that
/// the server never sees a gap.
pub const SOURCE_REQUESTS_MAX: usize = 2;

/// Requests of one process on their way. A server bounds what all its senders hold of it, so one does not take it all.
pub const REQUESTS_MAX: usize = 3;

/// Bytes of all batches of a process that are on their way or wait to be sent again. Beyond it each source has one small
/// batch.
pub const MEMORY_BYTES: usize = 64 << 20;

/// A server that asks for no wait at all has one of up to this long all the same.
pub const LEAST_WAIT: Duration = Duration::from_secs(1);

/// How long a source waits that the server refuses: an operator must mend that.
pub const REFUSED_WAIT: Duration = Duration::from_secs(5);

/// Bytes of a request's body that are handed to the connection at a time.
pub const FRAME_BYTES: usize = 64 << 10;

/// Bytes of an answer's body that are read: a problem's `detail` has far fewer.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How long nothing may move between here and the server, by default, until a request is given up and sent again.
pub const SILENCE: Duration = Duration::from_secs(15);

/// How often a source of which nothing is to be sent is heard of. The server gives it up after 30 s.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// The first wait after a failure; each one after it may be twice as long.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(250);

/// The longest wait that is chosen here; a server's `Retry-After` may ask for more.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The longest wait that a server may ask for. Beyond it, asking again costs nobody anything.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// How often a file is looked at while it grows.
pub const LOOK_BUSY: Duration = Duration::from_millis(50);

/// How often it is looked at once it has not grown for [`QUIET`].
pub const LOOK_QUIET: Duration = Duration::from_millis(200);

/// How long a file has not grown before it is looked at less often.
pub const QUIET: Duration = Duration::from_secs(10);

/// How long a file that was renamed must not have grown before the next one is begun: its writer may be slow to change
/// over.
pub const SETTLED: Duration = Duration::from_millis(200);

/// How long a file that was renamed is looked at for bytes that come after the next one was begun.
pub const LATE: Duration = Duration::from_secs(60);

/// How often it is asked who holds the files open.
pub const HOLDERS: Duration = Duration::from_millis(500);

/// Bytes of a file's start, and before a place in it, by which it is told from others.
pub const MARK_BYTES: usize = 1024;

/// Generations of one source that are kept open; those after them are found again by what they hold.
pub const OPEN_MAX: usize = 64;

/// Generations whose bytes were all acknowledged that are remembered, for a server that has lost some.
pub const PAST_MAX: usize = 16;

/// Bytes that a packed generation may unpack to. Reading stops there, and says so.
pub const UNPACKED_BYTES_MAX: u64 = 64 << 30;

/// Bytes of a state file. A larger one is none of ours.
pub const STATE_BYTES_MAX: u64 = 64 << 20;

/// How often the state is written while bytes are acknowledged; what is sent again after a kill was sent within it.
pub const STATE_EVERY: Duration = Duration::from_millis(500);

/// How often a listing of rotated files is made again when it changes meanwhile; then the next look tries again.
pub const LISTINGS_MAX: usize = 8;

/// Bytes of a command's output that are held in memory, for each of its two outputs.
pub const HELD_BYTES_MAX: usize = 16 << 20;

/// What lies above this in memory and was not sent goes to the temporary file.
pub const HELD_BYTES_LOW: usize = 4 << 20;

/// Bytes of a command's output that are read at a time, and the pipe's size where the system allows.
pub const PIPE_BYTES: usize = 256 << 10;

/// Sent bytes of the temporary file whose room is given back at a time.
pub const HOLE_BYTES: u64 = 16 << 20;

/// Pieces that one look may add to a source: a thousand rotations that were slept through are taken in several looks.
pub const STEPS_MAX: usize = 64;

/// Bytes of a command's output that are moved to the temporary file at a time.
pub const CHUNK_BYTES: usize = 64 << 10;

/// How long after a command's end a signal is taken for the one that ended it: Ctrl-C reaches both.
pub const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// How long a temporary file that cannot be written to, or is full, is left alone.
pub const SPILL_AGAIN: Duration = Duration::from_millis(200);

/// Pieces of a command's output of which it is noted when each came; of those beyond, some.
pub const ARRIVALS_ALL: usize = 1 << 10;

/// The time from one of those to the next.
pub const ARRIVALS_APART_NANOS: i128 = 50_000_000;

/// Of how many pieces in one request it is told when they came.
pub const ARRIVALS_TOLD: usize = 256;

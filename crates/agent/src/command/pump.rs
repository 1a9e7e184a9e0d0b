//! From the command's pipe to our own output, byte for byte, and a copy to the spool.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::clock;
use crate::limits::PIPE_BYTES;
use crate::spool::Spool;

/// A thread that passes on what comes through a pipe until it ends.
pub struct Pump(Arc<Mutex<State>>);

#[derive(Clone, Copy)]
enum State {
    /// It waits for the command since then.
    Reads(Instant),
    /// It hands on what it has read.
    Writes,
    /// There is nothing more to come, or nobody who takes it.
    Done,
}

impl Pump {
    /// Starts one; none where there is no thread to be had.
    pub fn start(pipe: OwnedFd, ours: impl AsFd, spool: Spool) -> Option<Self> {
        // A larger pipe lets the command write on while we write; the system may say no.
        #[cfg(target_os = "linux")]
        rustix::pipe::fcntl_setpipe_size(&pipe, PIPE_BYTES).ok();
        let ours = ours.as_fd().try_clone_to_owned().ok()?;
        let state = Arc::new(Mutex::new(State::Writes));
        let shared = Arc::clone(&state);
        let pump = move || {
            pass_on(File::from(pipe), File::from(ours), &spool, &shared);
            set(&shared, State::Done);
        };
        thread::Builder::new().name("pump".to_owned()).spawn(pump).is_ok().then_some(Self(state))
    }

    /// All that will come was passed on.
    pub fn is_done(&self) -> bool {
        matches!(self.get(), State::Done)
    }

    /// The pipe has been empty for so long, counted from `start` at the earliest.
    pub fn is_idle_for(&self, time: Duration, start: Instant) -> bool {
        matches!(self.get(), State::Reads(since) if since.max(start).elapsed() >= time)
    }

    fn get(&self) -> State {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set(shared: &Mutex<State>, state: State) {
    *shared.lock().unwrap_or_else(PoisonError::into_inner) = state;
}

fn pass_on(mut pipe: File, mut ours: File, spool: &Spool, state: &Mutex<State>) {
    let mut buf = vec![0; PIPE_BYTES];
    loop {
        set(state, State::Reads(Instant::now()));
        let count = match pipe.read(&mut buf) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let time = clock::now();
        set(state, State::Writes);
        let written = write(&mut ours, &buf[..count]);
        spool.push(&buf[..count], time);
        // Nobody reads it any more: the command hears of that as it would without us, by its pipe.
        if written.is_err() {
            return;
        }
    }
}

fn write(ours: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match ours.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody who shares our output has made it so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(&*ours, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

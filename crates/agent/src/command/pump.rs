//! From the command's pipe to our own output, byte for byte, and a copy to the spool.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::SyncSender;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};

use crate::limits::PIPE_BYTES;
use crate::spool::Spool;

/// Starts a thread that passes on what comes through `pipe` until it ends, and says so; false where there is none to be had.
pub fn start(pipe: OwnedFd, ours: impl AsFd, spool: Spool, ended: SyncSender<()>) -> bool {
    // A larger pipe lets the command write on while we write; the system may say no.
    #[cfg(target_os = "linux")]
    rustix::pipe::fcntl_setpipe_size(&pipe, PIPE_BYTES).ok();
    let Ok(ours) = ours.as_fd().try_clone_to_owned() else { return false };
    let pump = move || {
        pass_on(File::from(pipe), File::from(ours), &spool);
        // Whoever waits for it may be gone.
        ended.send(()).ok();
    };
    thread::Builder::new().name("pump".to_owned()).spawn(pump).is_ok()
}

fn pass_on(mut pipe: File, mut ours: File, spool: &Spool) {
    let mut buf = vec![0; PIPE_BYTES];
    loop {
        let count = match pipe.read(&mut buf) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let written = write(&mut ours, &buf[..count]);
        spool.push(&buf[..count]);
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

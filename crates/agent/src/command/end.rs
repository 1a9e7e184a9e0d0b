//! Ending as the command did.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};

use rustix::process::{Resource, Rlimit, setrlimit};
use signal_hook::consts::signal::SIGKILL;
use signal_hook::low_level::{emulate_default_handler, raise};

/// The status to end with: the command's. Where a signal ended it, the same one ends this process, so that whoever waits
/// for it sees what it would have seen.
#[must_use]
pub fn end_as(status: ExitStatus) -> ExitCode {
    if let Some(code) = status.code() {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    let signal = status.signal().unwrap_or(SIGKILL);
    // The command's own memory may have been written down; ours says nothing.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    if signal == SIGKILL { raise(signal) } else { emulate_default_handler(signal) }.ok();
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

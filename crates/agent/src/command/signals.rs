//! Signals that come to us and are meant for the command.

use std::fs;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_process, kill_process_group, waitid};
use rustix::termios::{isatty, tcgetpgrp};
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use tokio::sync::watch;

use crate::limits::SAME_SIGNAL;
use crate::sender::Order;

/// Those that are passed on.
const PASSED: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// We are what a terminal shows now: the command then stays in our process group, where Ctrl-C, Ctrl-Z and reading from
/// the terminal work as they do without us.
pub fn is_in_foreground() -> bool {
    let ours = getpgrp();
    let shows_us = |is_tty: bool, group: Option<Pid>| is_tty && group == Some(ours);
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    shows_us(isatty(&stdin), tcgetpgrp(&stdin).ok())
        || shows_us(isatty(&stdout), tcgetpgrp(&stdout).ok())
        || shows_us(isatty(&stderr), tcgetpgrp(&stderr).ok())
}

/// Signals that are kept from now on.
pub struct Signals(signal_hook::iterator::Signals);

impl Signals {
    /// Keeps what comes until somebody passes it on. A signal that we were started to ignore (`nohup`) stays ignored, by us
    /// and by the command.
    pub fn listen() -> io::Result<Self> {
        let ignored = ignored();
        let kept = PASSED.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        signal_hook::iterator::Signals::new(kept).map(Self)
    }

    /// Passes them on to the process `id`, as long as it runs; afterwards they end the sending of what is left.
    pub fn forward(mut self, id: u32, shares_terminal: bool, order: watch::Sender<Order>) -> Forwarding {
        let child = Arc::new(Mutex::new(match i32::try_from(id).ok().and_then(Pid::from_raw) {
            Some(child) => Running::As(child),
            None => Running::No(Instant::now()),
        }));
        let running = Arc::clone(&child);
        let forward = move || {
            for signal in self.0.forever() {
                let child = running.lock().unwrap_or_else(PoisonError::into_inner);
                match *child {
                    Running::As(child) => pass_on(child, signal, shares_terminal),
                    Running::No(since) => {
                        let is_end = matches!(signal, SIGINT | SIGTERM | SIGQUIT | SIGHUP);
                        if is_end && since.elapsed() > SAME_SIGNAL {
                            order.send_replace(Order::Stop);
                        }
                    }
                }
            }
        };
        // Without it the command runs as well; signals reach it through its group alone.
        drop(thread::Builder::new().name("signals".to_owned()).spawn(forward));
        Forwarding { child }
    }
}

fn pass_on(child: Pid, signal: i32, shares_terminal: bool) {
    let Some(passed) = Signal::from_named_raw(signal) else { return };
    let sent = match signal {
        // The terminal sends these to the whole group, the command included.
        SIGINT | SIGQUIT if shares_terminal => Ok(()),
        _ if shares_terminal => kill_process(child, passed),
        // Only programs that know them live through these, and those it has started may not.
        SIGUSR1 | SIGUSR2 => kill_process(child, passed),
        _ => kill_process_group(child, passed),
    };
    // What fails here fails because the command is gone.
    sent.ok();
}

/// The command, as far as signals go.
#[derive(Clone, Copy)]
enum Running {
    /// It runs.
    As(Pid),
    /// It has ended.
    No(Instant),
}

/// Signals go to the command as long as it runs.
pub struct Forwarding {
    child: Arc<Mutex<Running>>,
}

impl Forwarding {
    /// Waits for the command's end.
    pub fn wait(self, child: &mut Child) -> io::Result<ExitStatus> {
        let running = *self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Running::As(id) = running {
            // It is not taken away yet, so that its number cannot be another's while a signal is sent to it.
            while let Err(error) = waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                if error != rustix::io::Errno::INTR {
                    break;
                }
            }
        }
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Running::No(Instant::now());
        child.wait()
    }
}

/// The signals that this process ignores, a bit each; none where the system does not say.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

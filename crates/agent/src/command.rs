//! A command whose output is passed on as it is, and shipped beside that.
//!
//! The command comes first: a thread an output reads its pipe, writes to ours, and only then hands a copy to a [`Spool`],
//! which never waits. Nothing of the network is on that way, nor its set-up: the command starts before it.

mod end;
mod pump;
mod signals;

use std::ffi::OsString;
use std::io::{stderr, stdout};
use std::os::unix::process::CommandExt as _;
use std::process::{self, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

pub use end::end_as;
use pump::Pump;
use tokio::sync::watch;

use crate::Error;
use crate::remote::{Address, Server};
use crate::sender::{Memory, Order, Outcome, Sender};
use crate::spool::Spool;
use crate::tell::Teller;

/// How long a pipe must be empty after the command's end, at least, until whoever else holds it is left alone.
const IDLE: Duration = Duration::from_millis(100);

/// How often the threads that read the pipes, and those that send, are looked at once the command has ended.
const LOOK_PUMPS: Duration = Duration::from_millis(5);

/// How long senders may take to hear that they are to stop.
const STOPPED: Duration = Duration::from_secs(1);

/// A command, and where its output goes.
pub struct Command {
    /// What is run, and its arguments.
    pub command: Vec<OsString>,
    /// The server.
    pub server: Address,
    /// The task's id.
    pub task: String,
    /// The sources' ids: of standard output, and of standard error.
    pub sources: [String; 2],
    /// How long nothing may move between here and the server.
    pub silence: Duration,
    /// Bytes of each output that may wait in a temporary file.
    pub spill: u64,
    /// How long the rest may take to be sent once the command has ended.
    pub grace: Duration,
    /// The same where the server was tried and never answered: nobody waits long for one that is not there.
    pub grace_away: Duration,
}

/// How it ended.
pub struct Ended {
    /// The command's own end.
    pub status: process::ExitStatus,
    /// How each source ended; none where nothing could be sent at all.
    pub outcomes: Vec<Outcome>,
    /// Bytes of each output that were dropped for want of room.
    pub dropped: [u64; 2],
}

impl Command {
    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] where it cannot be started. All that fails afterwards is told, and touches nothing.
    pub fn run(self, teller: &Teller) -> Result<Ended, Error> {
        let [program, arguments @ ..] = self.command.as_slice() else {
            let cause = std::io::ErrorKind::InvalidInput.into();
            return Err(Error::Command { command: String::new(), cause });
        };
        let shares_terminal = signals::is_in_foreground();
        let mut command = process::Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !shares_terminal {
            command.process_group(0);
        }
        // Before it starts, so that no signal ends us and leaves it alone.
        let signals = signals::Signals::listen().map_err(Error::system("listen for signals"))?;
        let mut child = command.spawn().map_err(|cause| {
            let command = program.to_string_lossy().into_owned();
            Error::Command { command, cause }
        })?;
        let (order, orders) = watch::channel(Order::Follow);
        let forwarding = signals.forward(child.id(), shares_terminal, order.clone());
        let spools = [Spool::new(self.spill), Spool::new(self.spill)];
        let mut pumps = Vec::new();
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            pumps.extend(Pump::start(out.into(), stdout(), spools[0].clone()));
            pumps.extend(Pump::start(err.into(), stderr(), spools[1].clone()));
        }
        let shipping = self.ship(&spools, orders, teller);
        let status = forwarding.wait(&mut child).map_err(Error::system("wait for the command"))?;
        let ended = Instant::now();
        while pumps.iter().any(|pump| !pump.is_done()) {
            // What is in the pipes is passed on, however slowly it is taken from us; only an empty pipe that somebody else
            // still holds is left.
            if pumps.iter().all(|pump| pump.is_done() || pump.is_idle_for(self.grace.max(IDLE), ended)) {
                teller.say("processes that the command has left behind still hold its output; it is not read any more");
                break;
            }
            thread::sleep(LOOK_PUMPS);
        }
        for spool in &spools {
            spool.close();
        }
        let closed = Instant::now();
        // Said again, it wakes the senders.
        order.send_replace(Order::Follow);
        let (told, outcomes) = sync_channel(1);
        drop(thread::Builder::new().spawn(move || told.send(shipping.and_then(|shipping| shipping.join().ok()))));
        let sent = loop {
            // Nobody waits long for a server that never said a word, nor at all where there is nothing for it.
            let grace = match (self.server.is_away(), self.server.has_answered()) {
                (_, true) => self.grace,
                (true, _) if spools.iter().all(Spool::is_empty) => Duration::ZERO,
                (true, _) => self.grace_away.min(self.grace),
                (false, false) => (2 * self.grace_away).min(self.grace),
            };
            match outcomes.recv_timeout(LOOK_PUMPS) {
                Err(RecvTimeoutError::Timeout) if closed.elapsed() < grace => {}
                sent => break sent.ok(),
            }
        };
        let outcomes = sent.or_else(|| {
            order.send_replace(Order::Stop);
            outcomes.recv_timeout(STOPPED).ok()
        });
        for spool in &spools {
            spool.give_up();
        }
        let dropped = [spools[0].dropped(), spools[1].dropped()];
        Ok(Ended { status, outcomes: outcomes.flatten().unwrap_or_default(), dropped })
    }

    /// Ships both outputs on a thread of its own.
    fn ship(
        &self,
        spools: &[Spool; 2],
        orders: watch::Receiver<Order>,
        teller: &Teller,
    ) -> Option<thread::JoinHandle<Vec<Outcome>>> {
        let (address, silence, task) = (self.server.clone(), self.silence, self.task.clone());
        let (sources, spools, teller) = (self.sources.clone(), spools.clone(), teller.clone());
        let failed = teller.clone();
        let shipping = thread::Builder::new().name("ship".to_owned()).spawn(move || {
            let shipped = runtime().and_then(|runtime| {
                let server = Server::new(address, silence)?;
                let mut senders = Vec::new();
                for (source, spool) in sources.into_iter().zip(spools) {
                    let remote = server.source(&task, &source)?;
                    let (memory, order) = (Memory::default(), orders.clone());
                    senders.push(Sender::new(source, spool, remote, memory, teller.clone(), order, true).run());
                }
                Ok(runtime.block_on(async {
                    let senders: Vec<_> = senders.into_iter().map(tokio::spawn).collect();
                    let mut outcomes = Vec::new();
                    for sender in senders {
                        outcomes.extend(sender.await.ok());
                    }
                    outcomes
                }))
            });
            shipped.unwrap_or_else(|error| {
                teller.say(&format!("nothing is shipped: {error}"));
                Vec::new()
            })
        });
        shipping.inspect_err(|error| failed.say(&format!("nothing is shipped: {error}"))).ok()
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(2).enable_all();
    builder.build().map_err(Error::system("start"))
}

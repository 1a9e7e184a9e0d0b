//! Files to a server: one sender a file, until all are done or somebody says so.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::limits::open_as_many_files_as_may_be;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Error;
use crate::follow::{Follow, Holders};
use crate::remote::{Remote, Server};
use crate::sender::{Memory, Order, Outcome, Sender};
use crate::state::State;
use crate::tell::Teller;

/// What is shipped, and where to.
pub struct Ship {
    /// The server.
    pub server: Server,
    /// The task's id.
    pub task: String,
    /// The source's id, where there is one file.
    pub source: Option<String>,
    /// The folder of states.
    pub state: PathBuf,
    /// The files.
    pub files: Vec<PathBuf>,
    /// End, and complete the sources, when nobody holds the files open for writing.
    pub until_closed: bool,
    /// How long what is there may take to be sent once the order to end came.
    pub grace: Duration,
}

/// A plan whose states are taken: nothing stands in its way any more but the network.
pub struct Shipping {
    senders: Vec<(String, Follow, Remote)>,
    until_closed: bool,
    grace: Duration,
    teller: Teller,
}

impl Ship {
    /// Takes the states, so that what makes no sense is told before anything is done.
    ///
    /// # Errors
    ///
    /// Ids that are none, states that another process has or that cannot be used.
    pub fn prepare(self, teller: Teller) -> Result<Shipping, Error> {
        let names = match self.source {
            Some(source) => vec![source],
            None => names(&self.files),
        };
        open_as_many_files_as_may_be();
        let holders = self.until_closed.then(Holders::default);
        let mut senders = Vec::new();
        for (file, name) in self.files.into_iter().zip(names) {
            let remote = self.server.source(&self.task, &name)?;
            let state = State::take(&self.state, self.server.base(), &self.task, &name)?;
            let follow = Follow::new(name.clone(), file, Some(state), holders.clone(), teller.clone())?;
            senders.push((name, follow, remote));
        }
        Ok(Shipping { senders, until_closed: self.until_closed, grace: self.grace, teller })
    }
}

impl Shipping {
    /// Ships until all sources are done, or until `order` says to end; how each of them ended.
    pub async fn run(self, mut order: watch::Receiver<Order>) -> Vec<Outcome> {
        let memory = Memory::default();
        let (to_senders, of_senders) = watch::channel(Order::Follow);
        let mut all = JoinSet::new();
        for (name, follow, remote) in self.senders {
            let (teller, memory, order) = (self.teller.clone(), memory.clone(), of_senders.clone());
            all.spawn(Sender::new(name, follow, remote, memory, teller, order, self.until_closed).run());
        }
        let mut outcomes = Vec::new();
        let mut deadline = None;
        loop {
            let late = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ended = all.join_next() => match ended {
                    Some(Ok(outcome)) => outcomes.push(outcome),
                    Some(Err(error)) => self.teller.say(&format!("a sender broke down: {error}")),
                    None => break,
                },
                Ok(()) = order.changed() => {
                    let order = *order.borrow_and_update();
                    if order == Order::Drain && deadline.is_none() {
                        deadline = Some(tokio::time::Instant::now() + self.grace);
                    }
                    to_senders.send_replace(order);
                }
                () = late => {
                    deadline = None;
                    to_senders.send_replace(Order::Stop);
                }
            }
        }
        outcomes.sort_by(|one, other| one.source.cmp(&other.source));
        outcomes
    }
}

/// The files' own names; where two are alike, their paths as given.
fn names(files: &[PathBuf]) -> Vec<String> {
    let own = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for file in files {
        *counts.entry(own(file)).or_default() += 1;
    }
    let name = |file: &PathBuf| {
        let name = own(file);
        if counts.get(&name) == Some(&1) { name } else { path(file) }
    };
    files.iter().map(name).collect()
}

/// A path without what an id cannot begin with or hold.
fn path(file: &Path) -> String {
    let parts = file.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_the_files_own_names_and_paths_where_these_are_alike() {
        let files = ["site-1/log.txt", "../site-2/log.txt", "/var/log/other.log"].map(PathBuf::from);
        assert_eq!(names(&files), ["site-1/log.txt", "site-2/log.txt", "other.log"]);
    }
}

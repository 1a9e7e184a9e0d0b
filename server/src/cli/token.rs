//! `logboom token new`: a token, and what the server has to know of it.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use super::{TokenArgs, TokenCommand, TokenNewArgs};
use crate::access::token::{self, Token, TokenConfig};

/// Runs the command.
///
/// # Errors
///
/// A name or a prefix that makes no sense; a system without randomness.
pub fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        TokenCommand::New(args) => new(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn new(args: &TokenNewArgs) -> anyhow::Result<()> {
    let token = token::new()?;
    let hash = token::spelled(&token::hash_of(&token));
    // What the server would refuse is refused here.
    Token::read(&TokenConfig {
        name: args.name.clone(),
        hash: hash.clone(),
        read: args.read.clone(),
        write: args.write.clone(),
        requests_per_second: None,
        requests_at_once: None,
        tasks_max: None,
    })?;
    anyhow::ensure!(
        !args.read.is_empty() || !args.write.is_empty(),
        "a token that may do nothing is of no use: give --read or --write, such as --read '*' or --write etl"
    );
    // TOML reads strings and lists as JSON spells them.
    let (name, read, write) =
        (serde_json::to_string(&args.name)?, serde_json::to_string(&args.read)?, serde_json::to_string(&args.write)?);
    let block = format!("[[token]]\nname = {name}\nhash = \"{hash}\"\nread = {read}\nwrite = {write}\n");
    let mut out = std::io::stdout().lock();
    write!(
        out,
        "{token}\n\n# The line above is the token: it is shown this once. Give it to whoever is to have it.\n\
         # The lines below go into the server's logboom.toml; a hash leads to no token. Then start the server anew.\n{block}"
    )
    .and_then(|()| out.flush())
    .context("cannot write to standard output")
}

//! Mails through the machine's own `sendmail`, for those who have one set up already.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::message::mail_of;
use super::{Bulletin, Notifier, Refusal, Sending};

/// The program, as Postfix, Exim, msmtp and others bring it.
#[derive(Clone, Debug)]
pub struct Sendmail {
    pub program: PathBuf,
}

/// How long it may take; then it is ended.
const WAIT_MAX: Duration = Duration::from_secs(45);
const WAIT_STEP: Duration = Duration::from_millis(20);
/// Exit codes that mean "not now": `EX_TEMPFAIL`, `EX_OSERR`, `EX_UNAVAILABLE` of a program
/// that is not set up, and no answer at all.
const NOT_NOW: [i32; 4] = [75, 71, 78, 70];

impl Notifier for Sendmail {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move {
            let mail = mail_of(bulletin).map_err(|error| Refusal::Never(error.to_string()))?;
            let envelope = mail.envelope().clone();
            let from = envelope.from().map(ToString::to_string).unwrap_or_default();
            let to: Vec<String> = envelope.to().iter().map(ToString::to_string).collect();
            let (program, bytes) = (self.program.clone(), mail.formatted());
            let handed = tokio::task::spawn_blocking(move || {
                let mut command = Command::new(&program);
                command.args(["-i", "-f", &from, "--"]).args(&to);
                hand_over(command, bytes)
            });
            handed.await.unwrap_or_else(|error| Err(Refusal::Unreachable(error.to_string())))
        })
    }
}

fn hand_over(mut command: Command, bytes: Vec<u8>) -> Result<String, Refusal> {
    let unreachable = |error: std::io::Error| Refusal::Unreachable(format!("sendmail: {error}"));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(unreachable)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read to the end says why by its exit code, or is ended below.
        drop(std::thread::spawn(move || drop(stdin.write_all(&bytes))));
    }
    match wait(&mut child).map_err(unreachable)? {
        Some(0) => Ok("taken by sendmail".to_owned()),
        Some(code) if NOT_NOW.contains(&code) => {
            Err(Refusal::Later(format!("sendmail ended with exit code {code}")))
        }
        Some(code) => Err(Refusal::Never(format!("sendmail ended with exit code {code}"))),
        None => Err(Refusal::Unreachable("sendmail did not end by itself".to_owned())),
    }
}

/// The exit code; none if it was ended, by us or by a signal.
fn wait(child: &mut Child) -> std::io::Result<Option<i32>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        if WAIT_MAX <= waited {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::park_timeout(WAIT_STEP);
        waited += WAIT_STEP;
    }
}

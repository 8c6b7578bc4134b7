//! The terminal of `top`: taken over, drawn upon, and given back however it ends.

use std::env;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use ratatui::crossterm::event::{self, Event};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use super::draw::{Paint, draw};
use super::keyboard::Next;
use super::state::State;
use crate::app;

/// Who asks the daemon meanwhile.
pub(super) struct Asking {
    pub(super) answers: Receiver<Result<Value, String>>,
    pub(super) stop: Sender<()>,
    pub(super) thread: JoinHandle<()>,
}

/// How long a key that is pressed waits at most.
const TICK: Duration = Duration::from_millis(200);

impl Asking {
    /// One that still waits for an answer is not waited for.
    pub(super) fn end(self) {
        drop(self.stop);
        drop(self.answers);
        if self.thread.is_finished() {
            drop(self.thread.join());
        }
    }
}

/// Until somebody ends it. A panic gives the terminal back, too.
pub(super) fn run(mut state: State, asking: Asking) -> anyhow::Result<()> {
    let is_ended = ended_by_signal()?;
    let mut terminal = ratatui::try_init().context("the terminal cannot be used")?;
    let done = rounds(&mut terminal, (&mut state, &asking), &is_ended);
    ratatui::restore();
    asking.end();
    done.context("the terminal cannot be used")
}

fn rounds(
    terminal: &mut ratatui::DefaultTerminal,
    (state, asking): (&mut State, &Asking),
    is_ended: &AtomicBool,
) -> io::Result<()> {
    let no_colours = env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
    let paint = if no_colours { Paint::Plain } else { Paint::Coloured };
    while !is_ended.load(Ordering::Relaxed) {
        terminal.draw(|frame| draw(frame, state, paint))?;
        if event::poll(TICK)?
            && let Event::Key(key) = event::read()?
            && state.press(&key) == Next::End
        {
            break;
        }
        match asking.answers.try_recv() {
            Ok(_) if state.is_held => (),
            Ok(Ok(answer)) => state.take(&answer, app::now()),
            Ok(Err(trouble)) => state.trouble = Some(trouble),
            Err(TryRecvError::Empty) => (),
            Err(TryRecvError::Disconnected) => {
                state.trouble = Some("nobody asks the daemon any more".to_owned());
            }
        }
    }
    Ok(())
}

/// Whoever is asked to end by a signal gives the terminal back before.
fn ended_by_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let is_ended = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let mut ends = signal(SignalKind::terminate())?;
    let mut hangs_up = signal(SignalKind::hangup())?;
    drop(guard);
    let told = Arc::clone(&is_ended);
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = ends.recv() => (),
                _ = hangs_up.recv() => (),
            }
        });
        told.store(true, Ordering::Relaxed);
    });
    Ok(is_ended)
}

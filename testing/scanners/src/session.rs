//! A program in a pseudo-terminal: keys in, screen out.

use std::{
    fmt,
    io::{Read, Write},
    path::Path,
    process::Command,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Callbacks, Parser, Screen};

/// How long anything is waited for. Long, because it is met only when something is wrong, or the machine is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often a condition is looked at without news: not all of them are about the screen.
const GLANCE: Duration = Duration::from_millis(50);

/// The private mode by which a program says that a picture begins (set) and is whole (reset).
const SYNCHRONISED: u16 = 2026;

/// A program to start, with its arguments, environment and folder.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The path of the executable.
    pub path: &'a Path,
    /// The arguments it is started with.
    pub arguments: &'a [&'a str],
    /// Added to what this process has. `TERM` is xterm-256color and `NO_COLOR` unset if nothing else is set.
    pub environment: &'a [(&'a str, &'a str)],
    /// The working directory it is started in.
    pub folder: &'a Path,
}

/// A running program and the terminal it runs in. Dropping it ends the program.
pub struct Session {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    terminal: Arc<Terminal>,
    driver_at_start: String,
}

/// The program could not be started, or it did not do what was waited for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no pseudo-terminal, or no such program.
    #[error("cannot run the program in a terminal: {0}")]
    Terminal(String),
    /// The screen never showed it.
    #[error("{what}: not seen {how}; the screen shows\n{screen}")]
    Unseen {
        /// What was waited for.
        what: String,
        /// How the wait ended: in time, or with the program.
        how: &'static str,
        /// The text on the screen in the end.
        screen: String,
    },
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// By itself, with this exit code.
    Code(u32),
    /// By a signal, as the system calls it.
    Signal(String),
}

/// What the reading thread and whoever waits share.
struct Terminal {
    seen: Mutex<Seen>,
    news: Condvar,
}

struct Seen {
    parser: Parser<Marks>,
    bytes: usize,
    ended: bool,
}

/// Whether a picture is being drawn just now: half of one is not looked at, as a terminal would not show it.
#[derive(Default)]
struct Marks {
    unfinished: bool,
}

impl Callbacks for Marks {
    fn unhandled_csi(
        &mut self,
        _: &mut Screen,
        intermediate: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        end: char,
    ) {
        if intermediate == Some(b'?') && params == [&[SYNCHRONISED][..]] {
            self.unfinished = end == 'h';
        }
    }
}

impl Terminal {
    fn see(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mut output: impl Read) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            let mut seen = self.see();
            seen.parser.process(&bytes[..count]);
            seen.bytes += count;
            self.news.notify_all();
        }
        self.see().ended = true;
        self.news.notify_all();
    }
}

impl Session {
    /// Starts the program in a terminal of so many columns and lines.
    ///
    /// # Errors
    /// [`SessionError::Terminal`].
    pub fn start(program: &Program<'_>, columns: u16, lines: u16) -> Result<Self, SessionError> {
        let pair = native_pty_system().openpty(size(columns, lines)).map_err(failed)?;
        // a relative path would be looked up from the folder it is to work in
        let mut command = CommandBuilder::new(program.path.canonicalize().map_err(failed)?);
        command.args(program.arguments);
        command.cwd(program.folder);
        command.env_remove("NO_COLOR");
        command.env("TERM", "xterm-256color");
        for (name, value) in program.environment {
            command.env(name, value);
        }
        let output = pair.master.try_clone_reader().map_err(failed)?;
        let keyboard = pair.master.take_writer().map_err(failed)?;
        // before the program has had a chance to change them
        let driver_at_start = driver(&*pair.master);
        let child = pair.slave.spawn_command(command).map_err(failed)?;
        let terminal = Arc::new(Terminal {
            seen: Mutex::new(Seen {
                parser: Parser::new_with_callbacks(lines, columns, 0, Marks::default()),
                bytes: 0,
                ended: false,
            }),
            news: Condvar::new(),
        });
        let reader = Arc::clone(&terminal);
        // ends by itself: the terminal's other side closes with the program
        thread::spawn(move || reader.read(output));
        Ok(Self { master: pair.master, keyboard, child, terminal, driver_at_start })
    }

    /// Presses keys, one for each character.
    ///
    /// # Errors
    /// [`SessionError::Terminal`] if there is nobody to read them.
    pub fn press(&mut self, keys: &str) -> Result<(), SessionError> {
        self.keyboard
            .write_all(keys.as_bytes())
            .and_then(|()| self.keyboard.flush())
            .map_err(failed)
    }

    /// Makes the terminal larger or smaller.
    ///
    /// # Errors
    /// [`SessionError::Terminal`].
    pub fn resize(&self, columns: u16, lines: u16) -> Result<(), SessionError> {
        let mut seen = self.terminal.see();
        seen.parser.screen_mut().set_size(lines, columns);
        self.master.resize(size(columns, lines)).map_err(failed)
    }

    /// The screen as it is now, perhaps half drawn.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.terminal.see().parser.screen().clone()
    }

    /// Bytes that the program has written so far.
    #[must_use]
    pub fn written(&self) -> usize {
        self.terminal.see().bytes
    }

    /// Whether the terminal's driver treats keys and output as it did before the program was started: in lines, and
    /// shown as they are typed.
    #[must_use]
    pub fn driver_is_as_at_start(&self) -> bool {
        driver(&*self.master) == self.driver_at_start
    }

    /// Waits until the screen, wholly drawn, fulfils a condition. It is asked at each change, and now and then.
    ///
    /// # Errors
    /// [`SessionError::Unseen`] after a minute and a half, or when the program has ended without.
    pub fn wait_for<T>(
        &self,
        what: &str,
        mut condition: impl FnMut(&Screen) -> Option<T>,
    ) -> Result<T, SessionError> {
        let met = |seen: &Seen| {
            let whole = !seen.parser.callbacks().unfinished;
            whole.then(|| condition(seen.parser.screen())).flatten()
        };
        self.wait(what, met)
    }

    /// Waits until the program has ended.
    ///
    /// # Errors
    /// [`SessionError::Unseen`] after a minute and a half.
    pub fn wait_for_end(&mut self) -> Result<ProgramEnd, SessionError> {
        self.wait("the end", |seen| seen.ended.then_some(()))?;
        let status = self.child.wait().map_err(failed)?;
        let code = ProgramEnd::Code(status.exit_code());
        Ok(status.signal().map_or(code, |signal| ProgramEnd::Signal(signal.to_owned())))
    }

    /// Sends it the signal of this name, as `TERM`.
    ///
    /// # Errors
    /// [`SessionError::Terminal`] if it runs no more.
    pub fn signal(&mut self, name: &str) -> Result<(), SessionError> {
        let running = self.child.try_wait().map_err(failed)?.is_none();
        let id = self.child.process_id().filter(|_| running);
        let id = id.ok_or_else(|| failed("it has ended"))?;
        // by the shell's own kill: one safe way for all systems that have signals
        let kill = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status();
        if kill.map_err(failed)?.success() { Ok(()) } else { Err(failed("it takes no signal")) }
    }

    fn wait<T>(
        &self,
        what: &str,
        mut met: impl FnMut(&Seen) -> Option<T>,
    ) -> Result<T, SessionError> {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.terminal.see();
        loop {
            if let Some(value) = met(&seen) {
                return Ok(value);
            }
            let left = until.saturating_duration_since(Instant::now());
            if seen.ended || left.is_zero() {
                return Err(SessionError::Unseen {
                    what: what.to_owned(),
                    how: if seen.ended { "before the program ended" } else { "in time" },
                    screen: seen.parser.screen().contents(),
                });
            }
            let waited = self.terminal.news.wait_timeout(seen, left.min(GLANCE));
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // what has been waited for has given its number back, and another process may have it by now
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a program in a terminal that shows\n{}", self.screen().contents())
    }
}

/// All settings of a terminal's driver, as text.
fn driver(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

#[expect(clippy::needless_pass_by_value, reason = "takes errors as map_err hands them over")]
fn failed(reason: impl ToString) -> SessionError {
    SessionError::Terminal(reason.to_string())
}

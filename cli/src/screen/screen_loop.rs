//! The event loop of the screen: reads keys, draws, and renews the code.

use std::io::{self, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use tegata::NextCode;
use tegata::code::{Audience, ClockStatus, Digits, PaymentCode, Slot, TillId};
use tegata::symbol::PaymentSymbols;

use super::draw::{TillMessage, View};
use crate::failure::Failure;

/// The interval at which the countdown is redrawn.
const TICK: Duration = Duration::from_millis(250);
/// The longest text that the scanner line accepts: more than a code, to show that it is none.
const LONGEST_TYPED: usize = 32;
/// How many messages of the till are kept.
const MAX_MESSAGES: usize = 50;
/// The longest wait between codes, in seconds.
const LONGEST_WAIT: u64 = 90;

/// The source of the screen's codes: a wallet, and in the demo a till as well.
pub(crate) trait CodeSource {
    fn title(&self) -> &str;
    /// Seconds since the epoch by which codes are made.
    fn now(&self) -> u64;
    fn clock(&self) -> ClockStatus;
    fn next(&mut self, audience: Audience) -> Result<NextCode, Failure>;
    /// The audience of the first code.
    fn offer(&self) -> Audience;
    /// The till that codes can be bound to, if one is known.
    fn till(&self) -> Option<TillId>;
    /// The till of the demo, if there is one.
    fn scanner(&self) -> Option<&dyn Scanner> {
        None
    }
}

/// A till with a scanner. It returns whether a code was approved, and its message.
pub(crate) trait Scanner {
    fn scan(&self, code: &[u8], elsewhere: bool) -> Result<(bool, String), Failure>;
    /// The URL where a browser becomes a till, and the code that enrols it.
    fn page(&self) -> Result<String, Failure>;
}

struct ScreenState<'a> {
    source: &'a mut dyn CodeSource,
    offer: Audience,
    shown: Option<(PaymentCode, PaymentSymbols)>,
    digits_shown: bool,
    wait_until: Option<u64>,
    messages: Vec<TillMessage>,
    typed: String,
    coloured: bool,
}

/// Shows the screen until the shopper quits. The terminal is restored however it ends.
pub(crate) fn run(source: &mut dyn CodeSource, coloured: bool) -> Result<(), Failure> {
    let ended = EndSignal::listen()?;
    let mut state = ScreenState {
        offer: source.offer(),
        source,
        shown: None,
        digits_shown: false,
        wait_until: None,
        messages: Vec::new(),
        typed: String::new(),
        coloured,
    };
    state.renew()?;
    state.show_page()?;
    // crossterm would apply NO_COLOR to the barcode too, which is then inverted in a dark terminal. This module decides
    // what is coloured.
    crossterm::style::force_color_output(true);
    let mut terminal = ratatui::try_init().map_err(|e| Failure::cannot("use this terminal")(&e))?;
    let result = state.watch(&mut terminal, &ended);
    ratatui::restore();
    result
}

/// Records a terminating signal, so that the terminal is restored before the process ends.
struct EndSignal(Arc<AtomicUsize>);

impl EndSignal {
    const NOT_YET: usize = 0;

    fn listen() -> Result<Self, Failure> {
        let ended = Arc::new(AtomicUsize::new(Self::NOT_YET));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&ended), number)
                .map_err(|e| Failure::cannot("listen for signals")(&e))?;
        }
        Ok(Self(ended))
    }

    fn check(&self) -> Result<(), Failure> {
        match self.0.load(Ordering::Relaxed) {
            Self::NOT_YET => Ok(()),
            number => Err(Failure::Signal(i32::try_from(number).unwrap_or(SIGTERM))),
        }
    }
}

impl ScreenState<'_> {
    fn watch(
        &mut self,
        terminal: &mut ratatui::DefaultTerminal,
        ended: &EndSignal,
    ) -> Result<(), Failure> {
        let keys = read_keys();
        loop {
            ended.check()?;
            self.renew()?;
            self.draw(terminal).map_err(|e| Failure::cannot("draw")(&e))?;
            match keys.recv_timeout(TICK) {
                Ok(Ok(Some(key))) if !self.handle_key(key)? => return Ok(()),
                Ok(Err(e)) => return Err(Failure::cannot("read the keyboard")(&e)),
                Ok(Ok(_)) | Err(_) => {}
            }
        }
    }

    /// Draws with synchronised updates; terminals without them ignore the marks.
    fn draw(&self, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        terminal.draw(|frame| self.view().draw(frame))?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    fn view(&self) -> View<'_> {
        let now = self.source.now();
        View {
            title: self.source.title(),
            shown: self.shown.as_ref(),
            offer: &self.offer,
            digits_shown: self.digits_shown,
            now,
            wait: self.waiting(now),
            clock: self.source.clock(),
            messages: &self.messages,
            typed: &self.typed,
            has_till: self.source.till().is_some(),
            has_scanner: self.source.scanner().is_some(),
            coloured: self.coloured,
        }
    }

    /// Seconds that the shopper has to wait. An impossibly long wait means that the clock was set back: it is over.
    fn waiting(&self, now: u64) -> Option<u64> {
        let left = self.wait_until?.checked_sub(now)?;
        (1..=LONGEST_WAIT).contains(&left).then_some(left)
    }

    /// Replaces the code once it has expired.
    fn renew(&mut self) -> Result<(), Failure> {
        let now = self.source.now();
        let over = self.shown.as_ref().is_none_or(|(code, _)| code.needs_refresh(now));
        if over && self.waiting(now).is_none() { self.next() } else { Ok(()) }
    }

    fn next(&mut self) -> Result<(), Failure> {
        match self.source.next(self.offer.clone())? {
            NextCode::Code(code) => {
                let symbols = PaymentSymbols::new(code.digits().as_bytes())
                    .map_err(|e| Failure::cannot("draw the code")(&e))?;
                self.shown = Some((code, symbols));
                self.wait_until = None;
            }
            NextCode::Wait(seconds) => {
                self.wait_until = Some(self.source.now() + seconds);
                // A code of the other kind must not stay on the screen as if it were the requested one.
                let fits = |(code, _): &(PaymentCode, _)| {
                    let one_till = matches!(code.counter().slot(), Slot::OneTill(_));
                    one_till == matches!(self.offer, Audience::OneTill(_))
                };
                self.shown = self.shown.take().filter(fits);
            }
        }
        Ok(())
    }

    /// Handles a key; `false` ends the screen.
    fn handle_key(&mut self, key: KeyEvent) -> Result<bool, Failure> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            // In raw mode the interrupt arrives as a key.
            KeyCode::Char('c') if control => return Err(Failure::Signal(SIGINT)),
            KeyCode::Char('d') if control => return Ok(false),
            KeyCode::Char('q') => return Ok(false),
            KeyCode::Char('n') => self.next()?,
            KeyCode::Char('d') => self.digits_shown = !self.digits_shown,
            KeyCode::Char('b') => self.toggle_audience()?,
            KeyCode::Char('s') => self.scan_shown(false)?,
            KeyCode::Char('o') => self.scan_shown(true)?,
            KeyCode::Char('t') => self.show_page()?,
            KeyCode::Char(digit) if digit.is_ascii_digit() && self.typed.len() < LONGEST_TYPED => {
                self.typed.push(digit);
            }
            KeyCode::Backspace => {
                self.typed.pop();
            }
            KeyCode::Esc => self.typed.clear(),
            KeyCode::Enter if !self.typed.is_empty() => {
                let typed = std::mem::take(&mut self.typed);
                self.scan(typed.as_bytes(), false)?;
            }
            _ => {}
        }
        Ok(true)
    }

    fn toggle_audience(&mut self) -> Result<(), Failure> {
        self.offer = match (&self.offer, self.source.till()) {
            (Audience::AnyTill, Some(till)) => Audience::OneTill(till),
            _ => Audience::AnyTill,
        };
        self.next()
    }

    fn scan_shown(&mut self, elsewhere: bool) -> Result<(), Failure> {
        let digits: Option<Digits> = self.shown.as_ref().map(|(code, _)| *code.digits());
        digits.map_or(Ok(()), |digits| self.scan(digits.as_bytes(), elsewhere))
    }

    fn scan(&mut self, code: &[u8], elsewhere: bool) -> Result<(), Failure> {
        if let Some(scanner) = self.source.scanner() {
            let (is_approved, text) = scanner.scan(code, elsewhere)?;
            self.add_message(Some(is_approved), text);
        }
        Ok(())
    }

    /// Shows the till page's URL with a new code, since each code enrols once.
    fn show_page(&mut self) -> Result<(), Failure> {
        if let Some(scanner) = self.source.scanner() {
            let text = scanner.page()?;
            self.add_message(None, text);
        }
        Ok(())
    }

    fn add_message(&mut self, is_approved: Option<bool>, text: String) {
        if self.messages.len() == MAX_MESSAGES {
            self.messages.remove(0);
        }
        self.messages.push(TillMessage { at: self.source.now(), is_approved, text });
    }
}

/// Reads keys, and `None` for other events that need a redraw, on a separate thread: when the terminal disappears,
/// crossterm spins on it for ever, and the signal that follows has to be handled all the same.
fn read_keys() -> Receiver<io::Result<Option<KeyEvent>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        loop {
            let key = match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Ok(Some(key)),
                Ok(_) => Ok(None),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Err(e),
            };
            let is_over = key.is_err();
            if sender.send(key).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use tegata::UnixTime;

    use super::*;
    use crate::demo::DemoSession;

    #[test]
    fn a_clock_set_back_does_not_freeze_the_screen() {
        let seconds = Arc::new(AtomicU64::new(3_000_000));
        let shown = Arc::clone(&seconds);
        let clock = Arc::new(move || UnixTime::new(shown.load(Ordering::Relaxed)).unwrap());
        let mut demo = DemoSession::start(clock).unwrap();
        let mut state = ScreenState {
            offer: Audience::AnyTill,
            source: &mut demo,
            shown: None,
            digits_shown: false,
            wait_until: None,
            messages: Vec::new(),
            typed: String::new(),
            coloured: false,
        };
        let valid_from = |state: &ScreenState| state.shown.as_ref().unwrap().0.valid_from();
        state.renew().unwrap();
        assert_eq!(valid_from(&state), 3_000_000);
        let a_day_before = 3_000_000 - 86_400;
        seconds.store(a_day_before, Ordering::Relaxed);
        state.renew().unwrap();
        assert_eq!(valid_from(&state), a_day_before);

        // The same during a wait: all five codes are shown, the current one has expired, and the clock is set back.
        for _ in 0..5 {
            state.next().unwrap();
        }
        assert_eq!(state.waiting(a_day_before), Some(30));
        seconds.store(a_day_before - 86_400, Ordering::Relaxed);
        state.renew().unwrap();
        assert_eq!(valid_from(&state), a_day_before - 86_400);
    }
}

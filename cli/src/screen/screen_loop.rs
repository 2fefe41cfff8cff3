//! The loop behind the screen: keys in, pictures out, a new code at each step.

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

use super::draw::{Said, View};
use crate::failure::Failure;

/// How long a key is waited for before the countdown is drawn again.
const TICK: Duration = Duration::from_millis(250);
/// Longest text the scanner line takes: a code, and enough more to show that it was none.
const LONGEST_TYPED: usize = 32;
const REMEMBERED: usize = 50;
/// The longest that a wallet ever asks to wait, in seconds.
const LONGEST_WAIT: u64 = 90;

/// What the screen is a window on: a wallet, and in the demo a till beside it.
pub(crate) trait Live {
    fn title(&self) -> &str;
    /// Seconds since the epoch by which codes are made.
    fn now(&self) -> u64;
    fn clock(&self) -> ClockStatus;
    fn next(&mut self, audience: Audience) -> Result<NextCode, Failure>;
    /// What is offered first.
    fn offer(&self) -> Audience;
    /// The till that codes can be bound to, if one is known.
    fn till(&self) -> Option<TillId>;
    /// The till on this screen, if there is one.
    fn scanner(&self) -> Option<&dyn Scanner> {
        None
    }
}

/// A till that scans: what it says of a code, and whether that is a yes.
pub(crate) trait Scanner {
    fn scan(&self, code: &[u8], elsewhere: bool) -> Result<(bool, String), Failure>;
    /// Where a browser becomes a till, and with which code.
    fn page(&self) -> Result<String, Failure>;
}

struct State<'a> {
    live: &'a mut dyn Live,
    offer: Audience,
    shown: Option<(PaymentCode, PaymentSymbols)>,
    digits_shown: bool,
    wait_until: Option<u64>,
    said: Vec<Said>,
    typed: String,
    coloured: bool,
}

/// Shows the screen until the shopper quits. The terminal is put back on every way out.
pub(crate) fn run(live: &mut dyn Live, coloured: bool) -> Result<(), Failure> {
    let ended = Ended::listen()?;
    let mut state = State {
        offer: live.offer(),
        live,
        shown: None,
        digits_shown: false,
        wait_until: None,
        said: Vec::new(),
        typed: String::new(),
        coloured,
    };
    state.renew()?;
    state.tell_page()?;
    // crossterm would heed NO_COLOR by itself and take the colours from the barcode, which is then inverted in a dark
    // terminal. What is coloured is up to us.
    crossterm::style::force_color_output(true);
    let mut terminal = ratatui::try_init().map_err(|e| Failure::cannot("use this terminal")(&e))?;
    let result = state.watch(&mut terminal, &ended);
    ratatui::restore();
    result
}

/// A signal that ends programs leaves its number here, so that the terminal is put back before we go.
struct Ended(Arc<AtomicUsize>);

impl Ended {
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

impl State<'_> {
    fn watch(
        &mut self,
        terminal: &mut ratatui::DefaultTerminal,
        ended: &Ended,
    ) -> Result<(), Failure> {
        let keys = keys();
        loop {
            ended.check()?;
            self.renew()?;
            self.draw(terminal).map_err(|e| Failure::cannot("draw")(&e))?;
            match keys.recv_timeout(TICK) {
                Ok(Ok(Some(key))) if !self.key(key)? => return Ok(()),
                Ok(Err(e)) => return Err(Failure::cannot("read the keyboard")(&e)),
                Ok(Ok(_)) | Err(_) => {}
            }
        }
    }

    /// A terminal that knows synchronised updates shows each picture whole; others ignore the marks.
    fn draw(&self, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        terminal.draw(|frame| self.view().draw(frame))?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    fn view(&self) -> View<'_> {
        let now = self.live.now();
        View {
            title: self.live.title(),
            shown: self.shown.as_ref(),
            offer: &self.offer,
            digits_shown: self.digits_shown,
            now,
            wait: self.waiting(now),
            clock: self.live.clock(),
            said: &self.said,
            typed: &self.typed,
            has_till: self.live.till().is_some(),
            has_scanner: self.live.scanner().is_some(),
            coloured: self.coloured,
        }
    }

    /// Seconds that the shopper still has to wait. A wait longer than any says that the clock went back: it is over.
    fn waiting(&self, now: u64) -> Option<u64> {
        let left = self.wait_until?.checked_sub(now)?;
        (1..=LONGEST_WAIT).contains(&left).then_some(left)
    }

    /// Takes the next code when the one on the screen is over.
    fn renew(&mut self) -> Result<(), Failure> {
        let now = self.live.now();
        let over = self.shown.as_ref().is_none_or(|(code, _)| code.needs_refresh(now));
        if over && self.waiting(now).is_none() { self.next() } else { Ok(()) }
    }

    fn next(&mut self) -> Result<(), Failure> {
        match self.live.next(self.offer.clone())? {
            NextCode::Code(code) => {
                let symbols = PaymentSymbols::new(code.digits().as_bytes())
                    .map_err(|e| Failure::cannot("draw the code")(&e))?;
                self.shown = Some((code, symbols));
                self.wait_until = None;
            }
            NextCode::Wait(seconds) => {
                self.wait_until = Some(self.live.now() + seconds);
                // A code of the other kind must not stay on the screen as if it were the one asked for.
                let fits = |(code, _): &(PaymentCode, _)| {
                    let one_till = matches!(code.counter().slot(), Slot::OneTill(_));
                    one_till == matches!(self.offer, Audience::OneTill(_))
                };
                self.shown = self.shown.take().filter(fits);
            }
        }
        Ok(())
    }

    /// Acts on a key; `false` ends the screen.
    fn key(&mut self, key: KeyEvent) -> Result<bool, Failure> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            // The keyboard's own interrupt: while the screen is on, it comes as a key.
            KeyCode::Char('c') if control => return Err(Failure::Signal(SIGINT)),
            KeyCode::Char('d') if control => return Ok(false),
            KeyCode::Char('q') => return Ok(false),
            KeyCode::Char('n') => self.next()?,
            KeyCode::Char('d') => self.digits_shown = !self.digits_shown,
            KeyCode::Char('b') => self.other_kind()?,
            KeyCode::Char('s') => self.scan_shown(false)?,
            KeyCode::Char('o') => self.scan_shown(true)?,
            KeyCode::Char('t') => self.tell_page()?,
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

    fn other_kind(&mut self) -> Result<(), Failure> {
        self.offer = match (&self.offer, self.live.till()) {
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
        if let Some(scanner) = self.live.scanner() {
            let (good, text) = scanner.scan(code, elsewhere)?;
            self.say(Some(good), text);
        }
        Ok(())
    }

    /// A till's page enrols once: each time with another code.
    fn tell_page(&mut self) -> Result<(), Failure> {
        if let Some(scanner) = self.live.scanner() {
            let text = scanner.page()?;
            self.say(None, text);
        }
        Ok(())
    }

    fn say(&mut self, good: Option<bool>, text: String) {
        if self.said.len() == REMEMBERED {
            self.said.remove(0);
        }
        self.said.push(Said { at: self.live.now(), good, text });
    }
}

/// Keys, and `None` for what else makes a new picture worth drawing. Read on a thread of their own: when a terminal goes
/// away, crossterm waits on it for ever, at full speed, and the signal that says so has to be seen all the same.
fn keys() -> Receiver<io::Result<Option<KeyEvent>>> {
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

    use tegata::{Clock, UnixTime};

    use super::*;
    use crate::demo::DemoSession;

    struct SetClock(AtomicU64);

    impl Clock for SetClock {
        fn now(&self) -> UnixTime {
            UnixTime::new(self.0.load(Ordering::Relaxed)).unwrap()
        }
    }

    #[test]
    fn a_clock_that_jumps_back_never_freezes_the_screen() {
        let clock = Arc::new(SetClock(AtomicU64::new(3_000_000)));
        let mut demo = DemoSession::start(clock.clone()).unwrap();
        let mut state = State {
            offer: Audience::AnyTill,
            live: &mut demo,
            shown: None,
            digits_shown: false,
            wait_until: None,
            said: Vec::new(),
            typed: String::new(),
            coloured: false,
        };
        let valid_from = |state: &State| state.shown.as_ref().unwrap().0.valid_from();
        state.renew().unwrap();
        assert_eq!(valid_from(&state), 3_000_000);
        let a_day_before = 3_000_000 - 86_400;
        clock.0.store(a_day_before, Ordering::Relaxed);
        state.renew().unwrap();
        assert_eq!(valid_from(&state), a_day_before);

        // The same while the shopper is made to wait: all five are shown, the code is over, the clock goes back.
        for _ in 0..5 {
            state.next().unwrap();
        }
        assert_eq!(state.waiting(a_day_before), Some(30));
        clock.0.store(a_day_before - 86_400, Ordering::Relaxed);
        state.renew().unwrap();
        assert_eq!(valid_from(&state), a_day_before - 86_400);
    }
}

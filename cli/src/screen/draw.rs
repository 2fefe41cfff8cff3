//! Draws the screen from the current state. Pure: tests draw into a buffer.

use std::num::NonZeroU8;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use tegata::code::{Audience, ClockStatus, PaymentCode};
use tegata::symbol::{PaymentSymbols, Symbol};

use super::layout::{Layout, TooSmall};

/// Black on white from the 256-colour palette, which themes leave alone. Kept with `NO_COLOR` too: the colours are
/// the barcode.
const DARK_ON_LIGHT: Style = Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(231));
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
/// With more lines than this, the text about a code is spaced out.
const ROOMY: u16 = 10;
const HIDDEN: &str = "•••• •••• •••• •••• •••• ••••";

/// A message of the till.
#[derive(Clone, Debug)]
pub(super) struct TillMessage {
    pub(super) at: u64,
    /// Whether a code was approved; `None` for other messages.
    pub(super) is_approved: Option<bool>,
    pub(super) text: String,
}

/// The state that the screen shows.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is on the screen or not")]
pub(crate) struct View<'a> {
    pub(crate) title: &'a str,
    /// The current code with its symbols.
    pub(super) shown: Option<&'a (PaymentCode, PaymentSymbols)>,
    pub(super) offer: &'a Audience,
    pub(super) digits_shown: bool,
    /// Seconds since the epoch by which codes are made.
    pub(super) now: u64,
    /// The seconds until another code may be shown.
    pub(super) wait: Option<u64>,
    pub(super) clock: ClockStatus,
    pub(super) messages: &'a [TillMessage],
    pub(super) typed: &'a str,
    pub(super) has_till: bool,
    pub(super) has_scanner: bool,
    pub(super) coloured: bool,
}

impl View<'_> {
    pub(super) fn draw(&self, frame: &mut Frame) {
        let layout = match Layout::of(frame.area().as_size()) {
            Ok(layout) => layout,
            Err(TooSmall(text)) => {
                frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), frame.area());
                return;
            }
        };
        self.header(frame, layout.header);
        if let Some((_, symbols)) = self.shown {
            if let Some(area) = layout.code128 {
                draw_symbol(frame, area, &symbols.code128);
            }
            draw_symbol(frame, layout.qr, &symbols.qr);
        }
        let mut missing = layout.missing;
        if let Some(area) = layout.words {
            self.words(frame, area, &mut missing);
        }
        if let Some(area) = layout.till.filter(|_| self.has_scanner) {
            self.till(frame, area);
        }
        self.footer(frame, layout.footer, missing.as_deref());
    }

    fn colour(&self, colour: Color) -> Style {
        if self.coloured { Style::new().fg(colour) } else { Style::new() }
    }

    fn header(&self, frame: &mut Frame, area: Rect) {
        let clock = format!(" {} UTC", clock_time(self.now));
        let room = usize::from(area.width).saturating_sub(clock.len());
        let text = truncate(self.title, room);
        let title = Span::styled(format!("{text:<room$}"), BOLD);
        frame.render_widget(Line::from(vec![title, Span::styled(clock, DIM)]), area);
    }

    fn words(&self, frame: &mut Frame, area: Rect, missing: &mut Option<String>) {
        let mut lines = vec![Line::styled(instruction(self.offer), BOLD)];
        if let Some((code, _)) = self.shown {
            lines.push(self.countdown(code, area.width));
            let digits = if self.digits_shown { code.groups() } else { HIDDEN.to_owned() };
            lines.push(Line::raw(digits));
        }
        lines.push(self.validity());
        lines.extend(
            clock_warning(self.clock).map(|it| Line::styled(it, self.colour(Color::Yellow))),
        );
        if area.height > ROOMY {
            for at in [1, 3, 5] {
                lines.insert(at.min(lines.len()), Line::raw(""));
            }
            lines.insert(0, Line::raw(""));
        }
        // The hint about what is missing goes here if a line is left, else into the footer in place of keys.
        let height = usize::from(area.height);
        if let Some(missing) = missing.take_if(|_| lines.len() < height) {
            let foot = if area.height > ROOMY { 2 } else { 1 };
            lines.resize(height - foot, Line::raw(""));
            lines.push(Line::styled(missing, DIM));
        }
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// The code's validity, or the wait for the next one.
    fn validity(&self) -> Line<'static> {
        match (self.wait, self.shown) {
            (Some(seconds), _) => {
                let text = format!("All five codes shown; the next in {seconds} s");
                Line::styled(text, self.colour(Color::Yellow))
            }
            (None, Some((code, _))) => {
                let until = clock_time(code.valid_until());
                Line::raw(format!("Valid once, until {until} UTC"))
            }
            (None, None) => Line::raw(""),
        }
    }

    /// Draws the till: its last messages, as many as fit, and what is typed into its scanner.
    fn till(&self, frame: &mut Frame, area: Rect) {
        let mut lines = vec![Line::from(vec![
            Span::styled("At the till", BOLD),
            Span::styled("   scanner > ", DIM),
            Span::styled(self.typed.to_owned(), BOLD),
            Span::styled("▏", DIM),
        ])];
        let room = usize::from(area.height) - lines.len();
        let from = self.messages.len().saturating_sub(room);
        lines.extend(
            self.messages[from..].iter().map(|message| self.message_line(message, area.width)),
        );
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// A bar that empties until the next code is shown.
    fn countdown(&self, code: &PaymentCode, width: u16) -> Line<'static> {
        let left = code.next_at().saturating_sub(self.now).min(30);
        let label = format!(" {left:>2} s to the next code");
        let cells = u64::from(width).saturating_sub(label.chars().count() as u64).min(24);
        let full = (cells * left).div_ceil(30);
        let repeat = |text: &str, n: u64| text.repeat(usize::try_from(n).unwrap_or_default());
        let colour = if left > 10 { Color::Green } else { Color::Yellow };
        Line::from(vec![
            Span::styled(repeat("━", full), self.colour(colour)),
            Span::styled(repeat("─", cells - full), DIM),
            Span::raw(label),
        ])
    }

    fn message_line(&self, message: &TillMessage, width: u16) -> Line<'static> {
        let (mark, style) = match message.is_approved {
            Some(true) => ("✔", self.colour(Color::Green)),
            Some(false) => ("✘", self.colour(Color::Red)),
            None => ("→", Style::new()),
        };
        let text = Span::styled(format!("{mark} {}", message.text), style);
        let time = Span::styled(format!("{} ", clock_time(message.at)), DIM);
        // Omit the time rather than cut the sentence.
        let fits = time.width() + text.width() <= usize::from(width);
        Some(time).filter(|_| fits).into_iter().chain([text]).collect()
    }

    /// Draws the keys, as many as fit, and on the right the hint about what is missing.
    fn footer(&self, frame: &mut Frame, area: Rect, missing: Option<&str>) {
        let digits = if self.digits_shown { "hide digits" } else { "show digits" };
        let mut keys = vec![("q", "quit"), ("n", "next"), ("d", digits)];
        if self.has_till {
            keys.push((
                "b",
                if *self.offer == Audience::AnyTill { "one till" } else { "any till" },
            ));
        }
        if self.has_scanner {
            keys.extend([("s", "scan"), ("o", "elsewhere"), ("t", "till page")]);
        }
        let missing = missing.map(|it| Span::styled(format!("  {it}"), DIM)).unwrap_or_default();
        let mut room = usize::from(area.width).saturating_sub(missing.width());
        let mut spans = Vec::new();
        for (key, does) in keys {
            let air = if spans.is_empty() { "" } else { "  " };
            let does = Span::styled(format!(" {does}"), DIM);
            let Some(left) = room.checked_sub(air.len() + key.len() + does.width()) else { break };
            spans.extend([Span::raw(air), Span::styled(key, BOLD), does]);
            room = left;
        }
        spans.extend([Span::raw(" ".repeat(room)), missing]);
        frame.render_widget(Line::from(spans), area);
    }
}

/// Cuts a text to `room` characters, with an ellipsis.
fn truncate(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let begin: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", begin.trim_end_matches([' ', '·', ',']))
}

fn draw_symbol(frame: &mut Frame, area: Rect, symbol: &Symbol) {
    let bar_lines =
        u8::try_from(area.height).ok().and_then(NonZeroU8::new).unwrap_or(NonZeroU8::MIN);
    let lines = symbol.terminal_lines(bar_lines).into_iter().map(Line::raw);
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).style(DARK_ON_LIGHT), area);
}

fn instruction(offer: &Audience) -> String {
    match offer {
        Audience::AnyTill => "Show this at the till".to_owned(),
        Audience::OneTill(till) => format!("Show this only at {till}"),
    }
}

fn clock_warning(status: ClockStatus) -> Option<String> {
    let by = |seconds: u64| match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    };
    match status {
        ClockStatus::Fine => None,
        ClockStatus::Ahead(seconds) => {
            Some(format!("This clock is {} fast: set it correctly", by(seconds)))
        }
        ClockStatus::Behind(seconds) => {
            Some(format!("This clock is {} slow: set it correctly", by(seconds)))
        }
        ClockStatus::SetBack(seconds) => {
            Some(format!("This clock was set back by {}: check it", by(seconds)))
        }
    }
}

/// The time of day in UTC, the time zone of the codes.
pub(super) fn clock_time(unix: u64) -> String {
    let day = unix % 86_400;
    format!("{:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn text(clock: ClockStatus, wait: Option<u64>) -> String {
        let view = View {
            title: "Corner shop",
            shown: None,
            offer: &Audience::AnyTill,
            digits_shown: false,
            now: 86_400 + 3_661,
            wait,
            clock,
            messages: &[],
            typed: "",
            has_till: false,
            has_scanner: false,
            coloured: false,
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn a_wrong_clock_is_reported_with_its_offset() {
        assert!(!text(ClockStatus::Fine, None).contains("This clock"));
        for (status, warning) in [
            (ClockStatus::Ahead(45), "This clock is 45 s fast: set it correctly"),
            (ClockStatus::Behind(600), "This clock is 10 min slow: set it correctly"),
            (ClockStatus::SetBack(86_400), "This clock was set back by 24 h: check it"),
        ] {
            let shown = text(status, None);
            assert!(shown.contains(warning), "{shown}");
        }
    }

    #[test]
    fn a_wait_is_shown_in_seconds_and_the_time_in_utc() {
        let shown = text(ClockStatus::Fine, Some(17));
        assert!(shown.contains("the next in 17 s") && shown.contains("01:01:01 UTC"), "{shown}");
    }
}

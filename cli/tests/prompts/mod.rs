//! Prompts at a terminal: a value of the wrong shape is asked for again.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tegata_testkit::TestIssuer;

use crate::{CliShopper, HANAKO};

/// The program at a terminal of its own.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    input: Box<dyn Write + Send>,
    /// All that it showed so far.
    shown: Arc<Mutex<String>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn begin(person: &CliShopper, args: &[&str]) -> Self {
        let size = PtySize { rows: 40, cols: 200, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tegata"));
        command.args(["wallet", "--passphrase", "@pass", "--pin", "@new-pin"]);
        command.args(args);
        command.cwd(person.wallet.0.path());
        command.env("TERM", "dumb");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown: Arc<Mutex<String>> = Arc::default();
        let seen = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        let input = pair.master.take_writer().unwrap();
        Self { child, input, shown, _master: pair.master }
    }

    /// Waits until it has shown this text so many times.
    fn shows(&mut self, text: &str, times: usize) {
        for _ in 0..1200 {
            if self.shown.lock().unwrap().matches(text).count() >= times {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not show {text:?} {times} times: {}", self.shown.lock().unwrap());
    }

    fn types(&mut self, line: &str) {
        write!(self.input, "{line}\r").unwrap();
    }
}

#[test]
fn a_mistyped_code_is_asked_for_again_at_a_terminal() {
    let issuer = TestIssuer::with_sandbox();
    let person = CliShopper::new();
    let args = ["sign-up", HANAKO, "--issuer", &issuer.url(), "--password", "@pw", "--reveal"];
    let mut terminal = Terminal::begin(&person, &args);
    terminal.shows("Code from the mail: ", 1);
    let code = issuer.code_in_mail(HANAKO, 0, "verification code");
    terminal.types(&code[..5]);
    terminal.shows("Try again:", 1);
    terminal.shows("Code from the mail: ", 2);
    // In full width and in groups, as a Japanese keyboard types it.
    let wide: String =
        code.chars().map(|digit| char::from_u32(u32::from(digit) + 0xfee0).unwrap()).collect();
    let at = wide.char_indices().nth(4).unwrap().0;
    terminal.types(&format!(" {}-{} ", &wide[..at], &wide[at..]));
    terminal.shows("otpauth://", 1);
    let shown = terminal.shown.lock().unwrap().clone();
    let uri = shown.split_whitespace().find(|word| word.starts_with("otpauth://")).unwrap();
    let uri = uri.to_owned();
    terminal.types("12 34");
    terminal.shows("Try again:", 2);
    let totp = issuer.next_totp(&uri);
    terminal.types(&format!("{} {}", &totp[..3], &totp[3..]));
    terminal.shows("signed up at http://127.0.0.1:", 1);
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn a_mistyped_code_is_asked_for_five_times_and_no_more() {
    let issuer = TestIssuer::with_sandbox();
    let person = CliShopper::new();
    let args = ["sign-up", HANAKO, "--issuer", &issuer.url(), "--password", "@pw"];
    let mut terminal = Terminal::begin(&person, &args);
    for nth in 1..=5 {
        terminal.shows("Code from the mail: ", nth);
        terminal.types("123");
    }
    assert!(!terminal.child.wait().unwrap().success());
    assert_eq!(terminal.shown.lock().unwrap().matches("Try again:").count(), 4);
}

//! The live screen in a terminal: what a shopper sees, what a scanner reads there, what is left behind.
//!
//! Nothing here sleeps for a while and hopes: each step waits until the screen shows what it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
    time::SystemTime,
};

use tegata_scanners::{
    Picture, Program, ProgramEnd, Reading, Screen, Session, SessionError, Symbology, Theme,
    read_one, svg_of_screen,
};
use vt100::Color;

/// Pixels that a cell is wide: four for a module of the QR code, two for one of the Code 128.
const CELL: usize = 4;

const PAID: &str = "shibuya-01: ¥480 paid";
const NO_CODE: &str = "shibuya-01: ¥480 refused: not valid, ask for a new code";

/// The real thing, built once.
static TEGATA: LazyLock<PathBuf> = LazyLock::new(|| {
    let build = ["build", "--quiet", "-p", "tegata-cli", "--message-format=json"];
    let output = Command::new(env!("CARGO")).args(build).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let executable = messages.lines().find_map(|message| {
        let message: serde_json::Value = serde_json::from_str(message).unwrap();
        let is_ours = message["target"]["name"] == "tegata";
        message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from)
    });
    executable.expect("cargo names the executable")
});

trait Must<T> {
    /// The value, or the test fails and prints what the screen shows.
    fn must(self) -> T;
}

impl<T> Must<T> for Result<T, SessionError> {
    #[track_caller]
    fn must(self) -> T {
        self.unwrap_or_else(|error| panic!("{error}"))
    }
}

fn tegata(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(&*TEGATA).current_dir(folder).args(arguments).output().unwrap()
}

fn demo_with(environment: &[(&str, &str)], columns: u16, lines: u16) -> Session {
    let folder = Path::new(".");
    let program = Program { path: &TEGATA, arguments: &["demo"], environment, folder };
    Session::start(&program, columns, lines).must()
}

/// The demo with a code on its screen.
fn demo(columns: u16, lines: u16) -> Session {
    let session = demo_with(&[], columns, lines);
    shows(&session, "quit");
    session
}

#[track_caller]
fn shows(session: &Session, text: &str) {
    session.wait_for(text, |screen| screen.contents().contains(text).then_some(())).must();
}

/// Six groups of four digits.
fn digits(screen: &Screen) -> Option<String> {
    let text = screen.contents();
    let words: Vec<&str> = text.split_whitespace().collect();
    let group = |word: &&str| word.len() == 4 && word.bytes().all(|it| it.is_ascii_digit());
    let groups = words.windows(6).find(|six| six.iter().all(group))?;
    Some(groups.concat())
}

/// Shows the digits and gives them.
fn digits_by_key(session: &mut Session) -> String {
    session.press("d").must();
    session.wait_for("24 digits", digits).must()
}

/// What a till says, last line first.
fn till_messages(screen: &Screen) -> Vec<String> {
    let text = screen.contents();
    let lines = text.lines().filter_map(|line| line.split_once(['✔', '✘']));
    lines.rev().map(|(_, message)| message.trim().to_owned()).collect()
}

/// Waits until the till has shown so many messages, and gives the last.
fn last_till_message(session: &Session, count: usize) -> String {
    let waited = session.wait_for("the till says something", |screen| {
        let messages = till_messages(screen);
        (messages.len() == count).then(|| messages[0].clone())
    });
    waited.must()
}

/// Both scanners read exactly these kinds of symbol, and all of them hold the same, which is given.
#[track_caller]
fn scanned(screen: &Screen, theme: Theme, kinds: &[Symbology]) -> String {
    let results = read_one(&Picture::from_screen(screen, CELL, theme)).unwrap();
    let mut texts = BTreeSet::new();
    for (scanner, readings) in [("ZBar", results.zbar), ("zxing-cpp", results.zxing)] {
        for kind in kinds {
            let read = readings.iter().filter(|reading| reading.symbology == *kind).count();
            assert_eq!(read, 1, "{scanner}: {readings:?} in\n{}", screen.contents());
        }
        assert_eq!(readings.len(), kinds.len(), "{scanner}: {readings:?}");
        texts.extend(readings.into_iter().map(|Reading { text, .. }| text));
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts.pop_first().unwrap()
}

#[test]
fn scanners_read_the_digits_that_a_key_shows() {
    let mut session = demo(80, 24);
    let screen = session.screen();
    assert_eq!(digits(&screen), None, "digits are hidden at first");
    assert_eq!(scanned(&screen, Theme::Dark, &[Symbology::Qr]).len(), 24);

    session.press("d").must();
    // one moment for both: the code may have renewed itself in between
    let seen = |screen: &Screen| digits(screen).map(|digits| (digits, screen.clone()));
    let (digits_shown, screen) = session.wait_for("24 digits", seen).must();
    assert_eq!(scanned(&screen, Theme::Dark, &[Symbology::Qr]), digits_shown);

    session.press("d").must();
    session.wait_for("no digits", |screen| digits(screen).is_none().then_some(())).must();
}

#[test]
fn a_code_that_a_scanner_types_is_paid_once() {
    let mut session = demo(80, 24);
    let code = scanned(&session.screen(), Theme::Dark, &[Symbology::Qr]);
    session.press(&format!("{code}\r")).must();
    assert_eq!(last_till_message(&session, 1), PAID);
    session.press(&format!("{code}\r")).must();
    assert_eq!(last_till_message(&session, 2), "shibuya-01: ¥480 refused: already used");

    let before = digits_by_key(&mut session);
    session.press("n").must();
    let another = |screen: &Screen| digits(screen).filter(|digits| *digits != before);
    let after = session.wait_for("another code", another).must();
    session.press(&format!("{after}\r")).must();
    assert_eq!(last_till_message(&session, 3), PAID);
}

#[test]
fn the_till_pages_address_comes_with_a_single_use_code() {
    let mut session = demo(80, 24);
    let named = |screen: &Screen| {
        let text = screen.contents();
        let mut lines = text.lines().filter_map(|line| {
            let (address, code) =
                line.split_once("http://")?.1.split_once("/till  enrols with ")?;
            Some((address.to_owned(), code.trim().to_owned()))
        });
        lines.next_back()
    };
    let (address, first) = session.wait_for("the till's page", named).must();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /till HTTP/1.1\r\nHost: till\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("enrol-code"), "{page}");
    session.press("t").must();
    let another = |screen: &Screen| named(screen).filter(|(_, code)| *code != first);
    session.wait_for("another code", another).must();
}

#[test]
fn a_code_for_one_till_is_refused_at_another() {
    let mut session = demo(80, 24);
    session.press("b").must();
    shows(&session, "only at shibuya-01");
    session.press("o").must();
    assert_eq!(
        last_till_message(&session, 1),
        "ueno-07: ¥480 refused: not valid, ask for a new code"
    );
    session.press("s").must();
    assert_eq!(last_till_message(&session, 2), PAID);
}

#[test]
fn who_asks_for_more_codes_than_there_are_is_told_to_wait() {
    let mut session = demo(80, 24);
    // twice as many as a half minute has: it may end in between
    session.press(&"n".repeat(12)).must();
    shows(&session, "All five codes shown; the next in");
    // those for one till are others
    session.press("bs").must();
    shows(&session, "only at shibuya-01");
    assert_eq!(last_till_message(&session, 1), PAID);
}

#[test]
fn what_is_no_payment_code_is_called_so() {
    let mut session = demo(80, 24);
    session.press("4960\r").must();
    assert_eq!(last_till_message(&session, 1), NO_CODE);
    session.press("\r\x7f\x1b[15~\t").must();
    session.press(&format!("{}\r", "7".repeat(500))).must();
    assert_eq!(last_till_message(&session, 2), NO_CODE);
}

#[test]
fn a_wide_terminal_shows_both_symbols_in_any_theme() {
    for (columns, lines) in [(96, 24), (120, 40)] {
        let screen = demo(columns, lines).screen();
        let both = [Symbology::Qr, Symbology::Code128];
        let dark = scanned(&screen, Theme::Dark, &both);
        assert_eq!(scanned(&screen, Theme::Light, &both), dark);
    }
}

/// The pictures of the papers: a code on a page is one that can be scanned, and letters stay in their cells.
#[test]
fn a_screen_drawn_as_svg_is_read_as_well() {
    let mut session = demo(96, 24);
    digits_by_key(&mut session);
    let screen = session.screen();
    for theme in [Theme::Dark, Theme::Light] {
        let svg = svg_of_screen(&screen, theme);
        let results = read_one(&Picture::from_svg(&svg, 1.0).unwrap()).unwrap();
        for readings in [results.zbar, results.zxing] {
            let texts: Vec<_> = readings.into_iter().map(|reading| Some(reading.text)).collect();
            assert_eq!(texts, [digits(&screen), digits(&screen)]);
        }
        let document = roxmltree::Document::parse(&svg).unwrap();
        for text in document.descendants().filter(|node| node.has_tag_name("text")) {
            let places = text.attribute("x").unwrap().split(' ').count();
            assert_eq!(places, text.text().unwrap().chars().count());
        }
    }
}

#[test]
fn a_small_terminal_says_what_is_missing() {
    for (columns, lines) in [(60, 20), (40, 17)] {
        let session = demo(columns, lines);
        shows(&session, "80 columns");
        scanned(&session.screen(), Theme::Dark, &[Symbology::Qr]);
    }
    let session = demo_with(&[], 28, 10);
    shows(&session, "needs");
    let words = session.screen().contents().replace('\n', " ");
    assert!(words.contains("29 columns and 17 lines"), "{words}");
    // neither the note nor a key gives way to the other where there is room for both
    for (columns, lines) in [(75, 24), (80, 20), (80, 24)] {
        let session = demo(columns, lines);
        shows(&session, "Code 128 needs 96 columns");
        shows(&session, "o elsewhere");
    }
}

#[test]
fn the_screen_follows_a_new_size() {
    let session = demo(80, 24);
    session.resize(120, 40).must();
    let bars_begin = |screen: &Screen| {
        let bars = |line: &String| line.matches(['▌', '▐', '█']).count() > 40;
        screen.rows(0, 120).any(|line| bars(&line)).then(|| screen.clone())
    };
    let wide = session.wait_for("bars", bars_begin).must();
    scanned(&wide, Theme::Dark, &[Symbology::Qr, Symbology::Code128]);
    session.resize(28, 10).must();
    shows(&session, "needs");
    session.resize(80, 24).must();
    shows(&session, "Code 128 needs 96 columns");
    scanned(&session.screen(), Theme::Dark, &[Symbology::Qr]);
}

#[test]
fn the_code_renews_itself() {
    let mut session = demo(96, 24);
    let first = digits_by_key(&mut session);
    let another = |screen: &Screen| {
        let renewed = digits(screen).is_some_and(|digits| digits != first);
        renewed.then(|| screen.clone())
    };
    let screen = session.wait_for("another code without a key", another).must();
    let code = scanned(&screen, Theme::Dark, &[Symbology::Qr, Symbology::Code128]);
    assert_eq!(Some(&code), digits(&screen).as_ref());
    session.press("s").must();
    assert_eq!(last_till_message(&session, 1), PAID);
}

#[test]
fn the_terminal_is_put_back_on_every_way_out() {
    type Leave = fn(&mut Session) -> Result<(), SessionError>;
    let ways: [(&str, Leave, ProgramEnd); 4] = [
        ("q", |it| it.press("q"), ProgramEnd::Code(0)),
        ("Ctrl-C", |it| it.press("\x03"), ProgramEnd::Signal("Interrupt".to_owned())),
        ("SIGTERM", |it| it.signal("TERM"), ProgramEnd::Signal("Terminated".to_owned())),
        ("SIGHUP", |it| it.signal("HUP"), ProgramEnd::Signal("Hangup".to_owned())),
    ];
    let temporary = tempfile::tempdir().unwrap();
    let left_behind = || std::fs::read_dir(temporary.path()).unwrap().count();
    for (way, leave, end) in ways {
        let folder = temporary.path().to_str().unwrap();
        let mut session = demo_with(&[("TMPDIR", folder)], 80, 24);
        shows(&session, "quit");
        let screen = session.screen();
        assert!(screen.alternate_screen() && screen.hide_cursor(), "{way}");
        assert!(!session.driver_is_as_at_start(), "{way}: keys come one by one, not in lines");
        assert_eq!(left_behind(), 1, "{way}: the demo's wallet is there");

        leave(&mut session).must();
        assert_eq!(session.wait_for_end().must(), end, "{way}");
        let screen = session.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{way}");
        assert!(session.driver_is_as_at_start(), "{way}");
        assert_eq!(left_behind(), 0, "{way}: the demo's wallet is gone");
        let text = screen.contents();
        assert!(!text.contains("quit"), "{way}: the screen is gone:\n{text}");
        // whoever quits is told the tour; whoever breaks off is not
        assert_eq!(text.contains('✔'), way == "q", "{way}:\n{text}");
        assert!(!text.contains('✘'), "{way}:\n{text}");
    }
}

#[test]
fn without_colours_the_barcode_alone_has_some() {
    let colours = |environment: &[(&str, &str)]| {
        let mut session = demo_with(environment, 96, 24);
        shows(&session, "quit");
        session.press("s").must();
        last_till_message(&session, 1);
        let screen = session.screen();
        let cells = (0..24).flat_map(|line| (0..96).map(move |column| (line, column)));
        let cells = cells.map(|(line, column)| screen.cell(line, column).unwrap());
        cells.map(|cell| (name(cell.fgcolor()), name(cell.bgcolor()))).collect::<BTreeSet<_>>()
    };
    let plain = [("default".to_owned(), "default".to_owned())];
    let barcode = [("16".to_owned(), "231".to_owned())];
    let only_these = plain.into_iter().chain(barcode).collect();
    assert_eq!(colours(&[("NO_COLOR", "1")]), only_these);
    assert!(colours(&[]).is_superset(&only_these) && colours(&[]) != only_these);
}

fn name(colour: Color) -> String {
    match colour {
        Color::Default => "default".to_owned(),
        Color::Idx(index) => index.to_string(),
        Color::Rgb(red, green, blue) => format!("{red} {green} {blue}"),
    }
}

#[test]
fn a_dumb_terminal_gets_the_tour_and_no_screen() {
    let mut session = demo_with(&[("TERM", "dumb")], 120, 40);
    assert_eq!(session.wait_for_end().must(), ProgramEnd::Code(0));
    let tour = String::from_utf8(tegata(Path::new("."), &["demo", "--script"]).stdout).unwrap();
    assert_eq!(session.screen().contents().trim(), tour.trim());
    // not a byte more, and a carriage return from the driver for each line
    assert_eq!(session.written(), tour.len() + tour.lines().count());
}

#[test]
fn a_wallet_asks_for_its_passphrase_unseen_and_pays() {
    const SEED: &str = "87c9774b05c3f50531c536902a95e1f97f6141d1de49187ec7cad6a4d6882551";
    const PASSPHRASE: &str = "correct horse";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pass"), PASSPHRASE).unwrap();
    std::fs::write(folder.path().join("seed"), SEED).unwrap();
    let done = |arguments: &[&str]| {
        let output = tegata(folder.path(), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let wallet = ["wallet", "--passphrase", "@pass"];
    done(&[&wallet[..], &["init"]].concat());
    let shop = ["add", "payment", "--label", "Corner shop", "--prefix", "4960", "--seed", "@seed"];
    done(&[&wallet[..], &shop].concat());

    let arguments = &["wallet", "pay"];
    let program = Program { path: &TEGATA, arguments, environment: &[], folder: folder.path() };
    let mut session = Session::start(&program, 96, 24).must();
    let unseen = |screen: &Screen| assert!(!screen.contents().contains("horse"));
    let asked = |screen: &Screen| {
        let hidden = !session.driver_is_as_at_start();
        (hidden && screen.contents().contains("Passphrase: ")).then_some(())
    };
    session.wait_for("a question without echo", asked).must();
    session.press(&format!("{PASSPHRASE}\r")).must();
    let shown = |screen: &Screen| {
        unseen(screen);
        screen.contents().contains("Corner shop").then(|| screen.clone())
    };
    let screen = session.wait_for("the barcode", shown).must();
    let code = scanned(&screen, Theme::Dark, &[Symbology::Qr, Symbology::Code128]);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs().to_string();
    done(&["code", "verify", &code, "--seed", "@seed", "--prefix", "4960", "--at", &now]);

    session.press("q").must();
    assert_eq!(session.wait_for_end().must(), ProgramEnd::Code(0));
    unseen(&session.screen());
}

/// Nothing is drawn again that has not changed, so nothing flickers, also in a terminal without synchronised updates.
#[test]
fn an_idle_second_costs_a_few_hundred_bytes() {
    let session = demo(120, 40);
    let clock = |screen: &Screen| screen.rows(0, 120).next().unwrap();
    let mut time = clock(&session.screen());
    let mut written = vec![];
    // a second in which the code renews itself is not idle: the least of some counts
    for _ in 0..4 {
        time = session.wait_for("a second", |it| (clock(it) != time).then(|| clock(it))).must();
        written.push(session.written());
    }
    let least = written.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!((1..=400).contains(&least), "{written:?}");
}

//! `tegata demo`: an interactive demo, and then the tour.

mod break_in;
mod clocks;
mod demo_issuer;
mod demo_person;
mod demo_session;
mod demo_tills;
mod step_result;
mod tour;

use std::sync::Arc;

use clap::Args;
use tegata::code::{Audience, ClockStatus, TillId};
use tegata::{Clock, NextCode, SystemClock};

pub(crate) use self::demo_session::DemoSession;
use self::demo_tills::PRICE;
use crate::failure::Failure;
use crate::output::Output;
use crate::screen::{self, CodeSource, Scanner};

#[derive(Debug, Default, Args)]
pub(crate) struct Demo {
    /// Run only the scripted tour, without a terminal and with simulated clocks. Exit code 0 if every step has the expected result.
    #[arg(long)]
    script: bool,
}

pub(crate) fn run(demo: &Demo, output: &Output) -> Result<(), Failure> {
    if !demo.script && output.is_live() {
        let mut session = DemoSession::start(Arc::new(SystemClock))?;
        screen::run(&mut session, output.is_coloured())?;
    }
    tour::run(output)
}

impl CodeSource for DemoSession {
    fn title(&self) -> &'static str {
        "Tegata demo · a wallet, two tills and their issuer"
    }

    fn now(&self) -> u64 {
        self.phone.now().seconds()
    }

    fn clock(&self) -> ClockStatus {
        ClockStatus::Fine
    }

    fn next(&mut self, audience: Audience) -> Result<NextCode, Failure> {
        self.next_code(audience)
    }

    fn till(&self) -> Option<TillId> {
        Some(self.tills.till.id.clone())
    }

    fn offer(&self) -> Audience {
        Audience::AnyTill
    }

    fn scanner(&self) -> Option<&dyn Scanner> {
        Some(self)
    }
}

impl Scanner for DemoSession {
    fn scan(&self, code: &[u8], elsewhere: bool) -> Result<(bool, String), Failure> {
        let till = if elsewhere { &self.tills.other_till } else { &self.tills.till };
        let (is_approved, words) = self.tills.scan(code, till, &self.tills.sale(PRICE))?;
        Ok((is_approved, format!("{}: ¥{PRICE} {words}", till.id)))
    }

    fn page(&self) -> Result<String, Failure> {
        self.tills.page()
    }
}

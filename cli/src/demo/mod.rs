//! `tegata demo`: the main job, live, and then the tour.

mod break_in;
mod shop;
mod stage;
mod told;
mod tour;
mod town;

use std::sync::Arc;

use clap::Args;
use tegata::code::{Audience, ClockStatus, TillId};
use tegata::{Clock, NextCode, SystemClock};

use self::shop::PRICE;
pub(crate) use self::stage::Stage;
use crate::failure::Failure;
use crate::output::Output;
use crate::screen::{self, Live, Scanner};

#[derive(Debug, Default, Args)]
pub(crate) struct Demo {
    /// Run only the scripted tour, without a terminal and with simulated clocks. Exit code 0 if every step has the expected result.
    #[arg(long)]
    script: bool,
}

pub(crate) fn run(demo: &Demo, output: &Output) -> Result<(), Failure> {
    if !demo.script && output.is_live() {
        let mut stage = Stage::set(Arc::new(SystemClock))?;
        screen::run(&mut stage, output.is_coloured())?;
    }
    tour::run(output)
}

impl Live for Stage {
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
        Some(self.shop.till.id.clone())
    }

    fn offer(&self) -> Audience {
        Audience::AnyTill
    }

    fn scanner(&self) -> Option<&dyn Scanner> {
        Some(self)
    }
}

impl Scanner for Stage {
    fn scan(&self, code: &[u8], elsewhere: bool) -> Result<(bool, String), Failure> {
        let till = if elsewhere { &self.shop.other_till } else { &self.shop.till };
        let (good, words) = self.shop.scan(code, till, &self.shop.sale(PRICE))?;
        Ok((good, format!("{}: ¥{PRICE} {words}", till.id)))
    }

    fn page(&self) -> Result<String, Failure> {
        self.shop.page()
    }
}

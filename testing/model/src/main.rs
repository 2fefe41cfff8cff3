//! Prints what the checker finds; `--long` for longer runs of what has to hold.

use std::process::ExitCode;

fn main() -> ExitCode {
    let long = std::env::args().any(|argument| argument == "--long");
    println!("The break-in of 2019:\n\n{}", tegata_model::breach_of_2019());
    println!("Each control switched off:\n\n{}", tegata_model::table());
    println!("All controls on:\n");
    let holds = tegata_model::holds(long, |line| println!("{line}"));
    holds.wrong.iter().for_each(|line| println!("{line}"));
    println!("{} states in all", holds.states);
    if holds.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

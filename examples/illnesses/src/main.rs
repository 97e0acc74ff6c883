//! Plants an illness, and prints what the tools tell of it: `cargo run --release -p illnesses -- NAME`.
//!
//! `docs/when-it-hangs.md` goes through them one by one.

use std::process::ExitCode;

fn main() -> ExitCode {
    let names = || illnesses::ALL.map(|(name, _)| name).join(", ");
    let mut arguments = std::env::args().skip(1);
    let (Some(name), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: illnesses NAME, which is one of {}", names());
        return ExitCode::from(2);
    };
    let Some((_, diagnose)) = illnesses::ALL.into_iter().find(|(known, _)| *known == name) else {
        eprintln!("illnesses: there is no {name:?}; there are {}", names());
        return ExitCode::from(2);
    };
    match diagnose() {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("illnesses: {error}");
            ExitCode::FAILURE
        }
    }
}

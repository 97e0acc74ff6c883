//! The program: it reads its arguments and does as they say. What it is made of is the library beside it.

use std::process::ExitCode;

use fusee_top::args::{Args, Command, HELP};
use fusee_top::{live, once};

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("fusee-top: {error}");
            return ExitCode::from(2);
        }
    };
    let done = match &args.command {
        Command::Help => {
            print!("{HELP}");
            Ok(0)
        }
        Command::Version => {
            println!("fusee-top {}", env!("CARGO_PKG_VERSION"));
            Ok(0)
        }
        Command::Live => live::run(&args),
        Command::Once => once::page(&args).map(|page| {
            print!("{page}");
            0
        }),
        Command::Dump { all } => once::dump(&args, *all).map(|()| 0),
        Command::Waits(most) => once::waits(&args, *most).map(|()| 0),
        Command::Trace(file) => once::trace(&args, file).map(|()| 0),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("fusee-top: {error}");
            ExitCode::FAILURE
        }
    }
}

//! One contender, observed in a process of its own: nothing is left there of those before it, neither memory nor threads.
//!
//! The parent starts its own program with the contender's name and numbers that say what to do; the child prints the
//! numbers that it has found out.

use crate::contenders::Entrant;
use std::env;
use std::process::{Command, Stdio};

/// The first argument of a child.
const CHILD: &str = "--child";

/// What the parent wants, if this process is a child.
pub(crate) fn orders() -> Option<(Entrant, Vec<usize>)> {
    let mut arguments = env::args().skip(1);
    if arguments.next()? != CHILD {
        return None;
    }
    let name = arguments.next()?;
    let entrant = Entrant::ALL.into_iter().find(|entrant| entrant.name() == name).expect("the parent knows the names");
    Some((entrant, arguments.map(|number| number.parse().expect("the parent gives numbers")).collect()))
}

/// Tells the parent. To be called once.
pub(crate) fn answer(numbers: &[f64]) {
    let words: Vec<_> = numbers.iter().map(f64::to_string).collect();
    println!("{}", words.join(" "));
}

/// Has a child observe `entrant`; its answer.
pub(crate) fn ask(entrant: Entrant, orders: &[usize]) -> Vec<f64> {
    let program = env::current_exe().expect("a running program has a path");
    let output = Command::new(program)
        .args([CHILD, entrant.name()])
        .args(orders.iter().map(usize::to_string))
        .stderr(Stdio::inherit())
        .output()
        .expect("a bench can start itself");
    assert!(output.status.success(), "{} did not come through", entrant.name());
    let answer = String::from_utf8_lossy(&output.stdout);
    answer.split_whitespace().map(|word| word.parse().expect("a child prints its findings")).collect()
}

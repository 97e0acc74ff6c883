//! Bodies for the attributes. Each ends on the line of its head, or at a brace as far in as the attribute. `functions.rs` goes on in the same file.

#![allow(missing_docs, clippy::missing_docs_in_private_items, reason = "nothing is said of these twice as loudly")]

use std::error::Error;
use std::fmt::Debug;
use std::io;

use fusee::time::{Duration, sleep};
use rstest::rstest;

#[fusee::main]
async fn nothing() {}

#[fusee::main]
async fn a_value() -> u8 { 1 }

#[fusee::main]
async fn a_returned_value() -> u8 { return 1; }

#[fusee::main]
async fn a_call() { nothing() }

#[fusee::main]
async fn a_call_with_a_semicolon() { nothing(); }

#[fusee::main]
async fn a_block() -> u8 {{ 1 }}

#[fusee::main]
async fn awaited() { sleep(Duration::from_millis(1)).await }

#[fusee::main]
async fn awaited_unit() {
    let unit = sleep(Duration::from_millis(1)).await;
    println!("{unit:?}");
}

#[fusee::main(flavor = "current_thread")]
async fn a_literal_of_two() -> (u8, String) { (1, String::from("text")) }

#[fusee::main]
async fn panics() { panic!("always"); }

#[fusee::main]
async fn never() -> ! { panic!("always") }

#[fusee::main]
async fn never_by_a_loop() -> ! {
    loop {
        sleep(Duration::from_secs(1)).await;
    }
}

#[fusee::main]
async fn never_by_exit() -> ! { std::process::exit(1) }

#[fusee::main]
async fn never_though_it_says_otherwise() -> u8 { panic!("always") }

#[fusee::main]
async fn waits_for_ever() { loop {} }

#[fusee::main]
async fn unreachable_code() -> u8 {
    return 1;
    println!("never");
    2
}

#[fusee::main]
async fn unreachable_unit() {
    return;
    println!("never");
}

#[fusee::main(worker_threads = 2)]
async fn early_return(number: u32) -> u32 {
    if number == 0 {
        return 1;
    } else {
        println!("{}", number);
    }
    if number == 3 { return 4 }
    return number * 2;
}

#[fusee::main]
async fn unit_returned_early(number: u32) {
    if number == 0 {
        return;
    }
    println!("{number}");
    return;
}

#[fusee::main]
pub async fn question_marks(texts: &[&str]) -> Result<i32, Box<dyn Error + Send + Sync>> {
    let mut sum = 0;
    for text in texts {
        if text.is_empty() {
            return Err("an empty text".into());
        }
        sum += text.parse::<i32>()?;
    }
    Ok(sum)
}

#[fusee::main]
pub async fn needless_question_mark() -> Result<i32, std::num::ParseIntError> { Ok("1".parse::<i32>()?) }

#[fusee::main]
async fn a_spawned_question_mark() -> Result<(), fusee::task::JoinError> {
    fusee::spawn(async {}).await?;
    Ok(())
}

#[fusee::main]
async fn ends_in_question_mark() -> Result<(), io::Error> {
    std::fs::read_to_string("Cargo.toml")?;
    Result::Ok(())
}

#[fusee::main]
pub async fn an_option(numbers: Vec<u8>) -> Option<u8> {
    let first = numbers.first()?;
    let last = match numbers.last() {
        Some(last) => last,
        None => return None,
    };
    Some(*first + *last)
}

#[fusee::main]
async fn loops(mut number: u32) -> u32 {
    let mut steps = 0;
    while number != 1 {
        number = if number % 2 == 0 { number / 2 } else { 3 * number + 1 };
        steps += 1;
        if steps > 1000 { break }
    }
    'outer: loop {
        for index in 0..steps {
            if index == 7 { continue 'outer }
        }
        break steps
    }
}

#[fusee::main]
async fn nested_blocks() -> u8 {
    let one = async { 1 };
    let two = async move { let three = 3; return three; };
    let later = async || one.await + two.await;
    let task = fusee::spawn(async { async { 5 }.await });
    later().await + task.await.unwrap()
}

#[fusee::main]
async fn unused(argument: u8) -> u8 {
    let unused = 1;
    let mut not_changed = 2;
    sleep(Duration::from_millis(1));
    async { 3 };
    not_changed
}

#[fusee::main]
async fn shadows(number: u8) -> u8 {
    let number = number + 1;
    let number = { number as u16 as u8 };
    let _ = fusee::spawn(async { 1 });
    let output = number;
    output
}

#[fusee::main]
async fn let_and_return() -> u8 {
    let number = a_value();
    number
}

#[fusee::main]
async fn clones(text: String) -> String {
    let other = text.clone();
    let reference = &&other;
    reference.to_string()
}

#[fusee::main]
async fn holds_a_lock(mutex: &std::sync::Mutex<u8>) -> u8 {
    let mut guard = mutex.lock().unwrap();
    sleep(Duration::from_millis(1)).await;
    *guard += 1;
    *guard
}

#[fusee::main]
async fn opaque() -> impl Iterator<Item = impl Debug> {
    vec![1, 2].into_iter()
}

#[fusee::main]
async fn boxed() -> Box<dyn Fn(u8) -> u8> { Box::new(|number| { number }) }

#[fusee::main]
async fn one_match(number: Option<u8>) -> u8 {
    match number {
        Some(number) => number,
        None => 0,
    }
}

#[fusee::main]
async fn an_if(number: u8) -> bool {
    if number > 3 { true } else { false }
}

#[fusee::main]
async fn an_unsafe_block(pointer: *const u8) -> u8 { unsafe { *pointer } }

#[fusee::main]
async fn with_items() -> u8 {
    println!("before");
    const ONE: u8 = 1;
    fn two() -> u8 { 2 }
    use std::collections::HashMap as Map;
    let map: Map<u8, u8> = Map::default();
    ONE + two() + map.len() as u8
}

#[fusee::main]
async fn called_within() -> u8 {
    if std::env::args().len() > 100 {
        return std::thread::spawn(|| called_within()).join().expect("a value");
    }
    unreachable!("the rest")
}

#[fusee::main]
async fn a_large_future() -> usize {
    let bytes = [0_u8; 20_000];
    sleep(Duration::from_millis(1)).await;
    bytes.len()
}

#[fusee::main]
async fn an_error_of_its_own(text: &str) -> Result<u8, std::num::ParseIntError> {
    let number = text.parse::<u8>().map_err(|error| error)?;
    if let Some(number) = number.checked_add(1) { Ok(number) } else { return Ok(0); }
}

#[fusee::main]
async fn selects() -> u8 {
    let pause = sleep(Duration::from_millis(1));
    fusee::pin!(pause);
    fusee::select! {
        () = pause => 1,
        number = async { 2 } => number,
    }
}

#[fusee::main]
async fn two_statements_on_a_line() { let one = 1; println!("{one}"); }

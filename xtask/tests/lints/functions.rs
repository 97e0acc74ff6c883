// Functions for the attributes: the rest of `bodies.rs`.

/// # Safety
/// `pointer` is live.
#[fusee::main]
async unsafe fn an_unsafe_function(pointer: *const u8) -> u8 { *pointer }

#[fusee::main]
#[inline(always)]
#[must_use]
pub async fn with_attributes(number: u8) -> u8 {
    #![allow(clippy::arithmetic_side_effects)]
    #[allow(unused_variables)]
    let unused = number + 1;
    #[expect(unused_variables)]
    let expected = 1;
    #[expect(unused_mut)]
    let nothing_to_expect = 1;
    nothing_to_expect
}

/// A function with generics.
#[fusee::main]
pub async fn with_generics<'a, T: Clone + Debug, const N: usize>(all: &'a [T; N]) -> Vec<T> where T: PartialEq {
    let mut copies = Vec::new();
    for index in 0..N {
        copies.push(all[index].clone());
    }
    copies
}

#[fusee::main]
async fn with_too_many_arguments(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: bool) -> u8 {
    if h { a + b + c + d } else { e + f + g }
}

#[fusee::main]
async fn ExpectsAnotherName(NUMBER: u8) -> u8 { NUMBER }

#[fusee::main(flavor = "multi_thread", worker_threads = 0xaB, start_paused = true, name = "all options", crate = "fusee")]
async fn with_all_options() -> u8 { 1 }

#[fusee::main(flavor = "local", start_paused = false, crate = "::fusee")]
async fn with_other_options() {
    fusee::task::spawn_local(async {});
}

#[fusee::main]
async fn without_a_lifetime(cell: &std::cell::RefCell<u8>) -> std::cell::Ref<u8> { cell.borrow() }

#[fusee::main]
async fn in_parentheses() -> (u8) { (1) }

#[fusee::main]
async fn unit_said() -> () { () }

#[fusee::main]
async fn an_array() -> [u8; 1 + 1] { [1, 2] }

#[fusee::main]
#[deprecated = "for another"]
async fn deprecated() -> u8 { a_value() }

#[fusee::main]
async fn calls_what_is_deprecated() -> u8 { deprecated() }

#[fusee::main]
#[cold]
#[track_caller]
async fn cold() -> u8 { a_value() }

#[cfg_attr(all(), fusee::main)]
#[expect(clippy::unused_unit)]
async fn expects_a_lint() -> () {
    a_value();
}

macro_rules! made {
    ($visibility:vis $name:ident: $output:ty, $body:expr) => {
        #[fusee::main]
        $visibility async fn $name() -> $output { $body }
    };
}

made!(pub(crate) from_fragments: u8, 1);
made!(from_a_block: String, { return "text".to_string() });

pub struct Counter(u32);

impl Counter {
    #[fusee::main]
    pub async fn add(&mut self, more: u32) -> &mut u32 {
        self.0 += more;
        &mut self.0
    }

    #[fusee::main]
    pub async fn get(&self) -> u32 { self.0 }

    #[fusee::main]
    pub async fn does_not_use_itself(&self) -> u32 { 1 }

    #[fusee::main]
    pub async fn new() -> Self { Self(1) }

    #[fusee::main]
    pub async fn into_a_text(&self) -> Result<String, ()> { Err(()) }
}

impl Default for Counter {
    #[fusee::main]
    async fn default() -> Self { Counter(1) }
}

#[fusee::test]
async fn a_test() { assert_eq!(a_value(), 1) }

#[fusee::test]
async fn a_test_of_nothing() {}

#[fusee::test]
#[should_panic]
async fn a_test_that_panics() { panics(); }

#[fusee::test]
async fn a_test_with_a_result() -> Result<(), Box<dyn Error>> {
    let number = fusee::spawn(async { 1 }).await?;
    assert!(number == 1 && true);
    Ok(())
}

#[fusee::test]
async fn a_result_as_a_test() -> Result<(), fusee::task::JoinError> { fusee::spawn(async {}).await }

mod tests {
    use super::*;

    #[fusee::test(flavor = "multi_thread")]
    async fn in_a_module() {
        let number = Some(1).unwrap();
        assert_eq!(number, 1);
    }
}

#[fusee::test]
#[rstest]
async fn below_the_attribute() { assert_eq!(a_value(), 1) }

#[fusee::test]
#[rstest]
#[case(1)]
#[case(2)]
async fn cases_below_the_attribute(#[case] number: u8) { assert!(number > 0); }

#[fusee::test]
#[rstest]
#[case(1, "1")]
async fn a_long_case_below(#[case] number: u8, #[case] text: String) -> Result<(), std::num::ParseIntError> {
    let parsed: u8 = text.parse()?;
    assert_eq!(parsed, number);
    return Ok(());
}

#[rstest]
#[case::first("a")]
#[case::second("b")]
#[fusee::test]
async fn cases_above_the_attribute<T: Into<String>>(#[case] text: T) { assert_eq!(text.into().len(), 1); }

#[rstest]
#[fusee::test]
async fn values_above_the_attribute(#[values(1, 2)] number: u8) { assert!(number > 0); }

//! What a literal says, from its source text.
//!
//! Text rather than tokens, so that it can be tested: the compiler's token types work inside a macro only.

/// The content of a string literal, cooked or raw. Escapes stay as they are written: no value that an option takes has one.
pub(crate) fn string(text: &str) -> Option<&str> {
    let text = text.strip_prefix('r').map_or(text, |raw| raw.trim_matches('#'));
    text.strip_prefix('"')?.strip_suffix('"')
}

/// The value of an integer literal; `u128::MAX` for one that is larger still.
pub(crate) fn integer(text: &str) -> Option<u128> {
    let digits = text.replace('_', "");
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, digits.as_str()),
    };
    // No letter of a suffix is a digit: hexadecimal ones end at `f`.
    let (digits, suffix) = digits.split_at(digits.find(['u', 'i']).unwrap_or(digits.len()));
    let is_integer = matches!(&suffix.get(1..), None | Some("8" | "16" | "32" | "64" | "128" | "size"));
    if !is_integer || digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(u128::from_str_radix(digits, radix).unwrap_or(u128::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_lose_their_quotes() {
        assert_eq!(string("\"multi_thread\""), Some("multi_thread"));
        assert_eq!(string("\"\""), Some(""));
        assert_eq!(string("r\"a\""), Some("a"));
        assert_eq!(string("r##\"a\"##"), Some("a"));
    }

    #[test]
    fn what_is_no_string_says_nothing() {
        for text in ["4", "'a'", "b\"a\"", "c\"a\"", "b'a'", "1.0", "\"", "", "r", "br\"a\""] {
            assert_eq!(string(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_read_in_every_radix_and_type() {
        for text in ["10", "1_0", "0xA", "0xa_u8", "0o12", "0b1010", "10usize", "10_i32", "10u128", "010"] {
            assert_eq!(integer(text), Some(10), "{text}");
        }
        assert_eq!(integer("0"), Some(0));
        assert_eq!(integer("0x1f64"), Some(0x1f64));
        assert_eq!(integer(&format!("{}0", u128::MAX)), Some(u128::MAX));
    }

    #[test]
    fn what_is_no_integer_says_nothing() {
        for text in ["\"4\"", "'4'", "1.0", "1e3", "1f32", "1.5u8", "true", "0x", "u8", "", "b'4'", "4px", "4u9"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}

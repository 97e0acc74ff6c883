//! Names of rooms and people, and the URL that holds both.

/// No name is longer.
const LONGEST: usize = 32;

/// Which room a client asks for, and by what name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The room.
    pub room: String,
    /// The client's name.
    pub name: String,
}

impl Address {
    /// Reads `/ROOM?nick=NAME`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path_and_query: &str) -> Result<Self, String> {
        let asked = || format!("ask for /ROOM?nick=NAME, not for {path_and_query:?}");
        let (path, query) = path_and_query.split_once('?').ok_or_else(asked)?;
        let room = path.strip_prefix('/').ok_or_else(asked)?;
        let name = query.strip_prefix("nick=").ok_or_else(asked)?;
        check_name("a room", room)?;
        check_name("your name", name)?;
        Ok(Self { room: room.to_owned(), name: name.to_owned() })
    }
}

/// Checks a name for `what`. Names stand in URLs, and in lines that nobody should take for another's: they are letters, digits, `-` and `_` of ASCII.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(what: &str, name: &str) -> Result<(), String> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(good) {
        return Err(format!("{what} must be 1 to {LONGEST} letters, digits, - or _, not {name:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_room_and_a_name() {
        let address = Address::read("/lobby?nick=ada_1-2").unwrap();
        assert_eq!((address.room.as_str(), address.name.as_str()), ("lobby", "ada_1-2"));
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        let long = format!("/{}?nick=ada", "r".repeat(LONGEST + 1));
        for bad in [
            "",
            "/",
            "/lobby",
            "lobby?nick=a",
            "/lobby?name=ada",
            "/lobby?nick=",
            "/a/b?nick=ada",
            "/lobby?nick=a%20b",
            &long,
        ] {
            assert!(Address::read(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Address::read("/lobby?nick=a:").unwrap_err(),
            "your name must be 1 to 32 letters, digits, - or _, not \"a:\""
        );
    }
}

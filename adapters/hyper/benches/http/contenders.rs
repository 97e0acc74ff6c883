//! Who takes turns, by name.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrant {
    Fusee,
    Tokio,
    Smol,
}

impl Entrant {
    /// In the order in which they take turns.
    pub(crate) const ALL: [Self; 3] = [Self::Fusee, Self::Tokio, Self::Smol];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fusee => "fusee",
            Self::Tokio => "tokio",
            Self::Smol => "smol",
        }
    }
}

//! Options of sockets, in pairs: what is set, and what it is.
//!
//! [`implement_options!`] is for types that are `AsFd`, or `AsSocket`. For each option it is told what it means, our names, the type, a value for the
//! examples and socket2's names. The literal is what makes a `socket` for the examples.
//!
//! Who calls it: the files of `net/`. Checked by the examples, which set each option and ask for it.

/// Implements getters and setters: see the module's header.
macro_rules! implement_options {
    ($type:ident, $example:literal: $(
        $(#[$text:meta])+
        $get:ident $set:ident: $value:ty = $sample:tt by $socket_get:ident $socket_set:ident $(if $condition:meta)?;
    )+) => {
        impl $type {
            $(
                $(#[$text])+
                ///
                /// # Errors
                /// What the operating system says.
                ///
                /// ```
                /// # fusee::runtime::block_on(async {
                #[doc = $example]
                #[doc = concat!("socket.", stringify!($set), "(", stringify!($sample), ")?;")]
                #[doc = concat!("assert_eq!(socket.", stringify!($get), "()?, ", stringify!($sample), ");")]
                /// # std::io::Result::Ok(()) }).unwrap();
                /// ```
                $(#[cfg($condition)])?
                pub fn $get(&self) -> std::io::Result<$value> {
                    socket2::SockRef::from(self).$socket_get()
                }

                #[doc = concat!("Sets what [`", stringify!($get), "`](Self::", stringify!($get), ") answers.")]
                ///
                /// # Errors
                /// What the operating system says.
                ///
                /// ```
                /// # fusee::runtime::block_on(async {
                #[doc = $example]
                #[doc = concat!("socket.", stringify!($set), "(", stringify!($sample), ")?;")]
                /// # std::io::Result::Ok(()) }).unwrap();
                /// ```
                $(#[cfg($condition)])?
                pub fn $set(&self, value: $value) -> std::io::Result<()> {
                    socket2::SockRef::from(self).$socket_set(value)
                }
            )+
        }
    };
}
pub(crate) use implement_options;

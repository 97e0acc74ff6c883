//! What `fusee-top` is made of: a client of a runtime's console, what it makes of the answers, and how that is drawn.
//!
//! The binary is `src/main.rs`; the package's README says how it is used. The console's protocol is documented at `fusee::console`.
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the command line |
//! | [`protocol`] | the answers of a console |
//! | [`untrusted`] | text in them, and how it is printed |
//! | [`client`] | a connection to one |
//! | [`model`] | what is shown: the latest answers, rates, the choices of the user |
//! | [`rows`] | the rows of the tables, sorted and filtered |
//! | [`text`] | figures as people read them |
//! | [`screen`] | the model, drawn |
//! | [`keys`] | what a key does to the model |
//! | [`fetch`] | the thread that asks |
//! | [`live`] | the loop of the screen |
//! | [`once`] | answers without a screen: a dump, a recording, one page of text |

pub mod args;
pub mod client;
pub mod fetch;
pub mod keys;
pub mod live;
pub mod model;
pub mod once;
pub mod protocol;
pub mod rows;
pub mod screen;
pub mod text;
pub mod untrusted;

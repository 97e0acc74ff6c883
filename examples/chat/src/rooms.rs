//! Rooms: who is in them, what was said last, and passing lines on.
//!
//! One lock around all rooms, held while a line is put into its room's queues, and never across an await. A queue that is full is not waited for: its client is put out, so that a room goes on at the
//! speed of those who listen, and a client holds no more memory than its queue.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_tungstenite::tungstenite::Utf8Bytes;
use fusee::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

/// Where lines for a client go.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: Sender<Utf8Bytes>,
    /// Cancelled when the queue was full.
    too_slow: CancellationToken,
}

impl Outbox {
    /// An outbox of `room` lines, and the end from which they are taken.
    pub fn new(room: usize) -> (Self, Receiver<Utf8Bytes>) {
        let (queue, taken) = mpsc::channel(room);
        (Self { queue, too_slow: CancellationToken::new() }, taken)
    }

    /// Puts a line in, or finds that the client is too slow.
    pub fn put(&self, line: Utf8Bytes) {
        // One that is closed belongs to a client that is about to leave.
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(line) {
            self.too_slow.cancel();
        }
    }

    /// Returns when the client was found to be too slow.
    pub async fn too_slow(&self) {
        self.too_slow.cancelled().await;
    }
}

/// Why somebody may not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Somebody in the room has this name.
    NameTaken,
    /// There are as many rooms as there may be.
    TooManyRooms,
}

/// All rooms that somebody is in. What was said in a room goes with the last who leaves.
#[derive(Debug)]
pub struct Rooms {
    rooms: Mutex<HashMap<String, Room>>,
    /// How many lines a room remembers.
    history: usize,
    /// How many rooms there may be.
    most: usize,
}

#[derive(Debug, Default)]
struct Room {
    members: BTreeMap<String, Outbox>,
    history: VecDeque<Utf8Bytes>,
}

impl Room {
    /// Says `line` to all; who is too slow is put out, and the others are told.
    fn say(&mut self, line: Utf8Bytes, history: usize) {
        let mut lines = VecDeque::from([line]);
        while let Some(line) = lines.pop_front() {
            self.members.values().for_each(|outbox| outbox.put(line.clone()));
            for (name, _) in self.members.extract_if(.., |_, outbox| outbox.too_slow.is_cancelled()) {
                lines.push_back(format!("* {name} was too slow, and is out").into());
            }
            self.history.push_back(line);
            while self.history.len() > history {
                self.history.pop_front();
            }
        }
    }
}

impl Rooms {
    /// No rooms yet; each remembers `history` lines, and there are never more than `most`.
    pub fn new(history: usize, most: usize) -> Arc<Self> {
        Arc::new(Self { rooms: Mutex::default(), history, most })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `name` into `room`, which is made if it is not there: it gets what was said last, and all hear that it is here.
    ///
    /// # Errors
    /// If it may not enter.
    pub fn enter(self: &Arc<Self>, room: &str, name: &str, outbox: Outbox) -> Result<Seat, Refused> {
        let mut rooms = self.lock();
        if rooms.len() >= self.most && !rooms.contains_key(room) {
            return Err(Refused::TooManyRooms);
        }
        let entered = rooms.entry(room.to_owned()).or_default();
        match entered.members.entry(name.to_owned()) {
            Entry::Occupied(_) => return Err(Refused::NameTaken),
            Entry::Vacant(place) => {
                // A queue may be shorter than the history: the last lines go in, and there is room for some more.
                let free = outbox.queue.capacity().div_ceil(2);
                let old = entered.history.len().saturating_sub(free);
                entered.history.iter().skip(old).for_each(|line| outbox.put(line.clone()));
                place.insert(outbox.clone());
            }
        }
        entered.say(format!("* {name} is here").into(), self.history);
        Ok(Seat { rooms: self.clone(), room: room.to_owned(), name: name.to_owned(), outbox })
    }

    /// How many rooms there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nobody is in any room.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// Somebody's place in a room, which it leaves when this is dropped.
#[derive(Debug)]
pub struct Seat {
    rooms: Arc<Rooms>,
    room: String,
    name: String,
    outbox: Outbox,
}

impl Seat {
    /// By what name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In which room.
    pub fn room(&self) -> &str {
        &self.room
    }

    /// Says `text` to all in the room.
    pub fn say(&self, text: &str) {
        self.with(|room| room.say(format!("{}: {text}", self.name).into(), self.rooms.history));
    }

    /// Who is in the room, by name.
    pub fn who(&self) -> Vec<String> {
        self.with(|room| room.members.keys().cloned().collect()).unwrap_or_default()
    }

    /// Takes another name.
    ///
    /// # Errors
    /// If somebody has it.
    pub fn rename(&mut self, name: &str) -> Result<(), Refused> {
        let renamed = self.with(|room| {
            if room.members.contains_key(name) {
                return Err(Refused::NameTaken);
            }
            if self.is_in(room) {
                room.members.remove(&self.name);
                room.members.insert(name.to_owned(), self.outbox.clone());
                room.say(format!("* {} is {name} now", self.name).into(), self.rooms.history);
            }
            Ok(())
        });
        renamed.unwrap_or(Ok(()))?;
        self.name = name.to_owned();
        Ok(())
    }

    /// Whether it is still in the room. Who was put out may have been followed by another of the same name.
    fn is_in(&self, room: &Room) -> bool {
        room.members.get(&self.name).is_some_and(|outbox| outbox.queue.same_channel(&self.outbox.queue))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        self.rooms.lock().get_mut(&self.room).map(act)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.get_mut(&self.room) else { return };
        if self.is_in(room) {
            room.members.remove(&self.name);
            room.say(format!("* {} has left", self.name).into(), self.rooms.history);
        }
        if room.members.is_empty() {
            rooms.remove(&self.room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is in a room, and what it hears.
    struct Member {
        seat: Seat,
        lines: Receiver<Utf8Bytes>,
    }

    fn enter(rooms: &Arc<Rooms>, room: &str, name: &str, queue: usize) -> Result<Member, Refused> {
        let (outbox, lines) = Outbox::new(queue);
        rooms.enter(room, name, outbox).map(|seat| Member { seat, lines })
    }

    impl Member {
        /// What it has heard since it was asked last.
        fn heard(&mut self) -> Vec<String> {
            std::iter::from_fn(|| self.lines.try_recv().ok()).map(|line| line.to_string()).collect()
        }
    }

    #[test]
    fn a_room_hears_who_comes_what_is_said_and_who_leaves_and_other_rooms_do_not() {
        let rooms = Rooms::new(10, 10);
        let mut ada = enter(&rooms, "lobby", "ada", 16).unwrap();
        let mut eve = enter(&rooms, "attic", "eve", 16).unwrap();
        let bob = enter(&rooms, "lobby", "bob", 16).unwrap();
        bob.seat.say("hello");
        assert_eq!(ada.seat.who(), ["ada", "bob"]);
        drop(bob);
        assert_eq!(ada.heard(), ["* ada is here", "* bob is here", "bob: hello", "* bob has left"]);
        assert_eq!(eve.heard(), ["* eve is here"]);
        drop((ada, eve));
        assert!(rooms.is_empty());
    }

    #[test]
    fn who_comes_hears_what_was_said_last_up_to_half_its_queue() {
        let rooms = Rooms::new(4, 10);
        let ada = enter(&rooms, "lobby", "ada", 16).unwrap();
        (0..10).for_each(|n| ada.seat.say(&n.to_string()));
        let mut bob = enter(&rooms, "lobby", "bob", 16).unwrap();
        assert_eq!(bob.heard(), ["ada: 6", "ada: 7", "ada: 8", "ada: 9", "* bob is here"]);
        let mut eve = enter(&rooms, "lobby", "eve", 4).unwrap();
        assert_eq!(eve.heard(), ["ada: 9", "* bob is here", "* eve is here"]);
    }

    #[test]
    fn a_name_is_taken_until_its_owner_leaves_or_takes_another() {
        let rooms = Rooms::new(10, 10);
        let mut ada = enter(&rooms, "lobby", "ada", 16).unwrap();
        let mut bob = enter(&rooms, "lobby", "bob", 16).unwrap();
        assert_eq!(enter(&rooms, "lobby", "ada", 16).err(), Some(Refused::NameTaken));
        assert_eq!(bob.seat.rename("ada"), Err(Refused::NameTaken));
        assert!(enter(&rooms, "attic", "ada", 16).is_ok());
        ada.seat.rename("countess").unwrap();
        bob.seat.rename("ada").unwrap();
        bob.seat.say("hello");
        drop(ada);
        let heard = bob.heard();
        assert_eq!(heard[2..], ["* ada is countess now", "* bob is ada now", "ada: hello", "* countess has left"]);
    }

    #[test]
    fn who_does_not_listen_is_put_out_and_keeps_nobody() {
        let rooms = Rooms::new(100, 10);
        let deaf = enter(&rooms, "lobby", "deaf", 3).unwrap();
        let mut ada = enter(&rooms, "lobby", "ada", 100).unwrap();
        (0..5).for_each(|n| ada.seat.say(&n.to_string()));
        // It had room for who came and one line.
        let expected = ["ada: 0", "ada: 1", "* deaf was too slow, and is out", "ada: 2", "ada: 3", "ada: 4"];
        assert_eq!(ada.heard()[2..], expected);
        assert!(deaf.seat.outbox.too_slow.is_cancelled());
        // Its name is free, and who takes it does not leave when the first one does.
        let second = enter(&rooms, "lobby", "deaf", 100).unwrap();
        drop(deaf);
        assert_eq!(second.seat.who(), ["ada", "deaf"]);
    }

    #[test]
    fn there_are_no_more_rooms_than_there_may_be() {
        let rooms = Rooms::new(10, 1);
        let ada = enter(&rooms, "lobby", "ada", 16).unwrap();
        assert_eq!(enter(&rooms, "attic", "bob", 16).err(), Some(Refused::TooManyRooms));
        assert!(enter(&rooms, "lobby", "bob", 16).is_ok());
        drop(ada);
        assert!(enter(&rooms, "attic", "bob", 16).is_ok());
        assert_eq!(rooms.len(), 0);
    }
}

use std::rc::Rc;

use fusee::task::JoinHandle;

fn on_another_thread(handle: JoinHandle<Rc<u8>>) {
    std::thread::spawn(move || drop(handle));
}

fn main() {
    let _ = on_another_thread;
}

use std::rc::Rc;

fn main() {
    fusee::spawn(async {
        let held = Rc::new(1);
        fusee::task::yield_now().await;
        drop(held);
    });
}

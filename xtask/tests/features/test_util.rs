//! What is there with the feature `test-util` alone: the compiler names the feature, once for each use.

#[fusee::main(flavor = "current_thread", start_paused = true)]
async fn by_the_attribute() {
    fusee::spawn(async {}).await.unwrap();
}

fn main() {
    fusee::runtime::Builder::new_current_thread().start_paused(true).build().unwrap();
    by_the_attribute();
}

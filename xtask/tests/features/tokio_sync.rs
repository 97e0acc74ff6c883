//! What is there with the feature `tokio-sync` alone: the compiler names the feature.

use fusee::sync::mpsc;

mod by_the_module {
    use fusee::sync;

    pub async fn lock(mutex: &sync::Mutex<u8>) -> u8 {
        *mutex.lock().await
    }
}

async fn by_its_path() {
    fusee::sync::Notify::new().notified().await;
}

async fn macros() {
    fusee::join!(async {}, async {});
    fusee::select! {
        () = async {} => {}
    }
    fusee::pin!(by_its_path());
}

use fusee::try_join;

fn main() {
    let (_sender, _receiver) = mpsc::channel::<u8>(1);
}

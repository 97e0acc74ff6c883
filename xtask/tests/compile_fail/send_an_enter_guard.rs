fn main() {
    let runtime = fusee::runtime::Runtime::new().unwrap();
    let entered = runtime.enter();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(entered));
    });
}

fn main() {
    let entered = {
        let runtime = fusee::runtime::Runtime::new().unwrap();
        runtime.enter()
    };
    drop(entered);
}

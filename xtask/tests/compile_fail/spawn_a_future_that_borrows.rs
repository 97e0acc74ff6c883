fn main() {
    let text = String::from("a local");
    let borrowed = &text;
    fusee::spawn(async move {
        println!("{borrowed}");
    });
}

//! Errors in a body are reported at the body's own code, as in any function.

#[fusee::main]
async fn no_return_type() {
    Ok(())
}

#[fusee::main]
async fn semicolon_too_many() -> Result<(), ()> {
    Ok(());
}

#[fusee::main]
async fn returns_another_type() -> u8 {
    if fusee::spawn(async { true }).await.unwrap() {
        return "text";
    }
    1
}

#[fusee::main]
async fn no_such_name() {
    missing().await;
}

fn main() {}

use rejoin::wait;

fn main() {
    let _ = wait([1, 2, 3]);
}

use rejoin::FutureSet;

fn main() {
    let mut set = FutureSet::new();
    let key = set.insert(async { 1 });
    let _ = set.remove(key);
}

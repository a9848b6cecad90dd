use std::future::ready;

use rejoin::try_gather;

fn main() {
    let _ = try_gather!(ready(Ok::<_, u8>(1)), ready(Ok::<_, String>(2)));
}

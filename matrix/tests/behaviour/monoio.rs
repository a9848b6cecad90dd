//! Why the adapter sends a task's wakes of itself the way round.

use std::cell::Cell;
use std::rc::Rc;

use matrix::support::yield_now;
use monoio::{IoUringDriver, RuntimeBuilder};

#[test]
fn a_task_that_wakes_itself_starves_the_others_on_monoio() {
    let Ok(mut runtime) = RuntimeBuilder::<IoUringDriver>::new().build() else {
        // The kernel gives no ring: there is nothing to see.
        return;
    };
    let turns = Rc::new(Cell::new(0));
    runtime.block_on(async {
        let neighbour = Rc::clone(&turns);
        monoio::spawn(async move { neighbour.set(1) });
        for _ in 0..1000 {
            yield_now().await;
        }
        assert_eq!(turns.get(), 0, "monoio has learnt to be fair");
    });
}

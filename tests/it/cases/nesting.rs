use rejoin::{FirstCompleted, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{Group, LocalBoxFuture, Manual, Probe, Random, Runtime, group};

cases! {
    groups_nest,
    polls_do_not_multiply_with_depth,
    a_leaf_is_polled_at_most_as_often_as_it_was_woken_plus_once,
    one_wake_of_a_leaf_is_one_wake_of_the_task,
    dropping_the_outer_reaches_every_leaf,
    an_error_deep_inside_ends_the_outer_at_once,
    views_of_every_kind_are_children,
    a_set_inside_a_child,
}

async fn groups_nest<R: Runtime>() {
    let (children, mut futures) = group(4);
    let new = futures.split_off(2);
    let mut probe = Probe::new(gather([gather(futures), gather(new)]));
    probe.pending();
    for place in [3, 0, 2] {
        children[place].complete(place);
        probe.pending();
    }
    let last = children[1].clone();
    R::later(move || last.complete(1));
    assert_eq!(probe.await, [[0, 1], [2, 3]]);
    assert_eq!(children.polls(), [2; 4]);
}

/// `leaves` in a tree in which every node has four children.
fn tree(mut leaves: Vec<Manual<usize>>, depth: usize) -> LocalBoxFuture<Vec<usize>> {
    if depth == 0 {
        return Box::pin(gather(leaves));
    }
    let quarter = leaves.len() / 4;
    let quarters: Vec<_> = (0..4).map(|_| leaves.drain(..quarter).collect()).collect();
    let subtrees = gather(
        quarters
            .into_iter()
            .map(move |leaves| tree(leaves, depth - 1)),
    );
    Box::pin(async { subtrees.await.into_iter().flatten().collect() })
}

fn planted(depth: usize) -> (Group<usize>, Probe<LocalBoxFuture<Vec<usize>>>) {
    let (children, futures) = group(64);
    (children, Probe::new(tree(futures, depth)))
}

async fn polls_do_not_multiply_with_depth<R: Runtime>() {
    for depth in 0..=2 {
        let (children, mut probe) = planted(depth);
        probe.pending();
        assert_eq!(children.polls(), [1; 64], "depth {depth}");
        children[17].wake();
        probe.pending();
        for (place, polls) in children.polls().into_iter().enumerate() {
            assert_eq!(polls, if place == 17 { 2 } else { 1 }, "depth {depth}");
        }
        for (place, child) in children.iter().enumerate() {
            child.complete(place);
        }
        assert_eq!(probe.ready(), (0..64).collect::<Vec<_>>());
        assert_eq!(children.drops(), [1; 64]);
    }
}

async fn a_leaf_is_polled_at_most_as_often_as_it_was_woken_plus_once<R: Runtime>() {
    let mut random = Random::new(5);
    for depth in 0..=2 {
        let (children, mut probe) = planted(depth);
        for _ in 0..200 {
            probe.pending();
            for _ in 0..random.below(8) {
                children[random.below(64)].wake();
            }
        }
        for child in children.iter() {
            assert!(child.polls() <= child.wakes() + 1);
        }
        drop(probe);
        assert_eq!(children.drops(), [1; 64]);
    }
}

async fn one_wake_of_a_leaf_is_one_wake_of_the_task<R: Runtime>() {
    for depth in 0..=2 {
        let (children, mut probe) = planted(depth);
        probe.pending();
        assert_eq!(probe.wakes(), 0);
        for turn in 1..=10 {
            children[turn * 6].wake();
            children[turn].wake();
            assert_eq!(probe.wakes(), turn);
            probe.pending();
            assert_eq!(probe.wakes(), turn);
        }
    }
}

async fn dropping_the_outer_reaches_every_leaf<R: Runtime>() {
    for depth in 0..=2 {
        let (children, mut probe) = planted(depth);
        probe.pending();
        children[5].complete(5);
        probe.pending();
        drop(probe);
        assert_eq!(children.drops(), [1; 64]);
    }
    let (children, probe) = planted(2);
    drop(probe);
    assert_eq!(children.drops(), [1; 64], "also where nothing was polled");
}

async fn an_error_deep_inside_ends_the_outer_at_once<R: Runtime>() {
    let (children, mut futures) = group::<Result<u8, &str>>(6);
    let second = futures.split_off(3);
    let mut probe = Probe::new(try_gather([try_gather(futures), try_gather(second)]));
    probe.pending();
    children[1].complete(Ok(1));
    probe.pending();
    children[4].complete(Err("deep"));
    assert_eq!(probe.ready(), Err("deep"));
    assert_eq!(children.drops(), [1; 6]);
}

async fn views_of_every_kind_are_children<R: Runtime>() {
    let (children, futures) = group(4);
    let mut futures = futures.into_iter();
    let mut one = || [futures.next().unwrap()];
    let mut items = as_completed(one());
    let views: Vec<LocalBoxFuture<Option<usize>>> = vec![
        Box::pin({
            let view = gather(one());
            async { view.await.pop() }
        }),
        Box::pin({
            let view = wait(one()).return_when(FirstCompleted);
            async { view.await.0.pop().map(|completed| completed.output) }
        }),
        Box::pin(async move { items.next().await }),
        Box::pin({
            let mut set: FutureSet<_> = one().into_iter().collect();
            async move { set.next().await.map(|completed| completed.output) }
        }),
    ];
    let mut probe = Probe::new(gather(views));
    probe.pending();
    for place in [2, 0, 3] {
        children[place].complete(place);
        probe.pending();
    }
    children[1].complete(1);
    assert_eq!(probe.ready(), [1, 2, 0, 3].map(Some));
    assert_eq!(children.polls(), [2; 4]);
}

async fn a_set_inside_a_child<R: Runtime>() {
    let (children, mut futures) = group(4);
    let inner_futures = futures.split_off(2);
    let inner = async move {
        let mut set: FutureSet<_> = inner_futures.into_iter().collect();
        let mut sum = 0;
        while let Some(completed) = set.next().await {
            sum += completed.output;
        }
        sum
    };
    let mut outer: FutureSet<LocalBoxFuture<usize>> = FutureSet::new();
    outer.insert(Box::pin(inner));
    outer.extend(
        futures
            .into_iter()
            .map(|future| Box::pin(future) as LocalBoxFuture<usize>),
    );
    let mut probe = Probe::new(as_completed(outer).keyed());
    probe.next_pending();
    children[2].complete(20);
    probe.next_pending();
    children[1].complete(1);
    let completed = probe.next_ready().unwrap();
    assert_eq!((completed.key.index(), completed.output), (2, 1));
    children[3].complete(30);
    let completed = probe.next_ready().unwrap();
    assert_eq!((completed.key.index(), completed.output), (0, 50));
    drop(probe);
    assert_eq!(children.drops(), [1; 4]);
}

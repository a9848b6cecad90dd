//! The sizes at which the way changes in which children are stored and their turns are noted.

use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

use rejoin::{AtLeast, FirstError, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::Runtime;

cases! {
    children_that_are_ready,
    children_that_yield,
    children_of_which_some_keep_their_waker,
    iterators_of_unknown_length,
    views_one_after_another,
    large_futures_start_in_different_cache_sets,
}

const SIZES: [usize; 9] = [0, 1, 2, 63, 64, 65, 127, 128, 129];

/// Yields a number of times, and may keep a clone of its waker meanwhile.
struct Yields {
    number: usize,
    left: usize,
    keeps: bool,
    kept: Option<std::task::Waker>,
}

impl Yields {
    fn new(number: usize, left: usize, keeps: bool) -> Self {
        Self {
            number,
            left,
            keeps,
            kept: None,
        }
    }
}

impl Future for Yields {
    type Output = Result<usize, usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(Ok(self.number));
        }
        self.left -= 1;
        if self.keeps {
            self.kept = Some(cx.waker().clone());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Checks every view over the children that `make` makes, of which there are as many as each size says.
async fn check(make: impl Fn(usize) -> Yields) {
    for size in SIZES {
        let all: Vec<usize> = (0..size).collect();
        let children = || (0..size).map(&make);
        let gathered = gather(children()).await;
        assert_eq!(
            gathered.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            all
        );
        assert_eq!(try_gather(children()).await.as_ref(), Ok(&all));
        let mut stream = as_completed(children()).keyed();
        let mut streamed = Vec::new();
        while let Some(completed) = stream.next().await {
            assert_eq!(completed.output, Ok(completed.key.index()));
            streamed.push(completed.key.index());
        }
        streamed.sort_unstable();
        assert_eq!(streamed, all);
        let (done, rest) = wait(children()).return_when(FirstError).await;
        assert_eq!((done.len(), rest.len()), (size, 0), "none of them fails");
        let (done, rest) = wait(children()).return_when(AtLeast(size / 2)).await;
        assert!(done.len() >= size / 2);
        let left = gather(rest).await;
        assert_eq!(done.len() + left.len(), size);
    }
}

async fn children_that_are_ready<R: Runtime>() {
    check(|number| Yields::new(number, 0, false)).await;
}

async fn children_that_yield<R: Runtime>() {
    check(|number| Yields::new(number, number % 4, false)).await;
}

async fn children_of_which_some_keep_their_waker<R: Runtime>() {
    check(|number| Yields::new(number, number % 5, number % 3 == 2)).await;
}

async fn iterators_of_unknown_length<R: Runtime>() {
    for size in SIZES {
        let children = (0..size).map(|number| Yields::new(number, number % 2, false));
        let outputs = gather(children.filter(|_| true)).await;
        let all: Vec<_> = (0..size).map(Ok).collect();
        assert_eq!(outputs, all);
    }
}

async fn views_one_after_another<R: Runtime>() {
    for size in SIZES {
        // Half of them are ready at once.
        let mut set: FutureSet<_> = (0..size)
            .map(|number| Yields::new(number, number % 2, false))
            .collect();
        let (done, _) = wait(&mut set).return_when(AtLeast(1)).await;
        assert_eq!(done.len(), size.div_ceil(2));
        let key = set.insert(Yields::new(size, 3, false));
        assert_eq!(key.index(), size);
        let mut rest = Vec::new();
        while let Some(completed) = set.next().await {
            rest.push(completed.key.index());
        }
        let odd = (1..size).step_by(2);
        assert_eq!(rest, odd.chain([size]).collect::<Vec<_>>());
    }
}

/// A future of a certain size.
#[derive(Clone, Copy)]
struct Sized<T>(T);

impl<T> Future for Sized<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// How far apart two neighbours in a set start.
fn distance<F: Future + Copy>(future: F) -> usize {
    let mut set: FutureSet<F> = FutureSet::with_capacity(3);
    let keys = [future; 3].map(|future| set.insert(future));
    let [first, second, third] = keys.map(|key| {
        let future = set.get_pin_mut(key).expect("it is in flight");
        ptr::from_ref(&*future).addr()
    });
    for address in [first, second, third] {
        assert_eq!(address % align_of::<F>(), 0);
    }
    assert_eq!(third - second, second - first);
    second - first
}

async fn large_futures_start_in_different_cache_sets<R: Runtime>() {
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct Line<const N: usize>([u8; N]);

    for (distance, size) in [
        (distance(Sized([0_u8; 512])), 512),
        (distance(Sized([0_u64; 128])), 1024),
        (distance(Sized(Line([0; 512]))), 512),
        (distance(Sized(Line([0; 4096]))), 4096),
    ] {
        assert!(distance > size && distance % 512 != 0, "{distance}, {size}");
        assert!(distance <= size + 64, "{distance}, {size}");
    }
    for (distance, size) in [
        (distance(Sized([0_u8; 24])), 24),
        (distance(Sized([0_u8; 256])), 256),
        (distance(Sized([0_u64; 72])), 576),
        (distance(Sized(Line([0; 576]))), 576),
    ] {
        assert_eq!(distance, size, "others lie side by side");
    }
}

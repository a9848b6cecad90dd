use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::task::JoinSet;

use crate::children::Child;
use crate::contenders::{Contender, Eight, Growing, Joined, Kind, Mixed, Streamed};
use crate::parent::{Host, tokio_runtime};

/// `JoinSet`: each child is a task of a current-thread runtime.
pub struct Tasks;

impl Contender for Tasks {
    const NAME: &str = "tokio JoinSet";
    const HOST: Host = Host::Tokio;
}

pub struct TaskStream<T>(JoinSet<T>);

impl<T: Send + 'static> TaskStream<T> {
    fn insert(&mut self, child: impl Child<Output = T>) {
        self.0.spawn_on(child, tokio_runtime().handle());
    }
}

impl<T: 'static> Stream for TaskStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let joined = ready!(self.0.poll_join_next(cx));
        Poll::Ready(joined.map(|output| output.expect("no child panics or is aborted")))
    }
}

fn spawn_all<F: Child>(children: impl ExactSizeIterator<Item = F>) -> TaskStream<F::Output> {
    let mut tasks = TaskStream(JoinSet::new());
    children.for_each(|child| tasks.insert(child));
    tasks
}

impl Streamed for Tasks {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        spawn_all(children)
    }
}

impl Joined for Tasks {
    const ORDERED: bool = false;

    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        spawn_all(children).0.join_all()
    }
}

impl Growing for Tasks {
    type Set<F: Child> = TaskStream<F::Output>;

    fn with_room<F: Child>(_: usize) -> TaskStream<F::Output> {
        TaskStream(JoinSet::new())
    }

    fn insert<F: Child>(set: &mut TaskStream<F::Output>, child: F) {
        set.insert(child);
    }
}

pub struct JoinMacro;

impl Contender for JoinMacro {
    const NAME: &str = "tokio join!";
}

impl Mixed for JoinMacro {
    async fn two<K: Kind>() -> (usize, usize) {
        tokio::join!(K::child::<0>(), K::child::<1>())
    }

    async fn three<K: Kind>() -> (usize, usize, usize) {
        tokio::join!(K::child::<0>(), K::child::<1>(), K::child::<2>())
    }

    async fn eight<K: Kind>() -> Eight {
        tokio::join!(
            K::child::<0>(),
            K::child::<1>(),
            K::child::<2>(),
            K::child::<3>(),
            K::child::<4>(),
            K::child::<5>(),
            K::child::<6>(),
            K::child::<7>(),
        )
    }
}

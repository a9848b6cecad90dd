//! A few futures of different types, joined into a tuple.

use std::array;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::{Subject, Workload};
use crate::contenders::{Kind, Mixed};
use crate::parent::Parent;

/// The children of `W`, each of a type of its own.
pub struct Distinct<W>(PhantomData<W>);

/// A type of its own for each `K`.
pub struct Typed<F, const K: usize>(F);

impl<F: Future + Unpin, const K: usize> Future for Typed<F, K> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<W: Workload> Kind for Distinct<W> {
    type Child<const K: usize> = Typed<W::Child, K>;

    fn child<const K: usize>() -> Self::Child<K> {
        Typed(W::child(K))
    }
}

/// Joins two, three or eight children: no other number.
pub fn joined<M: Mixed + 'static, W: Workload>(children: usize) -> Option<Subject> {
    match children {
        2 => subject::<M, W, _, _>(2, M::two::<Distinct<W>>, (0, 1)),
        3 => subject::<M, W, _, _>(3, M::three::<Distinct<W>>, (0, 1, 2)),
        8 => subject::<M, W, _, _>(8, M::eight::<Distinct<W>>, (0, 1, 2, 3, 4, 5, 6, 7)),
        _ => None,
    }
}

fn subject<M: Mixed, W: Workload, T, F>(
    children: usize,
    join: impl Fn() -> F + 'static,
    expected: T,
) -> Option<Subject>
where
    T: PartialEq + 'static,
    F: Future<Output = T>,
{
    let mut world = W::new(children);
    Subject::new::<M>(children, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let mut all = pin!(join());
        let outside = || world.outside(|_| ());
        let outputs = parent.drive(M::HOST, outside, |cx| all.as_mut().poll(cx));
        assert!(outputs == expected, "outputs in the order of arguments");
    })
}

pub fn floor<W: Workload>(children: usize) -> Option<Subject> {
    match children {
        2 => floor_of::<W, 2>(),
        3 => floor_of::<W, 3>(),
        8 => floor_of::<W, 8>(),
        _ => None,
    }
}

fn floor_of<W: Workload, const N: usize>() -> Option<Subject> {
    let mut world = W::new(N);
    Subject::floor(N, move |_: &Parent| {
        world.begin();
        let mut places: [W::Child; N] = array::from_fn(W::child);
        let mut outputs = [0; N];
        world.floor(&mut places, |output| outputs[output] = output);
        assert!(
            outputs == array::from_fn(|index| index),
            "outputs in the order of arguments"
        );
    })
}

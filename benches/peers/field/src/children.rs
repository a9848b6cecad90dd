//! The futures that are joined. All give their index, so that every run can check its outputs. They can be inlined everywhere: in the
//! peers, whose workloads are compiled in this crate, and in rejoin's, which are not.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::source;

/// What every candidate accepts.
pub trait Child: Future<Output: Send + 'static> + Send + Unpin + 'static {}

impl<F: Future<Output: Send + 'static> + Send + Unpin + 'static> Child for F {}

/// Ready at its first poll.
pub struct Ready {
    index: usize,
}

impl Ready {
    #[inline]
    pub fn new(index: usize) -> Self {
        Self { index }
    }
}

impl Future for Ready {
    type Output = usize;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        // A real future's output is not known to the compiler; nor is this, so that no loop over polls is optimised away.
        Poll::Ready(black_box(self.index))
    }
}

/// Wakes itself by reference a number of times before it is ready.
pub struct SelfWake {
    index: u32,
    left: u32,
}

impl SelfWake {
    #[inline]
    pub fn new(index: usize, wakes: u32) -> Self {
        Self {
            index: index as u32,
            left: wakes,
        }
    }
}

impl Future for SelfWake {
    type Output = usize;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        if self.left == 0 {
            return Poll::Ready(self.index as usize);
        }
        self.left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Leaves its waker outside and is ready once that was used.
pub struct External {
    index: u32,
    left_waker: bool,
}

impl External {
    #[inline]
    pub fn new(index: usize) -> Self {
        Self {
            index: index as u32,
            left_waker: false,
        }
    }
}

impl Future for External {
    type Output = usize;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let index = self.index as usize;
        if !self.left_waker {
            self.left_waker = true;
            source::leave(index, cx.waker());
            Poll::Pending
        } else if source::was_woken(index, cx.waker()) {
            Poll::Ready(index)
        } else {
            Poll::Pending
        }
    }
}

/// A child that is larger by `WORDS` words.
pub struct Heavy<F, const WORDS: usize> {
    future: F,
    _ballast: [u64; WORDS],
}

impl<F, const WORDS: usize> Heavy<F, WORDS> {
    pub fn new(future: F) -> Self {
        Self {
            future,
            _ballast: [0; WORDS],
        }
    }
}

impl<F: Future + Unpin, const WORDS: usize> Future for Heavy<F, WORDS> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.future).poll(cx)
    }
}

/// The error that never comes.
#[derive(Debug)]
pub struct Failure;

/// A child that could fail and does not.
pub struct Fallible<F>(pub F);

impl<F: Future + Unpin> Future for Fallible<F> {
    type Output = Result<F::Output, Failure>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}

//! `as_completed` with a deadline.

use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use super::{AsCompleted, Items, Keyed, State};
use crate::drive::{Drive, DriveWhile, ForEach, Next};
use crate::into_set::{AnySet, sealed::Core};
use crate::set::{Adder, Key, Progress};
use crate::timeout::{TimedOut, Timeout};

impl<S: AnySet, K: Items, D: Future> Drive for Timeout<AsCompleted<S, K>, D> {
    type Item = Result<K::Item<S::Output>, TimedOut>;

    fn drive(&mut self, cx: &mut Context<'_>, with_body: bool) {
        match self.view.state {
            State::Running => {
                // In full, so that no child that is ready by now misses the deadline.
                self.view.advance(true);
                if self.timer.poll(cx) {
                    self.view.expire();
                }
            }
            _ => self.view.drive(cx, with_body),
        }
    }

    fn hand_out(&mut self) -> Poll<Option<Self::Item>> {
        match &mut self.view.state {
            State::Expired { outputs, error } => {
                if *outputs > 0 {
                    if let Some(item) = K::claim(self.view.set.futures()) {
                        *outputs -= 1;
                        return Poll::Ready(Some(Ok(item)));
                    }
                }
                if let Some(error) = error.take() {
                    return Poll::Ready(Some(Err(error)));
                }
                self.view.state = State::Ended;
                Poll::Ready(None)
            }
            _ => {
                let item = self.view.hand_out();
                if matches!(item, Poll::Ready(None)) {
                    self.timer.stop();
                }
                item.map(|item| item.map(Ok))
            }
        }
    }

    fn park(&mut self, cx: &Context<'_>, handed_out: bool) {
        self.view.park(cx, handed_out);
    }

    fn is_over(&self) -> bool {
        self.view.is_over()
    }
}

impl<S: AnySet, K: Items, D: Future> Stream for Timeout<AsCompleted<S, K>, D> {
    type Item = Result<K::Item<S::Output>, TimedOut>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.view.state {
            State::Running => {
                let (lower, upper) = self.view.set.remaining();
                // At least the error, if anything is unfinished then.
                (lower.min(1), upper)
            }
            State::Expired { outputs, error } => {
                let left = outputs + usize::from(error.is_some());
                (left, Some(left))
            }
            State::Ended => (0, Some(0)),
        }
    }
}

impl<S: AnySet, K: Items, D: Future> FusedStream for Timeout<AsCompleted<S, K>, D> {
    fn is_terminated(&self) -> bool {
        self.is_over()
    }
}

impl<S: AnySet, K: Items, D: Future> Timeout<AsCompleted<S, K>, D> {
    /// As [`AsCompleted::next`].
    #[allow(
        clippy::should_implement_trait,
        reason = "it is the field's name for it, and no iterator is asynchronous"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }

    /// As [`AsCompleted::keyed`].
    pub fn keyed(self) -> Timeout<AsCompleted<S, Keyed>, D> {
        self.map(AsCompleted::keyed)
    }

    /// As [`AsCompleted::for_each`].
    pub fn for_each<B, Fut>(self, body: B) -> ForEach<Self, B, Fut>
    where
        B: FnMut(Result<K::Item<S::Output>, TimedOut>) -> Fut,
        Fut: Future<Output = ()>,
    {
        ForEach::new(self, body)
    }

    /// As [`AsCompleted::drive_while`].
    pub fn drive_while<B: Future>(&mut self, body: B) -> DriveWhile<'_, Self, B> {
        DriveWhile::new(self, body)
    }
}

impl<S: AnySet, K, D> Timeout<AsCompleted<S, K>, D> {
    /// As [`AsCompleted::insert`].
    pub fn insert(&mut self, future: impl IntoFuture<IntoFuture = S::Future>) -> Key
    where
        S: Core,
    {
        self.view.insert(future)
    }

    /// As [`AsCompleted::adder`].
    pub fn adder(&mut self) -> Adder<S::Future>
    where
        S: Core,
    {
        self.view.adder()
    }

    /// As [`AsCompleted::into_set`].
    pub fn into_set(self) -> S {
        self.view.set
    }

    /// As [`AsCompleted::progress`].
    pub fn progress(&self) -> Progress
    where
        S: Core,
    {
        self.view.progress()
    }
}

//! What a child is called.

use core::fmt;

/// The name of one future in one [`FutureSet`](crate::FutureSet).
///
/// A key is never given to a second future: once its future is gone, it finds nothing. In a set that did not make it, a
/// key finds nothing either. Keys are ordered by insertion.
///
/// # Examples
///
/// ```
/// use rejoin::FutureSet;
///
/// let mut set = FutureSet::new();
/// let first = set.insert(std::future::ready('a'));
/// let second = set.insert(std::future::ready('b'));
/// assert_eq!((first.index(), second.index()), (0, 1));
/// assert!(first < second);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub(super) index: u64,
    pub(super) set: u32,
    pub(super) place: u32,
}

impl Key {
    /// The position of the future in the order of insertion into its set, from 0 on.
    ///
    /// For a view that was made from an iterator this is the index of the input.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index as usize
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.index).finish()
    }
}

/// An output, and which future it is from: an item of [`wait`](crate::wait())'s `done`, of a
/// [keyed](crate::AsCompleted::keyed) `as_completed`, and of a [`FutureSet`](crate::FutureSet).
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::{Completed, as_completed};
///
/// let words = ["gather", "wait"];
/// let mut lengths = as_completed(words.map(async |word| word.len())).keyed();
/// while let Some(Completed { key, output }) = lengths.next().await {
///     assert_eq!(words[key.index()].len(), output);
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Completed<T> {
    /// The name of the future.
    pub key: Key,
    /// What it completed with.
    pub output: T,
}

impl<T> From<Completed<T>> for (Key, T) {
    fn from(completed: Completed<T>) -> Self {
        (completed.key, completed.output)
    }
}

//! The atomics, cells and shared boxes of the ground floor: `core`'s, or loom's when a model checks them.

#[cfg(not(rejoin_loom))]
mod real {
    pub(crate) use alloc::sync::Arc;
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, fence};

    /// `core`'s `UnsafeCell` with the interface of loom's.
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(not(rejoin_loom))]
pub(crate) use real::*;

#[cfg(rejoin_loom)]
mod model {
    use core::cell::Cell;
    use core::ops::Deref;

    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::sync::atomic::{AtomicBool, fence};

    /// How many atomics were made, and how many of them are gone.
    #[derive(Clone, Copy)]
    pub(crate) struct Census {
        pub(crate) made: usize,
        pub(crate) gone: usize,
    }

    std::thread_local! {
        // loom's threads are coroutines of one thread.
        static CENSUS: Cell<Census> = const { Cell::new(Census { made: 0, gone: 0 }) };
    }

    pub(crate) fn census() -> Census {
        CENSUS.get()
    }

    fn count(made: usize, gone: usize) {
        let before = census();
        CENSUS.set(Census {
            made: before.made + made,
            gone: before.gone + gone,
        });
    }

    /// loom's atomics, whose end counts as a write, so that loom finds what is freed too early, and is counted, so that a model
    /// finds what is not freed.
    macro_rules! atomics {
        ($($name:ident $(<$of:ident>)?: $value:ty,)*) => {$(
            pub(crate) struct $name$(<$of>)?(loom::sync::atomic::$name$(<$of>)?);

            impl$(<$of>)? $name$(<$of>)? {
                #[track_caller]
                pub(crate) fn new(value: $value) -> Self {
                    count(1, 0);
                    Self(loom::sync::atomic::$name::new(value))
                }
            }

            impl$(<$of>)? Deref for $name$(<$of>)? {
                type Target = loom::sync::atomic::$name$(<$of>)?;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }

            impl$(<$of>)? Drop for $name$(<$of>)? {
                fn drop(&mut self) {
                    count(0, 1);
                    if !std::thread::panicking() {
                        self.0.with_mut(|_| ());
                    }
                }
            }
        )*};
    }

    atomics! {
        AtomicPtr<T>: *mut T,
        AtomicU32: u32,
        AtomicUsize: usize,
    }
}

#[cfg(rejoin_loom)]
pub(crate) use model::*;

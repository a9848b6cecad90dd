//! What a worker does, over and over, each time something else.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use rejoin::{
    Adder, AtLeast, FirstCompleted, FirstError, FirstSuccess, FutureSet, Key, as_completed,
    create_task, gather, limit, try_gather, wait,
};

use crate::child::{Child, Outcome, Planned, rung, yields};
use crate::runtime::Runtime;
use crate::tally::{Event, Tally};
use crate::threads::Threads;

/// A task of the runtime that uses every view.
pub struct Worker {
    random: Random,
    runtime: Runtime,
    threads: Arc<Threads>,
    tally: Arc<Tally>,
}

impl Worker {
    pub fn new(seed: u64, runtime: Runtime, threads: &Arc<Threads>, tally: Arc<Tally>) -> Self {
        Self {
            random: Random::new(seed),
            runtime,
            threads: Arc::clone(threads),
            tally,
        }
    }

    pub async fn work_until(mut self, end: Instant) {
        while Instant::now() < end {
            match self.random.below(8) {
                0 => self.gather_limited().await,
                1 => self.gather_groups().await,
                2 => self.gather_late().await,
                3 => self.try_gather().await,
                4 => self.stream().await,
                5 => self.for_each().await,
                6 => self.waits().await,
                _ => self.tree().await,
            }
        }
    }

    fn number(&mut self) -> usize {
        self.random.below(40)
    }

    fn nap(&mut self) -> Duration {
        Duration::from_micros(self.random.below(3000) as u64)
    }

    /// A child that ends by itself.
    fn child(&mut self) -> Child {
        let succeeds = self.random.below(10) != 0;
        let times = self.random.below(5);
        match self.random.below(60) {
            0 => Child::new(&self.tally, async move {
                yields(times).await;
                resume_unwind(Box::new(Planned))
            }),
            1..10 => {
                let sleep = self.runtime.sleep(self.nap());
                Child::new(&self.tally, async move {
                    sleep.await;
                    succeeds
                })
            }
            10..20 => {
                let (threads, number) = (Arc::clone(&self.threads), self.random.below(2));
                Child::new(&self.tally, async move {
                    rung(threads, number).await;
                    succeeds
                })
            }
            20..25 => self.background(times, succeeds),
            _ => Child::new(&self.tally, async move {
                yields(times).await;
                succeeds
            }),
        }
    }

    /// A child that waits for a task of the runtime, which counts for itself.
    fn background(&self, times: usize, succeeds: bool) -> Child {
        let (tally, runtime) = (Arc::clone(&self.tally), self.runtime);
        Child::new(&self.tally, async move {
            let inner = Child::new(&tally, async move {
                yields(times).await;
                succeeds
            });
            let result = create_task(inner, |task| runtime.spawn(task)).await;
            let outcome = result.expect("nobody aborts it while somebody waits");
            outcome.map(|output| output.claim()).is_ok()
        })
    }

    /// A child that never ends by itself.
    fn endless(&self) -> Child {
        Child::new(&self.tally, std::future::pending())
    }

    fn children(&mut self) -> Vec<Child> {
        (0..self.number()).map(|_| self.child()).collect()
    }

    fn claim(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            outcome.unwrap_or_else(|output| output).claim();
        }
    }

    /// The view's result, unless a child panics in it.
    async fn caught<T>(&self, view: impl Future<Output = T>) -> Option<T> {
        match AssertUnwindSafe(view).catch_unwind().await {
            Ok(output) => Some(output),
            Err(payload) if payload.is::<Planned>() => {
                self.tally.count(Event::Caught);
                None
            }
            Err(payload) => resume_unwind(payload),
        }
    }

    async fn gather_limited(&mut self) {
        let at_once = 1 + self.random.below(10);
        let children = self.children();
        let count = children.len();
        if let Some(outcomes) = self.caught(gather(limit(at_once, children))).await {
            assert_eq!(outcomes.len(), count);
            self.claim(outcomes);
        }
    }

    async fn gather_groups(&mut self) {
        let groups: Vec<_> = (0..5).map(|_| gather(self.children())).collect();
        if let Some(groups) = self.caught(gather(groups)).await {
            self.claim(groups.into_iter().flatten());
        }
    }

    /// Some of them never end: a timeout does, once with and once without the set.
    async fn gather_late(&mut self) {
        let mut set: FutureSet<Child> = self.children().into_iter().collect();
        let endless: Vec<Key> = (0..self.number())
            .map(|_| set.insert(self.endless()))
            .collect();
        let timer = self.runtime.sleep(self.nap());
        let Some(result) = self.caught(gather(&mut set).timeout(timer)).await else {
            return;
        };
        match result {
            Ok(outcomes) => return self.claim(outcomes),
            Err(late) => assert!(late.finished() <= late.total()),
        }
        if self.random.below(2) == 0 {
            return;
        }
        for key in endless {
            self.tally.cancelling(|| set.cancel(key));
        }
        while !set.is_empty() {
            if let Some(outcomes) = self.caught(gather(&mut set)).await {
                self.claim(outcomes);
            }
        }
    }

    async fn try_gather(&mut self) {
        let mut set: FutureSet<Child> = self.children().into_iter().collect();
        loop {
            match self.caught(try_gather(&mut set)).await {
                Some(Ok(outputs)) => return self.claim(outputs.into_iter().map(Ok)),
                Some(Err(output)) => output.claim(),
                None => {}
            }
            if self.random.below(4) == 0 {
                // What is left is dropped with the set.
                return;
            }
        }
    }

    /// Items while others are put in and cancelled, each from a view of its own, which is given up when it takes too long.
    async fn stream(&mut self) {
        let mut set: FutureSet<Child> = self.children().into_iter().collect();
        let mut endless: Vec<Key> = (0..3).map(|_| set.insert(self.endless())).collect();
        for _ in 0..self.number() {
            let timer = self.runtime.sleep(self.nap());
            let mut items = as_completed(&mut set).timeout(timer);
            if let Some(Some(Ok(outcome))) = self.caught(items.next()).await {
                self.claim([outcome]);
            }
            if self.random.below(3) != 0 {
                set.insert(self.child());
            } else if let Some(key) = endless.pop() {
                self.tally.cancelling(|| set.cancel(key));
            }
        }
    }

    async fn for_each(&mut self) {
        let at_once = 1 + self.random.below(10);
        let children = self.children();
        let times = self.random.below(3);
        let worker = &*self;
        let items = as_completed(limit(at_once, children));
        let each = items.for_each(async |outcome| {
            yields(times).await;
            worker.claim([outcome]);
        });
        self.caught(each).await;
    }

    /// A loop of waits over what is pending, under every condition, some with a timeout.
    async fn waits(&mut self) {
        let mut set: FutureSet<Child> = self.children().into_iter().collect();
        while !set.is_empty() {
            let timer = self.runtime.sleep(self.nap());
            let number = self.random.below(5);
            let pending = wait(&mut set);
            let waited = match number {
                0 => self.caught(pending.return_when(FirstCompleted)).await,
                1 => self.caught(pending.return_when(FirstError)).await,
                2 => self.caught(pending.return_when(FirstSuccess)).await,
                3 => self.caught(pending.return_when(AtLeast(3))).await,
                _ => self.caught(pending.timeout(timer)).await,
            };
            let done = waited.map(|(done, _)| done).unwrap_or_default();
            self.claim(done.into_iter().map(|completed| completed.output));
            if self.random.below(20) == 0 {
                return;
            }
        }
    }

    /// Children add children, and so does a thread.
    async fn tree(&mut self) {
        let mut set = FutureSet::new();
        let adder = set.adder();
        let depth = self.random.below(4);
        set.insert(self.adding(depth, adder.clone()));
        let late = self.child();
        self.threads.run(self.random.below(2), move || {
            // Whether it comes in time or not: it ends.
            drop(adder.insert(late));
        });
        while !set.is_empty() {
            let outcomes = self.caught(gather(&mut set)).await;
            self.claim(outcomes.unwrap_or_default());
        }
    }

    fn adding(&mut self, depth: usize, adder: Adder<Child>) -> Child {
        let mut below = Vec::new();
        if depth > 0 {
            below.extend((0..2).map(|_| self.adding(depth - 1, adder.clone())));
            below.push(self.child());
        }
        Child::new(&self.tally, async move {
            for child in below {
                yields(1).await;
                adder.insert(child).expect("its set is open while it runs");
            }
            true
        })
    }
}

/// A small generator (xorshift64*).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        bits as usize % bound
    }
}

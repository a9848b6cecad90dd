use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;

type Errand = Box<dyn FnOnce() + Send>;

/// Threads outside of any executor that run errands: waking, adding.
pub struct Threads(Vec<Mutex<Sender<Errand>>>);

impl Threads {
    pub fn start() -> Self {
        let start = || {
            let (sender, errands) = mpsc::channel::<Errand>();
            thread::spawn(move || errands.into_iter().for_each(|errand| errand()));
            Mutex::new(sender)
        };
        Self((0..2).map(|_| start()).collect())
    }

    pub fn run(&self, number: usize, errand: impl FnOnce() + Send + 'static) {
        let sender = self.0[number % self.0.len()].lock().unwrap();
        sender
            .send(Box::new(errand))
            .expect("the threads live as long as we do");
    }
}

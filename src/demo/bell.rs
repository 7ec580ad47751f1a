//! Wakes the clockwork before its time. May use parking_lot. Used by `callbacks` and
//! `actions` (there is something new to do), the handle in `mod` (stop), and `clockwork`, which waits for it.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// The bell.
#[derive(Default)]
pub struct Bell {
    rung: Mutex<Rung>,
    rings: Condvar,
}

#[derive(Default)]
struct Rung {
    news: bool,
    stop: bool,
}

impl Bell {
    /// There is something new to do.
    pub fn ring(&self) {
        self.rung.lock().news = true;
        self.rings.notify_one();
    }

    /// There is nothing to do any more, for good.
    pub fn stop(&self) {
        self.rung.lock().stop = true;
        self.rings.notify_one();
    }

    /// Whether it was told to stop.
    pub fn stops(&self) -> bool {
        self.rung.lock().stop
    }

    /// Waits until it rings, or for so long, or for ever.
    pub fn wait(&self, at_most: Option<Duration>) {
        let mut rung = self.rung.lock();
        if !rung.news && !rung.stop {
            match at_most {
                Some(at_most) => {
                    self.rings.wait_for(&mut rung, at_most);
                }
                None => self.rings.wait(&mut rung),
            }
        }
        rung.news = false;
    }
}

//! A gauge that is read when somebody asks, and costs nothing until then.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, Result};

/// A gauge and where its value comes from.
pub(super) struct Watched {
    gauge: Gauge,
    read: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl Watched {
    pub(super) fn new(name: &str, help: &str, read: impl Fn() -> f64 + Send + Sync + 'static) -> Result<Self> {
        Ok(Self { gauge: Gauge::new(name, help)?, read: Box::new(read) })
    }
}

impl Collector for Watched {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.set((self.read)());
        self.gauge.collect()
    }
}

//! Keeps the sums of the store's own histograms.

use crate::Failure;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Sums = HashMap<String, (f64, u64)>;

/// Sum and count by name.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Sums>>);

struct One {
    name: String,
    sums: Recorder,
}

impl Recorder {
    pub(crate) fn install() -> Result<Self, Failure> {
        let recorder = Self::default();
        metrics::set_global_recorder(recorder.clone()).map_err(|error| error.to_string())?;
        Ok(recorder)
    }

    fn sums(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        self.sums().clear();
    }

    pub(crate) fn mean(&self, name: &str) -> f64 {
        self.sums().get(name).map_or(0.0, |(sum, count)| sum / *count as f64)
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        let mut sums = self.sums.sums();
        let (sum, count) = sums.entry(self.name.clone()).or_default();
        *sum += value;
        *count += 1;
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(One { name: key.name().to_owned(), sums: self.clone() }))
    }
}

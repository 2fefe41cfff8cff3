//! The pool of connections to PostgreSQL, for the metrics: read when they are.

use std::sync::{Arc, Weak};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, Registry};

use super::Store;
use super::database::Database;
use crate::metrics::gauge;

/// Gauges of a pool. The store may be closed although the metrics are still there.
struct PoolCounts {
    database: Weak<Database>,
    most: IntGauge,
    open: IntGauge,
    idle: IntGauge,
    waiting: IntGauge,
}

impl PoolCounts {
    fn parts(&self) -> [&IntGauge; 4] {
        [&self.most, &self.open, &self.idle, &self.waiting]
    }
}

impl Collector for PoolCounts {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(status) = self.database.upgrade().and_then(|database| database.pool_status())
        else {
            return Vec::new();
        };
        let values = [status.most, status.open, status.idle, status.waiting];
        for (part, value) in self.parts().into_iter().zip(values) {
            part.set(gauge(value as u64));
        }
        self.parts().into_iter().flat_map(Collector::collect).collect()
    }
}

impl Store {
    /// Registers the gauges of the pool of connections; SQLite has none.
    pub(crate) fn register_pool_counts(&self, registry: &Registry) -> prometheus::Result<()> {
        if self.database.database.pool_status().is_none() {
            return Ok(());
        }
        registry.register(Box::new(PoolCounts {
            database: Arc::downgrade(&self.database.database),
            most: IntGauge::new(
                "tegata_store_connections_max",
                "Connections to the database that this process may have open.",
            )?,
            open: IntGauge::new(
                "tegata_store_connections",
                "Connections to the database that are open.",
            )?,
            idle: IntGauge::new(
                "tegata_store_connections_idle",
                "Open connections to the database that nobody uses.",
            )?,
            waiting: IntGauge::new(
                "tegata_store_connections_waiting",
                "Callers that wait for a connection to the database.",
            )?,
        }))
    }
}

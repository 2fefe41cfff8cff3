//! What the process uses, under the names that each client library of Prometheus gives it. Read from `/proc` when the
//! metrics are, so on Linux alone; elsewhere only the start is known.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge};

use super::gauge::gauge;

/// Ticks in a second of what `/proc/self/stat` counts (`USER_HZ`): 100 on every platform that Rust's Linux targets have.
const TICKS: f64 = 100.0;

/// Use of the processor, memory and files by this process.
pub(super) struct ProcessUsage {
    cpu: Counter,
    start: Gauge,
    resident: IntGauge,
    open_files: IntGauge,
    most_files: IntGauge,
    /// Held while the counter is brought up to what the system counted.
    reading: Mutex<()>,
}

impl ProcessUsage {
    pub(super) fn new() -> prometheus::Result<Self> {
        let new = Self {
            cpu: Counter::new(
                "process_cpu_seconds_total",
                "User and system time of the processor that was used, in seconds.",
            )?,
            start: Gauge::new(
                "process_start_time_seconds",
                "Unix time at which the service was started.",
            )?,
            resident: IntGauge::new("process_resident_memory_bytes", "Resident memory in bytes.")?,
            open_files: IntGauge::new("process_open_fds", "Open file descriptors.")?,
            most_files: IntGauge::new("process_max_fds", "File descriptors that may be open.")?,
            reading: Mutex::default(),
        };
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        new.start.set(since.as_secs_f64());
        Ok(new)
    }

    /// Every metric, as a registry takes it.
    fn parts(&self) -> [&dyn Collector; 5] {
        [&self.cpu, &self.start, &self.resident, &self.open_files, &self.most_files]
    }

    fn read(&self) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let file = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        if let Some(used) = file("stat").as_deref().and_then(cpu_seconds) {
            self.cpu.inc_by((used - self.cpu.get()).max(0.0));
        }
        if let Some(bytes) = file("status").as_deref().and_then(resident_bytes) {
            self.resident.set(gauge(bytes));
        }
        if let Some(most) = file("limits").as_deref().and_then(most_files) {
            self.most_files.set(gauge(most));
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is the folder that is read.
            self.open_files.set(gauge(open.count().saturating_sub(1) as u64));
        }
    }
}

impl Collector for ProcessUsage {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        self.parts().into_iter().flat_map(Collector::collect).collect()
    }
}

/// Seconds in user and system mode, of `/proc/self/stat` (proc(5), fields 14 and 15). The name in field 2 may have spaces and
/// parentheses.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, from_state) = stat.rsplit_once(')')?;
    let mut times = from_state.split_whitespace().skip(11).map(str::parse::<u32>);
    let [user, system] = [times.next()?.ok()?, times.next()?.ok()?].map(f64::from);
    Some((user + system) / TICKS)
}

/// Resident memory, of `/proc/self/status`.
fn resident_bytes(status: &str) -> Option<u64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kibibytes.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The soft limit of open files, of `/proc/self/limits`; none if there is no limit.
fn most_files(limits: &str) -> Option<u64> {
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    files.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_proc_are_read_as_the_manual_says() {
        let stat = "7 (a ) (b) R 1 7 7 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 4 0 99 1000 20";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("7 (a) R 1"), None);
        assert_eq!(resident_bytes("Name:\ta\nVmRSS:\t    1536 kB\n"), Some(1_572_864));
        assert_eq!(resident_bytes("Name:\ta\n"), None);
        let limits = "Max processes   4   4   processes\nMax open files   1024   4096   files\n";
        assert_eq!(most_files(limits), Some(1024));
        assert_eq!(most_files("Max open files   unlimited   unlimited   files\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_measured_and_time_never_goes_back() {
        let usage = ProcessUsage::new().unwrap();
        usage.read();
        let before = usage.cpu.get();
        usage.read();
        assert!(usage.cpu.get() >= before);
        assert!(usage.resident.get() > 100_000, "{}", usage.resident.get());
        assert!((1..=usage.most_files.get()).contains(&usage.open_files.get()));
        assert!(usage.start.get() > 1_700_000_000.0);
    }
}

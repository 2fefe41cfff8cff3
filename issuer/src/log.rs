//! The log: on standard error, one line for each request, without a word of what it contained.

use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, LogLevel};

/// What writes the log, in this format, from this weight on, to there.
fn subscriber<W>(format: LogFormat, level: LogLevel, to: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let fmt = tracing_subscriber::fmt().with_max_level(level).with_writer(to).with_ansi(false);
    match format {
        LogFormat::Text => Box::new(fmt.finish()),
        LogFormat::Json => Box::new(fmt.json().flatten_event(true).finish()),
    }
}

/// For a process that is the service and nothing else: sends the log `to` there (such as [`std::io::stderr`]), and panics
/// with it, of which it says only where they were: their text may hold what a request contained.
pub fn install<W>(format: LogFormat, level: LogLevel, to: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // It fails if there is a log already, which then is somebody's choice.
    let _ = tracing::subscriber::set_global_default(subscriber(format, level, to));
    std::panic::set_hook(Box::new(panicked));
}

/// Says that the database cannot be reached: once, and then once a minute as long as that lasts, whoever finds it out.
pub(crate) fn database_unavailable(error: &dyn std::fmt::Display) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| last.elapsed() >= OUTAGE_LINE) {
        *last = Some(Instant::now());
        drop(last);
        tracing::error!(%error, "database unavailable; this is said once a minute");
    }
}

/// How often it is said that the database cannot be reached.
const OUTAGE_LINE: Duration = Duration::from_mins(1);

/// What is logged of a panic.
fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "panic");
}

//! The queues of the threads that hash: one for devices that accounts know, and one for strangers, in which each block
//! of networks waits in a line of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::domain::{Network, NetworkBlock};

/// Which queue a password waits in. The threads take from both in turns, so that neither waits for more than its own.
///
/// Strangers fill theirs at will, over any number of addresses, and would keep everybody out of one queue for all. The
/// other is for requests signed by a device that the account knows: no address tells by it whether it has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashQueue {
    /// A request by anybody, from this network.
    Untrusted(Network),
    /// A request that was signed by a device which the account knows, or came with a proof that nobody guesses.
    KnownDevice,
}

/// What a job is told when it leaves its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobSignal {
    /// It is its turn: do the work.
    Run,
    /// Another network, which had less waiting, needed the place: give up.
    Displaced,
}

pub(super) type Job = Box<dyn FnOnce(JobSignal) + Send>;

/// How many times the room of the strangers' queue there is for networks of which nothing waits yet.
const RESERVE: usize = 4;

/// What waits for the threads.
pub(super) struct Queues {
    /// How many may wait in each queue.
    room: usize,
    waiting: Mutex<Waiting>,
    /// There is something to do, or it is over.
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    strangers: Strangers,
    known_devices: VecDeque<Job>,
    /// Whether a known device's job is next, if both queues have one.
    known_device_next: bool,
    is_over: bool,
}

/// A queue has no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueFull {
    /// How many jobs come before one that is put into the queue as soon as there is room.
    pub(super) ahead: usize,
}

impl Queues {
    /// Makes both queues, with room for so many jobs in each.
    pub(super) fn new(room: usize) -> Self {
        Self { room, waiting: Mutex::default(), more: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job into its queue. One that has to leave for it is told so.
    pub(super) fn put(&self, queue: HashQueue, job: Job) -> Result<(), QueueFull> {
        let mut waiting = self.lock();
        let (ours, others) = match queue {
            HashQueue::Untrusted(_) => (waiting.strangers.count, waiting.known_devices.len()),
            HashQueue::KnownDevice => (waiting.known_devices.len(), waiting.strangers.count),
        };
        let full = QueueFull { ahead: ours + others.min(ours) };
        let displaced = match queue {
            HashQueue::Untrusted(network) => {
                waiting.strangers.put(network, job, self.room).map_err(|NoPlace| full)?
            }
            HashQueue::KnownDevice if ours >= self.room => return Err(full),
            HashQueue::KnownDevice => {
                waiting.known_devices.push_back(job);
                None
            }
        };
        drop(waiting);
        self.more.notify_one();
        if let Some(displaced) = displaced {
            displaced(JobSignal::Displaced);
        }
        Ok(())
    }

    /// The next job; `None` when it is over.
    pub(super) fn take(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.next() {
                return Some(job);
            }
            if waiting.is_over {
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the threads end once they have done what waits.
    pub(super) fn close(&self) {
        self.lock().is_over = true;
        self.more.notify_all();
    }
}

impl Waiting {
    fn next(&mut self) -> Option<Job> {
        if self.known_device_next
            && let Some(job) = self.known_devices.pop_front()
        {
            self.known_device_next = false;
            return Some(job);
        }
        // Who had nothing waiting loses no turn by it.
        if let Some(job) = self.strangers.next() {
            self.known_device_next = true;
            return Some(job);
        }
        self.known_devices.pop_front()
    }
}

/// The jobs of strangers: a line for each block of networks, served in turns. While there is room, a line is as long as
/// it likes; when there is none, whoever has less waiting takes the place of who has most. So a flood from one network
/// delays others by one job for each of its own.
#[derive(Default)]
struct Strangers {
    lines: HashMap<NetworkBlock, VecDeque<(u8, Job)>>,
    turns: VecDeque<NetworkBlock>,
    count: usize,
}

/// There is no place for one more job of this network.
struct NoPlace;

impl Strangers {
    fn put(&mut self, network: Network, job: Job, room: usize) -> Result<Option<Job>, NoPlace> {
        let block = network.block();
        let ours = self.lines.get(&block).map_or(0, VecDeque::len);
        let mut displaced = None;
        if self.count >= room {
            displaced = self.displace(network, ours);
            let is_reserved = ours == 0 && self.count < room.saturating_mul(RESERVE);
            if displaced.is_none() && !is_reserved {
                return Err(NoPlace);
            }
        }
        if ours == 0 {
            self.turns.push_back(block);
        }
        self.lines.entry(block).or_default().push_back((network.part(), job));
        self.count += 1;
        Ok(displaced)
    }

    /// Takes the last job of the longest line for one of `network`, if that has less waiting.
    fn displace(&mut self, network: Network, ours: usize) -> Option<Job> {
        let most = self.lines.iter().max_by_key(|(_, line)| line.len());
        let (block, longest) = most.map(|(block, line)| (*block, line.len()))?;
        let line = self.lines.get_mut(&block)?;
        let mut parts: BTreeMap<u8, usize> = BTreeMap::new();
        for (part, _) in line.iter() {
            *parts.entry(*part).or_default() += 1;
        }
        let (part, of_part) =
            parts.iter().max_by_key(|(_, count)| **count).map(|(p, c)| (*p, *c))?;
        let has_less = if block == network.block() {
            parts.get(&network.part()).copied().unwrap_or_default() + 1 < of_part
        } else {
            ours + 1 < longest
        };
        if !has_less {
            return None;
        }
        let last = line.iter().rposition(|(its, _)| *its == part)?;
        self.count -= 1;
        line.remove(last).map(|(_, job)| job)
    }

    fn next(&mut self) -> Option<Job> {
        let block = self.turns.pop_front()?;
        let line = self.lines.get_mut(&block)?;
        let job = line.pop_front().map(|(_, job)| job);
        if line.is_empty() {
            self.lines.remove(&block);
        } else {
            self.turns.push_back(block);
        }
        self.count -= usize::from(job.is_some());
        job
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The jobs that were worked on, and those that were displaced, by name.
    #[derive(Default)]
    struct Log(Mutex<Vec<(String, JobSignal)>>);

    fn put(queues: &Queues, log: &Arc<Log>, from: &str, name: &str) -> Result<(), QueueFull> {
        let log = Arc::clone(log);
        let name = name.to_owned();
        let network = Network::of(from.parse().unwrap());
        let job = Box::new(move |turn| log.0.lock().unwrap().push((name, turn)));
        queues.put(HashQueue::Untrusted(network), job)
    }

    fn finish(queues: &Queues) {
        queues.close();
        while let Some(job) = queues.take() {
            job(JobSignal::Run);
        }
    }

    fn names(log: &Log, of: JobSignal) -> Vec<String> {
        let log = log.0.lock().unwrap();
        log.iter().filter(|(_, turn)| *turn == of).map(|(name, _)| name.clone()).collect()
    }

    #[test]
    fn a_flood_from_one_network_gives_way_to_another() {
        let queues = Queues::new(4);
        let log = Arc::new(Log::default());
        for nth in 0..4 {
            put(&queues, &log, "192.0.2.1", &format!("flood {nth}")).unwrap();
        }
        assert_eq!(put(&queues, &log, "192.0.2.1", "more"), Err(QueueFull { ahead: 4 }));
        put(&queues, &log, "198.51.100.7", "honest").unwrap();
        finish(&queues);
        assert_eq!(names(&log, JobSignal::Displaced), ["flood 3"]);
        assert_eq!(names(&log, JobSignal::Run), ["flood 0", "honest", "flood 1", "flood 2"]);
    }

    #[test]
    fn a_block_of_networks_waits_in_one_line() {
        let queues = Queues::new(8);
        let log = Arc::new(Log::default());
        for nth in 0..8 {
            put(&queues, &log, &format!("192.0.2.{nth}"), &format!("flood {nth}")).unwrap();
        }
        for nth in 0..3 {
            put(&queues, &log, "198.51.100.7", &format!("honest {nth}")).unwrap();
        }
        finish(&queues);
        assert_eq!(names(&log, JobSignal::Displaced).len(), 3);
        assert_eq!(
            names(&log, JobSignal::Run)[..4],
            ["flood 0", "honest 0", "flood 1", "honest 1"]
        );
    }

    #[test]
    fn within_a_block_the_longest_line_gives_way() {
        let queues = Queues::new(4);
        let log = Arc::new(Log::default());
        for nth in 0..4 {
            put(&queues, &log, "192.0.2.1", &format!("flood {nth}")).unwrap();
        }
        put(&queues, &log, "192.0.2.2", "neighbour").unwrap();
        finish(&queues);
        assert_eq!(names(&log, JobSignal::Displaced), ["flood 3"]);
        assert_eq!(names(&log, JobSignal::Run)[3], "neighbour");
    }

    #[test]
    fn a_crowd_of_networks_finds_a_reserve_that_ends() {
        let queues = Queues::new(2);
        let log = Arc::new(Log::default());
        for nth in 0..8 {
            put(&queues, &log, &format!("192.0.{nth}.1"), "one each").unwrap();
        }
        assert_eq!(put(&queues, &log, "198.51.100.7", "late"), Err(QueueFull { ahead: 8 }));
    }
}

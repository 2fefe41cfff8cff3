//! A port whose connections get no answer, as if its machine were gone: the queue of its listener is full.

use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;

/// A port on which connections get no answer.
pub struct FullPort {
    _listener: Option<(TcpListener, Runtime)>,
    _queued: Vec<TcpStream>,
}

impl FullPort {
    /// Takes a port that nobody listens on any more.
    pub(crate) fn occupy(address: SocketAddr) -> Self {
        let runtime = Runtime::new().unwrap();
        // The dead server's last processes let go of the port a moment after it.
        let entered = runtime.enter();
        let listener = std::iter::repeat_with(|| listen(address))
            .find_map(|listening| listening.map_err(|_| sleep(Duration::from_millis(10))).ok())
            .unwrap();
        drop(entered);
        Self { _listener: Some((listener, runtime)), ..Self::fill(address) }
    }

    /// Fills the queue of a port whose listener is frozen.
    pub(crate) fn fill(address: SocketAddr) -> Self {
        let wait = Duration::from_millis(500);
        let queued =
            std::iter::from_fn(|| TcpStream::connect_timeout(&address, wait).ok()).collect();
        Self { _listener: None, _queued: queued }
    }
}

/// Listens with a queue of one. Call it in a runtime.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1)
}

//! Incoming connections: so many at once, and none that keeps silent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_stream::Stream;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Length of what an HTTP/2 client sends first ("PRI * HTTP/2.0 ..."). A browser's first request of HTTP/1 is longer.
const PREFACE_LEN: usize = 24;

/// Accepts connections from `listener`, at most `connections_max` at once; more wait in the listener's backlog. A
/// connection that has not sent the HTTP/2 preface within `handshake` fails.
pub(super) fn accept(
    listener: TcpListener,
    connections_max: usize,
    handshake: Duration,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let room = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
    tokio::spawn(async move {
        // Ends when the server no longer asks for connections.
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&room).acquire_owned() => permit,
                () = sender.closed() => return,
            };
            let permit = permit.expect("the semaphore of connections is never closed");
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            let connection = accepted.and_then(|(stream, _)| {
                stream.set_nodelay(true)?;
                Ok(Connection::new(stream, handshake, permit))
            });
            let is_exhausted = connection.is_err();
            if sender.send(connection).await.is_err() {
                return;
            }
            if is_exhausted {
                // Typically no descriptors are left; trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

/// A TCP connection that counts against the limit until it is dropped.
pub(super) struct Connection {
    stream: TcpStream,
    /// Bytes of the preface still to come, and how long to wait for them; `None` once they have.
    handshake: Option<(usize, Pin<Box<Sleep>>)>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, handshake: Duration, permit: OwnedSemaphorePermit) -> Self {
        let sleep = Box::pin(tokio::time::sleep(handshake));
        Self {
            stream,
            handshake: Some((PREFACE_LEN, sleep)),
            _permit: permit,
        }
    }

    /// Takes note of `read` bytes; fails once the time for the preface is over.
    fn poll_handshake(&mut self, cx: &mut Context<'_>, read: usize) -> io::Result<()> {
        let Some((missing, sleep)) = &mut self.handshake else {
            return Ok(());
        };
        *missing = missing.saturating_sub(read);
        if *missing == 0 {
            self.handshake = None;
        } else if sleep.as_mut().poll(cx).is_ready() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match self.poll_handshake(cx, buffer.filled().len() - before) {
            Ok(()) => polled,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

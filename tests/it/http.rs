//! A client of plain HTTP, as small as the tests need it.
//!
//! It blocks: the server under test runs on threads of the runtime that the test itself does not hold up.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::service::PATIENCE;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    send(address, "GET", path, &address.to_string(), "")
}

/// Sends a request by the name of `host`.
pub(crate) fn send(address: SocketAddr, method: &str, path: &str, host: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let first = line(&mut reader);
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut reply = Reply {
        status: status.unwrap_or_else(|| panic!("no answer to {method} {path}: {first:?}")),
        headers: Vec::new(),
        body: String::new(),
    };
    while let Some((name, value)) = line(&mut reader).split_once(':') {
        let pair = (name.to_ascii_lowercase(), value.trim().to_owned());
        reply.headers.push(pair);
    }
    reply.body = String::from_utf8(read_body(&reply, &mut reader)).unwrap();
    reply
}

fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn read_body(reply: &Reply, reader: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    if reply.header("transfer-encoding") == "chunked" {
        loop {
            let size = usize::from_str_radix(&line(reader), 16).unwrap();
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk).unwrap();
            line(reader);
            if size == 0 {
                return body;
            }
            body.extend(chunk);
        }
    }
    match reply.header("content-length").parse() {
        Ok(length) => {
            body.resize(length, 0);
            reader.read_exact(&mut body).unwrap();
        }
        Err(_) => {
            reader.read_to_end(&mut body).unwrap();
        }
    }
    body
}

//! A PostgreSQL server of the test's own, from the packages of the distribution.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use punctual::store::StoreUrl;
use tempfile::TempDir;

/// A server on a port of its own. It ends with this value.
pub(super) struct Server {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
    is_root: bool,
}

impl Server {
    /// Starts a server; `None` where PostgreSQL is not installed, unless the tests require it.
    pub(super) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            #[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
            let required = std::env::var("PUNCTUAL_TEST_POSTGRES");
            assert!(
                required.as_deref() != Ok("required"),
                "PostgreSQL is not installed: apt-get install postgresql"
            );
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let id = Command::new("id").arg("-u").output().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            programs,
            is_root: id.stdout.starts_with(b"0\n"),
            port: port.local_addr().unwrap().port(),
            directory,
        };
        drop(port);
        if server.is_root {
            // The server refuses to run as root.
            let mut chown = Command::new("chown");
            succeed(chown.arg("postgres").arg(server.directory.path()));
        }
        let mut initdb = server.command("initdb");
        succeed(
            initdb
                .args(["-A", "trust", "-U", "postgres", "--no-sync", "-D"])
                .arg(server.data()),
        );
        server.run();
        Some(server)
    }

    /// Starts it again. What a killed one leaves behind may take a moment to go.
    pub(super) fn run(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=40",
            self.port,
            self.directory.path().display()
        );
        for _ in 0..50 {
            let mut start = self.command("pg_ctl");
            start.args(["-w", "-o", &options, "-l"]);
            start.arg(self.directory.path().join("log"));
            start.arg("-D").arg(self.data()).arg("start");
            // Not read to the end: the server inherits the pipe.
            if start
                .stdout(std::process::Stdio::null())
                .status()
                .unwrap()
                .success()
            {
                return;
            }
            thread::sleep(Duration::from_millis(200));
        }
        panic!("PostgreSQL does not start");
    }

    /// Kills all its processes at once, with SIGKILL: one that serves a connection would go on for a moment.
    pub(super) fn kill(&self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().trim();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let pids: Vec<&str> = [pid]
            .into_iter()
            .chain(children.split_whitespace())
            .collect();
        // Some may have ended in between.
        let _ = Command::new("kill").arg("-KILL").args(&pids).output();
        let is_there = |pid: &&str| Path::new("/proc").join(pid).join("exe").read_link().is_ok();
        for _ in 0..250 {
            if !pids.iter().any(is_there) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("PostgreSQL cannot be killed");
    }

    /// An empty database.
    pub(super) fn database(&self, name: &str) -> StoreUrl {
        let mut create = self.command("createdb");
        let port = self.port.to_string();
        succeed(create.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", name]));
        StoreUrl::Postgres(format!("postgres://postgres@127.0.0.1:{port}/{name}"))
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if self.is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["-m", "immediate", "-w", "-D"]).arg(self.data());
        // It may have been killed.
        let _ = stop.arg("stop").output();
    }
}

/// Where the newest server is installed.
fn programs() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
    let programs = versions.flatten().map(|version| version.path().join("bin"));
    programs.filter(|bin| bin.join("initdb").exists()).max()
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {says}");
    output
}

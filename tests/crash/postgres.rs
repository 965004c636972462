//! A PostgreSQL of its own, from the system's packages, that can be killed.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait until it takes connections.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running PostgreSQL.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    /// Whom it runs as, if that is not who runs the test.
    user: Option<(u32, u32)>,
    port: u16,
    postmaster: Option<Child>,
}

impl Postgres {
    /// Starts one; `None`, after a message, if it is not installed and need not be.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let is_required =
                std::env::var("PUNCTUAL_TEST_POSTGRES").is_ok_and(|said| said == "required");
            assert!(!is_required, "PostgreSQL is not installed");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // It does not run as root.
        let is_root = fs::metadata(folder.path()).unwrap().uid() == 0;
        let user = is_root.then(|| user("postgres"));
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut postgres = Self {
            programs,
            folder,
            user,
            port,
            postmaster: None,
        };
        let made = postgres
            .command("initdb")
            .args(["--username=punctual", "--auth=trust", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(postgres.folder.path().join("data"))
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        postgres.revive();
        Some(postgres)
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("postgres://punctual@127.0.0.1:{}/postgres", self.port)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        let log = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts it again and waits until it takes connections.
    pub(crate) fn revive(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let is_running = match &mut self.postmaster {
                Some(postmaster) => postmaster.try_wait().unwrap().is_none(),
                None => false,
            };
            if !is_running {
                // Right after a kill it may refuse to start, because old processes hold on to shared memory.
                self.postmaster = Some(self.spawn());
            }
            let port = self.port.to_string();
            let ready = self
                .command("pg_isready")
                .args(["--host=127.0.0.1", "--quiet", "--port", &port])
                .status()
                .unwrap();
            if ready.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start:\n{log}");
    }

    fn spawn(&self) -> Child {
        let port = self.port.to_string();
        self.command("postgres")
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-p", &port, "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", "fsync=on"])
            .spawn()
            .unwrap()
    }

    /// Kills all its processes with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else {
            return;
        };
        let mut victims = vec![postmaster.id().to_string()];
        victims.extend(children(postmaster.id()));
        let mut kill = Command::new("kill");
        kill.arg("-9").args(&victims).stderr(Stdio::null());
        // Some may have ended meanwhile.
        let _ = kill.status();
        let _ = postmaster.kill();
        postmaster.wait().unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where the newest installed version has its programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let usable = folders.filter(|folder| folder.join("postgres").exists());
    usable.max_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name);
        version.and_then(|name| name.to_str()?.parse::<u32>().ok())
    })
}

/// The numbers of a user and its group.
fn user(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name));
    let mut fields = line
        .expect("PostgreSQL's package makes a user")
        .split(':')
        .skip(2);
    let mut number = || fields.next().unwrap().parse().unwrap();
    (number(), number())
}

/// The processes that `parent` has started.
fn children(parent: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap();
    let is_child = |process: &String| {
        let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // After the name, in parentheses: the state, then the parent.
        let rest = status.rsplit(')').next().unwrap_or_default();
        rest.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    processes
        .filter_map(|process| process.ok()?.file_name().into_string().ok())
        .filter(|process| process.parse::<u32>().is_ok() && is_child(process))
        .collect()
}

//! The Python client in the README, run against a real server.

use std::fs;
use std::path::Path;
use std::process::Command;

use punctual::generate::{DaySpec, bookings, day_terms};
use punctual::grpc::{convert, json, pb};
use tempfile::TempDir;

use crate::service::Service;

/// A Python with gRPC and its code generator: the one that the environment names, or else `python3` if it has them.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests decides which Python is used"
)]
fn python() -> Option<String> {
    let named = std::env::var("PUNCTUAL_TEST_PYTHON").ok();
    named.or_else(|| {
        let tried = Command::new("python3")
            .args(["-c", "import grpc, grpc_tools"])
            .output();
        let has_grpc = tried.is_ok_and(|output| output.status.success());
        has_grpc.then(|| "python3".to_owned())
    })
}

/// Runs a command in `folder`; gives what it prints.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program)
        .current_dir(folder)
        .args(arguments)
        .output();
    let ran = ran.unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{program}: {errors}");
    String::from_utf8(ran.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_in_the_readme_gets_a_window_promised() {
    let Some(python) = python() else {
        println!(
            "skipped: python3 has no grpcio-tools, and PUNCTUAL_TEST_PYTHON names none that has"
        );
        return;
    };
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    let scripts = readme.split("```python\n").skip(1);
    let scripts = scripts.map(|rest| rest.split("```").next().unwrap());
    let script = scripts
        .into_iter()
        .find(|script| script.contains("PromiseServiceStub"));
    let script = script.unwrap();
    assert!(script.lines().count() <= 40);

    let spec = DaySpec {
        date: jiff::civil::date(2035, 6, 5),
        ..DaySpec::small()
    };
    let service = Service::start().await;
    let terms = day_terms(&spec);
    let mut promises = service.promises().await;
    let opened = promises.open_day(pb::OpenDayRequest {
        request_id: "open".to_owned(),
        terms: Some(convert::terms_message(&terms)),
    });
    opened.await.unwrap();

    let folder = TempDir::new().unwrap();
    let order = convert::booking_message(&bookings(&spec)[0]);
    fs::write(folder.path().join("order.json"), json::write(&order)).unwrap();
    fs::write(folder.path().join("client.py"), script).unwrap();
    let address = service.address.to_string();
    let printed = tokio::task::spawn_blocking(move || {
        let out = folder.path().to_str().unwrap();
        let protos = fs::read_dir(project.join("proto/punctual/v1")).unwrap();
        let protos =
            protos.map(|file| format!("punctual/v1/{}", file.unwrap().file_name().display()));
        let protos: Vec<String> = protos.collect();
        let (python_out, grpc_out) = (
            format!("--python_out={out}"),
            format!("--grpc_python_out={out}"),
        );
        let mut generate = vec!["-m", "grpc_tools.protoc", "-I", ".", &python_out, &grpc_out];
        generate.extend(protos.iter().map(String::as_str));
        run(&project.join("proto"), &python, &generate);
        let client = ["client.py", &address, terms.id.as_str(), "order.json"];
        run(folder.path(), &python, &client)
    });
    let printed = printed.await.unwrap();
    assert!(printed.contains("is promised"), "{printed}");
    assert!(printed.contains("10-12: "), "{printed}");
}

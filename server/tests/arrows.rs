//! Which crate of the workspace may know which.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Who knows whom: the first depends on the second.
type Arrow = (String, String);

/// The arrows that there are, and a reason for each.
const THERE: [(&str, &str); 7] = [
    // A line is a line to everybody.
    ("engine", "record"),
    ("agent", "record"),
    ("app", "record"),
    ("server", "record"),
    // The server is the door: it alone puts the rooms together.
    ("server", "engine"),
    ("server", "app"),
    // Shipping is a subcommand of the server's binary.
    ("server", "agent"),
];

#[test]
fn no_crate_knows_more_than_the_design_allows() {
    let allowed = THERE.map(owned).into();
    let found = arrows();
    let wrong = found.difference(&allowed);
    let wrong: Vec<_> = wrong.map(told).collect();
    assert!(
        wrong.is_empty(),
        "wrong: {}; allowed are only: {}. Move the code, or change the design first",
        wrong.join(", "),
        allowed.iter().map(told).collect::<Vec<_>>().join(", "),
    );
}

#[test]
fn every_arrow_of_the_design_is_there() {
    let found = arrows();
    for arrow in &THERE {
        let arrow = owned(*arrow);
        assert!(
            found.contains(&arrow),
            "missing: {}; if it is gone for good, change the design and this list",
            told(&arrow),
        );
    }
}

/// Every arrow between crates of this workspace, whatever it is needed for: building, tests, build scripts.
fn arrows() -> BTreeSet<Arrow> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .expect("cargo runs");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo's metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    packages
        .iter()
        .flat_map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            dependencies.iter().map(|dependency| (name(package), name(dependency)))
        })
        .filter(|(_, to)| members.contains(to))
        .collect()
}

fn owned((from, to): (&str, &str)) -> Arrow {
    (from.to_owned(), to.to_owned())
}

fn told((from, to): &Arrow) -> String {
    format!("{to} ← {from}")
}

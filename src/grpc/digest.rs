//! Digests that answers carry, so that people can tell whether two of them speak of the same thing.

use prost::Message;
use sha2::{Digest, Sha256};

use super::pb;

/// SHA-256 of the canonical encoding of `problem`, in hexadecimal: fields by number, maps by key.
#[must_use]
pub fn input_digest(problem: &pb::Problem) -> String {
    hex(&Sha256::digest(problem.encode_to_vec()))
}

/// First 16 hexadecimal digits of the SHA-256 of the routes: equal plans have equal versions.
#[must_use]
pub fn plan_version(routes: &[pb::Route]) -> String {
    let mut digest = Sha256::new();
    for route in routes {
        digest.update(route.encode_length_delimited_to_vec());
    }
    hex(&digest.finalize()[..8])
}

/// SHA-256 of everything that a request for a job asks for, the request id apart.
pub(super) fn request_body(request: &pb::StartPlanRequest) -> [u8; 32] {
    let body = pb::SolvePlanRequest {
        problem: request.problem.clone(),
        options: request.options.clone(),
        initial_plan: request.initial_plan.clone(),
    };
    Sha256::digest(body.encode_to_vec()).into()
}

/// SHA-256 of a call's name and of everything in its request, from which the request id has been taken.
pub(super) fn call_body(call: &str, request: &impl Message) -> [u8; 32] {
    Sha256::new()
        .chain_update(call)
        .chain_update([0])
        .chain_update(request.encode_to_vec())
        .finalize()
        .into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_plans_have_equal_versions_and_others_do_not() {
        let route = |courier: &str| pb::Route {
            courier_id: courier.to_owned(),
            ..pb::Route::default()
        };
        let plan = [route("a"), route("b")];
        assert_eq!(plan_version(&plan), plan_version(&plan.clone()));
        assert_eq!(plan_version(&plan).len(), 16);
        assert_ne!(plan_version(&plan), plan_version(&[route("b"), route("a")]));
        assert_ne!(plan_version(&plan), plan_version(&plan[..1]));
    }
}

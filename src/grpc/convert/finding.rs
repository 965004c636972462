//! Findings.

use crate::grpc::{pb, status};
use crate::model::{Finding, Findings};

/// Findings with their paths moved below `field` ("problem"): paths start at the request, not at the problem.
#[must_use]
pub fn prefixed(field: &str, findings: Vec<Finding>) -> Vec<Finding> {
    let mut findings = findings;
    for finding in &mut findings {
        finding.field = match finding.field.as_str() {
            "" => field.to_owned(),
            path if field.is_empty() => path.to_owned(),
            path => format!("{field}.{path}"),
        };
    }
    findings
}

/// The first findings, as many as one answer lists.
#[must_use]
pub fn findings_message(findings: &[Finding]) -> Vec<pb::Finding> {
    findings
        .iter()
        .take(status::FINDINGS_MAX)
        .map(finding_message)
        .collect()
}

/// Everything found in a problem.
#[must_use]
pub fn validation_message(found: &Findings) -> pb::ValidateProblemResponse {
    let cut_off = |findings: &[Finding]| {
        super::scalar::count(findings.len().saturating_sub(status::FINDINGS_MAX))
    };
    pb::ValidateProblemResponse {
        errors: findings_message(&found.errors),
        errors_cut_off: cut_off(&found.errors),
        warnings: findings_message(&found.warnings),
        warnings_cut_off: cut_off(&found.warnings),
    }
}

fn finding_message(finding: &Finding) -> pb::Finding {
    pb::Finding {
        field: finding.field.clone(),
        subject_id: finding.subject.clone(),
        reason: status::reason(finding.reason) as i32,
        message: finding.message.clone(),
    }
}

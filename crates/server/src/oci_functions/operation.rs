//! Which operation a method and a path mean.

use crate::extract::decode;
use axum::http::Method;

/// What can be asked of this API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Invoke { function: String },
    ListApplications,
    CreateApplication,
    GetApplication { id: String },
    UpdateApplication { id: String },
    DeleteApplication { id: String },
    ChangeCompartment { id: String },
    ListFunctions,
    CreateFunction,
    GetFunction { id: String },
    UpdateFunction { id: String },
    DeleteFunction { id: String },
    ListRuntimes,
    GetRuntime { id: String },
    ListRuntimeVersions,
    GetRuntimeVersion { id: String },
    ListPrebuilt,
    GetPrebuilt { id: String },
    ListWorkRequests,
    GetWorkRequest { id: String },
    CancelWorkRequest { id: String },
    ListWorkRequestErrors { id: String },
    ListWorkRequestLogs { id: String },
}

/// The version of the API and the other parts of a path, decoded; `None` when it is no path of this API.
pub(super) fn split(path: &str) -> Option<(u32, Vec<String>)> {
    let (version, rest) = path.trim_start_matches('/').split_once('/')?;
    if version.len() != 8 || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let segments = rest.trim_matches('/').split('/').map(decode).collect::<Option<Vec<_>>>()?;
    Some((version.parse().ok()?, segments))
}

impl Operation {
    pub(super) fn parse(method: &Method, segments: &[String]) -> Option<Self> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let id = |id: &&str| (*id).to_owned();
        Some(match (method.as_str(), segments.as_slice()) {
            ("POST", ["functions", function, "actions", "invoke"]) => Self::Invoke { function: id(function) },
            ("GET", ["applications"]) => Self::ListApplications,
            ("POST", ["applications"]) => Self::CreateApplication,
            ("GET", ["applications", one]) => Self::GetApplication { id: id(one) },
            ("PUT", ["applications", one]) => Self::UpdateApplication { id: id(one) },
            ("DELETE", ["applications", one]) => Self::DeleteApplication { id: id(one) },
            ("POST", ["applications", one, "actions", "changeCompartment"]) => {
                Self::ChangeCompartment { id: id(one) }
            }
            ("GET", ["functions"]) => Self::ListFunctions,
            ("POST", ["functions"]) => Self::CreateFunction,
            ("GET", ["functions", one]) => Self::GetFunction { id: id(one) },
            ("PUT", ["functions", one]) => Self::UpdateFunction { id: id(one) },
            ("DELETE", ["functions", one]) => Self::DeleteFunction { id: id(one) },
            ("GET", ["functionsRuntimes"]) => Self::ListRuntimes,
            ("GET", ["functionsRuntimes", one]) => Self::GetRuntime { id: id(one) },
            ("GET", ["functionsRuntimeVersions"]) => Self::ListRuntimeVersions,
            ("GET", ["functionsRuntimeVersions", one]) => Self::GetRuntimeVersion { id: id(one) },
            ("GET", ["pbfListings" | "pbfListingVersions"] | ["pbfListings", "triggers"]) => {
                Self::ListPrebuilt
            }
            ("GET", ["pbfListings" | "pbfListingVersions", one]) => Self::GetPrebuilt { id: id(one) },
            ("GET", ["workRequests"]) => Self::ListWorkRequests,
            ("GET", ["workRequests", one]) => Self::GetWorkRequest { id: id(one) },
            ("DELETE", ["workRequests", one]) => Self::CancelWorkRequest { id: id(one) },
            ("GET", ["workRequests", one, "errors"]) => Self::ListWorkRequestErrors { id: id(one) },
            ("GET", ["workRequests", one, "logs"]) => Self::ListWorkRequestLogs { id: id(one) },
            _ => return None,
        })
    }

    /// Whether it changes what there is, beyond what a function does that is called.
    pub(super) fn changes(&self) -> bool {
        matches!(
            self,
            Self::CreateApplication
                | Self::UpdateApplication { .. }
                | Self::DeleteApplication { .. }
                | Self::ChangeCompartment { .. }
                | Self::CreateFunction
                | Self::UpdateFunction { .. }
                | Self::DeleteFunction { .. }
                | Self::CancelWorkRequest { .. }
        )
    }

    /// The route's name in logs and metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Invoke { .. } => "oci/functions/{functionId}/actions/invoke",
            Self::ListApplications | Self::CreateApplication => "oci/applications",
            Self::GetApplication { .. } | Self::UpdateApplication { .. } | Self::DeleteApplication { .. } => {
                "oci/applications/{applicationId}"
            }
            Self::ChangeCompartment { .. } => "oci/applications/{applicationId}/actions/changeCompartment",
            Self::ListFunctions | Self::CreateFunction => "oci/functions",
            Self::GetFunction { .. } | Self::UpdateFunction { .. } | Self::DeleteFunction { .. } => {
                "oci/functions/{functionId}"
            }
            Self::ListRuntimes | Self::GetRuntime { .. } => "oci/functionsRuntimes",
            Self::ListRuntimeVersions | Self::GetRuntimeVersion { .. } => "oci/functionsRuntimeVersions",
            Self::ListPrebuilt | Self::GetPrebuilt { .. } => "oci/pbfListings",
            Self::ListWorkRequests => "oci/workRequests",
            Self::GetWorkRequest { .. } | Self::CancelWorkRequest { .. } => {
                "oci/workRequests/{workRequestId}"
            }
            Self::ListWorkRequestErrors { .. } => "oci/workRequests/{workRequestId}/errors",
            Self::ListWorkRequestLogs { .. } => "oci/workRequests/{workRequestId}/logs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &Method, path: &str) -> Option<Operation> {
        Operation::parse(method, &split(path)?.1)
    }

    #[test]
    fn any_date_is_a_version_and_slashes_may_be_doubled() {
        let invoke = Some(Operation::Invoke { function: "ocid1.f:x".to_owned() });
        for path in [
            "/20181201/functions/ocid1.f%3Ax/actions/invoke",
            "/20260325/functions/ocid1.f:x/actions/invoke",
            "//20991231/functions/ocid1.f:x/actions/invoke",
            "/20260325//functions/ocid1.f:x/actions/invoke",
        ] {
            assert_eq!(parse(&Method::POST, path), invoke, "{path}");
        }
        for path in ["/2026032/functions", "/202603255/functions", "/2026032x/functions", "/20260325", "/a/b"]
        {
            assert_eq!(split(path), None, "{path}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for (method, path) in [
            (Method::GET, "/20181201/functions/f/actions/invoke"),
            (Method::PATCH, "/20181201/functions/f"),
            (Method::POST, "/20181201/pbfListings"),
            (Method::GET, "/20181201/subnets"),
            (Method::GET, "/20181201/functions/f/g"),
        ] {
            assert_eq!(parse(&method, path), None, "{method} {path}");
        }
        assert_eq!(parse(&Method::GET, "/20181201/pbfListings/triggers"), Some(Operation::ListPrebuilt));
    }

    #[test]
    fn all_but_calls_and_reads_change_something() {
        let id = "/20181201/functions/f";
        for (method, path, changes) in [
            (Method::GET, id.to_owned(), false),
            (Method::POST, format!("{id}/actions/invoke"), false),
            (Method::PUT, id.to_owned(), true),
            (Method::DELETE, id.to_owned(), true),
            (Method::POST, "/20181201/functions".to_owned(), true),
            (Method::DELETE, "/20181201/workRequests/w".to_owned(), true),
        ] {
            assert_eq!(parse(&method, &path).unwrap().changes(), changes, "{method} {path}");
        }
    }
}

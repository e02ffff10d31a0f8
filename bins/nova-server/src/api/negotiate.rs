//! In which form a client wants its answer.

use http::{HeaderMap, header};

use super::error::ApiError;
use super::request::Query;

/// The form of objects in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// As they are stored.
    Full,
    /// `meta.k8s.io/v1 PartialObjectMetadata`.
    Metadata,
    /// `meta.k8s.io/v1 Table`.
    Table(Include),
}

/// What of the object goes with a row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

impl View {
    /// Reads the header `Accept` and the parameters `view` and `includeObject`.
    pub(crate) fn of(headers: &HeaderMap, query: &Query) -> Result<Self, ApiError> {
        let include = match query.get("includeObject") {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            None | Some("Metadata") => Include::Metadata,
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "unrecognized includeObject value: {other:?}"
                )));
            }
        };
        match query.get("view") {
            Some("full") => return Ok(Self::Full),
            Some("metadata") => return Ok(Self::Metadata),
            Some("table") => return Ok(Self::Table(include)),
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "view: Unsupported value: {other:?}: \
                     supported values: \"full\", \"metadata\", \"table\""
                )));
            }
            None => {}
        }
        accepted(headers, include).ok_or_else(|| ApiError::not_acceptable(&["application/json"]))
    }
}

/// The first form in `Accept` that we write.
fn accepted(headers: &HeaderMap, include: Include) -> Option<View> {
    let values = headers.get_all(header::ACCEPT);
    let mut asked = false;
    for value in values {
        let text = value.to_str().unwrap_or_default();
        for clause in text
            .split(',')
            .map(str::trim)
            .filter(|clause| !clause.is_empty())
        {
            asked = true;
            if let Some(view) = clause_view(clause, include) {
                return Some(view);
            }
        }
    }
    (!asked).then_some(View::Full)
}

fn clause_view(clause: &str, include: Include) -> Option<View> {
    let mut parts = clause.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    if !matches!(media, "application/json" | "application/*" | "*/*") {
        return None;
    }
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let find = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, v)| *v)
    };
    let ours = find("g").is_none_or(|g| g == "meta.k8s.io") && find("v").is_none_or(|v| v == "v1");
    match find("as") {
        None => Some(View::Full),
        Some("Table") if ours => Some(View::Table(include)),
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") if ours => Some(View::Metadata),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(accept: &str) -> Option<View> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        View::of(&headers, &Query::default()).ok()
    }

    #[test]
    fn the_first_form_that_we_write_wins() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,\
                       application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(view(kubectl), Some(View::Table(Include::Metadata)));
        assert_eq!(
            view("application/vnd.kubernetes.protobuf,application/json"),
            Some(View::Full)
        );
        assert_eq!(
            view("application/json;as=Other;v=v1;g=x,*/*"),
            Some(View::Full)
        );
        let partial = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
        assert_eq!(view(partial), Some(View::Metadata));
        assert_eq!(view("text/html"), None);
    }
}

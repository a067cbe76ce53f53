use super::ApiError;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

/// Path parameters. What cannot be read is answered like an unknown id, so that nothing is learnt by trying.
#[derive(Clone, Debug)]
pub struct Params<T>(pub T);

impl<T, S> FromRequestParts<S> for Params<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // No id holds a NUL, and PostgreSQL cannot even be asked for one.
        if parts.uri.path().contains("%00") {
            return Err(ApiError::NoRoute);
        }
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(_) => Err(ApiError::NoRoute),
        }
    }
}

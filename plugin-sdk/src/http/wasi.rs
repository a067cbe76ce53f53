//! `wasi:http/outgoing-handler`, made blocking.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
    http_error_code,
};
use wasip2::io::streams::StreamError;

use super::{Error, Request, Response};

/// What `blocking-write-and-flush` takes at once.
const WRITE: usize = 4096;
/// What is asked for at once.
const READ: u64 = 64 << 10;

pub(super) fn send(request: &Request) -> Result<Response, Error> {
    let outgoing = outgoing(request)?;
    let invalid = |()| Error::Failed("the request's body is taken".to_owned());
    let body = outgoing.body().map_err(invalid)?;
    let options = RequestOptions::new();
    if let Some(timeout) = request.timeout {
        let nanoseconds = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        // A host that does not know a time-out has its own.
        let _ = options.set_connect_timeout(Some(nanoseconds));
        let _ = options.set_first_byte_timeout(Some(nanoseconds));
        let _ = options.set_between_bytes_timeout(Some(nanoseconds));
    }
    let future = outgoing_handler::handle(outgoing, Some(options)).map_err(|code| error(&code, request.limit))?;
    // When the body can't be written the response says why, so that error wins.
    let written = write(body, &request.body);
    future.subscribe().block();
    let response = match future.get() {
        Some(Ok(Ok(response))) => response,
        Some(Ok(Err(code))) => return Err(error(&code, request.limit)),
        Some(Err(())) | None => return Err(Error::Failed("the response was not delivered".to_owned())),
    };
    written?;
    read(&response, request.limit)
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, Error> {
    let headers = Fields::new();
    for (name, value) in &request.headers {
        let appended = headers.append(name, value.as_bytes());
        appended.map_err(|error| Error::Invalid(format!("header `{name}`: {error}")))?;
    }
    let (scheme, authority, path) = split(&request.url)?;
    let outgoing = OutgoingRequest::new(headers);
    let refused = |what: &'static str| move |()| Error::Invalid(format!("{what} is not valid"));
    outgoing.set_method(&method(&request.method)).map_err(refused("the method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(refused("the scheme"))?;
    outgoing.set_authority(Some(authority)).map_err(refused("the host"))?;
    outgoing.set_path_with_query(Some(&path)).map_err(refused("the path"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// Scheme, authority and path with query; a fragment is never sent.
fn split(url: &str) -> Result<(Scheme, &str, String), Error> {
    let (scheme, rest) = if let Some(rest) = url.strip_prefix("https://") {
        (Scheme::Https, rest)
    } else if let Some(rest) = url.strip_prefix("http://") {
        (Scheme::Http, rest)
    } else {
        return Err(Error::Invalid(format!("`{url}` is not an absolute http or https URL")));
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.is_empty() || authority.contains('@') {
        return Err(Error::Invalid(format!("`{url}` names no host, or a user")));
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok((scheme, authority, path))
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), Error> {
    if !bytes.is_empty() {
        let failed = |error: &dyn std::fmt::Display| Error::Failed(format!("sending the body: {error}"));
        let stream = body.write().map_err(|()| failed(&"taken twice"))?;
        for chunk in bytes.chunks(WRITE) {
            stream.blocking_write_and_flush(chunk).map_err(|error| failed(&error))?;
        }
    }
    OutgoingBody::finish(body, None).map_err(|code| error(&code, 0))
}

fn read(response: &IncomingResponse, limit: usize) -> Result<Response, Error> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let entries = response.headers().entries();
    let headers = entries.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect();
    let taken = |()| Error::Failed("the response's body is taken".to_owned());
    let body = collect(&response.consume().map_err(taken)?, limit)?;
    Ok(Response { status: response.status(), headers, body })
}

fn collect(body: &IncomingBody, limit: usize) -> Result<Vec<u8>, Error> {
    let stream = body.stream().map_err(|()| Error::Failed("the response's body is taken".to_owned()))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ) {
            Ok(chunk) if bytes.len() + chunk.len() > limit => return Err(Error::TooLarge(limit)),
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(cause)) => {
                return Err(match http_error_code(&cause) {
                    Some(code) => error(&code, limit),
                    None => Error::Failed("reading the body".to_owned()),
                });
            }
        }
    }
}

fn error(code: &ErrorCode, limit: usize) -> Error {
    match code {
        ErrorCode::HttpRequestDenied => Error::Denied("the host is not granted".to_owned()),
        ErrorCode::DestinationIpProhibited => Error::Denied("the host's address is not allowed".to_owned()),
        ErrorCode::HttpRequestMethodInvalid | ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            Error::Invalid(name(code))
        }
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => Error::TimedOut,
        ErrorCode::HttpResponseBodySize(size) => {
            Error::TooLarge(size.and_then(|size| usize::try_from(size).ok()).unwrap_or(limit))
        }
        ErrorCode::InternalError(Some(text)) => Error::Failed(text.clone()),
        other => Error::Failed(name(other)),
    }
}

/// `ConnectionRefused` and the like.
fn name(code: &ErrorCode) -> String {
    format!("{code:?}").replace("ErrorCode::", "")
}

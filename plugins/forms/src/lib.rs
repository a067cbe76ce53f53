//! Steps about a tenant's forms.

mod digest;
mod excerpt;
mod newest;

pub use digest::forms_submission_digest;

stepwright_sdk::plugin! {
    datasets: [read "forms", read "form_submissions"],
    steps: [forms_submission_digest],
}

#[cfg(test)]
mod tests;

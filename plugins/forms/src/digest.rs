//! `forms_submission_digest`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use business::{Calendar, DateRange, Instant, Period, Section, Summary, counted, row};
use serde_json::Map;
use stepwright_sdk::data::{self, any_of, ge, lt};
use stepwright_sdk::prelude::*;

use crate::excerpt;
use crate::newest::{Newest, Submission};

const FORMS: &str = "forms";
const SUBMISSIONS: &str = "form_submissions";
/// Forms the output names.
const NAMED: usize = 100;
/// Characters of a form's name.
const NAME: usize = 100;
/// Characters of a submission's values on one line.
const LINE: usize = 300;

/// What the digest covers.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// The days whose submissions are counted.
    #[serde(default)]
    date_range: DateRange,
    /// The forms to look at; without it all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    form_ids: Option<Vec<String>>,
}

/// The digest and its exact numbers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// For delivery steps.
    summary: Summary,
    /// The days covered.
    period: Period,
    /// Submissions to all forms.
    count: u64,
    /// Submissions to each form, most first; forms without any come last. The first 100 forms.
    forms: Vec<FormCount>,
    /// How many forms are not named.
    more_forms: usize,
    /// The newest 20 submissions, newest first.
    newest: Vec<Entry>,
}

/// How often a form was submitted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FormCount {
    /// Its id.
    form_id: String,
    /// Its name; its id when there is no such form any more.
    name: String,
    /// Submissions to it.
    count: u64,
}

/// A submission.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// Its id.
    id: String,
    /// The form's id.
    form_id: String,
    /// The form's name.
    form_name: String,
    /// RFC 3339 UTC.
    submitted_at: String,
    /// What was submitted; long values are cut.
    values: Map<String, Value>,
    /// Whether something had to be cut.
    cut: bool,
}

#[derive(Deserialize)]
struct FormRow {
    name: String,
}

#[derive(Deserialize)]
struct SubmissionRow {
    form_id: String,
    values: Map<String, Value>,
    submitted_at: Instant,
}

/// Counts the submissions to each form in a range of days, and shows the newest.
#[step(title = "Form submissions digest", category = summary, requires_delivery)]
pub fn forms_submission_digest(ctx: &Context, config: Config) -> Result<Output, Fault> {
    let calendar = Calendar::of(ctx)?;
    let period = config.date_range.resolve(&calendar)?;
    let mut forms = known_forms(&config)?;
    let mut newest = Newest::default();

    let span = period.span(&calendar)?;
    let (lowest, highest) = span.text_bounds();
    let query = data::query(SUBMISSIONS).filter("submitted_at", ge(lowest)).filter("submitted_at", lt(highest));
    let query = match &config.form_ids {
        Some(ids) => query.filter("form_id", any_of(ids)),
        None => query,
    };
    for row in query.rows() {
        let row = row?;
        let SubmissionRow { form_id, values, submitted_at } = row::read(SUBMISSIONS, &row)?;
        if !span.contains(submitted_at) {
            continue;
        }
        let form = forms.entry(form_id.clone());
        form.or_insert_with(|| FormCount { name: form_id.clone(), form_id: form_id.clone(), count: 0 }).count += 1;
        newest.offer(submitted_at, row.id, Submission { form_id, values });
    }
    Ok(output(&forms, newest, period, &calendar))
}

/// The forms to look at, with their names and nothing counted yet.
fn known_forms(config: &Config) -> Result<BTreeMap<String, FormCount>, Fault> {
    let query = data::query(FORMS);
    let query = match &config.form_ids {
        Some(ids) => query.filter("id", any_of(ids)),
        None => query,
    };
    query
        .rows()
        .map(|row| {
            let row = row?;
            let FormRow { name } = row::read(FORMS, &row)?;
            let form = FormCount { form_id: row.id.clone(), name: excerpt::text(&name, NAME), count: 0 };
            Ok((row.id, form))
        })
        .collect()
}

fn output(forms: &BTreeMap<String, FormCount>, newest: Newest, period: Period, calendar: &Calendar) -> Output {
    let mut ranked: Vec<&FormCount> = forms.values().collect();
    ranked.sort_by_key(|form| (Reverse(form.count), &form.name, &form.form_id));
    let count = ranked.iter().map(|form| form.count).sum();

    let overview = Section::new("Overview").row("In the period", counted(count, "submission"));
    let mut by_form = Section::new("By form");
    for form in ranked.iter().take(NAMED) {
        by_form = by_form.row(&form.name, form.count);
    }
    let mut latest = Section::new("Newest");
    let mut entries = Vec::new();
    for (submitted_at, id, Submission { form_id, values }) in newest.into_iter() {
        let form_name = forms.get(&form_id).map_or_else(|| form_id.clone(), |form| form.name.clone());
        let (values, whole) = excerpt::values(values);
        let label = format!("{}, {form_name}", calendar.wall_time(submitted_at));
        latest = latest.row(label, excerpt::line(&values, LINE));
        entries.push(Entry { id, form_id, form_name, submitted_at: submitted_at.to_string(), values, cut: !whole });
    }
    let sections = [by_form, latest].into_iter().filter(|section| !section.rows.is_empty());
    let summary = Summary::new("Form submissions", &period, calendar).with(overview);
    Output {
        summary: sections.fold(summary, Summary::with),
        period,
        count,
        more_forms: ranked.len().saturating_sub(NAMED),
        forms: ranked.into_iter().take(NAMED).cloned().collect(),
        newest: entries,
    }
}

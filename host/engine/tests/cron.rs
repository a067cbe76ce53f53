//! Cron schedules against an evaluator that shares nothing with them: it reads the fields by membership,
//! walks UTC minute by minute, and looks at the wall clock of each.

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use std::{collections::HashSet, time::Duration};
use stepwright_engine::{
    Timestamp,
    cron::{CronError, CronSchedule, catch_up},
};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// No repeated wall time lies further back than this.
const LONGEST_CHANGE: TimeDelta = TimeDelta::hours(26);

/// The independent evaluator: for each field, which values it selects.
struct Oracle {
    minute: Vec<bool>,
    hour: Vec<bool>,
    day: Vec<bool>,
    month: Vec<bool>,
    weekday: Vec<bool>,
    /// A day must match both day fields.
    both: bool,
    /// Neither minute nor hour starts with a star.
    fixed: bool,
    zone: Tz,
}

impl Oracle {
    fn new(expression: &str, zone: Tz) -> Self {
        let fields: Vec<&str> = expression.split(' ').collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else { panic!("{expression}") };
        let table = |text, base, names: &[&str]| (0..60).map(|v| Self::selects(text, v, base, names)).collect();
        let mut weekdays: Vec<bool> = table(weekday, 0, &DAYS);
        weekdays[0] |= weekdays[7];
        Self {
            minute: table(minute, 0, &[]),
            hour: table(hour, 0, &[]),
            day: table(day, 1, &[]),
            month: table(month, 1, &MONTHS),
            weekday: weekdays,
            both: day.starts_with('*') || weekday.starts_with('*'),
            fixed: !minute.starts_with('*') && !hour.starts_with('*'),
            zone,
        }
    }

    /// Whether the text of a field selects `value`, names standing for `base..`.
    fn selects(text: &str, value: u32, base: u32, names: &[&str]) -> bool {
        let number = |word: &str| match names.iter().position(|name| *name == word) {
            Some(index) => base + u32::try_from(index).expect("few names"),
            None => word.parse().expect("generated fields are numbers or names"),
        };
        text.split(',').any(|item| {
            let (range, step) = item.split_once('/').unwrap_or((item, "1"));
            let (low, high) = match range.split_once('-') {
                Some((low, high)) => (number(low), number(high)),
                None if range == "*" => (base, u32::MAX),
                None => (number(range), number(range)),
            };
            value >= low && value <= high && (value - low).is_multiple_of(number(step))
        })
    }

    fn date_matches(&self, local: NaiveDateTime) -> bool {
        let day = self.day[local.day() as usize];
        let weekday = self.weekday[local.weekday().num_days_from_sunday() as usize];
        self.month[local.month() as usize] && if self.both { day && weekday } else { day || weekday }
    }

    fn matches(&self, local: NaiveDateTime) -> bool {
        self.minute[local.minute() as usize] && self.hour[local.hour() as usize] && self.date_matches(local)
    }

    fn wall_clock(&self, at: DateTime<Utc>) -> NaiveDateTime {
        self.zone.from_utc_datetime(&at.naive_utc()).naive_local()
    }

    /// Every tick in `(after, until]`.
    fn ticks(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let whole = DateTime::from_timestamp(after.timestamp().div_euclid(60) * 60, 0).expect("in range");
        let mut at = whole - LONGEST_CHANGE;
        let mut previous = self.wall_clock(at - MINUTE);
        let mut shown = HashSet::new();
        let mut ticks = Vec::new();
        while at <= until {
            let local = self.wall_clock(at);
            let mut runs = self.matches(local) && (!self.fixed || shown.insert(local));
            let mut skipped = previous + MINUTE;
            while self.fixed && skipped < local {
                runs |= self.matches(skipped);
                skipped += MINUTE;
            }
            if runs && at > after {
                ticks.push(at);
            }
            previous = local;
            at += MINUTE;
        }
        ticks
    }
}

/// Every tick of the schedule in `(after, until]`, found by asking for one after the other.
fn scheduled(schedule: &CronSchedule, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut ticks = Vec::new();
    let mut cursor = Timestamp::from(after);
    while let Some(tick) = schedule.next_after(cursor).filter(|tick| tick.datetime() <= until) {
        assert!(tick > cursor, "{tick} is not after {cursor}");
        ticks.push(tick.datetime());
        cursor = tick;
    }
    ticks
}

/// The clock changes of one year: the first minutes with another offset.
fn changes(zone: Tz, year: i32) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let start = Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().expect("a year starts once in UTC");
    let hours = (0..366 * 24).map(|hour| start + TimeDelta::hours(hour));
    let changed = hours.filter(|hour| offset(*hour) != offset(*hour + TimeDelta::hours(1)));
    changed.filter_map(|hour| (1..=60).map(|m| hour + MINUTE * m).find(|at| offset(*at) != offset(hour))).collect()
}

fn item(low: u32, high: u32) -> impl Strategy<Value = String> {
    let pair = (low..=high, low..=high).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        3 => (low..=high).prop_map(|value| value.to_string()),
        1 => pair.clone().prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (pair, 1..=high + 2).prop_map(|((a, b), step)| format!("{a}-{b}/{step}")),
    ]
}

fn field(low: u32, high: u32, stars: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        stars => Just("*".to_owned()),
        1 => (1..=high + 2).prop_map(|step| format!("*/{step}")),
        3 => item(low, high),
        1 => prop::collection::vec(item(low, high), 2..4).prop_map(|items| items.join(",")),
        1 => (1..=high, item(low, high)).prop_map(|(step, item)| format!("*/{step},{item}")),
    ]
}

fn named(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    (0..names.len(), 0..names.len()).prop_map(|(a, b)| match (a.min(b), a.max(b)) {
        (low, high) if low == high => names[low].to_owned(),
        (low, high) => format!("{}-{}", names[low], names[high]),
    })
}

/// `stars` weighs how often a date field is `*`.
fn expression(stars: u32) -> impl Strategy<Value = String> {
    let hour = prop_oneof![field(0, 3, 2), field(0, 23, 2), field(22, 23, 1)];
    let month = prop_oneof![4 => field(1, 12, stars), 1 => named(&MONTHS)];
    let weekday = prop_oneof![4 => field(0, 7, stars), 1 => named(&DAYS)];
    (field(0, 59, 2), hour, field(1, 31, stars), month, weekday)
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// A zone and an instant, most often near a change of its clock.
fn moment() -> impl Strategy<Value = (Tz, DateTime<Utc>)> {
    let lively = prop::sample::select(vec![
        Tz::Europe__London,
        Tz::Europe__Dublin,
        Tz::America__New_York,
        Tz::America__St_Johns,
        Tz::America__Sao_Paulo,
        Tz::America__Havana,
        Tz::America__Santiago,
        Tz::Africa__Cairo,
        Tz::Africa__Casablanca,
        Tz::Antarctica__Troll,
        Tz::Asia__Beirut,
        Tz::Asia__Gaza,
        Tz::Asia__Pyongyang,
        Tz::Asia__Tehran,
        Tz::Atlantic__Azores,
        Tz::Australia__Lord_Howe,
        Tz::Pacific__Apia,
        Tz::Pacific__Chatham,
    ]);
    let zone = prop_oneof![3 => lively, 1 => prop::sample::select(TZ_VARIANTS.to_vec())];
    let away_micros = prop_oneof![-7_200_000_000_i64..7_200_000_000, -108_000_000_000_i64..36_000_000_000];
    (zone, 1974..2060_i32, any::<prop::sample::Index>(), away_micros, any::<bool>()).prop_map(
        |(zone, year, index, away, whole_minute)| {
            let changes = changes(zone, year);
            let summer = Utc.with_ymd_and_hms(year, 7, 1, 0, 0, 0).single().expect("exists in UTC");
            let near = if changes.is_empty() { summer } else { changes[index.index(changes.len())] };
            let away = if whole_minute { away / 60_000_000 * 60_000_000 } else { away };
            (zone, near + TimeDelta::microseconds(away))
        },
    )
}

/// Parses what the generator made; `None` when the date never comes, which is checked against all dates.
fn parse(expression: &str, zone: Tz) -> Option<CronSchedule> {
    let parsed = CronSchedule::parse(expression, zone.name());
    let oracle = Oracle::new(expression, zone);
    let start = Utc.with_ymd_and_hms(2000, 1, 1, 0, 0, 0).single().expect("exists in UTC").naive_utc();
    // 28 years from 2000 hold every combination of date and weekday.
    let comes = (0..28 * 366).any(|day| oracle.date_matches(start + TimeDelta::days(day)));
    match parsed {
        Err(CronError::NeverComes { .. }) => assert!(!comes, "{expression} comes"),
        Err(refusal) => panic!("{expression}: {refusal}"),
        Ok(_) => assert!(comes, "{expression} never comes"),
    }
    CronSchedule::parse(expression, zone.name()).ok()
}

/// `PROPTEST_CASES` times `weight`.
fn config(weight: u32) -> ProptestConfig {
    let base = ProptestConfig::default();
    ProptestConfig { cases: base.cases * weight, ..base }
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn agrees_with_the_evaluator_around_clock_changes(
        expression in expression(12), (zone, after) in moment(), probes in prop::collection::vec(0..4320_i64 * 60, 8),
    ) {
        let Some(schedule) = parse(&expression, zone) else { return Ok(()) };
        let until = after + TimeDelta::days(3);
        let expected = Oracle::new(&expression, zone).ticks(after, until);
        prop_assert_eq!(&scheduled(&schedule, after, until), &expected, "{} in {} after {}", expression, zone, after);
        // The answer depends on the instant asked about only, not on how one came there.
        for probe in probes {
            let asked = after + TimeDelta::seconds(probe);
            let next = schedule.next_after(asked.into()).map(Timestamp::datetime).filter(|tick| *tick <= until);
            prop_assert_eq!(next, expected.iter().copied().find(|tick| *tick > asked), "{} {} at {}", expression, zone, asked);
        }
    }

    #[test]
    fn is_strictly_increasing(expression in expression(2), (zone, after) in moment()) {
        let Some(schedule) = parse(&expression, zone) else { return Ok(()) };
        let mut cursor = Timestamp::from(after);
        for _ in 0..200 {
            let Some(tick) = schedule.next_after(cursor) else { break };
            prop_assert!(tick > cursor, "{} in {}: {} then {}", expression, zone, cursor, tick);
            cursor = tick;
        }
    }

    #[test]
    fn catches_up_with_the_newest_tick(
        expression in expression(12), (zone, now) in moment(), missed in 0..4320_i64, grace in 0..7200_u64,
    ) {
        let Some(schedule) = parse(&expression, zone) else { return Ok(()) };
        let now = Timestamp::from(now);
        let before = now - Duration::from_secs(missed.unsigned_abs() * 60);
        let Some(stored) = schedule.next_after(before) else { return Ok(()) };
        let newest = scheduled(&schedule, before.datetime(), now.datetime()).last().copied().map(Timestamp::from);
        let answer = catch_up(&schedule, stored, now, Duration::from_secs(grace));
        prop_assert_eq!(answer.fire, newest.filter(|tick| now.since(*tick) < Duration::from_secs(grace)));
        prop_assert_eq!(answer.next, schedule.next_after(now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_evaluator_over_a_year(expression in expression(1), (zone, after) in moment()) {
        let Some(schedule) = parse(&expression, zone) else { return Ok(()) };
        let until = after + TimeDelta::days(400);
        let expected = Oracle::new(&expression, zone).ticks(after, until);
        prop_assert_eq!(scheduled(&schedule, after, until), expected, "{} in {} after {}", expression, zone, after);
    }
}

//! Which addresses of a Debian mirror to ask, found from the ones that this machine's apt is set up with.

use std::time::{SystemTime, UNIX_EPOCH};

/// Where rust-src of recent versions and a wasi-libc with the target's folder are, the smallest package list first.
pub const SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];

/// The archive roots in the output of `apt-get update --print-uris`, which knows both source list formats and
/// needs no package list: on a fresh machine there is none.
pub fn archives(print_uris: &str) -> Vec<String> {
    let mut roots = Vec::new();
    for line in print_uris.lines() {
        let Some(root) = line.strip_prefix('\'').and_then(|rest| rest.split_once("/dists/")).map(|(root, _)| root)
        else {
            continue;
        };
        // Other archives (a vendor's own, Debian's security updates) don't have the suites.
        if root.split('/').any(|part| part == "debian") {
            for candidate in candidates(root) {
                if !roots.contains(&candidate) {
                    roots.push(candidate);
                }
            }
        }
    }
    roots
}

/// A root whose path holds a snapshot's date shows the archive as it was then, perhaps years before the rustc in use was
/// released. So today's state is tried first, then the undated archive, then the configured address itself.
fn candidates(root: &str) -> Vec<String> {
    let Some(date) = root.split('/').find(|part| is_snapshot_date(part)) else {
        return vec![root.to_owned()];
    };
    let undated = root.replace(&format!("/{date}"), "");
    vec![root.replace(date, &today()), undated.replace("/archive/", "/"), undated, root.to_owned()]
}

/// Whether a path segment looks like `20250520T000000Z`.
pub fn is_snapshot_date(part: &str) -> bool {
    let pattern = b"00000000T000000Z";
    part.len() == pattern.len()
        && part.bytes().zip(pattern).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            _ => byte == *like,
        })
}

#[expect(clippy::disallowed_methods, reason = "a command for developers, not part of the host: there is no Clock here")]
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    snapshot_date(seconds / 86_400)
}

/// The civil date of a day number since 1970-01-01 (Howard Hinnant's algorithm; not worth a dependency).
fn snapshot_date(days: u64) -> String {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T000000Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debian_archives_are_asked_and_each_once() {
        let printed = "\
            'http://mirror.example/debian/dists/bookworm/InRelease' a 0 \n\
            'http://mirror.example/debian/dists/bookworm-updates/InRelease' b 0 \n\
            'http://mirror.example/debian-security/dists/bookworm-security/InRelease' c 0 \n\
            'https://vendor.example/apt/dists/stable/InRelease' d 0 \n\
            W: something else\n";
        assert_eq!(archives(printed), ["http://mirror.example/debian"]);
    }

    #[test]
    fn a_dated_archive_is_asked_for_newer_states() {
        let found = archives("'http://m.example/archive/debian/20250520T000000Z/dists/bookworm/InRelease' a 0");
        assert_eq!(
            found,
            [
                format!("http://m.example/archive/debian/{}", today()),
                "http://m.example/debian".to_owned(),
                "http://m.example/archive/debian".to_owned(),
                "http://m.example/archive/debian/20250520T000000Z".to_owned(),
            ]
        );
    }

    #[test]
    fn day_numbers_become_dates() {
        assert_eq!(snapshot_date(0), "19700101T000000Z");
        assert_eq!(snapshot_date(11_016), "20000229T000000Z");
        assert_eq!(snapshot_date(20_228), "20250520T000000Z");
        assert!(is_snapshot_date(&today()));
        assert!(!is_snapshot_date("20250520"));
    }
}

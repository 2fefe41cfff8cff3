//! A moment in the past, as an operator gives it.

use tegata::{Clock, SystemClock, UnixTime};
use time::{Date, Month, Time, UtcOffset};

const EXPECTED: &str = "expected a time such as 2026-11-30T07:00:00Z or 2026-11-30T16:00+09:00, a date, seconds since \
                        1970, or minutes, hours or days ago as in 90m, 24h, 7d";

/// Parses a moment that is not in the future: a date and time (UTC unless an offset is given), a date, seconds since 1970, or how
/// long ago.
pub(super) fn parse(text: &str) -> Result<UnixTime, String> {
    let now = SystemClock.now();
    let seconds = ago(text, now)
        .or_else(|| text.parse().ok())
        .or_else(|| date_and_time(text))
        .ok_or(EXPECTED)?;
    let at = UnixTime::new(seconds).map_err(|_| EXPECTED)?;
    if at > now {
        return Err("this time has not come yet".to_owned());
    }
    Ok(at)
}

fn ago(text: &str, now: UnixTime) -> Option<u64> {
    let unit = match text.chars().last()? {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    now.seconds().checked_sub(number.checked_mul(unit)?)
}

/// Reads what RFC 3339 calls a date-time; seconds, the time and the offset may be left out.
fn date_and_time(text: &str) -> Option<u64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-').map(number);
    let year = parts.next()??;
    let month = parts.next()??;
    let day = parts.next()??;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let day = u8::try_from(day).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?;
    let (time, offset) = match rest.strip_prefix(['T', 't', ' ']) {
        None if rest.is_empty() => (Time::MIDNIGHT, UtcOffset::UTC),
        None => return None,
        Some(rest) => {
            let end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
            let (time, offset) = rest.split_at(end);
            (time_of_day(time)?, offset_of(offset)?)
        }
    };
    u64::try_from(date.with_time(time).assume_offset(offset).unix_timestamp()).ok()
}

fn time_of_day(text: &str) -> Option<Time> {
    let parts = text.split(':').map(|part| u8::try_from(number(part)?).ok());
    match *parts.collect::<Option<Vec<_>>>()? {
        [hour, minute] => Time::from_hms(hour, minute, 0).ok(),
        [hour, minute, second] => Time::from_hms(hour, minute, second).ok(),
        _ => None,
    }
}

fn offset_of(text: &str) -> Option<UtcOffset> {
    if matches!(text, "" | "Z" | "z") {
        return Some(UtcOffset::UTC);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let part = |text| i8::try_from(number(text)?).ok().map(|part| part * sign);
    UtcOffset::from_hms(part(hours)?, part(minutes)?, 0).ok()
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_a_date_a_number_or_how_long_ago() {
        for (text, seconds) in [
            ("2020-01-02T03:04:05Z", 1_577_934_245),
            ("2020-01-02 03:04:05Z", 1_577_934_245),
            ("2020-01-02T03:04", 1_577_934_240),
            ("2020-01-02T12:04:05+09:00", 1_577_934_245),
            ("2020-01-01T23:34:05-03:30", 1_577_934_245),
            ("2020-01-02", 1_577_923_200),
            ("1577934245", 1_577_934_245),
            ("0", 0),
        ] {
            assert_eq!(parse(text).unwrap().seconds(), seconds, "{text}");
        }
        let now = SystemClock.now().seconds();
        let day = now - parse("24h").unwrap().seconds();
        assert!((86_399..=86_401).contains(&day), "{day}");
        for bad in [
            "",
            "yesterday",
            "2020-13-01",
            "2020-02-30",
            "2020-01-02T25:00",
            "2020-01-02T3",
            "2020-01-02X03:04",
            "2020-01-02T03:04+9",
            "2020-+1-02",
            "-5",
            "5w",
            "9999-01-01",
            "99999999999h",
            "二〇二〇-01-02",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

//! Times, sizes and modes, as people write them.

use std::ops::RangeInclusive;
use std::time::Duration;

use http2_and_tls::Allowance;

/// `5`, `0.25`, `500ms`, `2m`, `1h`, and `never`, which is longer than anything. A number alone is seconds, as with Uvicorn.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    const WANTED: &str = "a time is a number of seconds, as 5 or 0.25, or has a unit, as 500ms, 2m, 1h; or it is never";
    if text == "never" {
        return Ok(Duration::MAX);
    }
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, seconds) = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))
        .unwrap_or((text, 1.0));
    let number: f64 = number.parse().map_err(|_| WANTED.to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| WANTED.to_owned())
}

/// `65536`, `64KiB`, `16MiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (number, bytes) = units
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))
        .unwrap_or((text, 1_u64));
    number.parse().ok().and_then(|number: u64| number.checked_mul(bytes)).ok_or_else(|| {
        "a size is a number of bytes, as 65536, or has a unit, as 64KiB, 16MiB".to_owned()
    })
}

/// A whole number within `range`.
pub(super) fn number<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number: u64| T::try_from(number).ok()).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            match *most {
                u64::MAX => format!("expected a whole number, {least} or more"),
                _ => format!("expected a whole number from {least} to {most}"),
            }
        })
    }
}

/// A size that HTTP/2 can say.
pub(super) fn window(text: &str) -> Result<u32, String> {
    let bytes = u32::try_from(size(text)?).ok().filter(|bytes| i32::try_from(*bytes).is_ok());
    bytes.ok_or_else(|| "HTTP/2 has none above 2 GiB".to_owned())
}

/// `200/20`: so many at once, and so many a second.
pub(super) fn allowance(text: &str) -> Result<Allowance, String> {
    let number = |text: &str| text.parse().ok();
    let both = text.split_once('/');
    let both = both.and_then(|(burst, rate)| Some((number(burst)?, number(rate)?)));
    let (burst, per_second) = both.ok_or(
        "it is BURST/RATE, as 200/20: so many at once, and so many a second in the long run",
    )?;
    Ok(Allowance { burst, per_second })
}

/// A file's mode, in octal digits: `660`.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text.trim_start_matches("0o"), 8).ok();
    mode.filter(|mode| *mode <= 0o777)
        .ok_or_else(|| "a mode is three octal digits, as 660".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_unless_they_say_otherwise() {
        let cases =
            [("5", 5_000), ("0.25", 250), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000)];
        for (text, milliseconds) in cases {
            assert_eq!(time(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(time("never"), Ok(Duration::MAX));
        for text in ["", "soon", "-1", "5 s", "nan", "inf", "1d"] {
            assert!(time(text).is_err(), "{text:?} was taken for a time");
        }
    }

    #[test]
    fn sizes_are_bytes_unless_they_say_otherwise() {
        for (text, bytes) in [("0", 0), ("65536", 65_536), ("64KiB", 65_536), ("16MiB", 16 << 20)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "-1", "64kb", "99999999999999999999", "18446744073709551615KiB"] {
            assert!(size(text).is_err(), "{text:?} was taken for a size");
        }
    }

    #[test]
    fn allowances_are_a_burst_and_a_rate() {
        assert_eq!(allowance("200/20"), Ok(Allowance { burst: 200, per_second: 20 }));
        for text in ["", "200", "200/", "/20", "200/20/2", "-1/2", "many/2"] {
            assert!(allowance(text).is_err(), "{text:?} was taken for an allowance");
        }
    }

    #[test]
    fn numbers_are_whole_and_within_their_range() {
        assert_eq!(number::<u16>(1..=1024)("8"), Ok(8));
        for text in ["0", "1025", "several", "-1", "1.5", ""] {
            let refused = Err("expected a whole number from 1 to 1024".to_owned());
            assert_eq!(number::<u16>(1..=1024)(text), refused, "{text:?}");
        }
        assert_eq!(number::<u64>(0..=u64::MAX)("18446744073709551615"), Ok(u64::MAX));
        let refused = Err("expected a whole number, 1 or more".to_owned());
        assert_eq!(number::<u64>(1..=u64::MAX)("0"), refused);
    }

    #[test]
    fn windows_are_sizes_up_to_what_http_2_can_say() {
        assert_eq!(window("64KiB"), Ok(65_536));
        assert_eq!(window("2147483647"), Ok(i32::MAX as u32));
        for text in ["2GiB", "8GiB", "wide"] {
            assert!(window(text).is_err(), "{text:?} was taken for a window");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("660"), Ok(0o660));
        assert_eq!(mode("0o600"), Ok(0o600));
        for text in ["", "888", "7777", "rw"] {
            assert!(mode(text).is_err(), "{text:?} was taken for a mode");
        }
    }
}

//! Zones by name, as the browser knows them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, Function, Object, Reflect, global};
use leptos::wasm_bindgen::{JsCast, JsValue};

/// Offsets change at quarters of an hour at most.
const QUARTER: i64 = 900;

/// Quarters whose offset is kept.
const KEPT_MAX: usize = 4096;

/// The zone in use.
struct Chosen {
    name: String,
    /// The formatter's own `format`, which is bound to it.
    format: Function,
    /// Minutes east of UTC, by quarters since 1970.
    east: BTreeMap<i64, i64>,
}

thread_local! {
    static CHOSEN: RefCell<Option<Chosen>> = const { RefCell::new(None) };
}

/// Makes the zone of this name the one that [`minutes`] tells; false where the browser knows none such.
pub fn choose(name: &str) -> bool {
    CHOSEN.with_borrow_mut(|chosen| {
        if chosen.as_ref().is_none_or(|chosen| chosen.name != name) {
            let Some(format) = formatter(name) else {
                return false;
            };
            *chosen = Some(Chosen { name: name.to_owned(), format, east: BTreeMap::new() });
        }
        true
    })
}

/// Whether the browser knows a zone of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    formatter(name).is_some()
}

/// Minutes east of UTC at that second since 1970, in the zone that was chosen last.
pub fn minutes(second: i64) -> i64 {
    CHOSEN.with_borrow_mut(|chosen| {
        let Some(Chosen { format, east, .. }) = chosen else {
            return 0;
        };
        let quarter = second.div_euclid(QUARTER);
        if let Some(&known) = east.get(&quarter) {
            return known;
        }
        if east.len() >= KEPT_MAX {
            east.clear();
        }
        #[expect(clippy::cast_precision_loss, reason = "a time in milliseconds is far below 2^52")]
        let millis = JsValue::from_f64((quarter * QUARTER) as f64 * 1000.0);
        let told = format.call1(&JsValue::UNDEFINED, &millis).ok().and_then(|told| told.as_string());
        let minutes = told.and_then(|told| read(&told)).unwrap_or_default();
        east.insert(quarter, minutes);
        minutes
    })
}

/// A formatter that says the offset from UTC; none where there is no such zone.
fn formatter(name: &str) -> Option<Function> {
    let get = |from: &JsValue, name: &str| Reflect::get(from, &JsValue::from_str(name)).ok();
    let format = get(&get(&global(), "Intl")?, "DateTimeFormat")?.dyn_into::<Function>().ok()?;
    let options = Object::new();
    for (key, value) in [("timeZone", name), ("timeZoneName", "longOffset")] {
        Reflect::set(&options, &JsValue::from_str(key), &JsValue::from_str(value)).ok()?;
    }
    let arguments = Array::of2(&JsValue::from_str("en-US"), &options);
    // It throws where the zone is unknown.
    let formatter = Reflect::construct(&format, &arguments).ok()?;
    get(&formatter, "format")?.dyn_into().ok()
}

/// The offset at the end of `11/22/2026, GMT+05:30`; `GMT` alone is none.
fn read(told: &str) -> Option<i64> {
    let (_, offset) = told.rsplit_once("GMT")?;
    let Some((hours, minutes)) = offset.trim_start_matches(['+', '-', '−']).split_once(':') else {
        return Some(0);
    };
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.get(..2)?.parse::<i64>().ok()?;
    Some(if offset.starts_with('+') { minutes } else { -minutes })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_offset_is_read_from_what_the_browser_tells() {
        assert_eq!(read("11/22/2026, GMT+05:30"), Some(330));
        assert_eq!(read("11/22/2026, GMT-03:30"), Some(-210));
        assert_eq!(read("11/22/2026, GMT"), Some(0));
        assert_eq!(read("11/22/2026"), None);
    }
}

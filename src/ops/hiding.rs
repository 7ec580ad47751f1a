//! Hides secrets in details of states: JSON, which must remain JSON.
//!
//! May use `model`. Used by [`super::hub`] and by `callback`.

use crate::model::callback::REDACTED;
use crate::model::hiding::Hider;
use crate::model::lifecycle::Details;
use serde_json::Value;

/// Details without secrets. They are changed text by text, and written again only if they held one, so that
/// otherwise they remain as the connector wrote them.
#[must_use]
pub fn details(hider: &Hider, details: Details) -> Details {
    if hider.is_idle() {
        return details;
    }
    // What cannot be looked through is not shown: what reads details checked that they are JSON.
    let Ok(mut value) = serde_json::from_str::<Value>(details.as_str()) else {
        return Details::from_json_object("{}".to_owned());
    };
    if hide(hider, &mut value) { Details::from_json_object(value.to_string()) } else { details }
}

/// Hides secrets in all texts and numbers of a value; returns whether there were any. As deep as serde_json
/// parses: 128.
fn hide(hider: &Hider, value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let hidden = hider.text(text.clone());
            let changed = hidden != *text;
            *text = hidden;
            changed
        }
        Value::Number(number) => {
            let is_secret = number.as_f64().is_some_and(|number| hider.is_secret_number(number));
            if is_secret {
                *value = Value::from(REDACTED);
            }
            is_secret
        }
        Value::Array(values) => values.iter_mut().fold(false, |changed, value| hide(hider, value) | changed),
        Value::Object(object) => {
            let values = object.values_mut().fold(false, |changed, value| hide(hider, value) | changed);
            let keys = object.keys().any(|key| hider.text(key.clone()) != *key);
            if keys {
                *object = std::mem::take(object).into_iter().map(|(key, value)| (hider.text(key), value)).collect();
            }
            values || keys
        }
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_remain_json_and_are_otherwise_untouched() {
        let hider = Hider::new(["1234", "0041", "secret", "7"].into_iter());
        for (given, expected) in [
            (r#"{"b":1.50, "a":12345}"#, r#"{"b":1.50, "a":12345}"#),
            (r#"{"a":"\u0041b", "n":7}"#, r#"{"a":"\u0041b", "n":7}"#),
            (r#"{"a":["my secret",{"secret":"1234"}]}"#, r#"{"a":["my •••",{"•••":"•••"}]}"#),
            (r#"{"a":1234,"b":"7"}"#, r#"{"a":"•••","b":"•••"}"#),
            (r#"{"a":"s\u0065cret","b":"%73ecret","c":"c2VjcmV0"}"#, r#"{"a":"•••","b":"•••","c":"•••"}"#),
        ] {
            assert_eq!(details(&hider, Details::from_json_object(given.to_owned())).as_str(), expected);
        }
        let deep = format!(r#"{{"a":{}"secret"{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
        assert_eq!(details(&hider, Details::from_json_object(deep)).as_str(), "{}");
    }
}

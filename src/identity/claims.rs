//! Whom a JWT says it is for. Its signature is not checked: the log line proves only what
//! was sent, and whoever can send may write any claim. The status of the answer tells
//! whether the server believed it.

use serde_json::Value;

/// What names the caller, the best first: a client keeps its id from token to token, a
/// person too; the token's own id is new with each.
const CLAIMS: [&str; 6] = ["client_id", "azp", "appid", "cid", "sub", "jti"];
const CLAIM_BYTES_MAX: usize = 200;
const TOKEN_BYTES_MAX: usize = 8192;

/// The caller that the token names.
pub(super) fn caller_of(token: &[u8]) -> Option<String> {
    if TOKEN_BYTES_MAX < token.len() || !token.starts_with(b"eyJ") {
        return None;
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let claims: Value = serde_json::from_slice(&from_base64(payload)?).ok()?;
    let text = |name: &&str| match claims.get(*name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let found = CLAIMS.iter().filter_map(text).find(|text| !text.is_empty())?;
    (found.len() <= CLAIM_BYTES_MAX && !found.chars().any(char::is_control)).then_some(found)
}

/// Of the alphabet for URLs, with or without padding.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.iter().take_while(|byte| **byte != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if 8 <= bits {
            bits -= 8;
            let [.., byte] = (held >> bits).to_be_bytes();
            bytes.push(byte);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str, expected: Option<&str>) {
        assert_eq!(caller_of(token.as_bytes()).as_deref(), expected, "{token}");
    }

    #[test]
    fn the_client_goes_before_the_person_and_the_token() {
        // {"sub":"ana","client_id":"billing","jti":"1"}
        check(
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEiLCJjbGllbnRfaWQiOiJiaWxsaW5nIiwianRpIjoiMSJ9.x",
            Some("billing"),
        );
        // {"sub":"ana"}
        check("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.x", Some("ana"));
        // {"sub":7}
        check("eyJhbGciOiJub25lIn0.eyJzdWIiOjd9.", Some("7"));
    }

    #[test]
    fn what_names_nobody_is_no_caller() {
        for token in ["eyJhbGciOiJub25lIn0.e30.x", "eyJ.x", "abc", "eyJh.%%%.x", "eyJh.eyJh.x", ""]
        {
            check(token, None);
        }
    }
}

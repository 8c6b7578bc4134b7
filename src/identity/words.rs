//! Names of parameters and headers whose values are secrets.

/// Longer names are judged by their end.
const NAME_BYTES_MAX: usize = 32;

/// Names as they are after lower-casing, without `-`, `_`, `.` and brackets.
const NAMES: &[&[u8]] = &[
    b"apikey",
    b"key",
    b"token",
    b"secret",
    b"password",
    b"passwd",
    b"passphrase",
    b"pass",
    b"pwd",
    b"sig",
    b"signature",
    b"auth",
    b"authorization",
    b"session",
    b"sessionid",
    b"sid",
    b"jwt",
    b"code",
    b"codeverifier",
    b"assertion",
    b"otp",
    b"pin",
    b"cookie",
    b"setcookie",
    b"ticket",
    b"xsrf",
    b"csrf",
    b"nonce",
    b"samlresponse",
    b"samlrequest",
    b"appid",
    b"hapikey",
    b"bearer",
];

/// Ends of such names: `x-goog-signature`, `refresh_token`, `Ocp-Apim-Subscription-Key`.
const ENDS: &[&[u8]] = &[
    b"token",
    b"secret",
    b"password",
    b"passwd",
    b"passphrase",
    b"signature",
    b"authorization",
    b"credential",
    b"credentials",
    b"apikey",
    b"accesskey",
    b"accesskeyid",
    b"secretkey",
    b"privatekey",
    b"appkey",
    b"authkey",
    b"consumerkey",
    b"subscriptionkey",
    b"accountkey",
    b"sharedkey",
    b"masterkey",
    b"licensekey",
    b"clientkey",
    b"sessionid",
    b"sessid",
    b"jwt",
    b"cookie",
];

/// How all of the above end. Most names do not, and are done with at once.
const LAST_TWO: &[[u8; 2]] = &[
    *b"al", *b"ce", *b"de", *b"en", *b"er", *b"et", *b"ey", *b"id", *b"ie", *b"ig", *b"in", *b"ls",
    *b"on", *b"rd", *b"re", *b"rf", *b"se", *b"ss", *b"st", *b"th", *b"tp", *b"wd", *b"wt",
];

/// Whether the value of a parameter or header of this name is a secret.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    let mut buffer = [0; NAME_BYTES_MAX];
    let name = plain(name, &mut buffer);
    let Some(last_two) = name.last_chunk() else { return false };
    LAST_TWO.contains(last_two)
        && (NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end)))
}

/// Whether all of what follows a header of this name is secret, up to the end of the text.
pub(super) fn takes_the_rest(name: &[u8]) -> bool {
    let mut buffer = [0; NAME_BYTES_MAX];
    let name = plain(name, &mut buffer);
    name.ends_with(b"authorization") || name.ends_with(b"cookie")
}

/// The name without case and punctuation; the end of it if it is long.
pub(super) fn plain<'b>(name: &[u8], buffer: &'b mut [u8; NAME_BYTES_MAX]) -> &'b [u8] {
    let mut start = NAME_BYTES_MAX;
    for byte in name.iter().rev().filter(|byte| byte.is_ascii_alphanumeric()) {
        let Some(before) = start.checked_sub(1) else { break };
        if let Some(place) = buffer.get_mut(before) {
            *place = byte.to_ascii_lowercase();
        }
        start = before;
    }
    buffer.get(start..).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_spelling() {
        for name in [
            "api_key",
            "apikey",
            "API-Key",
            "X-Api-Key",
            "key",
            "access_token",
            "refresh_token",
            "client_secret",
            "Password",
            "passwd",
            "pwd",
            "sig",
            "X-Amz-Signature",
            "code",
            "X-Amz-Credential",
            "X-Amz-Security-Token",
            "user[password]",
            "JSESSIONID",
            "jwt",
        ] {
            assert!(is_secret_name(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn every_name_passes_the_quick_look() {
        for name in NAMES.iter().chain(ENDS) {
            assert!(is_secret_name(name), "{}", String::from_utf8_lossy(name));
        }
    }

    #[test]
    fn ordinary_names_are_not_secret() {
        for name in
            ["limit", "cursor", "page", "keyword", "tokens", "max_tokens", "zip_codes", "id", ""]
        {
            assert!(!is_secret_name(name.as_bytes()), "{name}");
        }
    }
}

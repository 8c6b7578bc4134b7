//! Logs of a day, made from a seed.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use jiff::civil::{Date, date};

pub(crate) const LOG_FORMAT: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$http_x_api_key\" $request_time";

const COMBINED_BYTES: usize = 184;
const JSON_BYTES: usize = 300;

/// splitmix64
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

/// Traffic of some days, in order: combined with a key's column, or JSON.
pub(crate) fn write(path: &Path, sort: &str, (lines, keys, days): (usize, usize, usize)) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut dice = Dice(1);
    let mut date = date(2026, 3, 9);
    let in_clf = |date: Date| date.strftime("%d/%b/%Y").to_string();
    let (mut clf_date, mut days_before) = (in_clf(date), 0);
    for number in 0..lines {
        let second = number * 86_400 * days / lines;
        if days_before < second / 86_400 {
            date = date.tomorrow().unwrap();
            clf_date = in_clf(date);
            days_before += 1;
        }
        let clock = format!("{:02}:{:02}:{:02}", second / 3600 % 24, second / 60 % 60, second % 60);
        let client = format!("203.0.113.{}", number % 250);
        let order = dice.next(100_000_000);
        let status = match dice.next(23) {
            20 => 401,
            21 => 404,
            22 => 500,
            _ => 200,
        };
        let bytes = 100 + dice.next(9899);
        let key = dice.next(keys as u64);
        let millis = dice.next(1000);
        let (head, tail, whole) = if sort == "json" {
            let head = format!(
                "{{\"time\":\"{date}T{clock}.{millis:03}Z\",\"remote_addr\":\"{client}\",\"method\":\"GET\",\"uri\":\"/v1/orders/{order:08}\",\"status\":{status},\"bytes_sent\":{bytes},\"request_time\":0.{millis:03},\"host\":\"api.example.com\",\"user_agent\":\"acme-sdk-php/1.5.2 GuzzleHttp/7 "
            );
            (head, format!("\",\"api_key\":\"k_{key:06}\"}}\n"), JSON_BYTES)
        } else {
            let head = format!(
                "{client} - - [{clf_date}:{clock} +0000] \"GET /v1/orders/{order:08} HTTP/1.1\" {status} {bytes:04} \"-\" \"acme-sdk-php/1.5.2 GuzzleHttp/7 "
            );
            (head, format!("\" \"k_{key:06}\" 0.{millis:03}\n"), COMBINED_BYTES)
        };
        let pad = whole.saturating_sub(head.len() + tail.len());
        out.write_all(head.as_bytes()).unwrap();
        out.write_all("x".repeat(pad).as_bytes()).unwrap();
        out.write_all(tail.as_bytes()).unwrap();
    }
    out.flush().unwrap();
}

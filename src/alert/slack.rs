//! A message in a chat that takes Slack's incoming webhooks: Slack, Mattermost, Rocket.Chat.

use serde_json::{Value, json};

use super::letter_parts::who;
use super::plain::plain;
use super::web::Web;
use super::{Bulletin, News, Notifier, Sending, webhook};
use crate::incident::{Incident, State, words};

/// Read by people: they get few, and one for many where there are many.
#[derive(Debug)]
pub struct Slack {
    pub web: Web,
}

const TEXT_CHARS_MAX: usize = 600;
const LIST_CHARS_MAX: usize = 2_500;

impl Notifier for Slack {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move { self.web.post(webhook::post(&body(bulletin), bulletin, None)).await })
    }
}

fn body(bulletin: &Bulletin) -> Value {
    let subject = escaped(&bulletin.letter.subject, TEXT_CHARS_MAX);
    let (text, link) = match &bulletin.news {
        News::Incident(incident, _) => {
            (about(incident), bulletin.frame.link_to(&format!("/incidents/{}", incident.id)))
        }
        News::Several(incidents) => (list(incidents), bulletin.frame.link_to("/incidents")),
        News::Report => (String::new(), bulletin.frame.link_to("/")),
    };
    let mut blocks = vec![json!({
        "type": "section",
        "text": { "type": "mrkdwn", "text": format!("*{subject}*\n{text}") },
    })];
    if let Some(link) = link {
        blocks.push(json!({
            "type": "section",
            "text": { "type": "mrkdwn", "text": format!("<{}|Open the page> (changes nothing)", escaped(&link, TEXT_CHARS_MAX)) },
        }));
    }
    json!({ "text": subject, "unfurl_links": false, "blocks": blocks })
}

fn about(incident: &Incident) -> String {
    let state = match incident.state {
        State::Open => "",
        State::Acknowledged => "someone looks into it\n",
        State::Resolved => "it is over\n",
        State::Muted => "muted\n",
    };
    let because = incident.findings.first().map_or("", |finding| finding.because.as_str());
    let next = words(&incident.kind).and_then(|words| words.next_steps.first()).copied();
    format!(
        "{state}{}\n{}\nNext: {}",
        escaped(because, TEXT_CHARS_MAX),
        escaped(&who(incident), TEXT_CHARS_MAX),
        next.unwrap_or("look at the page"),
    )
}

fn list(incidents: &[Incident]) -> String {
    let mut text = String::new();
    for incident in super::summary::worst_first(incidents) {
        let title = escaped(&incident.title, TEXT_CHARS_MAX);
        let line = format!("• {}: {title} ({})\n", incident.severity.name(), incident.id);
        if LIST_CHARS_MAX < text.len() + line.len() {
            text.push_str("• and more\n");
            break;
        }
        text.push_str(&line);
    }
    text
}

/// Slack makes links and calls of what stands in angle brackets, and its own marks of some
/// signs: a zero-width space would be taken out again, so they are replaced by their likes.
fn escaped(text: &str, chars_max: usize) -> String {
    let mut safe = String::new();
    for letter in plain(text, chars_max).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '*' => safe.push('∗'),
            '_' => safe.push('＿'),
            '~' => safe.push('∼'),
            '`' => safe.push('ˋ'),
            '@' => safe.push('＠'),
            other => safe.push(other),
        }
    }
    safe
}

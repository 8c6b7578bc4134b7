//! The population: so many keys, some of them with a special post, and who can still become a victim.

use super::draw::Draw;
use super::draw::dice;
use super::hit::Pen;
use super::hit::push_base36;
use super::key::DAY;
use super::key::HOUR;
use super::key::Key;
use super::key::LONG_AGO;
use super::key::NEVER;
use super::key::Shift;
use super::key::What;
use super::key::some_role;
use super::law::Law;
use super::options::Options;
use super::options::Profile;

/// What a key is there for in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    Usual,
    /// Always refused: an integration that nobody repairs.
    Failing,
    /// Good, but not used for a long time.
    Dormant,
    Revoked,
    Expired,
    Canary,
    /// Never used, retired or otherwise without a part.
    Resting,
}

/// All keys, and the pen that knows their names.
pub(super) struct People {
    pub(super) keys: Vec<Key>,
    pub(super) posts: Vec<Post>,
    pub(super) pen: Pen,
    /// Keys in the order in which they become victims.
    free: Vec<usize>,
    with_secrets: bool,
}

/// What share of the keys has which post.
const POSTS: &[(Post, f64)] = &[
    (Post::Failing, 0.03),
    (Post::Dormant, 0.04),
    (Post::Revoked, 0.03),
    (Post::Expired, 0.03),
    (Post::Canary, 0.025),
    (Post::Resting, 0.03),
];

impl People {
    pub(super) fn new(options: &Options, draw: &mut Draw) -> Self {
        let pen = Pen::new(options);
        let (keys, posts, free) = (Vec::new(), Vec::new(), Vec::new());
        let mut people = Self { keys, posts, pen, free, with_secrets: options.key_secrets };
        for number in 0..options.keys {
            let name = people.new_name(draw);
            let role = some_role(options.profile.number(), draw);
            let key = Key::new(name, role, &mut people.pen, draw);
            people.keys.push(key);
            people.posts.push(Post::Usual);
            people.free.push(number);
        }
        draw.shuffle(&mut people.free);
        if options.profile == Profile::Uneven {
            people.give_laws(&mut Draw::of(options.seed, &[dice::LAWS]));
        }
        people.hand_out_posts(options, draw);
        people.share_out(options.requests_per_day);
        people
    }

    /// A name that looks like the others.
    pub(super) fn new_name(&mut self, draw: &mut Draw) -> String {
        let mut name = String::from(if self.with_secrets { "sk_live_" } else { "k_" });
        push_base36(draw.number(), &mut name);
        if self.with_secrets {
            push_base36(draw.number(), &mut name);
        }
        name
    }

    /// The next usual key of this sort that nothing has happened to; if there is none, one to which something has.
    pub(super) fn victim(&mut self, fits: impl Fn(&Key) -> bool) -> Option<usize> {
        let usual = |number: &usize| {
            self.posts.get(*number) == Some(&Post::Usual)
                && self.keys.get(*number).is_some_and(&fits)
        };
        let place = self.free.iter().position(usual)?;
        let number = self.free.remove(place);
        // To the end of the row: it is taken again only when all others have been.
        self.free.push(number);
        Some(number)
    }

    /// A key with this post; each is taken once.
    pub(super) fn take(&mut self, post: Post) -> Option<usize> {
        let number = self.posts.iter().position(|other| *other == post)?;
        if let Some(place) = self.posts.get_mut(number) {
            *place = Post::Resting;
        }
        Some(number)
    }

    /// A new key that takes over the habits of another.
    pub(super) fn take_over(&mut self, old: usize, draw: &mut Draw) -> Option<usize> {
        let old = self.keys.get(old)?;
        let (owner, level, minutes_east) = (old.owner, old.level, old.minutes_east);
        let mut new = Key {
            name: String::new(),
            caller: old.caller,
            role: old.role,
            owner,
            level,
            relative: old.relative,
            trend: old.trend,
            minutes_east,
            routes: old.routes.clone(),
            addresses: old.addresses.clone(),
            networks: old.networks.clone(),
            clients: old.clients.clone(),
            objects: old.objects,
            iterates: old.iterates,
            cursor: 0,
            errors: old.errors,
            always: None,
            weekly_hour: None,
            job_hours: old.job_hours.clone(),
            month_end: old.month_end,
            law: old.law,
            only_weekdays: old.only_weekdays,
            shifts: Vec::new(),
            record: old.record.clone(),
        };
        new.name = self.new_name(draw);
        new.caller = self.pen.name(new.name.clone());
        self.keys.push(new);
        self.posts.push(Post::Usual);
        Some(self.keys.len() - 1)
    }

    fn give_laws(&mut self, draw: &mut Draw) {
        for key in &mut self.keys {
            key.law = Law::any(draw);
            key.only_weekdays = draw.chance(0.2);
        }
    }

    fn hand_out_posts(&mut self, options: &Options, draw: &mut Draw) {
        for (post, share) in POSTS {
            let wanted = (share * options.keys as f64).round() as usize;
            for _ in 0..wanted {
                if let Some(number) = self.victim(|_| true) {
                    self.give(number, *post, draw);
                }
            }
        }
        let (start, end) = (options.start().0, options.end.0);
        for key in &mut self.keys {
            date(key, (start, end), draw);
            key.trend.0 = start;
            key.month_end = if draw.chance(0.3) { draw.between(1.8, 4.0) } else { 1.0 };
        }
        for (key, post) in self.keys.iter_mut().zip(&self.posts) {
            end_of_life(key, *post, (start, end), draw);
        }
        let batch = self.keys.iter_mut().filter(|key| key.role.name == "batch");
        for key in batch.step_by(3) {
            key.job_hours.clear();
            key.weekly_hour = Some(draw.below(168));
        }
    }

    fn give(&mut self, number: usize, post: Post, draw: &mut Draw) {
        if let Some(place) = self.posts.get_mut(number) {
            *place = post;
        }
        let Some(key) = self.keys.get_mut(number) else { return };
        let forever = |level| Shift { from: LONG_AGO, to: NEVER, what: What::Level(level, level) };
        match post {
            Post::Failing => key.always = draw.pick(&[401, 404, 429, 403]),
            Post::Dormant | Post::Canary | Post::Resting => key.shifts.push(forever(0.0)),
            Post::Usual | Post::Revoked | Post::Expired => (),
        }
        if post == Post::Canary {
            key.record.canary = true;
        }
    }

    /// Scales the levels so that all keys together make so many requests a day.
    fn share_out(&mut self, requests_per_day: f64) {
        let sum: f64 = self.keys.iter().map(|key| key.level).sum();
        let mut left = 0.0;
        for (key, post) in self.keys.iter_mut().zip(&self.posts) {
            let most = if key.weekly_hour.is_some() || key.always.is_some() { 0.008 } else { 0.06 };
            key.level = key.level.min(sum * most);
            match post {
                Post::Usual | Post::Failing | Post::Revoked | Post::Expired => {
                    left += key.level * if key.weekly_hour.is_some() { 1.26 } else { 1.0 };
                }
                Post::Dormant | Post::Canary | Post::Resting => (),
            }
        }
        let count = self.keys.len() as f64;
        for key in &mut self.keys {
            key.relative = key.level * count / left.max(1e-9);
            key.level *= requests_per_day / left.max(1e-9);
        }
    }
}

/// When it was created and rotated; some rows of the inventory are neglected.
fn date(key: &mut Key, (start, end): (i64, i64), draw: &mut Draw) {
    key.record.created = start - draw.whole(20 * DAY, 800 * DAY);
    let since_rotation = if draw.chance(0.75) {
        draw.whole(2 * DAY, 80 * DAY)
    } else {
        draw.whole(80 * DAY, 500 * DAY)
    };
    key.record.rotated = key.record.created.max(start - since_rotation);
    key.record.status_since = key.record.created;
    if draw.chance(0.65) {
        key.record.expires = Some(end + draw.whole(2 * DAY, 400 * DAY));
    }
    if draw.chance(0.03) {
        key.owner = "";
    }
    if draw.chance(0.02) {
        key.record.status = "unknown";
    }
}

/// Revoked and expired keys are used until their day has come.
fn end_of_life(key: &mut Key, post: Post, (start, end): (i64, i64), draw: &mut Draw) {
    let at = start + ((end - start) as f64 * draw.between(0.12, 0.55)) as i64;
    let at = at - at.rem_euclid(1000);
    let used_until = at - draw.whole(HOUR, 30 * HOUR);
    match post {
        Post::Revoked => {
            key.record.status = if draw.chance(0.3) { "disabled" } else { "revoked" };
            key.record.status_since = at;
        }
        Post::Expired => key.record.expires = Some(at),
        Post::Usual | Post::Failing | Post::Dormant | Post::Canary | Post::Resting => return,
    }
    key.shifts.push(Shift { from: used_until, to: NEVER, what: What::Level(0.0, 0.0) });
}

//! What the keys of the keyboard do in `top`.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::state::{Sort, State};

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    End,
}

/// By which letter is sorted.
const SORTS: [(char, Sort); 6] = [
    ('r', Sort::Rate),
    ('n', Sort::Requests),
    ('e', Sort::Errors),
    ('l', Sort::Last),
    ('s', Sort::Stale),
    ('k', Sort::Key),
];

/// Rows that a page of the keyboard moves by.
const PAGE: usize = 10;

/// What is typed to find is not longer.
const FIND_CHARS_MAX: usize = 60;

impl State {
    pub(super) fn press(&mut self, key: &KeyEvent) -> Next {
        if key.kind == KeyEventKind::Release {
            return Next::Stay;
        }
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control && matches!(key.code, KeyCode::Char('c' | 'd')) {
            return Next::End;
        }
        if self.is_finding {
            self.type_to_find(key.code);
            return Next::Stay;
        }
        if key.code == KeyCode::Char('q') {
            return Next::End;
        }
        match SORTS.iter().find(|(letter, _)| key.code == KeyCode::Char(*letter)) {
            Some((_, sort)) => (self.sort, self.selected) = (*sort, 0),
            None => self.move_by(key.code),
        }
        Next::Stay
    }

    fn move_by(&mut self, code: KeyCode) {
        let last = self.rows().len().saturating_sub(1);
        let at = self.selected;
        self.selected = if code == KeyCode::Up {
            at.saturating_sub(1)
        } else if code == KeyCode::Down {
            at + 1
        } else if code == KeyCode::PageUp {
            at.saturating_sub(PAGE)
        } else if code == KeyCode::PageDown {
            at + PAGE
        } else if code == KeyCode::Home {
            0
        } else if code == KeyCode::End {
            last
        } else {
            self.switch(code);
            at
        };
        self.selected = self.selected.min(last);
    }

    fn switch(&mut self, code: KeyCode) {
        if code == KeyCode::Char('/') {
            self.is_finding = true;
        } else if code == KeyCode::Char('p') {
            self.is_held = !self.is_held;
        } else if code == KeyCode::Esc {
            self.find.clear();
        }
    }

    fn type_to_find(&mut self, code: KeyCode) {
        self.selected = 0;
        if code == KeyCode::Esc {
            self.find.clear();
            self.is_finding = false;
        } else if code == KeyCode::Enter {
            self.is_finding = false;
        } else if code == KeyCode::Backspace {
            self.find.pop();
        } else if let KeyCode::Char(letter) = code
            && self.find.chars().count() < FIND_CHARS_MAX
        {
            self.find.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::state;
    use super::*;

    fn press(state: &mut State, code: KeyCode) -> Next {
        state.press(&KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn letters_sort_and_arrows_stay_within_the_table() {
        let mut state = state(Sort::Rate);
        for _ in 0..9 {
            press(&mut state, KeyCode::Down);
        }
        assert_eq!(state.selected, 2);
        press(&mut state, KeyCode::Char('n'));
        assert_eq!((state.sort, state.selected), (Sort::Requests, 0));
        press(&mut state, KeyCode::Up);
        assert_eq!(state.selected, 0);
    }

    #[test]
    fn what_is_typed_to_find_is_no_command() {
        let mut state = state(Sort::Rate);
        for letter in "/q".chars() {
            assert_eq!(press(&mut state, KeyCode::Char(letter)), Next::Stay);
        }
        assert_eq!(state.rows().len(), 1, "k_quiet");
        press(&mut state, KeyCode::Esc);
        assert_eq!(state.rows().len(), 3);
        assert_eq!(press(&mut state, KeyCode::Char('q')), Next::End);
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(state.press(&control), Next::End);
    }
}

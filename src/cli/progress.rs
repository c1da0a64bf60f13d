//! Progress bars on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use super::stages::Stages;
use crate::night::Progress;

/// One bar for the stage under way.
pub struct Bars {
    bar: Mutex<Option<ProgressBar>>,
    shown: bool,
    /// What the stages cost.
    pub stages: Stages,
}

impl Bars {
    /// Bars on stderr if it is a terminal and `quiet` is not asked for.
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        Self { bar: Mutex::new(None), shown, stages: Stages::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn stage(&self, zh: &str, en: &str, steps: u64) {
        self.stages.begin(format!("{zh} {en}"));
        if !self.shown {
            return;
        }
        let style = ProgressStyle::with_template("{prefix} [{bar:28}] {pos}/{len} {elapsed} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::new(steps).with_style(style).with_prefix(format!("{zh} {en}"));
        if let Some(last) = self.lock().replace(bar) {
            last.finish_and_clear();
        }
    }

    fn step(&self, what: &str) {
        if let Some(bar) = self.lock().as_ref() {
            bar.set_message(what.to_owned());
            bar.inc(1);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Some(bar) = self.lock().take() {
            bar.finish_and_clear();
        }
    }
}

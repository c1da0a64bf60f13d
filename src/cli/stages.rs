//! What each stage of a run costs.

use std::sync::Mutex;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use super::output;

/// What the process has used up to a moment.
#[derive(Clone, Copy)]
struct Used {
    at: Instant,
    /// Seconds of user and system time, those of ended child processes included.
    cpu: f64,
    /// The most memory that it held at once, in MiB, without its children.
    peak: f64,
}

impl Used {
    /// Nothing where the system does not tell.
    fn now() -> Option<Self> {
        let own = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let children = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
        let seconds = |t: TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
        let cpu = [own, children].map(|u| seconds(u.user_time()) + seconds(u.system_time()));
        let peak = own.max_rss() as f64 / 1024.0;
        Some(Self { at: Instant::now(), cpu: cpu.iter().sum(), peak })
    }
}

/// Stages in their order, each with what had been used when it began.
pub struct Stages {
    begun: Mutex<Vec<(String, Option<Used>)>>,
}

impl Stages {
    /// What comes before the first stage is a stage of its own.
    pub fn new() -> Self {
        Self { begun: Mutex::new(vec![("准备 prepare".to_owned(), Used::now())]) }
    }

    /// A stage begins.
    pub fn begin(&self, name: String) {
        let mut begun = self.begun.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        begun.push((name, Used::now()));
    }

    /// Prints a line for each stage to stderr; stages of the same name in a row are one.
    pub fn report(&self) {
        let begun = self.begun.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(end) = Used::now() else { return };
        let mut table = output::plain_table();
        table.set_header(["阶段 stage", "秒 wall s", "CPU s", "最高内存 peak MiB"]);
        let mut stages = begun.iter().filter_map(|(name, used)| Some((name, (*used)?)));
        let mut stage = stages.next();
        while let Some((name, from)) = stage {
            stage = stages.find(|(next, _)| *next != name);
            let to = stage.map_or(end, |(_, used)| used);
            let numbers = [to.at.duration_since(from.at).as_secs_f64(), to.cpu - from.cpu, to.peak];
            let mut row = vec![name.clone()];
            row.extend(numbers.map(|number| format!("{number:.1}")));
            table.add_row(row);
        }
        output::log(&output::drawn(table));
    }
}

//! The states of a case, and the table of moves between them.

use serde::{Deserialize, Serialize};

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Found, not yet in anybody's pack.
    Pending,
    /// In a pack.
    Issued,
    /// The county has signed for the pack.
    Received,
    /// The county looks into it.
    Verifying,
    /// The county has answered.
    Answered,
    /// Waits for an extract that is newer than the answer.
    Reviewing,
    /// The answer does not hold: to be done again.
    SentBack,
    /// Answered, and a later extract proves it.
    Closed,
    /// Gone from the data without an answer.
    Vanished,
    /// Exempt until a day.
    Waived,
    /// Given to another county or office, which has not got it in a pack yet.
    HandedOver,
}

/// What an act does to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Open,
    Issue,
    Receive,
    Verify,
    /// The county reports that it is at work: its clock runs on.
    Progress,
    Answer,
    Review,
    SendBack,
    Close,
    Vanish,
    Waive,
    Lapse,
    HandOver,
    Reopen,
    Escalate,
    Assign,
    Note,
}

use State::{
    Answered, Closed, HandedOver, Issued, Pending, Received, Reviewing, SentBack, Vanished,
    Verifying, Waived,
};

/// States in which a case is somebody's work.
pub const OPEN: [State; 8] =
    [Pending, Issued, Received, Verifying, Answered, Reviewing, SentBack, HandedOver];

/// States in which the county is asked, and its clock runs.
const WAITING: [State; 4] = [Issued, Received, Verifying, SentBack];

/// Every move that there is: from these states, by this verb, to that state. What is not listed is
/// refused. Verbs that are missing here (`Escalate`, `Assign`, `Note`) leave the state as it is.
pub const MOVES: [(&[State], Verb, State); 15] = [
    (&[Pending, SentBack, HandedOver], Verb::Issue, Issued),
    (&[Issued], Verb::Receive, Received),
    (&[Issued, Received, SentBack], Verb::Verify, Verifying),
    (&[Issued, Received, Verifying, SentBack], Verb::Progress, Verifying),
    (&[Issued, Received, Verifying, SentBack, Answered, Reviewing], Verb::Answer, Answered),
    (&[Answered], Verb::Review, Reviewing),
    (&[Answered, Reviewing], Verb::SendBack, SentBack),
    (&OPEN, Verb::Close, Closed),
    (&[Pending, Issued, Received, Verifying, SentBack, HandedOver], Verb::Vanish, Vanished),
    (&[Waived], Verb::Vanish, Vanished),
    (&OPEN, Verb::Waive, Waived),
    (&[Waived], Verb::Lapse, Pending),
    (&OPEN, Verb::HandOver, HandedOver),
    (&[Closed, Vanished], Verb::Reopen, Pending),
    (&[Waived], Verb::Waive, Waived),
];

impl State {
    /// All, in the order of a case's life.
    pub const ALL: [Self; 11] = [
        Pending, Issued, Received, Verifying, Answered, Reviewing, SentBack, HandedOver, Waived,
        Closed, Vanished,
    ];

    /// The word in files and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Pending => "pending",
            Issued => "issued",
            Received => "received",
            Verifying => "verifying",
            Answered => "answered",
            Reviewing => "reviewing",
            SentBack => "sent_back",
            Closed => "closed",
            Vanished => "vanished",
            Waived => "waived",
            HandedOver => "handed_over",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Pending => "待下发",
            Issued => "已下发",
            Received => "已签收",
            Verifying => "核实中",
            Answered => "已反馈",
            Reviewing => "复核中",
            SentBack => "退回",
            Closed => "销号",
            Vanished => "系统消除",
            Waived => "豁免",
            HandedOver => "转办",
        }
    }

    /// The state behind a word, Chinese or English.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word || s.zh() == word)
    }

    /// Is it somebody's work?
    pub fn is_open(self) -> bool {
        OPEN.contains(&self)
    }

    /// Does the county's clock run?
    pub fn is_waiting(self) -> bool {
        WAITING.contains(&self)
    }

    /// Where a verb leads from here; nothing when it is not allowed.
    pub fn after(self, verb: Verb) -> Option<Self> {
        if matches!(verb, Verb::Assign | Verb::Note) {
            return Some(self);
        }
        if verb == Verb::Escalate {
            return self.is_waiting().then_some(self);
        }
        let found = MOVES.iter().find(|(from, by, _)| *by == verb && from.contains(&self));
        found.map(|(_, _, to)| *to)
    }
}

impl Verb {
    /// All, in the order of a case's life.
    pub const ALL: [Self; 17] = [
        Self::Open,
        Self::Issue,
        Self::Receive,
        Self::Verify,
        Self::Progress,
        Self::Answer,
        Self::Review,
        Self::SendBack,
        Self::Close,
        Self::Vanish,
        Self::Waive,
        Self::Lapse,
        Self::HandOver,
        Self::Reopen,
        Self::Escalate,
        Self::Assign,
        Self::Note,
    ];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Issue => "issue",
            Self::Receive => "receive",
            Self::Verify => "verify",
            Self::Progress => "progress",
            Self::Answer => "answer",
            Self::Review => "review",
            Self::SendBack => "send_back",
            Self::Close => "close",
            Self::Vanish => "vanish",
            Self::Waive => "waive",
            Self::Lapse => "lapse",
            Self::HandOver => "hand_over",
            Self::Reopen => "reopen",
            Self::Escalate => "escalate",
            Self::Assign => "assign",
            Self::Note => "note",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Open => "立案",
            Self::Issue => "下发",
            Self::Receive => "签收",
            Self::Verify => "核实",
            Self::Progress => "报告进展",
            Self::Answer => "反馈",
            Self::Review => "复核",
            Self::SendBack => "退回",
            Self::Close => "销号",
            Self::Vanish => "系统消除",
            Self::Waive => "豁免",
            Self::Lapse => "豁免到期",
            Self::HandOver => "转办",
            Self::Reopen => "重开",
            Self::Escalate => "升级督办",
            Self::Assign => "指派",
            Self::Note => "备注",
        }
    }
}

//! The list of the cases, which each module of them has a part of.

use crate::support::LocalBoxFuture;

type Start = fn() -> LocalBoxFuture<()>;

/// The cases of one module.
pub struct Module {
    pub path: &'static str,
    pub cases: &'static [(&'static str, Start)],
}

inventory::collect!(Module);

/// One case of the list.
#[derive(Clone, Copy)]
pub struct Case {
    /// What it is about: `gather`, `timeout`, ….
    pub subject: &'static str,
    pub name: &'static str,
    pub(crate) start: Start,
}

/// All cases, by subject.
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = inventory::iter::<Module>
        .into_iter()
        .flat_map(|module| {
            let (_, subject) = module.path.rsplit_once("::").unwrap_or_default();
            module.cases.iter().map(move |&(name, start)| Case {
                subject,
                name,
                start,
            })
        })
        .collect();
    cases.sort_unstable_by_key(|case| (case.subject, case.name));
    cases
}

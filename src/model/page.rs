//! Paging by key: a page is asked for by its size and by what stands before it.

use crate::model::error::{Error, Result, Violation};

/// The largest page that a list gives. Larger ones would hold a reader for too long.
pub const PAGE_SIZE_MAX: u32 = 1_000;
/// The page given where none was asked for, on lists that the platform documents without paging:
/// clients written for it expect everything, so it is the largest.
pub const PAGE_SIZE_DEFAULT: u32 = PAGE_SIZE_MAX;

/// A page of a list whose rows have identifiers of type `Id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Page<Id> {
    /// How many rows at the most.
    pub first: u32,
    /// The row that stands right before the page; the list's start if none.
    pub after: Option<Id>,
}

impl<Id> Page<Id> {
    /// A page from the arguments `first` and `after` of a list.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `first` is not from 1 to [`PAGE_SIZE_MAX`].
    pub fn new(first: Option<i32>, after: Option<Id>) -> Result<Self> {
        let first = first.map_or(Ok(PAGE_SIZE_DEFAULT), u32::try_from);
        match first {
            Ok(first) if (1..=PAGE_SIZE_MAX).contains(&first) => Ok(Self { first, after }),
            _ => Err(Error::Invalid(vec![Violation {
                path: "first".to_owned(),
                message: format!("must be from 1 to {PAGE_SIZE_MAX}"),
            }])),
        }
    }
}

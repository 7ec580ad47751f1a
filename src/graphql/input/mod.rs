//! Input types and what becomes of them, by noun.

pub mod connector;
pub mod constraint;
pub mod given;
pub mod thing;

//! Reading and trimming histories.

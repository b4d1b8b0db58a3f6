//! A real browser walks the consent: in a popup and in a window that comes back, allows and
//! refuses, in two tabs, without scripts; and what an attacker does from the address bar, from a
//! redirect and from another site comes to nothing. And the page of the sandbox shows what happens,
//! and why.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

mod walk;

mod popup;
mod post_message;
mod two_tabs;
mod without_scripts;
mod forged_redirects;
mod repeated_visits;
mod languages;
mod foreign_origins;
mod live_dashboard;
mod inspector;
mod inspector_journal;
mod inspector_drawer;
mod inspector_chat;
mod inspector_screen;

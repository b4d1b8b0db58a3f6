//! The program around [`every_entry`], for a host and for a processor without an operating system.

#![no_std]
#![no_main]

use core::hint::black_box;
use kommo_sign_no_std_proof::every_entry;

static INPUT: &[u8] = b"POST /v2/origin/custom/x/connect {\"account_id\":\"x\"}\n";

/// How many verdicts on [`INPUT`] are yes; one less means that a verifier refuses what it signed
/// itself.
const YES: u32 = 10;

// The C library brings `memcpy` and the start of a program, nothing else.
#[cfg(unix)]
#[link(name = "c")]
unsafe extern "C" {}

/// Exit status 0 if every verdict was as expected.
#[cfg(unix)]
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    i32::from(every_entry(black_box(INPUT)) != YES)
}

/// Nothing to return to: the verdicts are stored where the compiler must write them.
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    black_box(every_entry(black_box(INPUT)) == YES);
    loop {}
}

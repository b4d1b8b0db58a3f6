//! A library without std and without an allocator that calls every entry of `kommo-sign`: "no_std, no alloc", and a door to invariant I11.
//!
//! - There is no `extern crate alloc` and no global allocator: had a dependency one need of a heap, nothing would link.
//! - With the feature `panics-do-not-link`, the panic handler calls a function that exists nowhere. Whole-program optimisation
//!   removes what cannot be reached, so a program links only if no panic can be; in a WebAssembly module the function would be an
//!   import. On x86-64 it does not link: the AVX2 code of `sha2` for SHA-512 keeps bounds checks.
//!
//! ```text
//! cargo run --release --bin kommo-sign-no-std-proof      the host: links, runs, exit status 0
//! cargo build --release --bin kommo-sign-no-std-proof --target thumbv7em-none-eabi
//! cargo rustc --release --lib --crate-type cdylib --target wasm32-unknown-unknown    a module that imports nothing
//! ```

#![no_std]

mod entries;

pub use entries::every_entry;

#[cfg(feature = "panics-do-not-link")]
unsafe extern "C" {
    /// Defined nowhere, on purpose.
    fn kommo_sign_has_a_panic_that_can_be_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "panics-do-not-link")]
    // SAFETY: a program in which this call can be reached does not link.
    unsafe {
        kommo_sign_has_a_panic_that_can_be_reached()
    }
    #[cfg(not(feature = "panics-do-not-link"))]
    loop {}
}

/// The entry of the WebAssembly module: how many verdicts were yes.
///
/// # Safety
///
/// `length` bytes can be read from `input`.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kommo_sign_no_std_proof(input: *const u8, length: usize) -> u32 {
    // SAFETY: the caller's promise.
    every_entry(unsafe { core::slice::from_raw_parts(input, length) })
}

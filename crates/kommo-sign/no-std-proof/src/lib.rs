//! A library without std and without an allocator that calls every entry of `kommo-sign`.
//!
//! There is no `extern crate alloc` and no global allocator: had a dependency one need of a heap,
//! nothing would link.
//!
//! ```text
//! cargo run --release --bin kommo-sign-no-std-proof      the host: links, runs, exit status 0
//! cargo build --release --bin kommo-sign-no-std-proof --target thumbv7em-none-eabi
//! cargo rustc --release --lib --crate-type cdylib --target wasm32-unknown-unknown    a module that imports nothing
//! ```

#![no_std]

mod entries;

pub use entries::every_entry;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
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

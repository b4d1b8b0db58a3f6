//! Which vector registers are used.

use core::fmt;

#[cfg(target_arch = "aarch64")]
use fearless_simd::aarch64::Neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use fearless_simd::wasm32::WasmSimd128;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use fearless_simd::x86::{Avx2, Avx512, Sse2};

/// The registers that messages run side by side in. A value of it is the proof that this processor
/// has them.
///
/// Every level gives the same results, to the bit; [`Level::best`] is the one to use. The others
/// are for tests and measurements.
#[derive(Clone, Copy)]
pub struct Level(pub(crate) Registers);

#[derive(Clone, Copy)]
pub(crate) enum Registers {
    None,
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Sse2(Sse2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx2(Avx2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    WasmSimd128(WasmSimd128),
}

impl Level {
    /// No lanes: each message is hashed by itself, as `kommo-sign` does.
    pub const ONE_AT_A_TIME: Self = Self(Registers::None);

    /// The widest registers of this processor; without the feature `std`, of the processor that was
    /// compiled for.
    #[must_use]
    pub fn best() -> Self {
        Self::all()
            .max_by_key(|level| level.lanes())
            .unwrap_or(Self::ONE_AT_A_TIME)
    }

    /// Every level of this processor, the narrowest first. [`Level::ONE_AT_A_TIME`] is always
    /// there.
    pub fn all() -> impl Iterator<Item = Self> {
        let found = fearless_simd::Level::try_detect();
        let found = found.unwrap_or_else(fearless_simd::Level::baseline);
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let registers = [
            found.as_sse2().map(Registers::Sse2),
            found.as_avx2().map(Registers::Avx2),
            found.as_avx512().map(Registers::Avx512),
        ];
        #[cfg(target_arch = "aarch64")]
        let registers = [found.as_neon().map(Registers::Neon)];
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        let registers = [found.as_wasm_simd128().map(Registers::WasmSimd128)];
        #[cfg(not(any(
            target_arch = "x86",
            target_arch = "x86_64",
            target_arch = "aarch64",
            all(target_arch = "wasm32", target_feature = "simd128")
        )))]
        let registers = {
            let _ = found;
            [None]
        };
        let registers = registers.into_iter().flatten().map(Self);
        core::iter::once(Self::ONE_AT_A_TIME).chain(registers)
    }

    /// How many messages run side by side in one register: 1, 4, 8 or 16.
    #[must_use]
    pub const fn lanes(self) -> usize {
        match self.0 {
            Registers::None => 1,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Registers::Sse2(_) => 4,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Registers::Avx2(_) => 8,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Registers::Avx512(_) => 16,
            #[cfg(target_arch = "aarch64")]
            Registers::Neon(_) => 4,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Registers::WasmSimd128(_) => 4,
        }
    }

    /// `one-at-a-time`, `sse2`, `avx2`, `avx512`, `neon` or `wasm128`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Registers::None => "one-at-a-time",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Registers::Sse2(_) => "sse2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Registers::Avx2(_) => "avx2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Registers::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Registers::Neon(_) => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Registers::WasmSimd128(_) => "wasm128",
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Level({})", self.name())
    }
}

/// Calls a function that is generic over [`Lanes`](crate::lanes::Lanes) with the registers of a
/// level; the second expression stands for no registers at all.
macro_rules! with_lanes {
    ($level:expr, $simd:ident => $many:expr, $one:expr) => {
        match $level.0 {
            crate::level::Registers::None => $one,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            crate::level::Registers::Sse2($simd) => $many,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            crate::level::Registers::Avx2($simd) => $many,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            crate::level::Registers::Avx512($simd) => $many,
            #[cfg(target_arch = "aarch64")]
            crate::level::Registers::Neon($simd) => $many,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            crate::level::Registers::WasmSimd128($simd) => $many,
        }
    };
}
pub(crate) use with_lanes;

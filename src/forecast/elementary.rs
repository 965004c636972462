//! Elementary functions in single precision, as straight lines of additions and multiplications.
//!
//! The standard library's versions are calls that the compiler cannot turn into vector code, and may differ between
//! platforms. These are written without branches, table look-ups, fused operations or conversions between integers and
//! floats, so that a loop over an array becomes vector instructions of any width, with the same bits everywhere.
//! Coefficients: interpolation at Chebyshev nodes of the stated interval.

/// `1.5 * 2^23`: adding it rounds to a whole number, which then stands in the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// The larger of two numbers that are not NaN, as one instruction.
#[inline(always)]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller of two numbers that are not NaN, as one instruction.
#[inline(always)]
pub(super) fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// A number strictly between 0 and 1 from the upper 23 of 32 random bits; `1 - u` is exactly the mirrored number.
#[inline(always)]
pub(super) fn unit(bits: u32) -> f32 {
    const HALF_STEP: f32 = 1.0 / 16_777_216.0;
    f32::from_bits((bits >> 9) | 0x3f80_0000) - (1.0 - HALF_STEP)
}

/// The exponential, to within 1e-6 of its value; exactly 1 at 0.
///
/// Arguments beyond -87 and 87 count as -87 and 87.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const P: [f32; 5] = [
        std::f32::consts::LN_2,
        0.240_223_5,
        0.055_503_81,
        0.009_666_368,
        0.001_338_130_2,
    ];
    let power = smaller(larger(x, -87.0), 87.0) * std::f32::consts::LOG2_E;
    let shifted = power + ROUNDER;
    let part = power - (shifted - ROUNDER);
    let series = P[0] + part * (P[1] + part * (P[2] + part * (P[3] + part * P[4])));
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (1.0 + part * series) * scale
}

/// The natural logarithm of a positive normal number, to within 2e-6 of its value; exactly 0 at 1.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    const P: [f32; 7] = [
        1.000_001,
        -0.500_008_8,
        0.333_135_63,
        -0.249_203_37,
        0.205_254_44,
        -0.185_738_4,
        0.116_578_06,
    ];
    /// Bits of the square root of one half, where the mantissa's interval begins.
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let above = x.to_bits().wrapping_sub(ROOT_HALF);
    let exponent_bits = above & 0xff80_0000;
    let m = f32::from_bits(x.to_bits().wrapping_sub(exponent_bits)) - 1.0;
    let series = P[0] + m * (P[1] + m * (P[2] + m * (P[3] + m * (P[4] + m * (P[5] + m * P[6])))));
    let exponent = whole(exponent_bits);
    exponent * std::f32::consts::LN_2 + m * series
}

/// The signed number in the upper nine bits, as a float.
#[inline(always)]
fn whole(upper_bits: u32) -> f32 {
    const BIAS: u32 = 256;
    let biased = (upper_bits >> 23).wrapping_add(BIAS) & 0x1ff;
    f32::from_bits(ROUNDER.to_bits() | biased) - (ROUNDER + 256.0)
}

/// Two independent standard normal numbers from two independent numbers strictly between 0 and 1.
///
/// Source: Box and Muller (1958). The angle is doubled from the half circle, where the polynomials are short.
#[inline(always)]
pub(super) fn normal_pair(u: f32, v: f32) -> (f32, f32) {
    const SIN: [f32; 4] = [3.141_590_3, -5.167_405_8, 2.544_000_2, -0.559_435];
    const COS: [f32; 4] = [4.934_801_4, -4.058_615, 1.333_313_2, -0.222_753_58];
    let radius = (-2.0 * ln(u)).sqrt();
    let turn = v - 0.5;
    let square = turn * turn;
    let sin = turn * (SIN[0] + square * (SIN[1] + square * (SIN[2] + square * SIN[3])));
    let cos = 1.0 - square * (COS[0] + square * (COS[1] + square * (COS[2] + square * COS[3])));
    (radius * (1.0 - 2.0 * sin * sin), radius * (2.0 * sin * cos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_within_a_millionth() {
        for step in -8_000..8_000_i16 {
            let x = f32::from(step) / 100.0;
            let truth = f64::from(x).exp();
            // The argument itself carries half a unit in its last place.
            let allowed = 1e-6 + f64::from(x.abs()) * 1.2e-7;
            assert!((f64::from(exp(x)) / truth - 1.0).abs() < allowed, "{x}");
        }
        assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
        assert!(exp(f32::INFINITY).is_finite() && exp(f32::NEG_INFINITY) >= 0.0);
    }

    #[test]
    fn the_logarithm_is_within_two_millionths() {
        for step in 1..60_000_u16 {
            for scale in [1.0 / 16_777_216.0, 1.0 / 60_000.0, 3.0] {
                let x = f32::from(step) * scale;
                let truth = f64::from(x).ln();
                let error = (f64::from(ln(x)) - truth).abs();
                assert!(error <= 2e-6 * truth.abs() + 1e-9, "{x}: {error}");
            }
        }
        assert_eq!(ln(1.0).to_bits(), 0.0_f32.to_bits());
    }

    #[test]
    fn unit_numbers_are_strictly_inside_and_mirror_each_other() {
        assert!(unit(0) > 0.0 && unit(u32::MAX) < 1.0);
        for bits in [0, 1 << 9, 0x1234_5678, u32::MAX] {
            assert_eq!((1.0 - unit(bits)).to_bits(), unit(!bits).to_bits());
        }
    }

    #[test]
    fn normal_pairs_lie_on_the_circle_that_box_and_muller_prescribe() {
        for (u, v) in [(0.3_f32, 0.1_f32), (0.9, 0.77), (1e-7, 0.5), (0.5, 0.999)] {
            let (x, y) = normal_pair(u, v);
            let radius = (-2.0 * f64::from(u).ln()).sqrt();
            let angle = std::f64::consts::TAU * (f64::from(v) - 0.5);
            assert!((f64::from(x) - radius * angle.cos()).abs() < 1e-4);
            assert!((f64::from(y) - radius * angle.sin()).abs() < 1e-4);
        }
    }
}

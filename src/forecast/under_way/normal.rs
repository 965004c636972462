//! The normal law's tail and its inverse, exact enough far out, where overdue couriers are.

/// The chance that a standard normal number exceeds `z`, to within 2e-7 of its value.
///
/// Source: the expansion of the complementary error function by Chebyshev polynomials in Numerical Recipes.
pub(super) fn tail(z: f64) -> f64 {
    const C: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let series = C.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let upper = 0.5 * t * (-x * x + series).exp();
    if z >= 0.0 { upper } else { 1.0 - upper }
}

/// The number that a standard normal one exceeds with chance `p`, between 0 and 1, to within 2e-9 of its value.
///
/// Source: Acklam's rational approximations.
pub(super) fn upper_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    /// Below this, and above one minus this, the tails have an approximation of their own.
    const TAIL: f64 = 0.024_25;
    let along = |coefficients: &[f64], x: f64| {
        coefficients
            .iter()
            .fold(0.0, |sum, coefficient| sum * x + coefficient)
    };
    let far = |p: f64| {
        let q = (-2.0 * p.max(f64::MIN_POSITIVE).ln()).sqrt();
        along(&C, q) / (along(&D, q) * q + 1.0)
    };
    if p < TAIL {
        return -far(p);
    }
    if p > 1.0 - TAIL {
        return far(1.0 - p);
    }
    let q = 0.5 - p;
    let r = q * q;
    along(&A, r) * q / (along(&B, r) * r + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        for (z, p) in [
            (0.0, 0.5),
            (1.0, 0.158_655_254),
            (1.959_964, 0.025),
            (-1.0, 0.841_344_746),
            (6.0, 9.865_876e-10),
            (20.0, 2.753_624e-89),
        ] {
            let found = tail(z);
            assert!((found / p - 1.0).abs() < 1e-6, "{z}: {found}");
            assert!((upper_quantile(p) - z).abs() < 1e-6, "{p}");
        }
    }
}

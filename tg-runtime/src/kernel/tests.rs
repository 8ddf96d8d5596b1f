//! The operations against the values they are defined to have.

use super::*;

#[test]
fn integers_wrap_and_divide_by_anything() {
    assert_eq!(add(250u8, 10), 4);
    assert_eq!(neg(i32::MIN), i32::MIN);
    assert_eq!((div(7i32, 0), rem(7i32, 0)), (0, 7));
    assert_eq!((div(i64::MIN, -1), rem(i64::MIN, -1)), (i64::MIN, 0));
    assert_eq!((div(-7i32, 2), rem(-7i32, 2)), (-3, -1));
    for (x, y) in [(-7i64, 2), (7, -2), (-7, -2), (7, 2), (-6, 3), (0, -5), (5, 0)] {
        let (q, r) = (floor_div(x, y), floor_mod(x, y));
        assert_eq!(q * y + r, x, "{x} {y}");
        assert!(y == 0 || r == 0 || (r < 0) == (y < 0), "{x} {y}");
    }
    assert_eq!((shl(1u8, 9), shr(-8i32, 33)), (2, -4));
}

#[test]
fn floats_saturate_and_keep_nan() {
    assert_eq!(cast::<u8, _>(300.7f32), 255);
    assert_eq!(cast::<i32, _>(f32::NAN), 0);
    assert_eq!(cast::<i8, _>(300i32), 44);
    assert!(cast::<bool, _>(0.5f32) && !cast::<bool, _>(-0.0f64));
    assert!(max(f32::NAN, 1.0).is_nan() && max(1.0, f32::NAN).is_nan());
    assert_eq!(max(V([1.0, -2.0]), V([0.0, -1.0])), V([1.0, -1.0]));
    assert_eq!(bitcast::<i32, _>(V([1.0f32, -0.0])), V([0x3f80_0000, i32::MIN]));
}

#[test]
fn vectors_work_lane_by_lane() {
    let (x, y) = (V([1i32, 2, 3, 4]), splat(3));
    assert_eq!(select(lt(x, y), x, neg(x)), V([1, 2, -3, -4]));
    assert_eq!(mulacc(x, y, x), V([4, 8, 12, 16]));
    assert_eq!(cast::<f32, _>(eq(x, y)), V([0.0, 0.0, 1.0, 0.0]));
    assert_eq!(xor(lt(x, y), splat(true)), V([false, false, true, true]));
}

#[test]
fn memory_is_read_and_written_by_element() {
    let mut numbers = [1.0f32, 2.0, 3.0, 4.0, 5.0];
    let bytes = [0u8, 1, 2, 255];
    // SAFETY: all accesses are within these arrays.
    unsafe {
        let pointer = numbers.as_mut_ptr();
        let x: V<f32, 3> = load_lanes::<3, _>(pointer, 1);
        store(pointer, 2, add(x, splat(10.0)));
        store(pointer, 0, load(pointer, 4));
        store_apart(pointer, 3, -2, V([8.0, 9.0]));
        assert_eq!(load_lanes::<4, _>(bytes.as_ptr().cast::<bool>(), 0), V([false, true, true, true]));
    }
    assert_eq!(numbers, [14.0, 9.0, 12.0, 8.0, 14.0]);
}

#[test]
fn halves_agree_with_the_half_crate() {
    for bits in 0..=u16::MAX {
        let (ours, theirs) = (F16(bits).get(), ::half::f16::from_bits(bits).to_f64());
        assert!(ours == theirs || ours.is_nan() && theirs.is_nan(), "{bits:#x}");
        let (ours, theirs) = (BF16(bits).get(), ::half::bf16::from_bits(bits).to_f64());
        assert!(ours == theirs || ours.is_nan() && theirs.is_nan(), "{bits:#x}");
        assert!(theirs.is_nan() || BF16::new(theirs).0 == bits, "{bits:#x}");
        // Around every value, and half way between neighbours.
        for step in [-1.0, -0.5, 0.0, 0.25, 0.5] {
            let x = ::half::f16::from_bits(bits).to_f64();
            let x = x + step * x.abs() / 1024.0;
            assert!(x.is_nan() || F16::new(x).0 == ::half::f16::from_f64(x).to_bits(), "{x:e}");
        }
    }
    assert_eq!(add(F16::new(1.0), F16::new(2f64.powi(-11))), F16::new(1.0));
    assert_eq!(cast::<F16, _>(1e9f32).get(), f64::INFINITY);
}

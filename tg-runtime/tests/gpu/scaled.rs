//! A handwritten program for GPUs: `y = x * by + total; total += by`, by three kernels, or by some of them.

use std::ptr::from_ref;

use tg_core::dtype::Scalar;
use tg_runtime::isa::Isa;
use tg_runtime::program::{
    DimSpec, GpuImage, GpuKernel, GpuLaunch, GpuProgram, GpuState, ParamSpec, Poly, Program, ProgramState, Report,
    Role, Slot,
};
use tg_runtime::{Dyn, Result, Tensor};

const fn poly(terms: &'static [(i64, &'static [u32])]) -> Poly {
    Poly { terms }
}

const N: Poly = poly(&[(1, &[0])]);
/// Threads of a block.
const THREADS: i64 = 128;
/// `N` rounded up to blocks.
const PADDED: Poly = poly(&[(1, &[0]), (THREADS - 1, &[])]);

/// `scale`: out = x * by. `shift`: out = in + by. `add`: total += by. Elements at or beyond n are left alone.
pub const PTX: &str = "
.version 7.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 in, .param .f32 by, .param .u64 out, .param .s64 n)
{
    .reg .pred %p; .reg .b32 %r<4>; .reg .b64 %d<6>; .reg .f32 %f<3>;
    mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;
    mad.lo.u32 %r3, %r0, %r1, %r2;
    cvt.u64.u32 %d0, %r3;
    ld.param.s64 %d1, [n];
    setp.ge.s64 %p, %d0, %d1;
    @%p bra END;
    shl.b64 %d0, %d0, 2;
    ld.param.u64 %d2, [in]; add.u64 %d2, %d2, %d0;
    ld.param.u64 %d3, [out]; add.u64 %d3, %d3, %d0;
    ld.param.f32 %f0, [by];
    ld.global.f32 %f1, [%d2]; mul.f32 %f1, %f1, %f0; st.global.f32 [%d3], %f1;
END:
    ret;
}
.visible .entry shift(.param .u64 in, .param .u64 by, .param .u64 out, .param .s64 n)
{
    .reg .pred %p; .reg .b32 %r<4>; .reg .b64 %d<6>; .reg .f32 %f<3>;
    mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;
    mad.lo.u32 %r3, %r0, %r1, %r2;
    cvt.u64.u32 %d0, %r3;
    ld.param.s64 %d1, [n];
    setp.ge.s64 %p, %d0, %d1;
    @%p bra END;
    shl.b64 %d0, %d0, 2;
    ld.param.u64 %d2, [in]; add.u64 %d2, %d2, %d0;
    ld.param.u64 %d3, [out]; add.u64 %d3, %d3, %d0;
    ld.param.u64 %d4, [by]; ld.global.f32 %f0, [%d4];
    ld.global.f32 %f1, [%d2]; add.f32 %f1, %f1, %f0; st.global.f32 [%d3], %f1;
END:
    ret;
}
.visible .entry add(.param .u64 total, .param .f32 by, .param .s64 n)
{
    .reg .b64 %d<2>; .reg .f32 %f<2>;
    ld.param.u64 %d0, [total]; ld.param.f32 %f0, [by];
    ld.global.f32 %f1, [%d0]; add.f32 %f1, %f1, %f0; st.global.f32 [%d0], %f1;
    ret;
}
.visible .entry stray(.param .u64 total, .param .f32 by, .param .s64 n)
{
    .reg .b64 %d<2>; .reg .f32 %f<2>;
    mov.u64 %d0, 64; ld.param.f32 %f0, [by]; st.global.f32 [%d0], %f0;
    ret;
}
";

const WIDE: &[GpuLaunch] =
    &[GpuLaunch { blocks: &[(PADDED, THREADS)], threads: THREADS as u32, shared: 0, matrix: None }];
pub const SINGLE: &[GpuLaunch] = &[GpuLaunch { blocks: &[], threads: 1, shared: 0, matrix: None }];

pub const fn kernel(name: &'static str, args: &'static [Slot], launches: &'static [GpuLaunch]) -> GpuKernel {
    GpuKernel { name, args, launches, flops: N, bytes: poly(&[(8, &[0])]) }
}

pub const SCALE: GpuKernel = kernel("scale", &[Slot::Param(0), Slot::Param(1), Slot::Workspace(0)], WIDE);
pub const SHIFT: GpuKernel = kernel("shift", &[Slot::Workspace(0), Slot::Param(2), Slot::Param(3)], WIDE);
pub const ADD: GpuKernel = kernel("add", &[Slot::Param(2), Slot::Param(1)], SINGLE);

const fn param(name: &'static str, shape: &'static [Poly], role: Role) -> ParamSpec {
    ParamSpec { name, dtype: Scalar::F32, shape, role }
}

const PARAMS: &[ParamSpec] = &[
    param("x", &[N], Role::Input),
    param("by", &[], Role::Input),
    param("total", &[], Role::InPlace),
    param("y", &[N], Role::Output),
];

pub const fn program(name: &'static str, gpu: &'static GpuProgram) -> Program {
    Program {
        name,
        dims: &[DimSpec { name: "N", min: 1, max: 1 << 30 }],
        params: PARAMS,
        workspace: &[],
        kernels: &[],
        isas: &[Isa::Baseline],
        report: Report { kernels: 3, flops: 0, bytes: 0, workspace_bytes: 4 },
        state: ProgramState::new(),
        fallback: None,
        gpu: Some(gpu),
    }
}

pub const IMAGES: &[GpuImage] = &[image(80, PTX)];

pub const fn image(capability: u32, ptx: &'static str) -> GpuImage {
    GpuImage { capability, exact: false, waits: false, ptx, cubin: None }
}

/// Where `by` is a number of Rust.
pub const fn compiled(images: &'static [GpuImage], kernels: &'static [GpuKernel]) -> GpuProgram {
    const WORKSPACE: &[Poly] = &[poly(&[(4, &[0])])];
    GpuProgram { images, workspace: WORKSPACE, kernels, numbers: &[1], state: GpuState::new() }
}

/// `y = x * by + total; total += by`, by three kernels.
pub static THREE: GpuProgram = compiled(IMAGES, &[SCALE, SHIFT, ADD]);
pub static SCALED_SUM: Program = program("scaled_sum", &THREE);

pub type Vector = Tensor<f32, (Dyn,)>;

pub fn scaled_sum(program: &'static Program, x: &Vector, by: f32, total: &mut Tensor<f32>) -> Result<Vector> {
    let dims = program.bind(&[("x", &x.dims()), ("by", &[]), ("total", &total.dims())])?;
    let device = program.device(&[("x", x.device()), ("total", total.device())])?;
    // SAFETY: the next call writes all of it.
    let mut y: Vector = unsafe { program.output_on(&device, 3, &dims)? };
    let params = [x.address() as *mut u8, from_ref(&by) as *mut u8, total.address_mut().cast(), y.address_mut().cast()];
    // SAFETY: `bind` checked the shapes, `device` that all are in one place.
    unsafe { program.run_on(&device, &params, &[], &dims)? };
    Ok(y)
}

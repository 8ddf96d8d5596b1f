//! What each stage does, in a sentence or two for people who see one for the first time.

/// A stage: its name in marks, its title, what it does.
pub(super) type About = (&'static str, &'static str, &'static str);

/// Every stage that is recorded.
pub(super) const STAGES: &[About] = &[
    (
        "tensor",
        "Tensor graph",
        "What the function computes, as operations on whole tensors. Calls are inlined, loops over constants are written \
         out, and gradients are taken: the backward pass is part of the graph. Nothing says yet how or when anything runs.",
    ),
    (
        "views",
        "Views",
        "Reshapes, permutes, pads and broadcasts move no data. Each chain of them is now one VIEW: a shape with strides, an \
         offset and a mask, which says where in memory each element is found.",
    ),
    (
        "schedule",
        "Fusion",
        "Some tensors are stored, each by a kernel of its own; all others are computed inside the kernels that use them. A \
         tensor is stored where computing it again would cost more than writing and reading it.",
    ),
    (
        "loops",
        "Loop nest",
        "One stored tensor as loops: which loads and which arithmetic give one element. Shapes and views have become index \
         arithmetic on loop counters, which is simplified as it is made.",
    ),
    (
        "merge",
        "Merged loops",
        "Loops that always move together become one, loops whose indices divide become two, and independent sums of one \
         length share their loop. For a GPU, rows are also given a margin, so that whole vectors can be read.",
    ),
    (
        "actions",
        "Actions",
        "How the loops run: in tiles, in the lanes of vectors, written out, shared among threads. An action can change the \
         speed of a kernel, never its result beyond the order of a sum. A heuristic chooses them, or a tuning file.",
    ),
    (
        "narrow",
        "narrow",
        "Processors have no arithmetic on bf16: it is computed in f32 and rounded after each operation.",
    ),
    (
        "unroll",
        "unroll",
        "Loops that were marked so are written out: one copy of the body for each iteration, sharing what is equal.",
    ),
    ("taps", "taps", "Where there are many sums of products, steps of them that are written out share registers."),
    (
        "vectorize",
        "vectorize",
        "Loops over lanes disappear: what varied with one is a vector. Neighbours in memory become wide loads, one element \
         for all lanes a broadcast.",
    ),
    (
        "separate",
        "separate",
        "Reductions may have shared a loop counter although they run one after the other. Now each RANGE is one loop in one \
         place.",
    ),
    (
        "decompose",
        "decompose",
        "Functions that processors do not have, such as exponentials, become polynomials and operations on bits. A GPU has \
         some of them, which stay.",
    ),
    (
        "half",
        "half",
        "Arithmetic on f16 and bf16 becomes f32, rounded after each operation; the narrow types are only moved, added and converted.",
    ),
    (
        "matrix",
        "matrix",
        "Sums of products over the loops of a matrix unit become WMMA: a warp multiplies two small matrices at once. Those of \
         four warps, whose factors lie in shared memory, become WGMMA.",
    ),
    (
        "cooperate",
        "cooperate",
        "A reduction that runs over threads and over loops of each thread becomes two: a thread's own, then one over threads.",
    ),
    ("sums", "sums", "Steps of a sum of products that are written out share their registers."),
    (
        "threads",
        "threads",
        "Loops over blocks and threads disappear: the hardware gives each its number. Sums over threads go by shuffles inside \
         of a warp, and through shared memory between warps.",
    ),
    (
        "exchange",
        "exchange",
        "Neighbouring threads exchange parts of narrow results that a matrix unit gave them, so that each stores twice as \
         much in a row: memory takes whole sectors.",
    ),
    ("pairs", "pairs", "Two loads of small matrices a constant apart become one load of four."),
    ("wide", "wide", "Neighbouring elements that are loaded one by one are loaded together, up to 16 bytes at a time."),
    (
        "linearize",
        "Instructions",
        "The graph as a list: every value follows what it needs, in the innermost loop that it varies with. Loops are RANGE … \
         ENDRANGE, reductions are registers.",
    ),
    (
        "order",
        "Order",
        "Copies into shared memory may run ahead of their use, products of four warps are waited for where they are needed, \
         barriers stand where one thread reads what another wrote, and factors are loaded a step before they are multiplied.",
    ),
    (
        "rotate",
        "Rotation",
        "An iteration waits for the tiles of the next one, and loads from them, before its own last products: the units that \
         multiply do not stand still between iterations.",
    ),
];

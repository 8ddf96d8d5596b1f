"""How long a call takes on the device, as `src/time.rs` measures it: samples of calls that follow each other."""

import statistics
import time

SAMPLE, SAMPLES, MOST_CALLS, WARM_UP = 0.005, 25, 1 << 20, 0.1  # seconds, samples, calls, seconds


def microseconds(call, wait):
    """The median over the samples of the microseconds of one call; `wait` returns when all is done."""

    def sample(calls):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        wait()
        return time.perf_counter() - start

    calls, start = 1, time.perf_counter()
    while True:
        if sample(calls) < SAMPLE and calls < MOST_CALLS:
            calls *= 2
        elif time.perf_counter() - start >= WARM_UP:
            break
    return statistics.median(sample(calls) for _ in range(SAMPLES)) * 1e6 / calls

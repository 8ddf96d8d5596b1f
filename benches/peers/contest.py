"""All contenders of one case, interleaved: the parent's side."""

import contextlib
import os
import statistics
import subprocess
import sys
import time

from worker import skips

OURS, LIMIT = "tg", "limit"  # what is timed beside the peers
TOLERANCE = 1e-3  # larger errors, relative to the largest element, exclude a contender
PAUSE, IDLE = 0.02, 0.02  # seconds before a turn in which the contenders use less than this share of a core
PATIENCE = 1.0  # seconds after which a turn begins although a contender still computes
KEEP_MEMORY = {  # freed blocks stay in the process: a fresh 64 MiB result costs no page faults
    "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456",
}  # fmt: skip


def environment(threads, keep_memory):
    settings = {name: str(threads) for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]}
    settings |= {name: str(threads) for name in ["RAYON_NUM_THREADS", "TG_THREADS", "CPU_COUNT"]}
    settings |= {"JAX_PLATFORMS": "cpu", "DEV": "CPU", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return os.environ | settings | (KEEP_MEMORY if keep_memory else {})


class Contender:
    """A worker process, ready once its result was checked."""

    def __init__(self, name, command, env):
        self.name, self.times = name, []
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def ready(self):
        first = self.process.stdout.readline()
        if not first:
            why = self.process.stderr.read().strip().splitlines() or ["it ended"]
            print(f"peers: {self.name}: {why[-1]}", file=sys.stderr)
            return False
        self.error = float(first)
        if not self.error <= TOLERANCE:
            print(f"peers: {self.name}: result is off by {self.error:.1e}", file=sys.stderr)
        return self.error <= TOLERANCE

    def round(self):
        self.process.stdin.write("round\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))

    def used(self):
        """Seconds of processor time its threads have taken, those that wait by spinning included."""
        total, folder = 0, f"/proc/{self.process.pid}/task"
        for thread in os.listdir(folder):
            # One may have ended meanwhile.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"{folder}/{thread}/schedstat") as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def commands(case, threads, options):
    """Of each contender that takes part."""
    own = [sys.executable, os.path.dirname(__file__), "--worker"]
    peers = [peer for peer in options.peers if not skips(peer, case)]
    started = {peer: [*own, peer, case, str(threads)] for peer in peers}
    ours = {OURS: "--serve", LIMIT: "--serve-limit"} if options.ours else {}
    return started | {name: [options.ours, mode, case, "--threads", str(threads)] for name, mode in ours.items()}


def settle(contenders):
    """Waits until nobody computes: after its turn, NumPy's OpenBLAS spins for a tenth of a second, which whoever comes
    next would pay for."""
    used = lambda: sum(contender.used() for contender in contenders)
    deadline, before = time.monotonic() + PATIENCE, used()
    while time.monotonic() < deadline:
        time.sleep(PAUSE)
        now = used()
        if 0 <= now - before < PAUSE * IDLE:  # less than nothing when a thread has ended
            return
        before = now


def run_case(case, threads, options):
    env = environment(threads, not options.default_malloc)
    # One after the other: a peer that compiles must not disturb the next one's warm-up.
    contenders = []
    for name, command in commands(case, threads, options).items():
        contender = Contender(name, command, env)
        contenders.append(contender) if contender.ready() else contender.end()
    for number in range(options.rounds):
        for position in range(len(contenders)):
            settle(contenders)
            contenders[(number + position) % len(contenders)].round()
    for contender in contenders:
        contender.end()
    return line(case, threads, contenders)


def line(case, threads, contenders):
    times = {c.name: round(statistics.median(c.times), 2) for c in contenders}
    ours, limit = times.pop(OURS, None), times.pop(LIMIT, None)
    errors = [c.error for c in contenders if c.name == OURS or ours is None]
    ratio = round(min(times.values()) / ours, 3) if ours and times else None
    share = round(100 * limit / ours, 1) if ours and limit else None
    return {
        "case": case, "threads": threads, "us": ours, "limit_us": limit, "limit_pct": share, "peers": times, "ratio": ratio,
        "max_rel_err": float(f"{max(errors, default=0):.2e}"),
    }  # fmt: skip

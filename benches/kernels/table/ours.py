"""tg's side: programs that were built before."""

import subprocess


def ran(command):
    """What a command of ours prints; its own words where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
    return done.stdout

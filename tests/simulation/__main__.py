"""`python -m tests.simulation --seeds N [--first S] [--jobs J]`: many schedules, and what they met.

Exits 1 after the last seed when any failed; failing seeds are printed as they are found and
belong in regressions.txt. `--seed S` runs one and prints its log.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import Result, few_collections, run

CHUNK = 25


def main() -> int:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _one(arguments.seed)
    return _many(range(arguments.first, arguments.first + arguments.seeds), arguments.jobs)


def _one(seed: int) -> int:
    result = run(seed, is_logged=True)
    print("\n".join(result.log or []))
    print(summary(result.met, result.struck))
    print(f"seed {seed}: {result.movements} movements, trace {result.trace}")
    print("\n".join(result.problems) or "all laws hold")
    return bool(result.problems)


def _many(seeds: range, jobs: int) -> int:
    started, done, failed = time.monotonic(), 0, 0
    met: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs) as pool:
        for results in pool.map(_chunk, chunks):
            for result in results:
                met += result.met
                struck += result.struck
                if result.problems:
                    failed += 1
                    print(f"FAILED seed {result.seed}: {result.problems[0]}", flush=True)
            done += len(results)
            rate = done / (time.monotonic() - started)
            if done % 500 == 0 or done == len(seeds):
                print(f"{done} of {len(seeds)} schedules, {failed} failed, {rate / jobs:.1f}/s/core", flush=True)
    print(summary(met, struck))
    return failed > 0


def _chunk(seeds: range) -> list[Result]:
    with few_collections():
        return [run(seed) for seed in seeds]


def summary(met: Counter[str], struck: Counter[str]) -> str:
    """How often each fault struck and what was met."""
    lines = ["faults that struck:"]
    lines += [f"  {count:>9,}  {name.replace('_', ' ')}" for name, count in struck.most_common()]
    lines += ["what was met:"]
    lines += [f"  {count:>9,}  {name}" for name, count in met.most_common() if count]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

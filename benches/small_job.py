#!/usr/bin/env python3
"""Writes the pipeline of the small job: eight feeds as plain CSV in UTF-8, the person view, some rules over it.

night.py runs it with --pipeline. 10 million people give some 30 million rows.
"""

import argparse
from pathlib import Path

import jobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=30)
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    args = parser.parse_args()
    print(jobs.small(args.work / "small-pipelines", args.rules))


if __name__ == "__main__":
    main()

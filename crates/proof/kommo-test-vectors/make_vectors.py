#!/usr/bin/env python3
"""Writes vectors/ anew, or compares it with what it should be.

    python3 make_vectors.py           writes
    python3 make_vectors.py --check   writes nothing; status 1 and one line a difference if the folder is not what this gives

Python 3.9 or newer, standard library only. The inputs, and the values that a vendor's page or an earlier computation
gives, stand in generator/ as literals. Each stage is computed here and compared with the known value; on the first
disagreement the program stops and nothing is written.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True  # no cache folder beside the sources

from generator import chats_near_misses, chats_requests, folders, judge  # noqa: E402
from generator import account_hosts, chat_hooks, compact_jws, disconnects, open_api, visitors  # noqa: E402

ROOT = Path(__file__).resolve().parent / "vectors"


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit("usage: make_vectors.py [--check]")
    for family in (chats_requests, chats_near_misses, chat_hooks, disconnects, open_api, visitors, compact_jws, account_hosts):
        family.collect()
    summary = f"{sum(name.endswith('/context.json') for name in folders.files)} cases, {judge.agreements} known values agree"
    if arguments:
        lines = folders.differences(ROOT)
        if lines:
            sys.exit("\n".join(lines + [f"{len(lines)} differences; run make_vectors.py"]))
        print(f"vectors are what they should be: {summary}")
    else:
        folders.write(ROOT)
        print(f"written: {summary}")


if __name__ == "__main__":
    main()

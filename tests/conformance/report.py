"""Judges a report of the Autobahn test suite: a table by section, then every case that went wrong.

Usage: report.py DIRECTORY. Exits 1 when a case failed, or ended with another close code than it should have, or when
the server did not end a connection as RFC 6455 says. Runs on Python 2.7 as on Python 3.
"""
from __future__ import print_function

import json
import os
import sys

SECTIONS = {
    "1": "Framing",
    "2": "Pings and pongs",
    "3": "Reserved bits",
    "4": "Opcodes",
    "5": "Fragmentation",
    "6": "UTF-8",
    "7": "Closing",
    "10": "Automatic fragmentation",
}
GOOD = ["OK", "NON-STRICT", "INFORMATIONAL"]


def main(directory):
    with open(os.path.join(directory, "index.json")) as file:
        (cases,) = json.load(file).values()
    if not cases:
        sys.exit("the report is empty")
    table, wrong = {}, []
    for name in sorted(cases, key=lambda name: [int(part) for part in name.split(".")]):
        case = cases[name]
        section, counts = name.split(".")[0], None
        counts = table.setdefault(section, dict.fromkeys(GOOD + ["failed", "wrong close"], 0))
        behavior, close = case["behavior"], case["behaviorClose"]
        counts[behavior if behavior in GOOD else "failed"] += 1
        if behavior not in GOOD:
            wrong.append("%-8s %s" % (name, behavior))
        if close not in ("OK", "INFORMATIONAL"):
            counts["wrong close"] += 1
            wrong.append("%-8s %s (closed with %s)" % (name, close, case["remoteCloseCode"]))
    columns = GOOD + ["failed", "wrong close"]
    print("%-27s" % "section" + "".join("%15s" % column for column in columns))
    for section in sorted(table, key=int):
        title = "%2s %s" % (section, SECTIONS.get(section, ""))
        print("%-27s" % title + "".join("%15d" % table[section][column] for column in columns))
    totals = [sum(counts[column] for counts in table.values()) for column in columns]
    print("%-27s" % ("%d cases" % len(cases)) + "".join("%15d" % total for total in totals))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

#!/usr/bin/env python3
"""Reads one exposition from stdin, as strictly as OpenMetrics 1.0 wants it; prints for each family
its name, type, unit and number of samples. What the specification does not allow ends with a word
about it and exit code 1.
"""

import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(\{{(?:{LABEL}(?:,{LABEL})*)?\}})? (-?\d+(?:\.\d+)?)")


def fail(line, why):
    sys.exit(f"openmetrics: {why}: {line!r}")


def main():
    text = sys.stdin.read()
    if not text.endswith("# EOF\n"):
        fail(text[-20:], "does not end with # EOF and a line break")
    families, family, seen = {}, None, set()
    for line in text[:-6].splitlines():
        if line.startswith("# "):
            match = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (\S.*)", line)
            if not match:
                fail(line, "no metadata")
            key, name, value = match.groups()
            if key == "TYPE":
                if name in families:
                    fail(line, "a family for the second time")
                if value not in ("counter", "gauge"):
                    fail(line, "a type that is not used here")
                family = families[name] = {"name": name, "samples": 0, "UNIT": "", "HELP": ""}
            elif not family or family["name"] != name or family["samples"] or family.get(key):
                fail(line, "metadata out of its place")
            family[key] = value
            if key == "UNIT" and not name.endswith("_" + value):
                fail(line, "the name does not end with the unit")
            continue
        match = SAMPLE.fullmatch(line)
        if not match:
            fail(line, "no sample")
        name, labels, value = match.groups()
        counter = family and family["TYPE"] == "counter"
        if not family or name != family["name"] + ("_total" if counter else ""):
            fail(line, "a sample of another family")
        if counter and value.startswith("-"):
            fail(line, "a counter below 0")
        if (name, labels) in seen:
            fail(line, "a sample for the second time")
        seen.add((name, labels))
        family["samples"] += 1
    for name, family in families.items():
        print(name, family["TYPE"], family["UNIT"], family["samples"])


if __name__ == "__main__":
    main()

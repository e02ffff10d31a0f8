#!/usr/bin/env python3
"""Writes the seed corpus from the recorded cases. Run it after the vectors changed."""
import json
import pathlib

here = pathlib.Path(__file__).resolve().parent
vectors = json.loads((here / "../fixtures/output/vectors.json").read_text())


def seed(target, name, text):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


targets = {
    "jsonpath": "jsonpath",
    "jsonpath-as-json": "jsonpath",
    "go-template": "go_template",
    "custom-columns": "custom_columns",
    "custom-columns-file": "custom_columns",
}
for case in vectors["cases"]:
    target = targets.get(case.get("output"))
    if target and "template" in case:
        seed(target, case["id"].replace("/", "-"), case["template"])
for kind in ("label_selectors", "field_selectors"):
    for number, case in enumerate(vectors[kind]):
        seed("selectors", f"{kind}-{number:03}", case["selector"])
for number, case in enumerate(vectors["ages"]):
    seed("quantities", f"age-{number:03}", str(case["seconds"]))
quantities = "0 1 -1 +1 .5 5. 1.5 100m 512Mi 1Gi 2G 1Ki 1k 1E 1Ei 1e3 1E-3 9223372036854775807 1n 1u 1h30m 2w PT5M 8G 512MiB"
for number, text in enumerate(quantities.split()):
    seed("quantities", f"quantity-{number:03}", text)

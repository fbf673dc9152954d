"""check_schema.py SCHEMA COUNT: every line on stdin is a JSON document that keeps the schema, and there are COUNT.

Also checks that the schema can fail: documents broken on purpose must be refused.
"""
import copy
import json
import sys

import jsonschema

BREAKS = [
    lambda d: d.pop("id"),
    lambda d: d.update(id="x"),
    lambda d: d.update(type="plateaud.alert.v2"),
    lambda d: d["data"].update(status="open"),
    lambda d: d["data"]["labels"].pop("area"),
    lambda d: d["data"]["evidence"].update(gain_lower=None),
    lambda d: d["data"].update(verdict="FLAT"),
    lambda d: d["data"].update(grade=""),
    lambda d: d["data"].update(startsAt="2026-08-01 10:00"),
    lambda d: d["data"].update(endsAt="2026-08-01T10:00:00Z") if d["data"]["status"] != "resolved" else d["data"].pop("endsAt"),
]


DIGEST_BREAKS = [
    lambda d: d.pop("id"),
    lambda d: d.update(type="plateaud.digest.v2"),
    lambda d: d.update(type="plateaud.alert.v1"),
    lambda d: d.update(subject="area/checkout"),
    lambda d: d["data"].update(status="firing"),
    lambda d: d["data"].pop("endsAt"),
    lambda d: d["data"].update(areas=[]),
    lambda d: d["data"]["areas"][0].update(verdict="FLAT"),
    lambda d: d["data"]["areas"][0].update(next=["a", "b", "c", "d"]),
    lambda d: d["data"]["areas"][0]["results"].pop("won"),
    lambda d: d["data"]["areas"][0]["figures"].update(gain_lower=None),
]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    lines = sys.stdin.read().splitlines()
    assert len(lines) == int(sys.argv[2]), len(lines)
    for line in lines:
        document = json.loads(line)
        validator.validate(document)
        for number, spoil in enumerate(DIGEST_BREAKS if document["type"] == "plateaud.digest.v1" else BREAKS):
            broken = copy.deepcopy(document)
            spoil(broken)
            assert not validator.is_valid(broken), number


if __name__ == "__main__":
    main()

"""JSON Schema, as much of it as our schemas use; an unknown word is an error of the schema."""
import json
import os

FOLDER = os.path.join(os.path.dirname(__file__), "../../protocols/control")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
NOTES = {"$schema", "$defs", "title", "description"}


def is_type(value, name):
    if name in ("integer", "number"):
        number = int if name == "integer" else (int, float)
        return isinstance(value, number) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, root, where="$"):
    """Yields what is wrong."""
    for word, rule in schema.items():
        if word == "$ref":
            at = root
            for part in rule.removeprefix("#/").split("/"):
                at = at[part]
            yield from check(value, at, root, where)
        elif word == "type":
            if not is_type(value, rule):
                yield f"{where}: {value!r} is no {rule}"
                return
        elif word == "anyOf":
            if all(list(check(value, one, root, where)) for one in rule):
                yield f"{where}: {value!r} is none of those it may be"
        elif word in ("enum", "const"):
            if value not in (rule if word == "enum" else [rule]):
                yield f"{where}: {value!r} is not {rule!r}"
        elif word in ("minimum", "maximum"):
            if (value < rule) if word == "minimum" else (value > rule):
                yield f"{where}: {value} beyond {word} {rule}"
        elif word in ("minItems", "maxItems"):
            if (len(value) < rule) if word == "minItems" else (len(value) > rule):
                yield f"{where}: {len(value)} items, {word} {rule}"
        elif word == "required":
            yield from (f"{where}: no {name}" for name in rule if name not in value)
        elif word == "properties":
            for name in rule.keys() & value.keys():
                yield from check(value[name], rule[name], root, f"{where}.{name}")
        elif word == "additionalProperties":
            if rule is not False:
                raise ValueError(f"{where}: {word} {rule!r}")
            yield from (f"{where}: unknown {name}" for name in value
                        if name not in schema["properties"])
        elif word == "items":
            for i, item in enumerate(value):
                yield from check(item, rule, root, f"{where}[{i}]")
        elif word not in NOTES:
            raise ValueError(f"{where}: the schema has {word}")


def problems(value, name):
    """What of value is not as protocols/control/NAME.schema.json says."""
    with open(os.path.join(FOLDER, f"{name}.schema.json")) as file:
        schema = json.load(file)
    return list(check(value, schema, schema))

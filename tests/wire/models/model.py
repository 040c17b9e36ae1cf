"""A service's model from botocore, and inputs made by it."""

from botocore.loaders import Loader

from extract import OVERRIDES, printed_name
from values import text

# What would recurse for ever, or is one shape under many names.
DEEPEST = 12


class Model:
    """Shapes by name, with what AWS is known to print differently laid over them."""

    def __init__(self, service):
        self.service = service
        model = Loader().load_service_model(service, "service-2")
        self.operations = model["operations"]
        changed = OVERRIDES[service]["shapes"]
        self.shapes = {name: {**shape, **changed.get(name, {})} for name, shape in model["shapes"].items()}

    def shape(self, name):
        """A shape by its name."""
        return self.shapes[name]

    def example(self, name, depth=0):
        """The least value of a shape that keeps to the model."""
        shape = self.shape(name)
        if shape.get("document"):
            return {}
        kind = shape["type"]
        if kind == "structure":
            members = shape.get("required", []) if depth < DEEPEST else []
            return {one: self.example(shape["members"][one]["shape"], depth + 1) for one in members}
        if kind == "list":
            return [self.example(shape["member"]["shape"], depth + 1)] * max(1, shape.get("min", 1))
        if kind == "map":
            key = self.example(shape["key"]["shape"], depth + 1)
            return {key: self.example(shape["value"]["shape"], depth + 1)}
        if kind == "string":
            return text(shape)
        return {"blob": "e30=", "boolean": True, "timestamp": 1641621600.5}.get(kind, shape.get("min", 1))

    def places(self, name, steps=(), printed=(), given=(), seen=()):
        """Every place in a shape: (steps to it, path in messages, path of the request, its shape).

        A step is a member's name, 0 for a list's first item, or None for a map's first value.
        """
        shape = self.shape(name)
        yield steps, ".".join(printed), ".".join(given), name
        if name in seen or shape.get("document"):
            return
        seen = (*seen, name)
        if shape["type"] == "structure":
            for member, reference in shape["members"].items():
                path = printed_name(self.service, name, member)
                below = ((*steps, member), (*printed, path), (*given, member))
                yield from self.places(reference["shape"], *below, seen)
        elif shape["type"] == "list":
            below = ((*steps, 0), (*printed, "1.member"), (*given, "1.member"))
            yield from self.places(shape["member"]["shape"], *below, seen)
        elif shape["type"] == "map":
            below = ((*steps, None), printed, given)
            yield from self.places(shape["value"]["shape"], *below, seen)

    def placed(self, name, base, steps, leaf):
        """`base` (or an example, where it is None) with `leaf` at the end of the steps."""
        if not steps:
            return leaf
        shape, (step, *rest) = self.shape(name), steps
        value = self.example(name) if base is None else base
        if shape["type"] == "structure":
            below = shape["members"][step]["shape"]
            return {**value, step: self.placed(below, value.get(step), rest, leaf)}
        if shape["type"] == "list":
            first = value[0] if value else None
            return [self.placed(shape["member"]["shape"], first, rest, leaf), *value[1:]]
        key = next(iter(value), None) or self.example(shape["key"]["shape"])
        return {**value, key: self.placed(shape["value"]["shape"], value.get(key), rest, leaf)}

    def misfit(self, name, value, path="answer"):
        """Where an answer has what the model has not, or lacks what it requires; else None."""
        shape = self.shape(name)
        kinds = {
            "structure": dict, "map": dict, "list": list, "string": str, "blob": str, "boolean": bool,
            "integer": int, "long": int, "timestamp": (int, float), "double": (int, float), "float": (int, float),
        }
        if not isinstance(value, kinds[shape["type"]]):
            return f"{path} is {value!r}"
        if shape["type"] == "structure":
            missing = [one for one in shape.get("required", []) if one not in value]
            strange = [one for one in value if one not in shape["members"]]
            if missing or strange:
                return f"{path} lacks {missing} and has {strange}"
            below = ((shape["members"][one]["shape"], item, f"{path}.{one}") for one, item in value.items())
        elif shape["type"] == "list":
            below = ((shape["member"]["shape"], item, f"{path}[]") for item in value)
        elif shape["type"] == "map":
            below = ((shape["value"]["shape"], item, f"{path}[{key}]") for key, item in value.items())
        else:
            return self.beyond(shape, value, path)
        return next((why for one in below if (why := self.misfit(*one))), None)

    @staticmethod
    def beyond(shape, value, path):
        """Whether a text of an answer is outside of its enumeration."""
        choices = shape.get("enum", [value])
        return None if value in choices else f"{path} is {value!r}, none of {choices}"

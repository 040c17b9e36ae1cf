"""Values at a constraint and one step beyond it, and what AWS says of the latter."""

# One value that no pattern of these services takes.
BROKEN_TEXT = "\u0000:* \n"

# Pattern -> what a text begins with, what it is filled up with, what it ends with.
TEXTS = {
    r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\-_/]+": ("arn:aws:kms:us-east-1:000000000000:key/", "k", ""),
    r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:key/[a-zA-Z_0-9+=,.@\-_/]+": ("arn:aws:kms:us-east-1:000000000000:key/", "k", ""),
    r"https:.*": ("https:", "h", ""),
    r"https://.*": ("https://", "h", ""),
    r"arn:.*:es:[a-zA-Z0-9\-]+:\d{12}:domain/[a-z][-0-9a-z]{2,27}": ("arn:aws:es:us-east-1:000000000000:domain/d", "dd", ""),
    r"arn:.*:s3:::[\w\.\-]{1,255}": ("arn:aws:s3:::bu", "c", ""),
    r"jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(redshift(-serverless)?)\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+": (
        "jdbc:redshift://h.redshift.amazonaws.com:5439/", "d", ""),
    r"[0-9]+": ("", "1", ""),
    r"^(|\.[0-9a-z!\-_.*'()]+)$": (".", "x", ""),
    r"^$|\.[0-9a-z!\-_.*'()]+": (".", "x", ""),
    r"arn:.*:glue:.*:\d{12}:catalog(?:(/[a-z0-9_-]+){1,2})?": ("arn:aws:glue:us-east-1:000000000000:catalog/", "c", ""),
    r"arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*": ("arn:aws:glue:", "g", ""),
    r"arn:.*:kinesis:[a-zA-Z0-9\-]+:\d{12}:stream/[a-zA-Z0-9_.-]+": ("arn:aws:kinesis:us-east-1:000000000000:stream/", "s", ""),
    r"arn:.*": ("arn:", "a", ""),
    r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+": ("arn:aws:kinesis:us-east-1:000000000000:stream/", "s", ""),
    r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+": (
        "arn:aws:kinesis:us-east-1:000000000000:stream/", "s", ""),
    r"[a-z0-9]{20}-[a-z0-9]{3}": ("abcdefghijklmnopqrst-abc", "a", ""),
    r"^(0|([1-9]\d{0,38}))$": ("", "1", ""),
    r"^(0|([1-9]\d{0,128}))$": ("", "1", ""),
    r"arn:.*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+": ("arn:aws:iam::000000000000:role/", "r", ""),
    r"arn:.*:secretsmanager:[a-zA-Z0-9\-]+:\d{12}:secret:[a-zA-Z0-9\-/_+=.@!]+": ("arn:aws:secretsmanager:us-east-1:000000000000:secret:", "s", ""),
    r".+?\.snowflakecomputing\.com": ("", "s", ".snowflakecomputing.com"),
    r"^(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=)?$": ("", "AAAA", ""),
    r"([a-zA-Z0-9\-\_]+\.){2,3}vpce\.[a-zA-Z0-9\-]*\.vpce-svc\-[a-zA-Z0-9\-]{17}$": ("", "v", ".a.vpce.us.vpce-svc-12345678901234567"),
    r"s3:\/\/.*": ("s3://", "b", ""),
    r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}": ("00000000-0000-0000-0000-000000000000", "0", ""),
}
PLAIN = ("", "a", "")
# The greatest length that the shape allows is one that its pattern does not.
SHORT = (r"arn:.*:s3:::[\w\.\-]{1,255}", r"[a-z0-9]{20}-[a-z0-9]{3}", r"arn:.*:es:[a-zA-Z0-9\-]+:\d{12}:domain/[a-z][-0-9a-z]{2,27}")


def text(shape, length=None):
    """A text that the shape's pattern takes; of this length, or of the least that is natural."""
    if "enum" in shape:
        return shape["enum"][0]
    head, filler, tail = TEXTS.get(shape.get("pattern"), PLAIN)
    shortest = len(head) + len(filler) + len(tail)
    if length is None:
        length = min(max(shortest, shape.get("min", 0)), shape.get("max", shortest))
    room = max(0, length - len(head) - len(tail))
    return head + (filler * (room // len(filler) + 1))[:room] + tail


def constraints(shape):
    """(sentence, value at it or None, value beyond it) for each constraint of a scalar."""
    kind, found = shape["type"], []
    if kind in ("integer", "long", "double", "float"):
        printed = (lambda bound: f"{bound}.0") if kind in ("double", "float") else str
        if "max" in shape:
            bound = shape["max"]
            found.append((f"Member must have value less than or equal to {printed(bound)}", bound, bound + 1))
        if "min" in shape:
            bound = shape["min"]
            found.append((f"Member must have value greater than or equal to {printed(bound)}", bound, bound - 1))
        return found
    if kind == "blob":
        import base64

        bound = shape["max"]
        letters = lambda count: base64.b64encode(b"a" * count).decode()  # noqa: E731
        sentence = f"Member must have length less than or equal to {bound}"
        return [(sentence, letters(bound), letters(bound + 1))]
    if kind != "string":
        return found
    if "max" in shape:
        bound = shape["max"]
        sentence = f"Member must have length less than or equal to {bound}"
        at = None if shape.get("pattern") in SHORT else text(shape, bound)
        found.append((sentence, at, text(shape, bound + 1)))
    if shape.get("min", 0) > 0:
        bound = shape["min"]
        at = text(shape, bound) if shape.get("pattern") not in TEXTS else None
        sentence = f"Member must have length greater than or equal to {bound}"
        found.append((sentence, at, "a" * (bound - 1)))
    if "pattern" in shape:
        sentence = f"Member must satisfy regular expression pattern: {shape['pattern']}"
        found.append((sentence, text(shape), BROKEN_TEXT))
    if "enum" in shape:
        listed = ", ".join(shape["enum"])
        sentence = f"Member must satisfy enum value set: [{listed}]"
        found += [(sentence, value, "nonsense") for value in shape["enum"]]
    return found


def wrong_type(shape):
    """A value of a JSON type that the shape cannot be."""
    return [] if shape["type"] in ("structure", "map") else {}

"""Answers, line by line, what the library `packaging` says. Each line is JSON: [question, text, ...]; each answer is a line of JSON."""
import json
import sys

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version


def version(text):
    try:
        parsed = Version(text)
    except InvalidVersion:
        return None
    key = canonicalize_version(parsed, strip_trailing_zero=True)
    return [str(parsed), key, parsed.is_prerelease]


def compare(left, right):
    a, b = Version(left), Version(right)
    return (a > b) - (a < b)


def specifier(text):
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def filename(text):
    try:
        if text.endswith(".whl"):
            name, parsed, build, tags = parse_wheel_filename(text)
            return [str(name), str(parsed), list(build), sorted(str(tag) for tag in tags)]
        name, parsed = parse_sdist_filename(text)
        return [str(name), str(parsed)]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


questions = {
    "version": version,
    "compare": compare,
    "specifier": specifier,
    "filename": filename,
    "name": lambda text: str(canonicalize_name(text)),
}
for line in sys.stdin:
    question, *words = json.loads(line)
    print(json.dumps(questions[question](*words)))

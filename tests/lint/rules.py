# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that one file at a time can keep. A rule yields one line for each breach."""
import json
import os
import re
import subprocess

from headers import library_of
from tree import c_code, c_strings

RULES = {}

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 100
MAX_PARAMETERS = 6
SOURCES = (".c", ".h", ".cc", ".cmake", "CMakeLists.txt", ".lua", ".py", ".sh", ".js", ".mjs", ".ts", ".svelte", ".css",
           ".sql")
TOP = {"CMakeLists.txt", "core", "plugins", "scripts", "schemas", "etc", "tests", "docs", "README.md", "LICENSE", "dev"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(<([^>]+)>|"([^"]+)")', re.MULTILINE)


def rule(function):
    RULES["lint_" + function.__name__] = function
    return function


def is_source(tree, path):
    if path.endswith(SOURCES):
        return True
    return "." not in os.path.basename(path) and tree.text(path).startswith("#!")


def is_ui(path):
    return path.startswith("core/web/ui/")


def run_on(tree, command, files):
    """Runs a command on files, some at a time; returns what it wrote."""
    out = ""
    for i in range(0, len(files), 100):
        done = subprocess.run(command + files[i:i + 100], cwd=tree.root, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        out += done.stdout.decode(errors="replace")
    return out


@rule
def format(tree):
    out = run_on(tree, ["clang-format", "--dry-run", "--ferror-limit=1"], tree.c_files())
    for line in out.split("\n"):
        match = re.match(r"(\S+?:\d+):\d+: (warning|error)", line)
        if match:
            yield f"{match.group(1)}: clang-format would change this file; ./dev fmt does it"


@rule
def file_size(tree):
    for path in tree.files:
        n = tree.text(path).count("\n")
        if is_source(tree, path) and n > MAX_FILE_LINES:
            yield f"{path}: {n} lines; {MAX_FILE_LINES} are the most"


def tags(tree):
    """The functions and prototypes that ctags finds."""
    files = tree.matching(".c", ".h", ".py", ".lua", ".js", ".ts")
    command = ["ctags", "--quiet", "--output-format=json", "--fields=+neSK", "--kinds-C=+fp", "-I", "MUST_USE"]
    for line in run_on(tree, command + ["-f", "-"], files).split("\n"):
        if line.startswith("{"):
            yield json.loads(line)


@rule
def function_size(tree):
    for tag in tags(tree):
        lines = tag.get("end", tag["line"]) - tag["line"] + 1
        if tag["kind"] in ("function", "method") and lines > MAX_FUNCTION_LINES and "Anonymous" not in tag["name"]:
            yield f"{tag['path']}:{tag['line']}: {tag['name']} has {lines} lines; {MAX_FUNCTION_LINES} are the most"


@rule
def parameters(tree):
    for tag in tags(tree):
        if tag["kind"] not in ("function", "prototype") or not tag["path"].endswith((".c", ".h")):
            continue
        inside = tag.get("signature", "()").strip()[1:-1]
        while re.search(r"\([^()]*\)", inside):
            inside = re.sub(r"\([^()]*\)", "", inside)
        n = len([word for word in inside.split(",") if word.strip() not in ("", "void", "...")])
        if n > MAX_PARAMETERS:
            yield f"{tag['path']}:{tag['line']}: {tag['name']} takes {n} parameters; {MAX_PARAMETERS} are the most"


def includes(tree, path):
    """Yields (line, library header or None, our header or None)."""
    text = tree.text(path)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(2), match.group(3)


@rule
def include_dotdot(tree):
    for path in tree.c_files():
        for line, angle, quoted in includes(tree, path):
            if ".." in (angle or quoted).split("/"):
                yield f"{path}:{line}: an include does not climb; name the room: \"room/header.h\""


def allowed_libraries(tree, path):
    """What a file may include: its room's LIBS; a test or helper also what its own target is linked to."""
    room = tree.room_of(path)
    linked = tree.linked(os.path.dirname(path))
    if room is None:
        return linked | ({"cmocka"} if path.endswith("_test.c") else set())
    if path[len(room.folder) + 1:] in room.sources or (path.endswith(".h") and not path.endswith("_test.h")):
        return room.libraries
    return room.libraries | room.test_libraries | linked


@rule
def include_library(tree):
    for path in tree.c_files():
        if not path.startswith(("core/", "plugins/")):
            continue
        allowed = allowed_libraries(tree, path)
        for line, angle, _ in includes(tree, path):
            library = library_of(angle) if angle else ""
            if library is None:
                yield f"{path}:{line}: nobody knows <{angle}>; add its library to tests/lint/headers.py"
            elif library and library not in allowed:
                yield f"{path}:{line}: <{angle}> is of '{library}', which the room's LIBS do not name"


@rule
def include_private(tree):
    for path in tree.c_files():
        own = tree.room_of(path)
        for line, _, quoted in includes(tree, path):
            name, slash, header = (quoted or "").partition("/")
            room = tree.rooms.get(name)
            if not slash or room is None or room is own:
                continue
            if header not in room.public:
                yield f"{path}:{line}: \"{quoted}\" is private to room {name}"
            elif path.startswith("plugins/") and not path.endswith("_test.c"):
                yield f"{path}:{line}: a plugin knows core/include/beseda only, not \"{quoted}\""


@rule
def spdx(tree):
    for path in tree.files:
        head = "\n".join(tree.text(path).split("\n")[:3])
        if is_source(tree, path) and "SPDX-License-Identifier: Apache-2.0" not in head:
            yield f"{path}:1: no SPDX-License-Identifier: Apache-2.0 in the first three lines"


@rule
def typedef(tree):
    for path in tree.c_files():
        if not path.startswith("core/"):
            continue
        for line, text in enumerate(c_code(tree.text(path)).split("\n"), 1):
            if re.search(r"\btypedef\s+(struct|union|enum)\b", text):
                yield f"{path}:{line}: struct x is written out, not typedef'd"


@rule
def file_names(tree):
    for path in tree.files:
        name = os.path.basename(path)
        if is_ui(path) or name == "CMakeLists.txt":
            continue
        if name.endswith((".c", ".h", ".lua", ".sql", ".py", ".cmake")) and not re.fullmatch(r"[a-z0-9_.]+", name):
            yield f"{path}: file names are lower snake case"
        elif name.endswith((".js", ".mjs", ".ts", ".sh")) and not re.fullmatch(r"[a-z0-9_.-]+", name):
            yield f"{path}: file names are lower case"


@rule
def todo(tree):
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for path in tree.files:
        for line, text in tree.lines(path):
            match = words.search(text)
            if match and os.path.basename(path) != "package-lock.json":
                yield f"{path}:{line}: {match.group()}: do it now, or write an issue"


@rule
def forbidden_words(tree):
    words = re.compile("|".join([r"/wo" + r"rk/", r"\bfa" + r"rm-", r"(?<![\w)\]])\.lib" + r"rary\b",
                                 r"(\.\./)+sha" + r"red/(specs|design|peers|hooks)"]))
    for path in tree.files:
        for line, text in tree.lines(path):
            match = words.search(text)
            if match and not (path == ".ci/run" and match.group().endswith("/specs")):
                yield f"{path}:{line}: '{match.group()}' is a place of one machine; the project stands alone"


SQL_UPPER = re.compile(
    r"\b(SELECT\s.*\sFROM\s|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET\s|CREATE\s+(TABLE|INDEX|UNIQUE)|"
    r"ALTER\s+TABLE|DROP\s+TABLE|ON\s+CONFLICT|ORDER\s+BY|GROUP\s+BY|(LEFT|INNER)\s+JOIN|BEGIN\s+IMMEDIATE|"
    r"PRAGMA\s+\w)", re.DOTALL)
SQL_LOWER = re.compile(
    r"\s*(select\s.*\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+(table|index)\s|"
    r"alter\s+table\s|drop\s+table\s|pragma\s+\w+\s*=|with\s+\w+\s+as\s*\()", re.DOTALL)
SQL_PLACES = ("core/records/", "core/store/", "schemas/sql/", "tests/")


@rule
def sql(tree):
    for path in tree.files:
        if path.startswith(SQL_PLACES) or re.search(r"_test\.[ch]$", path) or not is_source(tree, path):
            continue
        pieces = c_strings(tree.text(path)) if path.endswith((".c", ".h")) else tree.lines(path)
        for line, text in pieces:
            if SQL_UPPER.search(text) or (path.endswith((".c", ".h")) and SQL_LOWER.match(text)):
                yield f"{path}:{line}: SQL stands in core/records and core/store only"


@rule
def top_level(tree):
    for name in sorted({path.split("/")[0] for path in tree.files}):
        if name not in TOP and not name.startswith("."):
            yield f"{name}: not one of the places of the house ({' '.join(sorted(TOP))})"

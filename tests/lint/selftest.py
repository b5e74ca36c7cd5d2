# SPDX-License-Identifier: Apache-2.0
"""The lint's own test: a small good house that every rule accepts, and for each rule a breach that it must refuse."""
import os
import shutil
import tempfile

from rules import RULES
from tree import Tree

SPDX = "SPDX-License-Identifier: Apache-2.0"
TABLE = "| room | what | uses |\n|---|---|---|\n| base | ground | libc |\n| loop | time | base, libuv |\n"

GOOD = {
    "CMakeLists.txt": f"# {SPDX}\n# layer 0\nadd_subdirectory(core/base)\n# layer 1\nadd_subdirectory(core/loop)\n",
    "README.md": TABLE,
    "docs/architecture.md": "```\n1  loop   time\n0  base   ground\n```\n\n" + TABLE.replace("uses", "may use"),
    "core/libraries.cmake": f"# {SPDX}\nlibrary(uv libuv)\n",
    "tests/dev/packages.sh": f"# {SPDX}\n# build  libuv1-dev  libuv: the loop\n",
    "core/base/CMakeLists.txt": f"# {SPDX}\nroom(base PUBLIC a.h SOURCES a.c)\n",
    "core/base/README.md": "Ground.\n",
    "core/base/a.h": f"// {SPDX}\n#pragma once\nint a_get(int x);\n",
    "core/base/a.c": f'// {SPDX}\n#include "base/a.h"\n#include <stdio.h>\n\nint a_get(int x) {{ return x; }}\n',
    "core/loop/CMakeLists.txt":
        f"# {SPDX}\nroom(loop PUBLIC l.h SOURCES l.c USES base LIBS uv)\nroom_test(loop l_test.c)\n",
    "core/loop/README.md": "Time.\n",
    "core/loop/l.h": f"// {SPDX}\n#pragma once\n",
    "core/loop/inside.h": f"// {SPDX}\n#pragma once\n",
    "core/loop/l.c": f'// {SPDX}\n#include "base/a.h"\n#include "inside.h"\n#include <uv.h>\n',
    "core/loop/l_test.c": f'// {SPDX}\n#include "loop/l.h"\n#include <cmocka.h>\n',
}


def long_function(n):
    return f"// {SPDX}\nint f(void)\n{{\n" + "\n" * n + "\treturn 0;\n}\n"


# For each rule the files that break it: they are put in place of, or beside, those of the good house.
BREACHES = {
    "format": [{"core/base/b.c": f"// {SPDX}\nint  b;\n"}],
    "file_size": [{"core/base/b.c": f"// {SPDX}\n" + "int b;\n" * 800}],
    "function_size": [{"core/base/b.c": long_function(100)}],
    "parameters": [{"core/base/b.c":
                    f"// {SPDX}\nint f(int a, int b, int c, int d, int e, int g, int (*h)(int, int));\n"}],
    "include_dotdot": [{"core/loop/l.c": f'// {SPDX}\n#include "../base/a.h"\n'}],
    "include_library": [
        {"core/base/b.c": f"// {SPDX}\n#include <uv.h>\n"},
        {"core/base/b.c": f"// {SPDX}\n#include <nobody/knows.h>\n"},
        {"core/loop/l.c": f"// {SPDX}\n#include <cmocka.h>\n"},
    ],
    "include_private": [
        {"core/base/b.c": f'// {SPDX}\n#include "loop/inside.h"\n'},
        {"plugins/echo/echo.c": f'// {SPDX}\n#include "base/a.h"\n', "plugins/echo/README.md": "Echo.\n"},
    ],
    "spdx": [{"core/base/b.c": "int b;\n"}, {"dev": "#!/bin/sh\nexit 0\n"}],
    "typedef": [{"core/base/b.h": f"// {SPDX}\ntypedef struct b b_t;\n"}],
    "file_names": [{"core/base/BigB.c": f"// {SPDX}\n"}],
    "todo": [{"core/base/b.c": f"// {SPDX}\n// TO" + "DO: later\n"}],
    "forbidden_words": [
        {"docs/a.md": "see /wo" + "rk/x\n"},
        {"docs/a.md": "a fa" + "rm-1\n"},
        {"docs/a.md": "in .lib" + "rary\n"},
        {"docs/a.md": "in ../sha" + "red/specs\n"},
    ],
    "sql": [
        {"core/base/b.c": f'// {SPDX}\nconst char *b = "SELECT a "\n\t\t"FROM b";\n'},
        {"core/base/b.c": f'// {SPDX}\nconst char *b = "insert into a values (1)";\n'},
        {"scripts/b.lua": f"-- {SPDX}\nlocal q = 'DELETE " + "FROM a'\n"},
    ],
    "top_level": [{"misc/a.md": "a\n"}],
    "layers": [
        {"core/base/CMakeLists.txt": f"# {SPDX}\nroom(base PUBLIC a.h SOURCES a.c USES loop)\n"},
        {"core/attic/CMakeLists.txt": f"# {SPDX}\nroom(attic SOURCES a.c)\n", "core/attic/README.md": "Attic.\n"},
    ],
    "room_readme": [{"core/base/README.md": ""}, {"plugins/echo/echo.c": f"// {SPDX}\n"}],
    "room_tables": [
        {"README.md": "no table\n"},
        {"README.md": TABLE.replace("base, libuv", "libuv")},
        {"docs/architecture.md": TABLE.replace("| loop | time | base, libuv |\n", "")},
    ],
    "layer_picture": [{"docs/architecture.md": "1  base\n0  loop\n" + TABLE}],
    "packages": [{"core/libraries.cmake": f"# {SPDX}\nlibrary(uv libuv)\nlibrary(yaml yaml-0.1)\n"}],
}


def breaches_in(name, files):
    """What rule `name` says about a house of these files."""
    root = tempfile.mkdtemp(prefix="beseda-lint-")
    try:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        here = os.path.dirname(os.path.abspath(__file__))
        shutil.copy(os.path.join(here, "..", "..", ".clang-format"), root)
        return list(RULES[name](Tree(root)))
    finally:
        shutil.rmtree(root)


def check_rule(name):
    """Nothing when the rule accepts the good house and refuses each of its breaches."""
    wrong = [f"refuses the good house: {breach}" for breach in breaches_in("lint_" + name, GOOD)]
    for i, change in enumerate(BREACHES.get(name, [])):
        if not breaches_in("lint_" + name, {**GOOD, **change}):
            wrong.append(f"accepts breach {i}: {', '.join(change)}")
    if name not in BREACHES:
        wrong.append("has no breach in tests/lint/selftest.py")
    return wrong


def checks():
    for rule in RULES:
        name = rule.removeprefix("lint_")
        yield name, lambda name=name: check_rule(name)

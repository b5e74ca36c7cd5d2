# SPDX-License-Identifier: Apache-2.0
"""The rules about rooms: what CMake says, what the documents say, and that both say the same."""
import re

from rules import rule

DOCUMENTS = ("README.md", "docs/architecture.md")


@rule
def layers(tree):
    """A room uses only rooms of lower layers, and every room stands in one."""
    level = {name: i for i, layer in enumerate(tree.layers) for name in layer}
    for room in tree.rooms.values():
        if not room.folder.startswith("core/"):
            continue
        if room.name not in level:
            yield f"{room.folder}/CMakeLists.txt: room {room.name} stands below no '# layer' of CMakeLists.txt"
            continue
        for used in sorted(room.uses):
            if level.get(used, -1) >= level[room.name]:
                yield f"{room.folder}/CMakeLists.txt: {room.name} uses {used}, which is not in a lower layer"


@rule
def room_readme(tree):
    folders = {room.folder for room in tree.rooms.values()} | {f"core/{name}" for name in tree.order}
    folders |= {"/".join(path.split("/")[:2]) for path in tree.files if re.match(r"plugins/[^/]+/", path)}
    for folder in sorted(folders):
        if not tree.text(f"{folder}/README.md").strip():
            yield f"{folder}: no README.md that says what it is, what it must not know, where to start"


def room_table(text):
    """[(room, uses)] of the Markdown table whose first column is headed "room"; None when there is none."""
    rows, column = None, None
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        if not cells:
            if rows:
                return rows
            column = None
        elif column is None:
            heads = [cell.lower() for cell in cells]
            at = [i for i, head in enumerate(heads) if head in ("uses", "may use")]
            if heads[0] == "room" and at:
                column, rows = at[0], []
        elif not re.fullmatch(r"[:\s-]+", cells[0]):
            name = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cells[0]).strip("`* ")
            rows.append((name.removeprefix("core/"), cells[column] if column < len(cells) else ""))
    return rows


def words_of(cell, known):
    """The rooms that a cell names; libraries and small words do not count."""
    cell = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell)
    cell = re.sub(r"\([^)]*\)", "", cell)
    return {word for word in re.findall(r"[a-z_]+[0-9]*", cell) if word in known}


@rule
def room_tables(tree):
    """README.md and docs/architecture.md: the same rooms in the order of the build, with the same uses."""
    for path in DOCUMENTS:
        table = room_table(tree.text(path))
        if table is None:
            yield f"{path}: no table with the columns 'room' and 'uses' (or 'may use')"
            continue
        names = [name for name, _ in table]
        if names != tree.order:
            yield f"{path}: the table names {' '.join(names)}; the build has {' '.join(tree.order)}"
        for name, cell in table:
            room = tree.rooms.get(name)
            said = words_of(cell, set(tree.order))
            if room and "everything" not in cell and said != room.uses:
                yield f"{path}: {name} uses {sorted(said)}; CMake says {sorted(room.uses)}"


@rule
def layer_picture(tree):
    """The picture of docs/architecture.md: "4  pipeline ..." names the rooms of each layer."""
    text = tree.text("docs/architecture.md")
    for i, layer in enumerate(tree.layers):
        match = re.search(rf"^\s*{i} +(.*)$", text, re.MULTILINE)
        said = set(match.group(1).split()[:len(layer)]) if match else set()
        if said != set(layer):
            yield f"docs/architecture.md: layer {i} of the picture should begin with: {' '.join(layer)}"


@rule
def packages(tree):
    """Every outside library is brought by a Debian package, whose line names it as pkg-config does."""
    known = tree.text("tests/dev/packages.sh")
    for name, module in re.findall(r"^library\((\w+) ([^\s)]+)", tree.text("core/libraries.cmake"), re.MULTILINE):
        if not re.search(rf"(?<![\w.-]){re.escape(module)}(?![\w-]|\.\w)", known):
            yield f"core/libraries.cmake: no line of tests/dev/packages.sh mentions {module} (library {name})"

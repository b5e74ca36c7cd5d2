# SPDX-License-Identifier: Apache-2.0
"""The repository as the rules see it: its files, and its rooms as CMake declares them."""
import os
import re
import subprocess

SKIPPED_FOLDERS = {".git", "build", "data", "node_modules", "dist", "__pycache__"}
C_LIKE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


class Room:
    """One room() call, with the libraries and rooms that only its tests see."""

    def __init__(self, name, folder, words):
        self.name = name
        self.folder = folder
        self.public = words.get("PUBLIC", [])
        self.sources = words.get("SOURCES", [])
        self.uses = set(words.get("USES", [])) | set(words.get("SHOWS", []))
        self.libraries = set(words.get("LIBS", []))
        self.test_libraries = {"cmocka"}


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = sorted(self._list_files())
        self._texts = {}
        self.layers = self._read_layers()
        self.order = [room for layer in self.layers for room in layer]
        self.rooms = self._read_rooms()

    def _list_files(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
            out = subprocess.run(command, cwd=self.root, check=True, stdout=subprocess.PIPE).stdout.decode()
            names = {name for name in out.split("\0") if name}
            return [name for name in names if os.path.isfile(os.path.join(self.root, name))]
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in names]
        return found

    def text(self, path):
        """The text of a file; "" for one that is no UTF-8 text or does not exist."""
        if path not in self._texts:
            try:
                with open(os.path.join(self.root, path), encoding="utf-8") as file:
                    self._texts[path] = file.read()
            except (OSError, UnicodeDecodeError):
                self._texts[path] = ""
        return self._texts[path]

    def matching(self, *suffixes):
        return [path for path in self.files if path.endswith(suffixes)]

    def c_files(self):
        return self.matching(".c", ".h")

    def lines(self, path):
        return enumerate(self.text(path).split("\n"), 1)

    def _read_layers(self):
        """[["base"], ["loop", "domain"], ...]: the "# layer N" comments of CMakeLists.txt and what follows each."""
        layers = []
        for line in self.text("CMakeLists.txt").split("\n"):
            if re.match(r"\s*#\s*layer\s+\d+", line):
                layers.append([])
            match = re.match(r"\s*add_subdirectory\(core/(\w+)\)", line)
            if match and layers:
                layers[-1].append(match.group(1))
        return layers

    def _read_rooms(self):
        rooms = {}
        for path in self.matching("CMakeLists.txt"):
            folder = os.path.dirname(path)
            for call, words in cmake_calls(self.text(path)):
                if call in ("room", "plugin") and words:
                    rooms[words[0]] = Room(words[0], folder, keywords(words[1:]))
            for call, words in cmake_calls(self.text(path)):
                if call in ("room_test", "room_fuzz", "plugin_test") and words and words[0] in rooms:
                    rooms[words[0]].test_libraries |= set(keywords(words[1:]).get("LIBS", []))
        return rooms

    def linked(self, folder):
        """What the target_link_libraries() of the nearest CMakeLists.txt name."""
        while folder and f"{folder}/CMakeLists.txt" not in self.files:
            folder = os.path.dirname(folder)
        text = self.text(f"{folder}/CMakeLists.txt")
        return {word for call, words in cmake_calls(text) if call == "target_link_libraries" for word in words[1:]}

    def room_of(self, path):
        """The room that a file stands in, or None."""
        inside = [room for room in self.rooms.values() if path.startswith(room.folder + "/")]
        return max(inside, key=lambda room: len(room.folder), default=None)


def cmake_calls(text):
    """Yields (name, words) for each call; a ${variable} that set() filled in the same file is put in its place."""
    text = re.sub(r"#[^\n]*", "", text)
    variables = {}
    for name, body in re.findall(r"(\w+)\s*\(([^()]*)\)", text):
        words = []
        for word in body.replace('"', " ").split():
            match = re.fullmatch(r"\$\{(\w+)\}", word)
            words += variables.get(match.group(1), [word]) if match else [word]
        if name == "set" and words:
            variables[words[0]] = words[1:]
        yield name, words


def keywords(words):
    """{"USES": [...], ...}; the words before the first keyword stand under ""."""
    result, at = {}, ""
    for word in words:
        if word in ("PUBLIC", "SOURCES", "USES", "SHOWS", "LIBS"):
            at = word
        result.setdefault(at, [])
        if word != at:
            result[at].append(word)
    return result


def c_strings(text):
    """Yields (line, content) of the string literals of C code; neighbours count as one."""
    start, parts, end = 0, [], 0
    for match in C_LIKE.finditer(text):
        if not match.group().startswith('"'):
            continue
        if parts and text[end:match.start()].strip():
            yield text.count("\n", 0, start) + 1, "".join(parts)
            parts = []
        if not parts:
            start = match.start()
        parts.append(match.group()[1:-1])
        end = match.end()
    if parts:
        yield text.count("\n", 0, start) + 1, "".join(parts)


def c_code(text):
    """C code with comments and the insides of strings blanked out; line numbers stay."""
    def blank(match):
        word = match.group()
        if word[0] in "\"'":
            return word[0] + word[0]
        return " " + "\n" * word.count("\n")
    return C_LIKE.sub(blank, text)

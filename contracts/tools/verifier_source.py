"""Which lines of the sources have code, and which ran: `Hits` of the compiled contract, read through the compiler's map.

Through the IR the map names statements and expressions, but of inlined assembly the block only. So a line of Solidity has code if the
map names a place that begins on it, and ran if one of its instructions did. A line of a block of assembly ran if an instruction of
the block did; inside of a nested block (`if`, `switch`, a loop) only if both ways of every branch of the outermost block were gone, in
every copy that the compiler made. Places outside of function bodies are code that the compiler adds: dispatch, decoding, checks of sizes.
"""
import dataclasses
import re

BODY = re.compile(rb"\b(?:function\s+(\w+)|constructor)\b[^;{]*\{")
ASSEMBLY = re.compile(rb"\bassembly\b[^{]*\{")
HIDDEN = re.compile(rb'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.S)
CONTROL = re.compile(rb"\b(?:if|for|switch)\b")
STRUCTURE = re.compile(rb"(case\s+\w+|default)?[\s{}]*")


def closing(text, opening):
    """Where the block ends that begins with the brace at `opening`."""
    depth = 0
    for brace in re.finditer(rb"[{}]", text[opening:]):
        depth += 1 if brace[0] == b"{" else -1
        if depth == 0:
            return opening + brace.start()
    raise ValueError("a brace is not closed")


def blocks(text, head):
    """(match of the head, opening brace, closing brace) of blocks with such a head, which ends with the brace."""
    return [(m, m.end() - 1, closing(text, m.end() - 1)) for m in head.finditer(text)]


class Assembly:
    """A block of assembly: its lines with code, by whether they are nested, and how many branches it must have."""

    def __init__(self, source, opening, end):
        self.flat, self.nested = set(), set()
        self.controls = len(CONTROL.findall(source.text, opening, end))
        for number in range(source.line(opening) + 1, source.line(end) + 1):
            begin, text = source.begins[number - 1], source.line_text(number)
            if STRUCTURE.fullmatch(text.strip()):
                continue
            before = source.text[opening:begin]
            depth = before.count(b"{") - before.count(b"}")
            (self.flat if depth == 1 else self.nested).add(number)


class Source:
    """A file, with comments and strings blanked out."""

    def __init__(self, path):
        self.raw = path.read_bytes()
        self.text = HIDDEN.sub(lambda m: re.sub(rb"[^\n]", b" ", m[0]), self.raw)
        self.begins = [0] + [m.end() for m in re.finditer(rb"\n", self.text)]
        self.bodies = blocks(self.text, BODY)
        self.assemblies = {m.start(): Assembly(self, opening, end) for m, opening, end in blocks(self.text, ASSEMBLY)}

    def line(self, offset):
        return self.text.count(b"\n", 0, offset) + 1

    def line_text(self, number):
        begin = self.begins[number - 1]
        return self.text[begin:].split(b"\n", 1)[0]

    def written(self, number):
        """A line as it is written."""
        return self.raw[self.begins[number - 1]:].split(b"\n", 1)[0].decode().strip()

    def quote(self, place):
        """The function around a place, and the place's first line as written."""
        name = next(m[1] or b"constructor" for m, opening, end in self.bodies if opening < place[0] < end)
        first = self.raw[place[0]:place[0] + place[1]].decode().split("\n")[0].strip()
        return f"{name.decode()}: {first}"

    def is_written(self, place):
        """Whether a place lies inside of a function's body."""
        return any(opening < place[0] and place[0] + place[1] <= end for _, opening, end in self.bodies)


@dataclasses.dataclass
class Way:
    """One of the two ways of a branch."""
    line: int
    text: str
    pc: int
    taken: bool
    gone: bool
    excused: bool = False  # nothing can go it

    def __str__(self):
        return f"{self.text} (line {self.line}, at {self.pc}, {'taken' if self.taken else 'passed'})"


class FileCoverage:
    """Lines {number: ran} and ways of one file. `excuse` says of a way that was not gone whether nothing can go it."""

    def __init__(self, path, file_id, excuse):
        self.source, self.id, self.lines, self.ways, self._excuse = Source(path), file_id, {}, [], excuse

    def add(self, hits):
        places, branches = {}, set(hits.code.branches())
        for pc, (start, length, file) in hits.code.at.items():
            if file == self.id and self.source.is_written((start, length)):
                places.setdefault((start, length), []).append(pc)
        for place, pcs in places.items():
            ways = [self._way(place, pc, taken, hits) for pc in pcs if pc in branches for taken in (False, True)]
            self.ways += ways
            self._add_lines(place, any(pc in hits.ran for pc in pcs), ways)

    def _add_lines(self, place, ran, ways):
        assembly = self.source.assemblies.get(place[0])
        if assembly:
            all_gone = len(ways) >= 2 * assembly.controls and all(way.gone or way.excused for way in ways)
            lines = [(line, ran) for line in assembly.flat] + [(line, ran and all_gone) for line in assembly.nested]
        else:
            lines = [(self.source.line(place[0]), ran)]
        for line, hit in lines:
            self.lines[line] = self.lines.get(line, False) or hit

    def _way(self, place, pc, taken, hits):
        way = Way(self.source.line(place[0]), self.source.quote(place), pc, taken, (pc, taken) in hits.ways)
        way.excused = not way.gone and self._excuse(way)
        return way

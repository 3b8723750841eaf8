"""No module of the rehearsals needs one that needs it: imports go one way, those for types alone among them."""

import ast
import pathlib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = [HERE.parent / "rehearsal", HERE.parents[1] / "provider" / "harness"]


def imports(root: pathlib.Path) -> dict[str, set[str]]:
    """Each module of the package in root with the ones of the same package that it imports, wherever it does."""
    files = {".".join(path.relative_to(root).with_suffix("").parts).removesuffix("__init__").rstrip("."): path for path in root.rglob("*.py")}
    found = {}
    for name, path in files.items():
        within = name.split(".") if path.name == "__init__.py" and name else name.split(".")[:-1]
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom):
                continue
            if node.level:
                base = within[: len(within) - node.level + 1] + (node.module.split(".") if node.module else [])
            elif node.module.split(".")[0] == root.name:
                base = node.module.split(".")[1:]
            else:
                continue
            for alias in node.names:
                target = ".".join([*base, alias.name])
                found[name].add(target if target in files else ".".join(base))
        # A package that imports its own modules is no circle, unless one of them imports from it by name.
        found[name].discard(name)
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, in its order; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph.get(name, ())):
            if found := walk(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


class Imports(unittest.TestCase):
    def test_there_is_no_circle(self):
        for root in PACKAGES:
            with self.subTest(root.name):
                graph = imports(root)
                self.assertGreater(sum(map(len, graph.values())), 10, "the imports were not found")
                self.assertEqual(circle(graph), [])

    def test_a_circle_is_found(self):
        self.assertEqual(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}), ["a", "b", "c", "a"])
        self.assertEqual(circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}), [])

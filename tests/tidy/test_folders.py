"""Each folder of the source is a package that says what it is for."""

import ast

from tests.tidy.project import SOURCE, committed_files, name_of, tree_of


def test_each_folder_of_the_source_says_in_one_line_what_it_is_for() -> None:
    # Without its `__init__` a folder would also be invisible to the import contracts.
    folders = {
        path.parent
        for path in committed_files()
        if path.suffix == ".py" and SOURCE in path.parents and path.parent != SOURCE
    }

    silent = sorted(
        name_of(folder)
        for folder in folders
        if not (folder / "__init__.py").is_file()
        or not first_line(ast.get_docstring(tree_of(folder / "__init__.py")))
    )

    assert len(folders) >= 14
    assert silent == []


def first_line(docstring: str | None) -> str:
    return (docstring or "").partition("\n")[0]

"""`tenuto validate`: is this workflow right?"""

import click

from tenuto.cli import exit_codes
from tenuto.cli.driving import message_of
from tenuto.cli.printing import say, show
from tenuto.cli.progress.outline import counted
from tenuto.cli.starting import check_code, make_importable
from tenuto.core.errors import DefinitionError, TenutoError


@click.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
def command(files: tuple[str, ...]) -> int:
    """Check workflow files, in YAML or JSON: form, names, graph, expressions, and code.

    Every problem is named with its line and column, in one pass. Exit code 2 when there is one.

    \b
    tenuto validate flow.yaml
    """
    from tenuto.bootstrap import read_file

    make_importable()
    code = exit_codes.COMPLETED
    for file in files:
        try:
            definition = read_file(file)
            check_code(definition, file=file)
        except DefinitionError as error:
            say(str(error))
            code = exit_codes.USAGE
        except TenutoError as error:
            say(f"tenuto: {message_of(error)}")
            code = exit_codes.USAGE
        else:
            nodes = counted(len(definition.nodes), "node")
            agents = counted(len(definition.agents), "agent")
            show(f"{file}: {definition.name} {definition.version}, {nodes}, {agents}")
    return code

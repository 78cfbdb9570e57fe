"""`tenuto run`: start a session and stay with it."""

from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli.attending import attend
from tenuto.cli.detaching import announce, detach
from tenuto.cli.driving import drive
from tenuto.cli.inputs import inputs_from
from tenuto.cli.options import db_option, json_option
from tenuto.cli.pools import pools_option
from tenuto.cli.printing import say
from tenuto.cli.starting import find_workflow, with_model
from tenuto.cli.tool_sources import sources_in, tools_option


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    workflow: str
    given: tuple[str, ...]
    input_file: str | None
    model: str | None
    key: str | None
    user: str
    tenant: str
    db: str | None
    tools: str | None
    pools: str | None
    detach: bool
    announce: int | None
    as_json: bool
    quiet: bool


@click.command()
@click.argument("workflow")
@click.option(
    "-i",
    "--input",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="An input: text, JSON where the workflow wants no text, @FILE for what is in a file; "
    "`-` reads a JSON object from stdin. May be given again.",
)
@click.option("--input-file", metavar="FILE", help="A JSON object of inputs; -i wins over it.")
@click.option("--model", metavar="MODEL", help="The model for all agents, as provider:name.")
@click.option("--key", metavar="KEY", help="Start only once: a second run with it joins the first.")
@click.option("--user", metavar="NAME", default="", help="For whom: agents remember by user.")
@click.option(
    "--tenant",
    metavar="NAME",
    default="local",
    show_default=True,
    help="Whose session it is; no tenant's agents see what others' remember.",
)
@click.option("--detach", is_flag=True, help="Print the session's id and leave it to work alone.")
@click.option("--announce", type=int, hidden=True)
@json_option("Print events as JSON lines, and the outcome as the last one.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@pools_option
@tools_option
@db_option
def command(**options: Any) -> int:
    """Run WORKFLOW and print its output.

    WORKFLOW is a .yaml or .json file, module:attribute, or the name of an installed team. Progress
    goes to stderr, the output to stdout. The session survives this process: `tenuto resume` goes on
    with it.

    \b
    tenuto run research -i question="What is a session?" -i documents=./docs
    tenuto run flow.yaml -i n=3 -i order=@order.json
    tenuto run shop.flows:refund --json < /dev/null
    """
    asked = Options(**options)
    return detach() if asked.detach else drive(_run(asked))


async def _run(asked: Options) -> int:
    loaded = find_workflow(asked.workflow)
    inputs = inputs_from(asked.given, loaded.definition, file=asked.input_file)
    workflow = with_model(loaded.workflow, asked.model)
    sources = sources_in(asked.tools)
    async with tenuto.open(asked.db, recover=False, tools=sources, pools=asked.pools) as runtime:
        session = await runtime.start(
            workflow, dict(inputs), key=asked.key, user=asked.user, tenant=asked.tenant
        )
        announce(asked.announce, session.id)
        say(f"session {session.id}  {loaded.name} {loaded.definition.version}")
        return await attend(runtime, session, as_json=asked.as_json, quiet=asked.quiet)

"""What commands that spread their work over processes ask about them."""

from __future__ import annotations

from typing import Annotated

import typer

Workers = Annotated[
    int | None,
    typer.Option(help="Processes, one thread each; by default as many as processors.", min=1, metavar="N"),
]
Executor = Annotated[
    str, typer.Option(help="Where they run: local, or ray for the machines of a cluster.", metavar="NAME")
]

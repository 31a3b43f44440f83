"""Ask once, in a terminal, what a large or ignored folder is; the answer goes into `orp.yaml`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import click

from orp_tui.cli import output
from orp_tui.config.answers import answer_workspace
from orp_tui.services.context import Context, open_context
from orp_tui.services.prepare import freeze_plan
from orp_tui.services.submission import Source
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.plan import Question


def answered(context: Context, sources: Sequence[Source]) -> Context:
    """The context with every question about the sources' folders answered and written down.

    Raises click.Abort if the person would rather not say.
    """
    for source in sources:
        questions = freeze_plan(context, source, FileCache(context.paths.state / "file-cache.json")).questions
        if questions:
            context = _ask(context, source, questions)
    return context


def _ask(context: Context, source: Source, questions: Sequence[Question]) -> Context:
    output.say(
        "Every run works in a folder of its own. Of these folders only you know what they are:\n"
        "an input is linked into it, an output is fresh and empty in it."
    )
    inputs: list[str] = []
    outputs: list[str] = []
    for question in questions:
        words = f"{question.path}/ ({question.why}): [i]nput or [o]utput"
        choice = click.prompt(words, type=click.Choice(["i", "o"]), show_choices=False, err=True)
        (inputs if choice == "i" else outputs).append(question.path)
    answer_workspace(source.project, inputs=inputs, outputs=outputs)
    output.say(f"written to {source.project / 'orp.yaml'}")
    fresh = open_context(start=context.project)
    return dataclasses.replace(context, settings=fresh.settings)

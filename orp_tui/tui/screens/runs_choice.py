"""How the list of past runs is chosen: filter, columns, order, groups, saved views."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from orp_tui.core.columns import Column
from orp_tui.core.errors import OrpError
from orp_tui.tui.run_listing import USUAL_COLUMNS
from orp_tui.tui.screens.columns import ChooseColumns, Chosen, every_column, group_columns
from orp_tui.tui.screens.runs_verbs import RunsVerbs
from orp_tui.tui.screens.tag_dialog import TagRuns
from orp_tui.tui.widgets.filter_prompt import FilterPrompt

if TYPE_CHECKING:
    from orp_tui.core.filters.vocabulary import Vocabulary
    from orp_tui.services.views import View
    from orp_tui.tui.runs_place import RunsPlace
    from orp_tui.tui.screens.views_dialog import ViewAnswer


class RunsChoice(RunsVerbs):
    """A screen with a RunsTable and a FilterPrompt."""

    _views: tuple[View, ...] | None = None
    """As they were last read here."""

    @property
    def here(self) -> RunsPlace:
        """Filter, columns, order and groups as they are now."""
        raise NotImplementedError

    def change(self, here: RunsPlace, *, to_top: bool = False) -> None:
        """List this from now on; `to_top` puts the cursor on the first row."""
        raise NotImplementedError

    def take_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Which keys, metrics, tags and values there are."""
        self.vocabulary = vocabulary
        self.query_one(FilterPrompt).put_vocabulary(vocabulary)
        if isinstance(self.app.screen, ChooseColumns):
            self.app.screen.take_vocabulary(vocabulary)
        elif isinstance(self.app.screen, TagRuns):
            self.app.screen.put_known(vocabulary.tags)

    def _choose(
        self,
        title: str,
        chosen: Chosen,
        then: Callable[[Chosen], None],
        *,
        usual: Chosen = (),
        has_order: bool = False,
        columns_of: Callable[[Vocabulary | None], Sequence[Column]] = every_column,
    ) -> None:
        def answered(answer: Chosen | None) -> None:
            if answer is not None:
                then(answer)

        self._words.poke()
        dialog = ChooseColumns(
            title,
            chosen,
            self.vocabulary,
            columns_of=columns_of,
            usual=usual,
            has_order=has_order,
            ascii_only=self.orp.manners.ascii,
        )
        self.app.push_screen(dialog, answered)

    def action_choose_columns(self) -> None:
        def take(chosen: Chosen) -> None:
            columns = tuple(column for column, _ in chosen)
            self.change(dataclasses.replace(self.here, columns=columns or USUAL_COLUMNS))

        usual = tuple((column, False) for column in USUAL_COLUMNS)
        chosen = tuple((column, False) for column in self.here.columns)
        self._choose("Columns", chosen, take, usual=usual)

    def action_choose_sort(self) -> None:
        from orp_tui.services.catalog import SortKey

        def take(chosen: Chosen) -> None:
            sort = tuple(SortKey(column, falling) for column, falling in chosen)
            self.change(dataclasses.replace(self.here, sort=sort), to_top=True)

        chosen = tuple((key.column, key.descending) for key in self.here.sort)
        self._choose("Sort by", chosen, take, has_order=True)

    def action_reverse_sort(self) -> None:
        from orp_tui.services.catalog import SortKey

        # Newest first is what no order means.
        sort = self.here.sort or (SortKey(Column("submitted"), descending=True),)
        turned = tuple(SortKey(key.column, not key.descending) for key in sort)
        self.change(dataclasses.replace(self.here, sort=turned), to_top=True)

    def action_choose_groups(self) -> None:
        def take(chosen: Chosen) -> None:
            group_by = tuple(column for column, _ in chosen)
            self.change(dataclasses.replace(self.here, group_by=group_by), to_top=True)

        chosen = tuple((column, False) for column in self.here.group_by)
        self._choose("Group by", chosen, take, columns_of=group_columns)

    def action_filter_runs(self) -> None:
        self._words.poke()
        self.query_one(FilterPrompt).ask(self.here.filter)

    # Saved views

    def action_choose_view(self) -> None:
        from orp_tui.services import views
        from orp_tui.tui.screens.views_dialog import ChooseView, view_words

        context = self.orp.context
        now = view_words(self.here.to_view("now"))
        dialog = ChooseView(lambda: views.read_views(context), now, self._views)
        self.app.push_screen(dialog, self._view_answered)

    @work(thread=True, exclusive=True, exit_on_error=False, group="read views")
    def read_views(self) -> None:
        """Read the saved views, so that a digit typed ahead finds its view."""
        from orp_tui.services import views

        with contextlib.suppress(OrpError, OSError):  # the dialog says so
            self._views = views.read_views(self.orp.context)

    def _view_answered(self, answer: ViewAnswer | None) -> None:
        from orp_tui.tui.screens.views_dialog import DeleteView, GoToView, SaveView

        if isinstance(answer, GoToView):
            self.change(self.here.shown_as(answer.view), to_top=True)
        elif isinstance(answer, SaveView):
            self._save_view(self.here.to_view(answer.name))
        elif isinstance(answer, DeleteView):
            self._drop_view(answer.name)

    @work(thread=True, exit_on_error=False, group="views")
    def _save_view(self, view: View) -> None:
        from orp_tui.services import views

        try:
            words = "replaced" if views.save_view(self.orp.context, view) else "saved"
        except (OrpError, OSError) as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
        else:
            self.app.call_from_thread(self.orp.say, f"view {view.name} {words}; w goes to it")
            self.app.call_from_thread(self.read_views)

    @work(thread=True, exit_on_error=False, group="views")
    def _drop_view(self, name: str) -> None:
        from orp_tui.services import views

        try:
            views.drop_view(self.orp.context, name)
        except (OrpError, OSError) as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
        else:
            self.app.call_from_thread(self.orp.say, f"view {name} deleted")
            self.app.call_from_thread(self.read_views)

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        choices = super().copy_choices()
        if self.here.filter:
            choices["filter"] = ("f", self.here.filter)
        return choices

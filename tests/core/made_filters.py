"""Random runs and random filters of few words, so that filters often find something."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from orp_tui.core.filters.build import all_of, any_of
from orp_tui.core.filters.compare import compared
from orp_tui.core.filters.dates import DATE_WORDS
from orp_tui.core.filters.errors import Wrong
from orp_tui.core.filters.expression import EVERYTHING, Compare, Expression, Not
from orp_tui.core.filters.fields import FIELDS, Field, Kind
from orp_tui.core.filters.parse import word
from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import Reason, RunState

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests on a loaded machine."""
NOW = 1_795_500_000.0
"""A day in November 2026."""

TEXTS = (
    "a", "ab", "A", "adam", "AdamW", "resnet-50", "Straße", "STRASSE", "é", "e\u0301", "İ", "ΟΔΟΣ", "a b", "a*b", "a?b",
    "a[b]", "[a", "a\\b", 'a"b', "a'b", "-a", "!a", "(a)", "a|b", "x:y", "x=1", "%", "_", "a\0b", "a\nb", "日本", "😀", "OR",
    "null", "true", "1", "1.0", "-1", "nan", "inf", "1e-3", "0.001", "1e999", " ", "\ud800", "\ufb01x", "\u0345",
)  # fmt: skip
KEYS = (
    "lr",
    "LR",
    "optimizer.name",
    "a b",
    "a/b",
    "x",
    "1",
    "-k",
    "k(1)",
    'q"q',
    "note",
    "é",
    "val_loss",
    "acc",
)
NUMBERS = (-1.0, 0.0, -0.0, 0.1, 0.30000000000000004, 0.001, 1.0, 2.0, 50.0, 1e300, 3.5)
TIMES = (
    0.0,
    NOW,
    NOW - 1,
    NOW - 59.5,
    NOW - 3600,
    NOW - 86400,
    NOW - 86400.5,
    NOW - 40 * 86400,
    NOW - 500 * 86400,
)

texts = st.sampled_from(TEXTS) | st.text(max_size=4)
keys = st.sampled_from(KEYS)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False)
maybe_numbers = st.none() | numbers | st.just(float("nan")) | st.just(float("inf"))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 60)
    | st.sampled_from([2**70, 10**400])
    | maybe_numbers
    | texts
)


def _maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


metric_values = st.builds(
    MetricValues, maybe_numbers, maybe_numbers, maybe_numbers, maybe_numbers, st.sampled_from(["", "minimize", "maximize"])
)  # fmt: skip
past_runs = st.builds(
    PastRun,
    id=st.sampled_from(["exp_20261124_120000_ab12", "exp_20261124_120001_k7f3"]),
    name=texts,
    state=st.sampled_from(RunState),
    submitted_at=st.sampled_from(TIMES),
    started_at=_maybe(st.sampled_from(TIMES)),
    ended_at=_maybe(st.sampled_from(TIMES)),
    reason=_maybe(st.sampled_from([reason.value for reason in Reason])),
    detail=_maybe(texts),
    exit_code=_maybe(st.sampled_from([0, 1, 137])),
    seed=_maybe(st.integers(-1, 3)),
    group=st.just("default") | texts,
    project=texts,
    submitted_by=texts,
    deliverables_valid=_maybe(st.integers(0, 3)),
    deliverables_total=st.integers(0, 3),
    zip=st.sampled_from(["none", "ok", "pending: needs 3 GB, 0.4 free", "error: no space"]),
    bytes=_maybe(st.sampled_from([0, 1, 999, 1000, 1024, 5 << 20, 3 << 30])),
    config=st.dictionaries(keys, scalars, max_size=4),
    metrics=st.dictionaries(keys, metric_values, max_size=3),
    primary=_maybe(keys),
    primary_value=maybe_numbers,
    tags=st.lists(texts.filter(bool), max_size=3).map(lambda found: tuple(sorted(set(found)))),
    is_starred=st.booleans(),
    is_archived=st.booleans(),
    note=texts,
    parent=_maybe(texts),
    retry_of=_maybe(texts),
    resumed_by=_maybe(texts),
    batch=_maybe(texts),
    variant=texts,
    commit=texts,
    host=texts,
    imported_from=st.just("") | texts,
    problem=st.just("") | texts,
)

typed = texts.filter(
    lambda text: (
        not any(char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff" for char in text)
    )
)
"""Texts that can stand in a filter."""
patterns = typed | st.builds(
    lambda a, sign, b: a + sign + b, typed, st.sampled_from(["*", "?", "**", "*?"]), typed
)


def _values(field: Field) -> st.SearchStrategy[str]:
    """Texts that may stand behind the operator."""
    as_text = st.sampled_from([f"{number:g}" for number in NUMBERS]) | numbers.map(repr)
    return {
        Kind.TEXT: patterns,
        Kind.CHOICE: st.sampled_from(sorted(field.choices) or ["x"]) | st.sampled_from(["*ed", "*", "oom*", "?k"]),
        Kind.IS: st.sampled_from(sorted(field.choices) or ["x"]),
        Kind.HAS: st.sampled_from(sorted(field.choices) or ["x"]) | keys | keys.map(lambda key: f"cfg.{key}")
        | keys.map(lambda key: f"metric.{key}"),
        Kind.NUMBER: as_text,
        Kind.DURATION: st.sampled_from(["0s", "1s", "59.5s", "1h", "1d", "2d", "1w", "1mo", "1y", "1d12h"]),
        Kind.SIZE: st.sampled_from(["0", "1", "1kB", "1KiB", "5MiB", "3GiB", "3.5GB"]),
        Kind.DATE: st.sampled_from([*DATE_WORDS, "2026", "2026-11", "2026-11-24", "2026-11-24T10:30", "1971"]),
        Kind.DELIVERABLES: st.sampled_from(["0", "1", "2", "2/3", "0/1", "100%", "50%", "66.6%"]),
        Kind.CONFIG: as_text | patterns,
    }[field.kind]  # fmt: skip


@st.composite
def compares(draw: st.DrawFn) -> Compare:
    """One comparison that makes sense."""
    field = draw(st.sampled_from(list(FIELDS.values())))
    key = draw(keys) if field.keyed else ""
    op = draw(st.sampled_from(field.ops))
    text = draw(_values(field))
    try:
        return compared(field, key, op, text, is_quoted=draw(st.booleans()))
    except Wrong:
        return compared(FIELDS["name"], "", ":", draw(typed))


words = patterns.map(word)
expressions: st.SearchStrategy[Expression] = st.recursive(
    compares() | words | st.just(EVERYTHING),
    lambda parts: st.one_of(
        parts.map(Not),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: all_of(*found)),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: any_of(*found)),
    ),
    max_leaves=6,
)


RUN = PastRun(
    id="exp_20261124_120000_ab12",
    name="ResNet50 on CIFAR",
    state=RunState.FAILED,
    submitted_at=NOW - 7200,
    started_at=NOW - 7000,
    ended_at=NOW - 3400,
    reason="oom_cuda",
    detail="CUDA out of memory",
    exit_code=1,
    seed=3,
    group="default",
    project="/home/ada/vision",
    submitted_by="ada@gpu1",
    deliverables_valid=2,
    deliverables_total=3,
    zip="pending: needs 3 GB",
    bytes=5 << 20,
    config={"lr": 0.001, "optimizer.name": "AdamW", "amp": True, "warmup": None, "depth": 50, "version": "1.10", "a b": "x y"},
    metrics={"val_acc": MetricValues(0.1, 0.91, 0.1, 0.93), "val_loss": MetricValues(2.3, 0.4, 0.3, 2.3), "nan": MetricValues()},
    primary_value=0.93,
    tags=("baseline", "paper"),
    is_starred=True,
    note="wrong augmentation",
    batch="exp_20261124_115959_zz00",
    host="gpu1",
)  # fmt: skip

TRUE_OF_RUN = (
    """
resnet ; RESNET50 ; ab12 ; paper ; augmentation ; "on cifar" ; res*50 ; ?esnet ; *
state:failed ; STATE:Failed ; state:bad ; state:ended ; is:bad ; is:ended ; state:f* ; -state:active
reason:oom ; reason:oom_cuda ; reason=oom_cuda ; reason!=oom ; -reason=oom ; detail:memory ; why:cuda
name:resnet ; name:*cifar ; name:"resnet50 on*" ; name="resnet50 ON cifar" ; name!=resnet50
id:ab12 ; tag:base ; tag=paper ; tag!=base ; -tag=base ; tags:pap?r ; note:wrong ; project:*/vision ; by:ada
batch:zz00 ; host=gpu1 ; group:def ; zip:pending ; -has:zip ; zip!=ok
cfg.lr>=1e-3 ; cfg.lr<=0.001 ; cfg.lr=0.001 ; cfg.lr:.001 ; cfg.lr<1 ; cfg.lr!=1 ; cfg.lr:0.00* ; cfg.lr="0.001"
cfg.optimizer.name:adam ; cfg.optimizer.name=adamw ; cfg.amp=true ; cfg.amp:tru ; cfg.amp!=false
cfg.warmup=null ; cfg.warmup!=1 ; cfg.depth:50 ; cfg.depth=50.0 ; cfg.depth=5e1 ; cfg.version<1.2 ; cfg.version=1.1
cfg.version="1.10" ; -cfg.version="1.1" ; cfg."a b":x ; cfg.'a b'="x y" ; config.lr>0 ; -cfg.lr=-1 ; cfg.lr>-1
-cfg.none>1 ; -cfg.none!=1 ; -cfg.none=null ; -cfg.LR>0 ; -cfg.amp>0 ; -cfg.optimizer.name<9
metric.val_acc>0.9 ; last.val_acc=0.91 ; first.val_acc<0.2 ; best.val_acc=0.93 ; best.val_loss=.3 ; max.val_loss>2
min.val_loss:0.3 ; -metric.nan>0 ; -metric.nan!=0 ; has:nan ; primary>0.9 ; seed:3 ; seed<4 ; seed!=0 ; exit=1
age<3h ; age<=2h ; age>=120m ; age>1h59m ; duration:>59m ; duration<61min ; size>5MB ; size<=5MiB ; size<6000000
deliverables:2 ; deliverables<3 ; deliverables:2/3 ; deliverables!=3/3 ; deliverables<100% ; deliverables>=66%
is:starred ; -is:archived ; -is:damaged ; -is:imported ; -is:active ; -is:waiting ; -is:retry ; is:chain-end
has:note ; has:tag ; has:tags ; has:star ; has:lr ; has:cfg.lr ; has:metric.val_acc ; has:"a b" ; has:metrics ; has:config
-has:parent ; -has:LR ; -has:cfg.val_acc ; -has:metric.lr ; has:batch ; has:seed ; has:exit ; has:size ; has:primary ; has:ended
paper resnet -vgg ; vgg | paper ; (vgg | paper) resnet ; NOT vgg AND paper ; --paper ; !vgg ; -(vgg paper)
submitted:this-year ; submitted:2026 ; submitted:2026-11 ; submitted>=2026-11-01 ; submitted<2027 ; submitted!=2025
submitted<=2026-11 ; submitted>2026-10 ; ended:this-month ; -started:last-year ; started<=today ; -started>2026-11
seed = 3 cfg.lr == 0.001 ; state : failed
-cfg.lr<0.001 ; -cfg.lr>1e-3 ; -metric.val_acc>0.91 ; metric.val_acc>=0.91 ; metric.val_acc<=.91 ; -metric.val_acc<.91
-age<2h ; -age>2h ; -duration<1h ; duration<=1h ; duration>=1h ; -duration>1h ; -size>5MiB ; size>=5MiB ; -size<5MiB
-seed<3 ; -seed>3 ; seed<=3 ; seed>=3 ; -deliverables<2 ; -deliverables>2 ; deliverables<=2 ; deliverables>=2
-name:[r]* ; -name:res[n]et ; -tag!=x | tag:paper ; -metric.none!=1 ; -parent!=x ; -first.val_acc!=0.1
""".strip()
    .replace("\n", " ; ")
    .split(" ; ")
)
"""Filters that find RUN."""

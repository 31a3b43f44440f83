"""What a name in a log is by its words: a result of the training, a setting of it, or nothing by itself.

This is the gate: a line counts only if one of its names is a result. Settings are told by their
words too, so that a configuration that is printed makes no curves.
"""

from __future__ import annotations

import enum
import functools
import re


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


PHASES = words("train training val valid validation validate eval evaluation test testing dev")
"""What part of an experiment a value is of."""
LEARNING = frozenset({"", "train", "training"})
"""Parts that make the steps of a run; the others only look at what was learnt."""

_RESULTS = words("""
    loss losses acc accuracy acc1 acc5 top1 top5 prec1 prec5 recall f1 f2 fbeta fscore auc auroc auprc iou miou giou
    ciou dice jaccard map50 map75 map95 bleu bleu1 bleu4 rouge rouge1 rouge2 rougel rougelsum meteor chrf cer wer ppl
    perplexity bpb bpc nll mse rmse mae mape smape rmsle r2 ndcg mrr reward rewards rew score scores kl elbo psnr
    ssim lpips fid logloss crossentropy xent hinge regret winrate kappa mcc likelihood logprob learn objective
    fitness cider spice pearson spearman
""")
_IN_COMPANY = words("error err return returns success map")
"""Words of other things too: results only beside a word of `_COMPANY`."""
_GENERIC = words("cost error err energy residual return returns")
_COMPANY = PHASES | words("""
    mean avg average median best ep episode squared absolute abs relative rel l1 l2 rate reconstruction recon
    prediction rms top1 top5 discounted undiscounted eval
""")
_CASED = re.compile(r"(?:^|[\W_])(?:mAP|AP|AR|EM|MAE|R2)\d*(?:$|[\W_])")
_NORM = re.compile(r"(?:grad|gradient|gradients|total)_?(?:2_)?norm|gnorm")

_SETTINGS = words("""
    size sizes steps epochs iters iterations batches samples examples images rows files file items dataset datasets
    set split dir path fn function func type mode name weight weights scale coef coeff coefficient factor smoothing
    threshold thresh target targets interval freq frequency every delay patience seed workers version num number
    count len length width height dim dims hidden layers heads channels classes vocab params parameters decay
    momentum dropout warmup beta beta1 beta2 eps epsilon alpha gamma lambda clip clipping cutoff ratio frac fraction
    reduction port ports pid id ids gpu gpus device devices rank node nodes code status bits accumulation strategy
    limit limits budget goal on off check use enable n run fold trial eta remaining cuda
""")
"""As the last word of a name, a setting whatever stands before it."""
_SETTING_FIRST = words("num n max min target use enable lambda default config args")
_MEASURED = words("ep episode episodes per mean avg average median")
"""The length of an episode, a mean rank and the tokens per gpu are measured, not set."""

BARE = words("""
    loss acc accuracy acc1 acc5 top1 top5 prec1 prec5 ppl perplexity f1 auc auroc lr reward nll bleu wer cer mse mae
    rmse iou miou dice psnr ssim fid recall bpb bpc norm mfu time dt kl acc@1 acc@5 prec@1 prec@5 top@1 top@5 r2 elbo
    logloss cost error energy
""")
"""Words that may stand before a number with nothing between."""

_HINTS = PHASES | words(
    """
    cost energy residual error err return returns success map norm gnorm epoch epochs step iteration iter it update
    updates batch episode timestep timesteps round accuracy
"""
)
_TOKEN = re.compile(r"[A-Za-z@][A-Za-z0-9@]*")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BREAK = re.compile(r"[^A-Za-z0-9@]+")


class Kind(enum.Enum):
    """What a name is."""

    RESULT = enum.auto()
    LIKELY = enum.auto()
    """One of a phase, as `val_dice2`: a result if its number is no whole one."""
    GENERIC = enum.auto()
    """One of a word for other things too, as `cost`: a result if the line names a step besides."""
    PLAIN = enum.auto()
    """Kept beside a result, never without."""
    SETTING = enum.auto()


@functools.lru_cache(maxsize=4096)
def parts_of(name: str) -> tuple[str, ...]:
    """The words in a name, in small letters: `valLoss`, `val/loss` and `Val loss` have the same."""
    return tuple(part.lower() for part in _BREAK.split(_CAMEL.sub("_", name)) if part)


@functools.lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """What a name is, by its words."""
    parts = parts_of(name)
    own = [part for part in parts if part not in PHASES]
    if not own:
        return Kind.PLAIN
    if _is_setting(parts, own):
        return Kind.SETTING
    if _is_result(name, parts):
        return Kind.RESULT
    if len(own) < len(parts):
        return Kind.LIKELY
    return Kind.GENERIC if _GENERIC & set(own) else Kind.PLAIN


def _is_setting(parts: tuple[str, ...], own: list[str]) -> bool:
    if own == ["total"]:
        return True
    if own[-1] in _SETTINGS:
        return not _MEASURED & set(parts)
    # `max_reward` and `min_loss` are results all the same.
    return parts[0] in _SETTING_FIRST and not (parts[0] in ("max", "min") and _is_word_of_result(parts[-1]))


def _is_result(name: str, parts: tuple[str, ...]) -> bool:
    if any(map(_is_word_of_result, parts)):
        return True
    if any(part in _IN_COMPANY for part in parts) and _COMPANY & set(parts):
        return True
    return bool(_CASED.search(name) or _NORM.search("_".join(parts)))


def _is_word_of_result(part: str) -> bool:
    return (
        part in _RESULTS
        or part.endswith(("loss", "losses"))
        or (part.startswith("loss") and part not in ("lossy", "lossless"))
        or ("@" in part and len(part) > 1)
    )


@functools.lru_cache(maxsize=4096)
def is_bare(name: str) -> bool:
    """Whether a number may follow the name with nothing between them."""
    parts = parts_of(name)
    return any(part in BARE for part in parts) and kind_of(name) is not Kind.SETTING


@functools.lru_cache(maxsize=4096)
def is_share(name: str) -> bool:
    """Whether `9843/10000` behind the name is a share of what was right."""
    return any(
        part.startswith(("acc", "prec", "recall", "correct", "top1", "top5", "success", "win", "hit"))
        for part in parts_of(name)
    )


def may_tell(text: str) -> bool:
    """Whether a line has any word at all of a result, a part or a step; asked of most lines of a log."""
    return any(map(_is_hint, _TOKEN.findall(text)))


@functools.lru_cache(maxsize=8192)
def _is_hint(token: str) -> bool:
    parts = parts_of(token)
    return any(part in _HINTS or _is_word_of_result(part) for part in parts) or bool(_CASED.search(token))


def has_phase(name: str) -> bool:
    """Whether a name tells what part it is of."""
    return any(part in PHASES for part in parts_of(name))

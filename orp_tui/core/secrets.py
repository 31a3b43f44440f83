"""What looks like a secret, by its name and by its shape.

Pure functions over text, used by the experiment file, by the environment that a run keeps
and by the freezing of code. They find what is commonly leaked; a password that is an
ordinary word under an ordinary name cannot be told from text.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator

MASK = "********"

_NAME_PARTS = frozenset(
    {
        "apikey", "authtoken", "accesskey", "credential", "credentials", "passphrase", "passwd",
        "password", "passwords", "privatekey", "secret", "secretkey", "secrets",
    }
)  # fmt: skip
_NAME_PAIRS = frozenset(
    {
        ("access", "key"), ("account", "key"), ("api", "key"), ("app", "key"), ("auth", "key"),
        ("encryption", "key"), ("private", "key"), ("secret", "key"), ("signing", "key"), ("ssh", "key"),
        ("webhook", "url"),
    }
)  # fmt: skip

# `token` alone, or at the end of a name, names a secret: `hf_token`. Before or among other words it
# mostly names what a tokenizer makes: `max_tokens`, `pad_token`, `token_count`.
_TEXT_TOKENS = frozenset(
    {
        "additional", "begin", "bos", "class", "cls", "decoder", "delimiter", "end", "eos", "extra", "first",
        "forced", "im", "image", "last", "mask", "new", "next", "num", "pad", "padding", "per", "prompt",
        "sep", "separator", "special", "start", "stop", "suppress", "think", "unk", "unknown", "word",
    }
)  # fmt: skip

# `…pass` at the end of a name is a password, but for words and places in a network or a filter.
_TEXT_PASSES = frozenset(
    {
        "askpass", "backward", "band", "bandpass", "bypass", "compass", "encompass", "every", "final", "first", "forward", "high",
        "highpass", "last", "low", "lowpass", "multi", "multipass", "next", "num", "one", "overpass", "per", "second", "single", "surpass",
        "trespass", "two", "underpass",
    }
)  # fmt: skip

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_secret_name(name: str) -> bool:
    """Whether a variable or key of that name usually holds a secret.

    `password`, `WANDB_API_KEY`, `awsSecretAccessKey`, `HF_TOKEN`, `MYPASS` do; `max_tokens`,
    `pad_token`, `tokenizer`, `key`, `sort_key` and `GIT_ASKPASS`, a path, do not.
    """
    words = [word.lower() for word in _WORD.findall(name[:512])]
    if any(word in _NAME_PARTS for word in words):
        return True
    if any(pair in _NAME_PAIRS for pair in itertools.pairwise(words)):
        return True
    if not words:
        return False
    if words[-1] in ("cookie", "cookies"):
        return True
    if words[-1].endswith("pass"):
        return _TEXT_PASSES.isdisjoint(words[-2:])
    if words[-1] not in ("token", "pat", "auth", "pwd"):
        return False
    if words[-1] == "token":
        return not (len(words) > 1 and words[-2] in _TEXT_TOKENS)
    # $PWD is the current folder, DB_PWD is not.
    return len(words) > 1


# Each shape is fixed by its issuer's prefix, so that ordinary text does not hit it. The word
# boundary in front keeps a match from starting in the middle of base64. Before it stand pieces
# one of which every match holds: looking for them is ten times as fast as looking for the shape.
_SHAPES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (kind, tuple(signs.split()), re.compile(pattern))
    for kind, signs, pattern in (
        ("AWS access key", "AKIA ASIA ABIA ACCA", r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255})"),
        ("GitLab token", "glpat- gldt- glrt- glcbt- glptt- glft- glsoat-", r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,}"),
        ("Hugging Face token", "hf_", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"),
        ("Anthropic key", "sk-ant-", r"(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20,}"),
        ("OpenAI key", "sk-", r"(?<![A-Za-z0-9])sk-(?!ant-)(?:proj-|svcacct-|admin-|or-v1-)?(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{32,}"),
        ("W&B key", "wandb_v1_", r"(?<![A-Za-z0-9])wandb_v1_[A-Za-z0-9_]{20,}"),
        ("Google key", "AIza", r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        ("Google OAuth secret", "GOCSPX- ya29.", r"(?<![A-Za-z0-9])(?:GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,})"),
        ("Slack token", "xox xapp-", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{20,}"),
        ("Slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}"),
        ("Discord webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/[0-9]{10,}/[A-Za-z0-9_-]{20,}"),
        ("Telegram bot token", ":AA", r"(?<![A-Za-z0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
        ("Stripe key", "k_live_ k_test_", r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{20,}"),
        ("SendGrid key", "SG.", r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        ("npm token", "npm_", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}"),
        ("PyPI token", "pypi-AgE", r"(?<![A-Za-z0-9])pypi-AgE[A-Za-z0-9_-]{30,}"),
        ("DigitalOcean token", "_v1_", r"(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}"),
        ("Databricks token", "dapi", r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}"),
        ("Replicate token", "r8_", r"(?<![A-Za-z0-9])r8_[A-Za-z0-9]{30,}"),
        ("Groq key", "gsk_", r"(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{40,}"),
        ("NVIDIA key", "nvapi-", r"(?<![A-Za-z0-9])nvapi-[A-Za-z0-9_-]{40,}"),
        ("JSON web token", "eyJ", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
        ("private key", "-----BEGIN", r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
        ("Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}"),
        ("password in a URL", "://", r"(?<![A-Za-z0-9])[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s/:@'\"<>{}$]{0,128}:[^\s/:@'\"<>{}$]{3,128}@[A-Za-z0-9\[]"),
        ("key in a URL", "://", r"(?<![A-Za-z0-9])https?://(?=[^\s/@0-9]{0,128}[0-9])[A-Za-z0-9_.~%-]{16,128}@[A-Za-z0-9\[]"),
    )
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class SecretFound:
    """A piece of text that has the shape of a secret."""

    kind: str
    """Whose: `GitHub token`, `private key`."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""


def find_secrets(text: str) -> Iterator[SecretFound]:
    """Every piece of `text` that has the shape of a known secret, shape by shape."""
    for kind, signs, shape in _SHAPES:
        if any(sign in text for sign in signs):
            for match in shape.finditer(text):
                yield SecretFound(kind, match.start(), match.end())


def with_article(kind: str) -> str:
    """`an OpenAI key`, `a GitHub token`: as the kind is read aloud."""
    return f"an {kind}" if kind.startswith(("A", "O", "npm", "NV")) else f"a {kind}"


def looks_like_secret(value: str) -> str | None:
    """Whose secret `value` holds by its shape, such as `GitHub token`; None if it holds none."""
    for found in find_secrets(value):
        return found.kind
    return None


def mask(text: str) -> str:
    """`text` with every piece that has the shape of a secret replaced by stars."""
    for _, _, shape in _SHAPES:
        text = shape.sub(MASK, text)
    return text


def mask_named(name: str, value: str) -> str:
    """`value` as it may be shown under `name`: all of it hidden under a secret name, its secret pieces else."""
    if value and is_secret_name(name):
        return MASK
    return mask(value)

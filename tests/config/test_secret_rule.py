from __future__ import annotations

import pytest

TOKEN = "hf_" + "A" * 34
OPENAI = "sk-proj-" + "x9" * 24
GITHUB = "ghp_" + "a1" * 18


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  env: {WANDB_API_KEY: abc}\n", "e.yaml:4: training.env.WANDB_API_KEY: "),
        ("  config: {db: {password: horse}}\n", "e.yaml:4: training.config.db.password: "),
        (f"  # {TOKEN}\n", "e.yaml:4: looks like a Hugging Face token"),
        (f"  config: {{x: {TOKEN}}}\n", "e.yaml:4: training.config.x: looks like a Hugging Face token"),
        (
            f'  config: {{x: "hf\\x5f{TOKEN[3:]}"}}\n',
            "e.yaml:4: training.config.x: looks like a Hugging Face token",
        ),
        ("metadata: {secrets: [a, b]}\n", "e.yaml:4: metadata.secrets: "),
        ("  resume: [--auth-token, abc]\n", "e.yaml:4: training.resume[0]: "),
        ("  resume: [--auth-token=abc]\n", "e.yaml:4: training.resume[0]: "),
        ("  resume: env WANDB_API_KEY=abc x\n", "e.yaml:4: training.resume: "),
    ],
)
def test_a_secret_in_the_file_is_an_error_that_does_not_repeat_it(text, line, refused):
    [said] = refused(text)
    assert said.startswith(line)
    assert "from_env" in said
    assert TOKEN not in said
    assert "horse" not in said
    assert "abc" not in said


@pytest.mark.parametrize(
    "text",
    [
        "  env: {HF_TOKEN: {from_env: HF_TOKEN}}\n",
        "  config: {max_tokens: 5, pad_token: <pad>, token: <s>, api_key: '${oc.env:KEY}', password: '', secret: 3}\n",
        "  resume: [--token, '{seed}', --api-key, $KEY, --password]\n",
    ],
)
def test_references_and_ordinary_values_are_none(text, load):
    load(text)


@pytest.mark.parametrize(
    "style",
    [
        "  config: {{api: {openai}, password: hunter2, url: {github}}}\n",
        "  config:\n    api: {openai}\n    password: hunter2\n    url: {github}\n",
    ],
)
def test_every_secret_is_named_by_its_key_however_many_share_a_line(style, refused):
    lines = refused(style.format(openai=OPENAI, github=GITHUB))

    assert [line.partition("; ")[0].partition(": ")[2] for line in lines] == [
        "training.config.api: looks like an OpenAI key",
        'training.config.password: the text under "password" looks like a secret',
        "training.config.url: looks like a GitHub token",
    ]


def test_a_secret_in_a_comment_is_said_beside_the_same_one_under_a_key(refused):
    lines = refused(f"  # was {TOKEN}\n  config: {{x: {TOKEN}}}  # {GITHUB}, not {TOKEN}\n")

    assert [line.partition("; ")[0] for line in lines] == [
        "e.yaml:4: looks like a Hugging Face token",
        "e.yaml:5: training.config.x: looks like a Hugging Face token",
        "e.yaml:5: looks like a GitHub token",
        "e.yaml:5: looks like a Hugging Face token",
    ]


def test_a_secret_written_in_parts_or_by_reference_is_said_once_a_key(refused):
    lines = refused(f"  config:\n    a: &t {TOKEN}\n    b: *t\n    c: |\n      first\n      {GITHUB}\n")

    assert [line.partition(": looks")[0] for line in lines] == [
        "e.yaml:5: training.config.a",
        "e.yaml:6: training.config.b",
        "e.yaml:7: training.config.c",
    ]

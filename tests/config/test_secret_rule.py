from __future__ import annotations

import pytest

TOKEN = "hf_" + "A" * 34


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  env: {WANDB_API_KEY: abc}\n", "e.yaml:4: training.env.WANDB_API_KEY: "),
        ("  config: {db: {password: horse}}\n", "e.yaml:4: training.config.db.password: "),
        (f"  # {TOKEN}\n", "e.yaml:4: looks like a Hugging Face token"),
        (f"  config: {{x: {TOKEN}}}\n", "e.yaml:4: looks like a Hugging Face token"),
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

from __future__ import annotations

import pytest

from orp_tui.core.secrets import MASK, find_secrets, is_secret_name, looks_like_secret, mask, mask_named


@pytest.mark.parametrize(
    "name",
    [
        "password", "DB_PASSWORD", "dbPasswd", "secret", "CLIENT_SECRET", "api_key", "apiKey", "WANDB_API_KEY", "APIKEY",
        "token", "HF_TOKEN", "accessToken", "AWS_SECRET_ACCESS_KEY", "awsSecretAccessKey", "private_key", "credentials",
        "GITHUB_PAT", "DB_PWD", "BASIC_AUTH", "SESSION_COOKIE", "cookies", "MYPASS", "DB_PASS", "smtpPass", "PASS",
    ],
)  # fmt: skip
def test_names_that_hold_secrets_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens", "pad_token", "eos_token", "tokenizer", "token_count", "key", "sort_key", "keys", "path", "PATH", "pat",
        "author", "learning_rate", "secretary", "monkey", "keyboard", "primary_key", "num_new_tokens", "", "PWD", "OLDPWD", "SSH_AUTH_SOCK",
        "GIT_ASKPASS", "SSH_ASKPASS", "low_pass", "bandpass", "forward_pass", "bypass", "compass", "passes", "cookiecutter",
    ],
)  # fmt: skip
def test_names_of_ordinary_settings_are_not(name):
    assert not is_secret_name(name)


FAKE = {
    "AWS access key": "AKIA" + "Q" * 16,
    "GitHub token": "ghp_" + "a1" * 18,
    "GitLab token": "glpat-" + "x" * 20,
    "Hugging Face token": "hf_" + "A" * 34,
    "Anthropic key": "sk-ant-api03-" + "x" * 40,
    "OpenAI key": "sk-proj-" + "x9" * 24,
    "Google key": "AIza" + "b" * 35,
    "Slack token": "xoxb-" + "1" * 12 + "-abc",
    "JSON web token": "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "key in a URL": "https://" + "0a1b2c3d" * 4 + "@o1.ingest.sentry.example/42",
    "password in a URL": "postgres://me:hunter22@db.example.org/x",
}


@pytest.mark.parametrize("kind", FAKE)
def test_a_secret_is_known_by_its_shape_and_masked_inside_other_text(kind):
    text = f"--login {FAKE[kind]} --x 1"

    assert looks_like_secret(text) == kind
    assert FAKE[kind] not in mask(text)
    assert mask(text).startswith("--login ")
    assert mask(text).endswith(" --x 1") or kind.endswith("in a URL")


@pytest.mark.parametrize(
    "value",
    [
        "0.001", "python train.py", "sk-learn", "hf_model", "s3://bucket/prefix", "https://example.org:8080/a@b",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "git@github.com:me/x.git", "https://me@bitbucket.org/me/x.git", "https://first.last@example.org/x", "ssh://git@github.com/x.git",
        "https://example.org/watch-0123456789abcdef@2x.png", "https://pypi.org/simple/?x=0123456789abcdef0@1",
        "{from_env: NAME}", "", "sk-this-is-only-a-very-long-name-with-dashes",
    ],
)  # fmt: skip
def test_ordinary_values_are_no_secrets(value):
    assert looks_like_secret(value) is None
    assert mask(value) == value


def test_a_value_under_a_secret_name_is_hidden_whole():
    assert mask_named("DB_PASSWORD", "horse") == MASK
    assert mask_named("DB_PASSWORD", "") == ""
    assert mask_named("LR", "0.1") == "0.1"


def test_where_a_secret_stands_is_told():
    [found] = find_secrets("key: " + FAKE["GitHub token"] + "\n")
    assert (found.start, found.end) == (5, 5 + len(FAKE["GitHub token"]))


def test_a_long_text_is_searched_in_linear_time():
    import time

    began = time.process_time()
    assert looks_like_secret("eyJ" + "a" * 200_000 + "://" + "b:" * 100_000) is None
    assert time.process_time() - began < 2

"""A card is never given twice, whoever asks, and is free again when the last process of a run has ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid

import pytest
from crowd import run_python
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import until

from orp_tui.core.needs import Card
from orp_tui.engine import card_claims
from orp_tui.engine.card_claims import booked, environment_for, take_cards
from orp_tui.engine.claims import claims_folder

MIB = 1 << 20

FORKED = """
import json, os, random, sys
from orp_tui.core.needs import Card
from orp_tui.engine.card_claims import booked, take_cards
cards = [Card(n, name, size, size, True) for n, (name, size) in enumerate(json.loads(sys.argv[1]))]
go, told = os.pipe(), os.pipe()
hold = os.pipe()
def child(number):
    os.close(go[1]); os.close(hold[1])
    random.seed(number)
    os.read(go[0], 1)
    took = attempt(number)
    os.write(told[1], (json.dumps(took) + "\\n").encode())
    os.read(hold[0], 1)
def crowd(count):
    children = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            child(number)
            os._exit(0)
        children.append(pid)
    os.close(go[1])
    lines = b""
    while lines.count(b"\\n") < count:
        lines += os.read(told[0], 65536)
    took = [json.loads(line) for line in lines.splitlines()]
    during = [booked(card) for card in cards]
    os.close(hold[1])
    for pid in children:
        os.waitpid(pid, 0)
    print(json.dumps([[one for one in took if one], during, [booked(card) for card in cards]]))
"""


def card(units, index=0):
    return Card(index, f"TEST-{uuid.uuid4()}", units * MIB, units * MIB, whole=True)


@pytest.fixture
def cards():
    """Four cards of ten MiB; their lock files are removed when no test needs them any more."""
    made = [card(10, index) for index in range(4)]
    yield made
    for one in made:
        (claims_folder() / f"gpu-{one.uuid}").unlink(missing_ok=True)


@pytest.fixture
def holding():
    """Keeps descriptors, and closes them at the end."""
    held: list[int] = []
    yield held
    for descriptor in held:
        os.close(descriptor)


def crowd(script, cards, count=40):
    named = json.dumps([[one.uuid, one.memory] for one in cards])
    done = run_python(FORKED + script + f"\ncrowd({count})", named)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_whole_card_leaves_nothing_for_others(cards, holding):
    holding += take_cards(cards[:1], None)

    assert booked(cards[0]) == cards[0].memory
    assert take_cards(cards[:1], None) is None
    assert take_cards(cards[:1], 1) is None
    assert booked(cards[1]) == 0


def test_a_shared_card_is_never_given_as_a_whole(cards, holding):
    holding += take_cards(cards[:1], 1)

    assert booked(cards[0]) == MIB
    assert take_cards(cards[:1], None) is None


def test_shares_fill_a_card_to_the_last_mib_and_no_further(cards, holding):
    for _ in range(3):
        holding += take_cards(cards[:1], 3 * MIB)

    assert take_cards(cards[:1], 2 * MIB) is None
    assert booked(cards[0]) == 9 * MIB
    holding += take_cards(cards[:1], MIB)
    assert booked(cards[0]) == cards[0].memory


def test_a_share_may_lie_in_several_pieces(cards, holding):
    shares = [take_cards(cards[:1], 2 * MIB)[0] for _ in range(5)]
    for number in (1, 3):
        os.close(shares[number])
    holding += [shares[number] for number in (0, 2, 4)]

    (pieces,) = take_cards(cards[:1], 4 * MIB)

    assert booked(cards[0]) == cards[0].memory
    os.close(pieces)
    assert booked(cards[0]) == 6 * MIB


def test_what_fits_exactly_fits_also_if_it_is_no_whole_number_of_mib(holding):
    odd = Card(0, f"TEST-{uuid.uuid4()}", 10 * MIB + 5, 10 * MIB + 5, whole=True)
    try:
        holding += take_cards([odd], odd.memory)
        assert booked(odd) == odd.memory
    finally:
        (claims_folder() / f"gpu-{odd.uuid}").unlink()


def test_more_than_a_card_has_is_never_given(cards):
    assert take_cards(cards[:1], 10 * MIB + 1) is None
    assert booked(cards[0]) == 0


def test_a_second_try_for_pieces_keeps_none_of_the_first(cards, holding):
    holding += take_cards(cards[:1], 4 * MIB)
    holding.append(os.open(claims_folder() / f"gpu-{cards[0].uuid}", os.O_RDWR))

    assert not card_claims._lock_pieces(holding[-1], wanted=7, units=10)
    assert card_claims._lock_pieces(holding[-1], wanted=2, units=10)

    assert booked(cards[0]) == 6 * MIB


def test_all_cards_are_taken_or_none(cards, holding):
    holding += take_cards(cards[2:3], None)

    assert take_cards(cards, None) is None

    assert [booked(one) for one in cards] == [0, 0, 10 * MIB, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 12)), max_size=30))
def test_the_sum_of_all_shares_is_what_is_booked(steps):
    """Each step lets go of the share in its place, and takes another of so many MiB."""
    one, held = card(10), {}
    try:
        for place, units in steps:
            if place in held:
                os.close(held.pop(place)[0])
            taken = sum(share for _, share in held.values())
            got = take_cards([one], units * MIB)
            assert (got is not None) == (taken + units <= 10)
            if got:
                held[place] = (got[0], units)
            assert booked(one) == sum(share for _, share in held.values()) * MIB
    finally:
        for descriptor, _ in held.values():
            os.close(descriptor)
        (claims_folder() / f"gpu-{one.uuid}").unlink(missing_ok=True)


def test_asking_takes_nothing_and_makes_no_file(cards):
    assert booked(cards[0]) == 0
    assert not (claims_folder() / f"gpu-{cards[0].uuid}").exists()


def test_forty_that_want_all_cards_at_once_get_what_there_is(cards):
    script = "def attempt(number):\n    got = take_cards(cards, 3 << 20)\n    return got and len(got)"

    took, during, after = crowd(script, cards)

    assert took == [4, 4, 4]
    assert during == [9 * MIB] * 4
    assert after == [0] * 4


def test_of_forty_that_want_one_card_each_no_two_have_the_same_whole_one(cards):
    script = """
def attempt(number):
    share = None if number % 2 else random.randint(1, 6) << 20
    for card in random.sample(cards, 4):
        if take_cards([card], share):
            return [card.index, share]
"""

    took, during, after = crowd(script, cards)

    assert took
    for one in cards:
        shares = [share for index, share in took if index == one.index]
        whole = shares.count(None)
        assert whole == 0 or shares == [None]
        assert during[one.index] == (10 * MIB if whole else sum(shares)) <= 10 * MIB
    assert after == [0] * 4


def test_a_claim_lives_as_long_as_the_last_process_that_inherited_it(cards):
    (descriptor,) = take_cards(cards[:1], 4 * MIB)
    child = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    os.close(descriptor)
    try:
        assert booked(cards[0]) == 4 * MIB
        assert take_cards(cards[:1], None) is None
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()

    assert booked(cards[0]) == 0


def test_a_claim_is_gone_when_its_holder_is_killed(cards):
    script = (
        "import sys, time\nfrom orp_tui.core.needs import Card\n"
        "from orp_tui.engine.card_claims import take_cards\n"
        "print(take_cards([Card(0, sys.argv[1], 10 << 20, 10 << 20, True)], None), flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script, cards[0].uuid], stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        assert booked(cards[0]) == 10 * MIB
    finally:
        child.kill()
        child.communicate()

    until(lambda: booked(cards[0]) == 0)


def test_lock_files_that_were_left_behind_are_in_nobodys_way(cards, holding):
    path = claims_folder() / f"gpu-{cards[0].uuid}"
    path.write_bytes(b"from long ago")
    path.chmod(0o666)
    os.utime(path, (0, 0))

    holding += take_cards(cards[:1], None)

    assert time.time() - path.stat().st_mtime < 60  # or it would be tidied up while it is held


def test_a_lock_file_that_is_deleted_and_made_again_is_the_one_that_counts(cards, holding):
    holding += take_cards(cards[:1], None)
    (claims_folder() / f"gpu-{cards[0].uuid}").unlink()

    assert booked(cards[0]) == 0
    holding += take_cards(cards[:1], None)

    assert booked(cards[0]) == 10 * MIB


def test_a_queue_that_is_stopped_while_it_takes_cards_delays_others_and_no_more(cards, holding):
    gate = card_claims._pass_gate()
    assert gate is not None
    try:
        before = time.monotonic()
        holding += take_cards(cards[:1], None)
        assert time.monotonic() - before < 5
    finally:
        os.close(gate)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_claims_hold_between_users(cards):
    script = (
        "def attempt(number):\n    os.setuid(1000 + number)\n    return bool(take_cards(cards[:1], None))"
    )

    took, during, after = crowd(script, cards, count=8)

    assert took == [True]
    assert during[0] == 10 * MIB
    assert after[0] == 0


class Request:
    def __init__(self, env=None, gpus=None):
        self.experiment = {
            "training": {"env": env or {}, "resources": {} if gpus is None else {"gpus": gpus}}
        }


def made(*names):
    return [Card(index, name, 10, 10, whole=True) for index, name in names]


def test_a_training_sees_its_cards_by_index_in_pci_order():
    variables = environment_for(made((2, "GPU-c"), (3, "GPU-d")), Request())

    assert variables == {"ORP_GPUS": "2,3", "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "2,3"}


def test_instances_of_a_split_card_go_by_uuid():
    assert environment_for(made((100, "MIG-x")), Request())["CUDA_VISIBLE_DEVICES"] == "MIG-x"
    assert environment_for(made((1, "GPU-b")), Request(), by_uuid=True)["CUDA_VISIBLE_DEVICES"] == "GPU-b"


def test_amd_cards_have_a_variable_of_their_own():
    assert environment_for(made((1, "AMD-0a")), Request()) == {"ORP_GPUS": "1", "HIP_VISIBLE_DEVICES": "1"}


def test_a_run_that_wants_no_gpu_sees_none_and_one_that_says_nothing_is_left_alone():
    none = environment_for([], Request(gpus=0))

    assert (none["CUDA_VISIBLE_DEVICES"], none["HIP_VISIBLE_DEVICES"], none["ORP_GPUS"]) == ("", "", "")
    assert environment_for([], Request()) == {}


def test_what_the_file_sets_itself_stays():
    variables = environment_for(made((2, "GPU-c")), Request(env={"CUDA_VISIBLE_DEVICES": "7"}))

    assert "CUDA_VISIBLE_DEVICES" not in variables
    assert variables["ORP_GPUS"] == "2"

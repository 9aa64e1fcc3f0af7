"""Differences of texts and lists: what changed is marked, and nothing of it is lost."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.differences import CONTEXT, LONG, Kind, of_lists, of_texts

ACCOUNT = (
    "They were kept in a sawmill near Pskov for three months. The passports were taken away on "
    "the first day, and nobody was allowed to leave. In spring two of them walked to the road and "
    "met a driver."
)


def _changed(pieces):
    return [piece.text for piece in pieces if piece.kind is Kind.CHANGED]


def test_a_short_text_is_shown_as_a_whole():
    difference = of_texts("Place", "A mill near the border", "A mill by the lake")
    assert _changed(difference.old) == ["A mill near the border"]
    assert _changed(difference.new) == ["A mill by the lake"]
    assert not difference.is_cut


def test_of_a_long_text_the_changed_words_are_marked_with_some_around_them():
    after = ACCOUNT.replace("a sawmill near Pskov", "a brickworks near Pskov")
    difference = of_texts("Account", ACCOUNT, after)
    old, new = difference.short
    assert _changed(old) == ["sawmill"] and _changed(new) == ["brickworks"]
    assert old[0].text == "They were kept in a "
    assert old[2].text.split() == [
        "near",
        "Pskov",
        "for",
        "three",
        "months.",
        "The",
        "passports",
        "were",
    ]
    assert old[3].kind is Kind.LEFT_OUT and difference.is_cut
    assert len(old) == 4, "the end of the text is left out"


def test_lone_words_between_changes_belong_to_them():
    after = ACCOUNT.replace("sawmill near Pskov for three months", "mill by Pskov for two years")
    old, new = of_texts("Account", ACCOUNT, after).short
    assert len(_changed(old)) == len(_changed(new)) <= 2


@pytest.mark.parametrize("before, after", [("", ACCOUNT), (ACCOUNT, "")])
def test_what_is_new_or_gone_is_so_as_a_whole(before, after):
    difference = of_texts("Account", before, after)
    assert _changed(difference.old) == [before] * bool(before)
    assert _changed(difference.new) == [after] * bool(after)


WORDS = st.lists(
    st.sampled_from(["and", "then", "he", "Pskov", "поле", "3.", "\n", "–", " "]), max_size=90
)


@settings(max_examples=300, deadline=None)
@given(before=WORDS, after=WORDS)
def test_the_passages_put_together_are_the_texts(before, after):
    before, after = "x" * LONG + " ".join(before), "x" * LONG + " ".join(after)
    difference = of_texts("Account", before, after)
    assert "".join(piece.text for piece in difference.old) == before
    assert "".join(piece.text for piece in difference.new) == after
    same = [
        "".join(piece.text for piece in side if piece.kind is Kind.SAME)
        for side in (difference.old, difference.new)
    ]
    assert same[0] == same[1], "what is not marked is the same on both sides"
    if before != after:
        assert _changed(difference.old) or _changed(difference.new)
    for shown, whole in zip(difference.short, (difference.old, difference.new), strict=True):
        assert _changed(shown) == _changed(whole), "nothing that changed is left out"


def test_the_words_around_a_change_are_a_few():
    text = " ".join(f"word{number}" for number in range(400))
    after = text.replace("word100 ", "other ").replace("word300 ", "another ")
    old, _new = of_texts("Account", text, after).short
    kept = [piece.text.split() for piece in old if piece.kind is Kind.SAME]
    assert [len(words) for words in kept] == [CONTEXT] * 4
    assert kept[0][-1] == "word99" and kept[1][0] == "word101"


def test_the_longest_texts_a_form_takes_are_compared():
    chance = random.Random(3)
    words = [f"w{number}" for number in range(200)]
    texts = [" ".join(chance.choices(words, k=2_600))[:10_000] for _ in range(2)]
    difference = of_texts("Account", *texts)
    assert "".join(piece.text for piece in difference.old) == texts[0]


def test_of_a_list_items_are_added_and_taken_out():
    difference = of_lists(
        "Citizenship", ["Belarus", "Poland", "Latvia"], ["Latvia", "Belarus", "Ukraine"]
    )
    assert difference.is_list
    assert (difference.removed, difference.added, difference.kept) == (["Poland"], ["Ukraine"], 2)
    assert difference.before == "Belarus, Poland, Latvia"
    assert "".join(piece.text for piece in difference.new) == difference.after
    assert _changed(difference.new) == ["Ukraine"]


def test_a_list_in_another_order_is_shown_as_it_was_and_is():
    difference = of_lists("Citizenship", ["Belarus", "Poland"], ["Poland", "Belarus"])
    assert not difference.is_list
    assert _changed(difference.new) == ["Poland, Belarus"]

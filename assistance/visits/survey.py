"""The survey on sustainable reintegration: what it asks, and scores between 0 and 1.

Topics, what their answers count and weights stand in reintegration_survey.toml, the words in
assistance/visits/words.py.
"""

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("reintegration_survey.toml")
COMPOSITE = "composite"
ENOUGH = 0.5  # of the weight is to be answered, or there is no score


@dataclass(frozen=True)
class Topic:
    """One question. `counts`: code of an answer → what it counts, the best first."""

    code: str
    dimension: str
    counts: dict[str, float]
    weight: float


@dataclass(frozen=True)
class Survey:
    """The survey as a file has it."""

    version: str
    topics: dict[str, Topic]

    @property
    def has_equal_weights(self) -> bool:
        return len({topic.weight for topic in self.topics.values()}) == 1

    def of(self, dimension: str) -> list[Topic]:
        """The topics of a dimension, in their order."""
        return [topic for topic in self.topics.values() if topic.dimension == dimension]

    def scores(self, answers: Mapping[str, str]) -> dict[str, float]:
        """Dimension or COMPOSITE → its score from 0 to 1; left out where too little was answered.

        `answers`: code of a topic → code of an answer. Any other code is no answer.
        """
        parts = {topic.dimension: self.of(topic.dimension) for topic in self.topics.values()}
        parts[COMPOSITE] = list(self.topics.values())
        found = {part: _score(topics, answers) for part, topics in parts.items()}
        return {part: score for part, score in found.items() if score is not None}


def _score(topics: Collection[Topic], answers: Mapping[str, str]) -> float | None:
    answered = [topic for topic in topics if answers.get(topic.code) in topic.counts]
    weight = sum(topic.weight for topic in answered)
    if not weight or weight < ENOUGH * sum(topic.weight for topic in topics):
        return None
    counted = sum(topic.weight * topic.counts[answers[topic.code]] for topic in answered)
    return round(counted / weight, 4)


def survey_of(text: str) -> Survey:
    """The survey that a file with this text describes."""
    data = tomllib.loads(text)
    topics = {
        code: Topic(code, dimension, data["answers"][asked["answers"]], asked["weight"])
        for dimension, questions in data["topics"].items()
        for code, asked in questions.items()
    }
    return Survey(f"{data['version']}-{_fingerprint(data)}", topics)


def _fingerprint(data: dict[str, Any]) -> str:
    """Of what counts: nobody who changes a weight has to think of the version."""
    return sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]


SURVEY = survey_of(FILE.read_text(encoding="utf-8"))

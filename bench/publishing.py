"""Accuracy and time of what is published: python -m bench.publishing [synthesis|transfer|suppression]

Each figure stands beside its target. Persons are made up (bench/populations.py). Seconds are those of
one processor: all of it runs on one.
"""

import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations

import numpy as np

RHO = Fraction(31, 100)  # ε = 4 at δ = 1e-6
NO_NOISE = Fraction(10**7)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    parts: dict[str, Callable[[], None]] = {
        "synthesis": synthesis,
        "transfer": transfer,
        "suppression": suppression,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


def verdict(name: str, figure: float, most: float, unit: str = "") -> None:
    print(
        f"{'pass' if figure <= most else 'FAIL'}  {name}: {figure:.4g}{unit} (at most {most:g}{unit})"
    )


def synthesis() -> None:
    from bench import populations
    from reporting.releases import microdata
    from reporting.releases.synthesis import fit, sample

    sizes = list(populations.SIZES.values())
    for persons, hellinger in ((20_000, 0.20), (100_000, 0.12)):
        codes = populations.coded(persons)
        began = time.process_time()
        model = fit(codes, sizes, RHO)
        made = sample(model, model.total)
        verdict(f"{persons} x 12, fit and sample", time.process_time() - began, 10, " s")
        verdict(f"{persons} x 12, Hellinger of 3-way tables", distance(codes, made, 3), hellinger)
        print(f"      {persons} x 12, Hellinger of 2-way tables: {distance(codes, made, 2):.3f}")
        bare = fit(codes, sizes, NO_NOISE)
        made = sample(bare, bare.total)
        two, three = distance(codes, made, 2), distance(codes, made, 3)
        print(f"      {persons} x 12, without noise: 2-way {two:.3f}, 3-way {three:.3f}")
        again = codes[np.random.default_rng(1).integers(0, persons, persons)]
        floor = distance(codes, again, 3)
        print(f"      {persons} x 12, 3-way, another sample of the same persons: {floor:.3f}")
    rows = populations.rows(100_000)
    began = time.process_time()
    files = microdata.make(rows, {"years": list(populations.YEARS)})
    verdict("100,000 x 27, all files", time.process_time() - began, 30, " s")
    print({name: f"{len(content):,} B" for name, content in files.items()})


def transfer() -> None:
    from bench import populations
    from reporting.releases.transfer import BLANK, LOST, WEIGHTS, suppress

    for persons in (2_000, 20_000, 100_000):
        codes = populations.coded(persons)[:, :5].copy()
        for label in ("as they are", "generalised"):
            if label == "generalised":
                codes[:, 0] //= 5
                for column in (3, 4):
                    rank = np.argsort(np.argsort(-np.bincount(codes[:, column]), kind="stable"))
                    codes[:, column] = np.minimum(rank[codes[:, column]], 8)
            began = time.process_time()
            kept = suppress(codes, list(WEIGHTS.values()))
            seconds = time.process_time() - began
            lost = (kept == LOST).any(axis=1)
            blank = (kept[~lost] == BLANK).mean(axis=0)
            _values, groups = np.unique(kept[~lost], axis=0, return_counts=True)
            name = f"{persons} {label}"
            if (persons, label) == (20_000, "generalised"):
                verdict(f"{name}, cells blank", 100 * blank.mean(), 15, " %")
                verdict(f"{name}, rows lost", 100 * lost.mean(), 0.1, " %")
                verdict(f"{name}, sex blank", 100 * blank[1], 1, " %")
                verdict(f"{name}, age blank", 100 * blank[2], 1, " %")
                verdict(f"{name}, time", seconds, 1, " s")
                verdict(f"{name}, 11 - smallest group", 11 - groups.min(), 0)
            else:
                print(
                    f"      {name}: {100 * blank.mean():.1f} % blank, {lost.sum()} rows lost, "
                    f"smallest group {groups.min()}, {seconds:.2f} s"
                )


def suppression() -> None:
    from reporting.releases.linked import hidden_cells, system_of, under_protected

    cube = {"citizenship": 20, "country": 20, "recruiter": 5}
    for persons, sizes in (
        (50_000, {"citizenship": 20, "country": 20}),
        (100_000, {"citizenship": 20, "country": 20}),
        (100_000, {"age": 9, "citizenship": 60}),
        (100_000, {"citizenship": 40, "country": 40}),
        (100_000, cube),
        (1_000_000, cube),
    ):
        system = system_of([tuple(sizes)], counter(persons, sizes))
        name = f"{persons} x {'x'.join(map(str, sizes.values()))}"
        bare = len(under_protected(system, hidden_cells(system, secondary=False)))
        began = time.process_time()
        hidden = hidden_cells(system)
        found = time.process_time() - began
        open_cells = len(under_protected(system, hidden))
        seconds = time.process_time() - began
        primary, all_hidden = int(system.primary.sum()), int(hidden.sum())
        print(
            f"      {name}: {len(system.counts)} cells, {primary} primary, {bare} of them open before, "
            f"{all_hidden - primary} secondary, {found:.1f} s and {seconds - found:.1f} s of audit"
        )
        verdict(f"{name}, under-protected cells", open_cells, 0)
        if sizes == cube:
            verdict(f"{name}, with audit", seconds, 30, " s")
        else:
            weights = np.log2(1 + system.counts)
            least = [weights[system.primary].sum() + best(system, whole) for whole in (False, True)]
            verdict(f"{name}, weight / LP bound", weights[hidden].sum() / least[0], 1.2)
            print(f"      {name}, weight / optimum: {weights[hidden].sum() / least[1]:.3f}")


def counter(persons: int, sizes: dict[str, int]) -> Callable[[tuple[str, ...]], np.ndarray]:
    """Exact counts by some columns, each with its largest values and the rest as one."""
    from bench.populations import SIZES, coded

    codes, columns = coded(persons), {}
    for key, size in sizes.items():
        column = codes[:, list(SIZES).index(key)]
        rank = np.argsort(np.argsort(-np.bincount(column), kind="stable"))
        columns[key] = np.minimum(rank[column], size - 1)

    def count(dims: tuple[str, ...]) -> np.ndarray:
        shape = [sizes[key] for key in dims]
        if not dims:
            return np.array(persons)
        places = np.ravel_multi_index(tuple(columns[key] for key in dims), shape)
        return np.bincount(places, minlength=int(np.prod(shape))).reshape(shape)

    return count


def best(system, whole: bool) -> float:
    """The least weight of secondary cells in a table of two dimensions; `whole` off: a lower bound.

    All attackers in one program: a cell may move in a movement as far as it is hidden, and by no more
    than the movement has to bring about, which is true of flows and hence of two dimensions.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import bmat, diags, eye

    from reporting.protection import THRESHOLD
    from reporting.releases.linked import _Attacker, _Reach

    counts, number = system.counts.astype(float), len(system.counts)
    attacker, reach = _Attacker(system, system.primary), _Reach(system)
    asked = []  # (cell, up, down) that primary cells alone do not bring about
    for cell in np.flatnonzero(system.primary).tolist():
        for direction in reach.lacks(cell):
            reach.see(attacker.cells, attacker.furthest(cell, direction))
        asked += [
            (cell, THRESHOLD - counts[cell], 0) if direction > 0 else (cell, 0, counts[cell])
            for direction in reach.lacks(cell)
        ]
    low, high = [system.primary.astype(float)], [np.ones(number)]
    rows, least, most = [], [], []
    for index, (cell, up, down) in enumerate(asked):
        up_most = np.full(number, float(up or down))
        down_most = np.minimum(up_most, counts)
        fixed = np.zeros(number)
        fixed[cell] = 1
        low += [fixed * up, fixed * down]
        high += [np.where(fixed, up, up_most), np.where(fixed, down, down_most)]
        one = eye(number)
        for line, to in (
            ((None, system.relations, -system.relations), 0.0),
            ((-diags(up_most), one, None), np.inf),
            ((-diags(down_most), None, one), np.inf),
        ):
            blocks = [line[0]] + [None] * (2 * len(asked))
            blocks[1 + 2 * index : 3 + 2 * index] = line[1:]
            rows.append(blocks)
            size = next(block.shape[0] for block in line if block is not None)
            least.append(np.full(size, -to))
            most.append(np.zeros(size))
    if not asked:
        return 0.0
    costs = np.zeros(number * (1 + 2 * len(asked)))
    costs[:number] = np.where(system.primary, 0, np.log2(1 + counts))
    found = milp(
        costs,
        constraints=LinearConstraint(
            bmat(rows, format="csc"), np.concatenate(least), np.concatenate(most)
        ),
        bounds=Bounds(np.concatenate(low), np.concatenate(high)),
        integrality=np.arange(len(costs)) < number if whole else np.zeros(len(costs)),
        options={"time_limit": 60},
    )
    # Where the time ran out, what is certain is the bound.
    return float(found.mip_dual_bound if whole else found.fun)


def distance(one: np.ndarray, other: np.ndarray, size: int) -> float:
    """Mean Hellinger distance of all tables of `size` columns."""
    from bench.populations import SIZES

    sizes, found = list(SIZES.values()), []
    for columns in combinations(range(len(sizes)), size):
        shape = [sizes[column] for column in columns]
        p, q = (
            np.bincount(
                np.ravel_multi_index(tuple(codes[:, columns].T), shape),
                minlength=int(np.prod(shape)),
            )
            / len(codes)
            for codes in (one, other)
        )
        found.append(np.sqrt(max(0.0, 1 - float(np.sqrt(p * q).sum()))))
    return float(np.mean(found))


if __name__ == "__main__":
    main()

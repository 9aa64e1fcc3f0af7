"""Linear programmes that are asked again and again, for attacks on figures and for hiding them."""

from collections.abc import Sequence

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_matrix

PRIMAL_SIMPLEX = 4  # goes on from the last answer when only the question changes
OPTIONS = {"output_flag": False, "presolve": "off", "solver": "simplex", "threads": 1}


class Programme:
    """Variables from `low` to `high`, and rows of sums of them from `row_low` to `row_high` (HiGHS).

    Kept, so that each solution starts from the last one. Without `costs` only those will change.
    """

    def __init__(
        self,
        matrix: csr_matrix | csc_array,
        low: np.ndarray,
        high: np.ndarray,
        row_low: np.ndarray,
        row_high: np.ndarray,
        costs: np.ndarray | None = None,
    ) -> None:
        columns = csc_array(matrix)
        programme = highspy.HighsLp()
        programme.num_row_, programme.num_col_ = columns.shape
        programme.col_cost_ = np.zeros(len(low)) if costs is None else costs
        programme.col_lower_, programme.col_upper_ = low, high
        programme.row_lower_, programme.row_upper_ = row_low, row_high
        programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        programme.a_matrix_.start_ = columns.indptr
        programme.a_matrix_.index_ = columns.indices
        programme.a_matrix_.value_ = columns.data
        # What highspy.Highs is made of: that one also prints a greeting, which timers would mail.
        self.solver = highspy._Highs()
        for option, value in OPTIONS.items():
            self.solver.setOptionValue(option, value)
        if costs is None:
            self.solver.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
        self.solver.passModel(programme)

    def set_costs(self, variables: Sequence[int] | np.ndarray, costs: np.ndarray) -> None:
        """One cost for each of these variables."""
        self.solver.changeColsCost(len(variables), np.asarray(variables, dtype=np.int32), costs)

    def set_bounds(
        self, variables: Sequence[int] | np.ndarray, low: np.ndarray, high: np.ndarray
    ) -> None:
        """One least and one most for each of these variables."""
        which = np.asarray(variables, dtype=np.int32)
        self.solver.changeColsBounds(len(which), which, low, high)

    def solve(self) -> np.ndarray:
        """The variables at the least cost. ArithmeticError when the solver finds none."""
        self.solver.run()
        status = self.solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"linear programme: {self.solver.modelStatusToString(status)}")
        return np.array(self.solver.getSolution().col_value)

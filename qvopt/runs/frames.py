"""Tables as pandas DataFrames, for those who have pandas."""

from __future__ import annotations

from typing import Any

from qvopt_molecules.errors import missing_extra


def pandas_module() -> Any:
    """Return pandas. Raises InputError without it: it is an extra."""
    try:
        import pandas
    except ImportError:
        raise missing_extra("a DataFrame needs pandas", "pandas") from None
    return pandas


def data_frame(columns_or_rows: Any) -> Any:
    """Return columns by name, or rows, as a DataFrame. Raises InputError without pandas."""
    return pandas_module().DataFrame(columns_or_rows)

"""What all tests share: a cache of their own, and small molecules."""

import os

import pytest

os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    before = os.environ.get("QVOPT_CACHE_DIR")
    os.environ["QVOPT_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["QVOPT_CACHE_DIR"]
    else:
        os.environ["QVOPT_CACHE_DIR"] = before

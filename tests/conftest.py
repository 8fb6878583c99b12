"""What all tests share: a cache, compiled modules, example scripts loaded without a trace."""

import importlib.util
import os
import runpy
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["OMP_NUM_THREADS"] = "1"
# Every command that a test starts imports all of qvopt, which is compiled once, not again in each
# of them. Numba's kernels go to the same folders.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C and so would every process that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# On a machine that is busy, examples take their time.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    before = os.environ.get("QVOPT_CACHE_DIR")
    os.environ["QVOPT_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["QVOPT_CACHE_DIR"]
    else:
        os.environ["QVOPT_CACHE_DIR"] = before


@pytest.fixture(autouse=True)
def _signals_as_they_were():
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    after = [signal.getsignal(number) for number in numbers]
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    assert after == before, "a test left a handler of signals to those after it"


class Scripts:
    """Loads and runs scripts that import their siblings (`common.py`), as `python script.py` does.

    A sibling is importable only while its script is imported, so that the `common` of one folder is
    never the `common` of another.
    """

    def __init__(self):
        self._loaded = []

    def load(self, path):
        """The module of a script, under a name of its own; `__main__` blocks do not run."""
        name = f"script_{len(self._loaded)}_{path.parent.name}_{path.stem}"
        self._loaded.append(name)
        spec = importlib.util.spec_from_file_location(name, path)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        with _siblings_importable(path.parent):
            spec.loader.exec_module(module)
        return module

    def run(self, path, *arguments):
        """The names that a script leaves when it is run as `python path arguments`."""
        before = sys.argv
        sys.argv = [str(path), *arguments]
        try:
            with _siblings_importable(path.parent):
                return runpy.run_path(str(path), run_name="__main__")
        finally:
            sys.argv = before

    def forget(self):
        """Remove what `load` added to `sys.modules`."""
        for name in self._loaded:
            sys.modules.pop(name, None)


class _siblings_importable:
    def __init__(self, folder):
        self.folder = Path(folder).resolve()

    def __enter__(self):
        self.path, self.modules = list(sys.path), set(sys.modules)
        sys.path.insert(0, str(self.folder))
        importlib.invalidate_caches()

    def __exit__(self, *error):
        sys.path[:] = self.path
        for name in set(sys.modules) - self.modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).resolve().is_relative_to(self.folder):
                del sys.modules[name]


@pytest.fixture
def scripts():
    """Loads and runs example scripts; nothing of them stays importable."""
    loader = Scripts()
    yield loader
    loader.forget()


@pytest.fixture
def script(monkeypatch):
    """Loads a script of benchmarks/ or examples/ by its path, with its neighbours to import."""
    root = Path(__file__).resolve().parent.parent

    def load(path):
        folder = (root / path).parent
        monkeypatch.syspath_prepend(str(folder))
        for sibling in folder.glob("*.py"):  # `pages` of one folder is not `pages` of another
            monkeypatch.delitem(sys.modules, sibling.stem, raising=False)
        name = f"published_{Path(path).stem}"
        spec = importlib.util.spec_from_file_location(name, root / path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setitem(sys.modules, "one_core", module)  # the tests' threads stay as they are
        spec.loader.exec_module(module)
        return module

    return load


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests go to one worker: what they share is made once."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)

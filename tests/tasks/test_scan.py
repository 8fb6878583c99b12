"""Potential-energy curves: against PySCF point by point, warm, cold, interrupted and resumed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command_line import command_line as call

from qvopt import scan
from qvopt.cli.scans import scan_command
from qvopt.experiment.specification import make_experiment
from qvopt.tasks.grid import grid_values, parse_grid
from qvopt.tasks.scan import Scan
from qvopt_molecules.errors import InputError

QVOPT = [sys.executable, "-c", "from qvopt.cli import main; main()"]


def pyscf_curve(bonds, method):
    from pyscf import cc, fci, gto, scf

    out = []
    for bond in bonds:
        mol = gto.M(atom=f"H 0 0 0; H 0 0 {bond}", basis="sto-3g", verbose=0)
        mean_field = scf.RHF(mol).run(conv_tol=1e-12)
        if method == "hf":
            out.append(mean_field.e_tot)
        elif method == "ccsd":
            out.append(cc.CCSD(mean_field).run(conv_tol=1e-10).e_tot)
        else:
            out.append(fci.FCI(mean_field).kernel()[0])
    return np.array(out)


def test_the_curve_of_h2_against_pyscf(tmp_path):
    done = call("scan", "h2", "--bond", "0.4:3.0:4", "--json", "-q", "--out", "s", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    points = document["points"]
    bonds = [p["bond"] for p in points]
    assert np.allclose(bonds, np.linspace(0.4, 3.0, 4))
    for method in ("hf", "ccsd", "fci"):
        assert np.allclose([p[method] for p in points], pyscf_curve(bonds, method), atol=1e-7)
    assert np.allclose([p["energy"] for p in points], [p["fci"] for p in points], atol=1e-7)
    assert [p["warm"] for p in points] == [False] + [True] * 3
    made = {p.name for p in (tmp_path / "s").iterdir()}
    assert {"scan.toml", "scan.json", "scan.csv", "scan.png", "points"} <= made
    header = (tmp_path / "s" / "scan.csv").read_text().splitlines()[0]
    energies = "energy_hartree,stderr_hartree,exact_hartree,hf_hartree,ccsd_hartree,fci_hartree"
    assert header.startswith(f"bond,status,{energies},error_mha,steps")
    # Each point is an ordinary run.
    shown = call("show", "s/points/0002", "--json", cwd=tmp_path)
    assert json.loads(shown.stdout)["energy"] == points[2]["energy"]
    # Again: nothing runs, and the answer is the same.
    before = (tmp_path / "s" / "points" / "0003" / "journal.jsonl").read_bytes()
    again = call("scan", "h2", "--bond", "0.4:3.0:4", "--json", "-q", "--out", "s", cwd=tmp_path)
    for one, other in zip(json.loads(again.stdout)["points"], points, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert (tmp_path / "s" / "points" / "0003" / "journal.jsonl").read_bytes() == before
    other = call("scan", "h2", "--bond", "0.4:3.0:7", "--out", "s", cwd=tmp_path)
    assert other.returncode == 2
    assert "another scan" in other.stderr


def test_warm_starts_save_work_and_change_no_energy():
    options = {"ansatz": "uccsd"}
    warm = scan("lih", "bond", "1.4:1.8:3", **options)
    cold = scan("lih", "bond", "1.4:1.8:3", warm=False, **options)
    assert np.allclose(warm.column("energy"), cold.column("energy"), atol=1e-6)
    assert warm.column("evaluations")[1:].sum() < cold.column("evaluations")[1:].sum()
    assert not any(p.warm for p in cold.points)
    assert np.all(warm.column("continuity")[1:] > 0.9)


@pytest.mark.slow
def test_a_killed_scan_goes_on_bit_for_bit(tmp_path):
    arguments = ["scan", "h4-chain", "--scan", "bond=0.8:1.2:4", "--shots", "400",
                 "--max-steps", "12", "--json", "-q"]  # fmt: skip
    whole = call(*arguments, "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen(
        [*QVOPT, *arguments, "--out", "killed"], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    second = tmp_path / "killed" / "points" / "0001" / "journal.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if second.is_file() and second.read_bytes().count(b"\n") > 5:
            break
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed = call("scan", "killed", "--json", "-q", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    a, b = (json.loads(p.stdout)["points"] for p in (whole, resumed))
    for one, other in zip(a, b, strict=True):
        for key in ("energy", "stderr", "exact", "shots", "steps"):
            assert one[key] == other[key]


def test_independent_points_may_run_side_by_side(tmp_path):
    experiment = make_experiment({"molecule": "h2", "shots": 200, "max_steps": 3})
    work = Scan(experiment, "bond", [0.6, 0.7], warm=False, folder=tmp_path / "s")
    sessions = list(work.independent())
    for _ in zip(*sessions, strict=True):  # one step of each in turn
        pass
    for session in sessions:
        session.result()
        session.close()
    assert list(work.independent()) == []
    assert len(list(work)) == 2
    assert {row["bond"] for row in work.result().frame().to_dict("records")} == {0.6, 0.7}
    with pytest.raises(InputError, match="warm starts chain"):
        next(Scan(experiment, "bond", [0.6], warm=True).independent())


@pytest.mark.slow
def test_a_curve_follows_its_mean_field_where_there_are_several():
    """Water with both bonds stretched: RHF from the neighbour's density by PySCF, and no spike."""
    from pyscf import gto, scf

    bonds = [2.0, 2.25, 2.5]
    curve = scan("h2o", "bond", bonds, max_steps=1000)
    assert [p.warm for p in curve.points] == [False, True, True]
    assert min(p.continuity for p in curve.points[1:]) > 0.99
    angle = np.deg2rad(104.5 / 2)
    density = None
    for point in curve.points:
        y, z = point.value * np.sin(angle), point.value * np.cos(angle)
        atoms = f"O 0 0 0; H 0 {y} {z}; H 0 {-y} {z}"
        mol = gto.M(atom=atoms, basis="sto-3g", symmetry="C2v", verbose=0)
        mean_field = scf.RHF(mol).set(conv_tol=1e-11)
        mean_field._chkfile.close()  # an unclosed file is a warning
        mean_field.chkfile = None
        mean_field.kernel(density)
        density = mean_field.make_rdm1()
        assert point.hf == pytest.approx(mean_field.e_tot, abs=1e-7)
    errors = curve.column("error")
    assert np.all(np.diff(errors) > 0)
    assert errors[-1] < 6e-3
    lowest = scan("h2o", "bond", bonds[2:], max_steps=1000)
    assert lowest.points[0].hf < curve.points[2].hf


@pytest.mark.slow
def test_what_the_tables_and_pictures_say(tmp_path, capsys, monkeypatch):
    """Units, the ansatz, points without CCSD; numbers are whole in a narrow terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    experiment = make_experiment({"molecule": {"name": "n2", "active_space":
                                  {"electrons": 6, "n_orbitals": 6}}, "max_steps": 1})  # fmt: skip
    work = Scan(experiment, "bond", [1.1, 2.2], folder=tmp_path / "s")
    assert scan_command(work, tmp_path / "curve.svg", as_json=False, quiet=False) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("bond = 1.1 Å ")
    assert shown.out.split()[:3] == ["bond", "(Å)", "energy"]  # a heading may take two lines
    assert "CCSD does not converge at 1 of 2 points" in shown.out
    result = work.result()
    for point in result.points:
        assert f"{point.energy:.6f}" in shown.out
        assert f"{point.fci:.6f}" in shown.out
    document = result.document()
    assert (document["parameter_unit"], document["ansatz"], document["basis"]) == (
        "Å",
        "uccsd",
        "sto-3g",
    )
    picture = (tmp_path / "curve.svg").read_text()
    for text in ("bond (Å)", "VQE (uccsd)", "n2, sto-3g"):
        assert f"<!-- {text} -->" in picture


def test_an_inline_geometry_is_called_by_its_formula(tmp_path):
    done = call("scan", "H 0 0 0; H 0 0 r", "--r", "0.7:0.735:2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "scans").iterdir()
    assert folder.name.startswith("h2-r-")
    assert "-0.0000" not in done.stdout + done.stderr


def test_grids():
    assert parse_grid("0.4:3.0:27")[1] == 0.5
    assert grid_values([1, 2.5]) == (1.0, 2.5)


ERRORS = {
    "no parameter": (["h2"], "needs one parameter"),
    "grid": (["h2", "--bond", "0.4:3.0"], "start:stop:number"),
    "number": (["h2", "--bond", "0.4:3.0:0"], "1 to 10000 points"),
    "name": (["h2", "--bnd", "0.4:3.0:3"], "did you mean 'bond'"),
    "option": (["h2", "--bond", "0.4:3:3", "--shot", "100"], "unknown option --shot"),
    "two": (["h2o", "--bond", "0.9:1:3", "--angle", "90:110:3"], "needs one parameter"),
    "geometry": (["h2", "--bond", "0.0:1.0:3"], "bond = 0: .*same place"),
    "negative": (["h2", "--bond", "-1.0:1.0:4"], "bond = -1: .*a length in Ångström, got -1"),
    "fixed": (["H 0 0 0; H 0 0 1", "--bond", "0.5:1:2"], "bond"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_take_one_line_and_write_nothing(name, tmp_path):
    import re

    arguments, message = ERRORS[name]
    done = call("scan", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert re.search(message, done.stderr)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sites", [2, 3])
def test_a_hubbard_chain_over_its_interaction(sites, tmp_path):
    found = scan({"name": "hubbard", "set": {"sites": sites}}, "u", "0:8:3", out=tmp_path / "scan")
    if sites == 2:  # E = (U - sqrt(U² + 16 t²)) / 2
        u = found.column("u")
        assert found.column("fci") == pytest.approx((u - np.sqrt(u**2 + 16)) / 2)
        assert found.column("energy") == pytest.approx(found.column("fci"), abs=1e-6)
    assert [p.warm for p in found.points] == [False, True, True]
    document = json.loads((tmp_path / "scan" / "scan.json").read_text())
    assert (document["kind"], document["unit"]) == ("lattice", "t")
    again = list(Scan.open(tmp_path / "scan"))
    assert [p.energy for p in again] == [p.energy for p in found.points]


@pytest.mark.slow
def test_a_chain_of_spins_over_its_anisotropy_and_its_length(tmp_path, capsys):
    from qvopt.cli.scans import open_scan, scan_command

    chain = {"name": "heisenberg", "set": {"sites": 4}}
    data = {"molecule": chain, "ansatz": "hva", "backend": "lightning"}
    work = open_scan(None, data, "delta", "0.5:1.5:3", True, tmp_path / "delta")
    assert scan_command(work, None, False, False) == 0
    text = capsys.readouterr().out
    assert "exact" in text
    assert "units of J" in text
    assert not re.search(r"Hartree|CCSD|full CI|mHa", text)
    points = Scan.open(tmp_path / "delta")
    assert [p.warm for p in points] == [False, True, True]
    assert all(abs(p.error) < 1e-5 for p in points.result().points)
    # Another number of sites has other parameters.
    longer = Scan(make_experiment({**data, "molecule": "heisenberg"}), "sites", "2:4:2")
    assert [p.warm for p in longer] == [False, False]
    assert longer.result().column("fci") == pytest.approx([-0.75, -1.6160254])
    # Energies over different couplings have no common unit.
    assert Scan(make_experiment(data), "j", "1:2:2").names["unit"] == ""


@pytest.mark.parametrize(
    ("molecule", "parameter", "label"),
    [("h2", "bond", "bond (Å)"), ("hubbard", "u", "u (t)"), ("hubbard", "sites", "sites")],
)
def test_axes_of_a_picture_carry_units(molecule, parameter, label, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    from qvopt.tasks.scan_picture import draw_scan

    seen = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: seen.append(self))
    draw_scan(scan(molecule, parameter, [2.0, 3.0]), tmp_path / "curve.svg")
    axes = seen[0].axes
    assert axes[-1].get_xlabel() == label
    unit = "Ha" if molecule == "h2" else "t"
    assert axes[0].get_ylabel() == f"energy ({unit})"
    assert ("Hartree-Fock" in axes[0].get_legend_handles_labels()[1]) == (molecule == "h2")


def test_a_parameter_that_is_set_and_scanned_is_refused():
    experiment = make_experiment({"molecule": {"name": "h2", "set": {"bond": 0.8}}})
    with pytest.raises(InputError, match=r"bond is set to 0\.8 and is what the scan varies"):
        Scan(experiment, "bond", [0.7, 0.9])


@pytest.mark.parametrize("damage", ["gone", "empty", "halved", "nul", "flipped", "renamed"])
def test_a_damaged_link_is_a_line_and_loses_no_continuity(damage, tmp_path):
    out = tmp_path / "s"
    scan("h2", "bond", "0.7:0.8:2", max_steps=0, out=out)
    path = out / "points" / "0001" / "link.json"
    content = path.read_bytes()
    assert b'"warm":true' in content
    match damage:
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "halved":
            path.write_bytes(content[: len(content) // 2])
        case "nul":
            path.write_bytes(bytes(len(content)))
        case "flipped":
            path.write_bytes(content.replace(b'"warm":true', b'"warm":false'))
        case "renamed":
            path.write_bytes(content.replace(b'"crc"', b'"crb"'))
    with pytest.raises(InputError, match=r"link\.json .*; delete .*0001, and the point is run"):
        scan("h2", "bond", "0.7:0.8:2", max_steps=0, out=out)
    shutil.rmtree(path.parent)
    again = scan("h2", "bond", "0.7:0.8:2", max_steps=0, out=out)
    assert path.read_bytes() == content
    assert again.points[1].continuity > 0.99


def test_a_length_of_any_name_has_its_unit_and_a_measured_curve_says_noiseless(tmp_path, capsys):
    geometry = "O 0 0 0; H r*cos(w/2) r*sin(w/2) 0; H r*cos(w/2) -r*sin(w/2) 0"
    water = {"name": geometry, "set": {"w": 104.5}, "active_space": {"electrons": 2,
             "n_orbitals": 2}}  # fmt: skip
    work = Scan(make_experiment({"molecule": water, "shots": 50, "max_steps": 1, "optimizer":
                                 "adam"}), "r", (0.9, 1.0), folder=tmp_path / "s")  # fmt: skip
    assert scan_command(work, None, False, False) == 0
    printed = capsys.readouterr()
    assert re.match(r"r \(Å\)  energy", printed.out)
    assert "mHa: error of the noiseless energy against CASCI(2, 2)" in printed.out
    assert re.search(r"r = 0\.9 Å .* noiseless error ", printed.err)
    assert work.result().document()["parameter_unit"] == "Å"
    angle = {**water, "set": {"r": 0.96}}
    assert Scan(make_experiment({"molecule": angle}), "w", (100, 110)).unit == "°"


def test_a_curve_notes_a_split_pair_once(tmp_path, capsys):
    """LiH in 2 electrons and 3 orbitals has one of two π orbitals, at every point."""
    molecule = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 3}}
    work = Scan(make_experiment({"molecule": molecule}), "bond", (1.5, 1.6), folder=tmp_path / "s")
    assert scan_command(work, None, False, True) == 0
    assert capsys.readouterr().out.count("note (all points): the active space splits") == 1
    (note,) = work.result().notes
    again = Scan.open(tmp_path / "s")
    assert scan_command(again, None, False, True) == 0
    assert again.result().notes == {note: (1.5, 1.6)}

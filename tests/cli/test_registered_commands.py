"""Every command is registered by the module that the command line looks for it in."""

from importlib import import_module

import typer

from qvopt.cli import commands
from qvopt.cli.app import _ORDER, app


def test_each_command_has_its_module():
    commands.register()
    homes = {c: module for module, of_it in commands._MODULES.items() for c in of_it}
    assert set(homes) == set(_ORDER) == set(typer.main.get_command(app).commands)
    for command in app.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        module = import_module(f"qvopt.cli.{homes[name]}")
        assert command.callback in vars(module).values(), name

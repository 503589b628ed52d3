"""`python -m colonnade`: the project's `kedro run` where it is installed from a wheel."""

from pathlib import Path

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main() -> None:
    """Run pipelines, with the options of `kedro run`; `--conf-source` says where conf lies."""
    package = Path(__file__).parent.name
    configure_project(package)
    find_run_command(package)()


if __name__ == "__main__":
    main()

"""The program's start: small, because each web and job worker imports it anew (multiprocessing's `spawn`)."""

import os
import sys

from gisland.kit.memory import lasting

# Nothing that lies beside gisland has a say in its models; to look for such plugins reads what every package says of
# itself, a fourteenth of the time that the application takes to be imported.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def main() -> None:
    """Run the command line; Ctrl-C ends it without a stack trace, also while it is still being imported."""
    try:
        with lasting():
            from gisland import cli

            commands = cli.command_line(*sys.argv[1:2])
        cli.main(commands)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

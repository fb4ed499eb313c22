"""The program's start: small, because each web and job worker imports it anew (multiprocessing's `spawn`)."""


def main() -> None:
    """Run the command line."""
    from gisland.cli import main as run

    run()


if __name__ == "__main__":
    main()

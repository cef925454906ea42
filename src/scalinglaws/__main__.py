"""The command line as a module: ``python -m scalinglaws``."""

from scalinglaws.command import main

if __name__ == "__main__":
    main()

"""`python -m pricewar` is the same as `pricewar`."""

from pricewar.cli import main

if __name__ == "__main__":
    main()

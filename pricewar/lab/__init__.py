"""The repeated-game laboratory: learners, exact solvers, diagnosis, and published games to try them on."""

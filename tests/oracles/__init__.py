"""Plain numpy twins of the compiled kernels: slow, whole-array, and what the kernels are held against."""

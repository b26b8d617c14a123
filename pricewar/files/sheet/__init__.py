"""Tables of people: CSV, XLSX and ODS as people write them, every value with its place."""

from .problems import problems
from .read import read_table
from .table import Column, Table

__all__ = ["Column", "Table", "problems", "read_table"]

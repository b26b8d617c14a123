"""The basic types: errors, rules, the records of a month, the state between two months.

Everything else imports from here; nothing here imports from anywhere else in the package.
"""

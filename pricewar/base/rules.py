"""A rule is a frozen bundle of parameters with one method; `kind` names its class.

`kind = "Undercut"` is looked up in the package that ships the rules of that sort;
`kind = "mylab:ClearStock"` is imported from wherever Python can import. There is no registry.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    create_model,
    model_serializer,
)
from pydantic_core import CoreSchema, core_schema

from .errors import InputError, Problem, shown
from .own_code import FAILURES, check_name, imported, left_out, told
from .sources import home_of

R = TypeVar("R", bound="Rule")


class Rule(BaseModel):
    """Base of strategies, interventions, events and preferences of buyers: immutable parameters.

    Unknown keys are refused. A rule keeps what it remembers in a notebook that it is given, never in
    itself. So a rule can be shared between firms, runs and processes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
    looked_at: ClassVar[bool] = True
    """Whether this is the rule itself; False for a placeholder of a rule whose code is not imported."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """A rule of a class that is whole.

        Raises:
            InputError: the class lacks a method that such rules must have; names class and methods.
        """
        reason = _lacking(cls)
        if reason:
            found, allowed = reason
            named = f"{home_of(cls.__module__)}:{cls.__qualname__}"
            raise InputError(named, (Problem("class", found, allowed),))
        return super().__new__(cls)

    @property
    def kind(self) -> str:
        """The name that a scenario file uses for this rule."""
        module = home_of(type(self).__module__)
        return type(self).__name__ if module.startswith("pricewar.") else f"{module}:{type(self).__name__}"

    @model_serializer(mode="wrap")
    def _with_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}


def is_shipped(rule: Rule) -> bool:
    """Whether the rule's code is that of this package."""
    return type(rule).__module__.startswith("pricewar.")


def shipped(package: str, base: type[R]) -> dict[str, type[R]]:
    """All rules of the sort `base` that `package` exports, by name."""
    module = importlib.import_module(package)
    members = (getattr(module, name) for name in module.__all__)
    return {m.__name__: m for m in members if isinstance(m, type) and issubclass(m, base) and m is not base}


def make_rule(value: object, package: str, base: type[R]) -> R:
    """Turn `{"kind": ..., parameters}` (or a bare kind, or a rule) into a rule of the sort `base`.

    Raises:
        ValueError: unknown kind, not importable, not of the right sort, or bad parameters
            (pydantic's own error, which is a ValueError and lists each parameter).
    """
    if isinstance(value, base):
        return value
    table = {"kind": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not isinstance(table.get("kind"), str):
        raise ValueError(f'needs a table with kind = "..." or a kind; found {shown(value)}')
    parameters = {key: item for key, item in table.items() if key != "kind"}
    kind: str = table["kind"]
    rule = find_rule(kind, package, base)
    return rule.model_validate(parameters) if ":" not in kind else _made(kind, rule, parameters)


def _made(kind: str, rule: type[R], parameters: Mapping[str, Any]) -> R:
    """A user's own rule: its validators may raise anything, and its parameters must be plain values."""
    try:
        made = rule.model_validate(parameters)
    except ValidationError:
        raise
    except FAILURES as error:
        raise ValueError(f"kind {kind!r} cannot be made: {told(error)}") from error
    try:
        made.model_dump_json()
    except FAILURES as error:
        reason = f"parameters must be plain values that a file can hold: {told(error)}"
        raise ValueError(f"kind {kind!r} cannot be written down: {reason}") from error
    return made


def find_rule(kind: str, package: str, base: type[R]) -> type[R]:
    """The class that `kind` names.

    Raises:
        ValueError: with the kinds that exist, or the reason why an import failed.
    """
    if ":" not in kind:
        known = shipped(package, base)
        if kind not in known:
            names = f"{', '.join(sorted(known))}, or module:Class"
            raise ValueError(f"unknown kind {shown(kind)}; known: {names}")
        return known[kind]
    check_name(kind)
    if left_out(kind):
        return _stand_in(kind, base)
    found = imported(kind)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"kind {kind!r} is not a {base.__name__}")
    reason = _unusable(found, package, base)
    if reason:
        raise ValueError(f"kind {kind!r} cannot be used: {reason}")
    return found


def _lacking(rule: type[Rule]) -> tuple[str, str] | None:
    """What a class has not written of what its base asks for, and what is allowed; None if it is whole."""
    missing = sorted(getattr(rule, "__abstractmethods__", ()))
    if not missing:
        return None
    return f"no method {', '.join(missing)}", "a class that defines every method its base leaves to it"


def _unusable(found: type[R], package: str, base: type[R]) -> str:
    """Why a file cannot name this class as a rule, although it is of the right sort; empty if it can."""
    if found is base:
        return f"it is the base of all such rules; allowed: a subclass of {base.__name__}"
    if reason := _lacking(found):
        return "it has {}; allowed: {}".format(*reason)
    if found.__module__.startswith("pricewar.") and found.kind is Rule.kind:  # else it names its own place
        is_shipped = shipped(package, base).get(found.__name__) is found
        return "" if is_shipped else f"it is not one of {', '.join(sorted(shipped(package, base)))}"
    home = sys.modules.get(found.__module__)
    if getattr(home, found.__name__, None) is not found:
        return f"{found.__module__}:{found.__name__} is another; allowed: a class at the top of its module"
    return ""


def _stand_in(kind: str, base: type[R]) -> type[R]:
    """A class that takes any parameters and does nothing, in place of one that must not be imported."""
    module, name = check_name(kind)
    open_fields: Any = {key: (Any, None) for key, field in base.model_fields.items() if field.is_required()}
    made = create_model(name, __base__=base, __module__=module, **open_fields)
    made.model_config = ConfigDict(frozen=True, extra="allow")
    made.model_rebuild(force=True)
    made.looked_at = False
    made.__abstractmethods__ = frozenset()
    return made


class RuleOf:
    """Annotation for a pydantic field that holds a rule: validates by kind, serialises with its kind.

    Use as `Annotated[Strategy, RuleOf("pricewar.strategies", Strategy)]`.
    """

    def __init__(self, package: str, base: type[Rule], default: str | None = None) -> None:
        self.package = package
        self.base = base
        self.default = default
        """Kind of a table that names none."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: make_rule(self._with_default(value), self.package, self.base),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda rule: rule.model_dump()),
        )

    def _with_default(self, value: object) -> object:
        if self.default is not None and isinstance(value, Mapping) and "kind" not in value:
            return {"kind": self.default, **value}
        return value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        rules = [_schema_of(kind, rule) for kind, rule in sorted(shipped(self.package, self.base).items())]
        return {"anyOf": [*rules, {"type": "object", "properties": {"kind": {"pattern": ".+:.+"}}}]}


def _schema_of(kind: str, rule: type[Rule]) -> dict[str, Any]:
    schema = _inlined(rule.model_json_schema())
    schema["properties"] = {"kind": {"const": kind}, **schema.get("properties", {})}
    schema["required"] = ["kind", *schema.get("required", [])]
    return schema


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its definitions put where they are named: it becomes a part of a larger one."""
    known = schema.pop("$defs", {})

    def put(part: Any) -> Any:
        if isinstance(part, list):
            return [put(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return put(known[part["$ref"].rsplit("/", 1)[-1]])
        return {key: put(item) for key, item in part.items()}

    return dict(put(schema))

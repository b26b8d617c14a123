"""A rule is a frozen bundle of parameters with one method; `kind` names its class.

`kind = "Undercut"` is looked up in the package that ships the rules of that sort;
`kind = "mylab:ClearStock"` is imported from wherever Python can import. There is no registry.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic_core import CoreSchema, core_schema

from .sources import home_of

R = TypeVar("R", bound="Rule")


class Rule(BaseModel):
    """Base of strategies, interventions, events and preferences of buyers: immutable parameters.

    Unknown keys are refused. What a rule remembers lives in a notebook handed to it, never in itself,
    so a rule can be shared between firms, runs and processes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @property
    def kind(self) -> str:
        """The name that a scenario file uses for this rule."""
        module = home_of(type(self).__module__)
        return type(self).__name__ if module.startswith("pricewar.") else f"{module}:{type(self).__name__}"

    @model_serializer(mode="wrap")
    def _with_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}


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
        raise ValueError(f'needs a table with kind = "..." or a kind; found {value!r}')
    parameters = {key: item for key, item in table.items() if key != "kind"}
    return find_rule(table["kind"], package, base).model_validate(parameters)


def find_rule(kind: str, package: str, base: type[R]) -> type[R]:
    """The class that `kind` names.

    Raises:
        ValueError: with the kinds that exist, or the reason why an import failed.
    """
    if ":" not in kind:
        known = shipped(package, base)
        if kind not in known:
            raise ValueError(f"unknown kind {kind!r}; known: {', '.join(sorted(known))}, or module:Class")
        return known[kind]
    module, _, name = kind.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"kind {kind!r} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"kind {kind!r} is not a {base.__name__}")
    return found


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
    schema = rule.model_json_schema()
    schema["properties"] = {"kind": {"const": kind}, **schema.get("properties", {})}
    schema["required"] = ["kind", *schema.get("required", [])]
    return schema
